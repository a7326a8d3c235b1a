// `id`: the rule for new passwords, at registration and at a change.
// https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver
import { describe, expect, it } from 'vitest';
import { send, uniqueName } from '../../support/worker.ts';
import { join, logIn, PASSWORD, type Person, person, whole } from './support-id.ts';
import { type FieldFault, invalid, refused } from './support-refusals.ts';

type FaultOf = (field: string) => FieldFault;
const tooShort: FaultOf = (field) => [field, 'too_few_characters', 8];
const tooLong: FaultOf = (field) => [field, 'too_many_bytes', 1024];
const common: FaultOf = (field) => [field, 'common_password'];
const resembling: FaultOf = (field) => [field, 'resembling_password'];

/** Where a password is chosen, both times by one rule. */
const places = [
  {
    name: 'at registration',
    field: 'password',
    good: 201,
    choose: (fields: Person) => send('/id/register', { json: fields }),
  },
  {
    name: 'at a change',
    field: 'newPassword',
    good: 200,
    choose: async ({ username, email, password: newPassword }: Person) => {
      const { cookie, password: currentPassword } = await join({ username, email, password: PASSWORD });
      return send('/id/me/password', { method: 'PUT', cookie, json: { currentPassword, newPassword } });
    },
  },
];

describe.each(places)('a password $name', ({ field, good, choose }) => {
  const expectGood = async (password: string, names: Partial<Person> = {}): Promise<void> => {
    const fields = { ...person(), ...names, password };
    const { status, text } = await choose(fields);
    expect([status, text]).toEqual([good, expect.any(String)]);
    expect((await logIn(fields)).status).toBe(200);
  };
  const expectRefused = async (
    password: string,
    fault: FaultOf,
    names: Partial<Person> = {},
  ): Promise<void> => {
    const fields = { ...person(), ...names, password };
    expect(whole(await choose(fields))).toBe(invalid(fault(field)));
    const isLoginFault = password === '' || fault === tooLong;
    if (!isLoginFault) expect(whole(await logIn(fields))).toBe(refused('wrong_credentials'));
  };

  it.each([
    'zqxjkvbw',
    '72944083',
    'AAAABBBC',
    '  xq  zj',
    'a\u0000\u0007\n\t bc',
    'жщъэюяйц',
    '👩🚀🦊🐋🐻🦉🐇🐟',
  ])('may be any 8 characters: %j', (password) => expectGood(password));

  it.each(['a', 'zqxjkvb', '7294408', '      a', 'éééééée', '👩🚀🦊🐋🐻🦉🐇'])(
    'may not be fewer: %j',
    (password) => expectRefused(password, tooShort),
  );

  it('may not be empty', () => expectRefused('', (name) => [name, 'blank']));

  it.each([1024, 1023, 64])('may have %i bytes', (bytes) =>
    expectGood('correct horse battery staple '.repeat(40).slice(0, bytes)),
  );

  it('may have 1,024 bytes of characters that have several', async () => {
    await expectGood('éà'.repeat(256));
    await expectGood('🦊🐋'.repeat(128));
  });

  it('may have no more', async () => {
    await expectRefused('correct horse battery staple '.repeat(40).slice(0, 1025), tooLong);
    await expectRefused(`${'é'.repeat(512)}e`, tooLong);
    await expectRefused('🦊'.repeat(257), tooLong);
  });

  it('may not be one of the most common, in whatever case', async () => {
    for (const password of ['password', '12345678', 'iloveyou', 'PassWord', 'TRUSTNO1', '1qaz2wsx'])
      await expectRefused(password, common);
  });

  it('may not be what people make of a common one, one character over and over, or a run', async () => {
    for (const password of ['Passw0rd!', 'letmein123', 'summer2024', 'aaaaaaaaaa', 'hgfedcba'])
      await expectRefused(password, common);
  });

  it('may not be the name of the service', async () => {
    for (const password of ['Latchkey', 'latchkey1', 'L4tchk3y!']) await expectRefused(password, resembling);
  });

  it('may hold a common one', async () => {
    for (const password of ['password of mine', 'my12345678', ' iloveyou']) await expectGood(password);
  });

  it.each<[string, (name: string) => string]>([
    ['the username', (name) => name],
    ['the username in other letters', (name) => name.toUpperCase()],
    ['the email', (name) => `mail.${name}@x${name}.example`],
    ['the email in other letters', (name) => `MAIL.${name}@X${name}.Example`],
    ['what is before the @', (name) => `mail.${name}`],
    ['what is after it', (name) => `x${name}.example`],
    ['the username and a letter', (name) => `${name}1`],
    ['a letter and the username', (name) => `!${name}`],
    ['the username among three letters', (name) => `ab${name}c`],
  ])('may not be %s', async (_what, passwordOf) => {
    const name = uniqueName();
    await expectRefused(passwordOf(name), resembling, {
      username: name,
      email: `mail.${name}@x${name}.example`,
    });
  });

  it('may be a name among four letters', async () => {
    const name = uniqueName();
    await expectGood(`ab${name}cd`, { username: name, email: `mail@${name}.example` });
  });

  it('may contain a part of a name, or a name that is too short to count', async () => {
    const { username } = person();
    await expectGood(`${username.slice(0, 5)} and a door`, { username });
    // Letters, which are in no list three times over: digits may be.
    const short = `x${crypto.getRandomValues(new Uint8Array(2)).reduce((text, byte) => text + 'bcdfghjkmnpqrtvw'[byte % 16], '')}`;
    await expectGood(short.repeat(3), { username: short });
  });

  it('is kept as sent, with its case and spaces, in one Unicode composition', async () => {
    const fields = { ...person(), password: ' Pâté de Foie ' };
    expect((await choose(fields)).status).toBe(good);
    for (const password of ['Pâté de Foie', ' pâté de foie ', ' Pate de Foie '])
      expect(whole(await logIn({ ...fields, password }))).toBe(refused('wrong_credentials'));
    expect((await logIn({ ...fields, password: fields.password.normalize('NFD') })).status).toBe(200);
  });

  it('is never shown in a refusal', async () => {
    for (const password of ['iloveyou', 'Secret7', `${'Secret7'.repeat(147)}`]) {
      const { status, text, headers } = await choose({ ...person(), password });
      expect(status).toBe(400);
      expect(text + JSON.stringify([...headers])).not.toMatch(/secret7|iloveyou/i);
    }
  });
});
