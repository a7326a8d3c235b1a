// `id`: the rules for new passwords, at registration and at a change.
// https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver
import { describe, expect, it } from 'vitest';
import { send, uniqueName } from '../../support/worker.ts';
import { join, logIn, PASSWORD, type Person, person, whole } from './support-id.ts';
import { type FieldFault, invalid, refused } from './support-refusals.ts';

type FaultOf = (field: string) => FieldFault;
let shortUsernames = 0;

/** A username of three letters that this file has not used. Consonants: no list of passwords has them three times in a row. */
const shortUsername = (): string => {
  const consonants = 'bcdfghjkmnpqrtvw';
  const [first, second] = [
    Math.floor(shortUsernames / consonants.length),
    shortUsernames % consonants.length,
  ];
  shortUsernames += 1;
  return `x${consonants[first]}${consonants[second]}`;
};

const tooShort: FaultOf = (field) => [field, 'too_few_characters', 8];
const tooLong: FaultOf = (field) => [field, 'too_many_bytes', 1024];
const common: FaultOf = (field) => [field, 'common_password'];
const resembling: FaultOf = (field) => [field, 'resembling_password'];

/** The endpoints that set a new password, both by the same rules. */
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

describe.each(places)('the password policy $name', ({ field, good, choose }) => {
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
  ])('accepts any 8 characters: %j', (password) => expectGood(password));

  it.each(['a', 'zqxjkvb', '7294408', '      a', 'éééééée', '👩🚀🦊🐋🐻🦉🐇'])(
    'rejects fewer than 8 characters: %j',
    (password) => expectRefused(password, tooShort),
  );

  it('rejects an empty password', () => expectRefused('', (name) => [name, 'blank']));

  it.each([1024, 1023, 64])('accepts %i bytes', (bytes) =>
    expectGood('correct horse battery staple '.repeat(40).slice(0, bytes)),
  );

  it('accepts 1,024 bytes of multi-byte characters', async () => {
    await expectGood('éà'.repeat(256));
    await expectGood('🦊🐋'.repeat(128));
  });

  it('rejects more than 1,024 bytes', async () => {
    await expectRefused('correct horse battery staple '.repeat(40).slice(0, 1025), tooLong);
    await expectRefused(`${'é'.repeat(512)}e`, tooLong);
    await expectRefused('🦊'.repeat(257), tooLong);
  });

  it('rejects the most common passwords, in any case', async () => {
    for (const password of ['password', '12345678', 'iloveyou', 'PassWord', 'TRUSTNO1', '1qaz2wsx'])
      await expectRefused(password, common);
  });

  it('rejects variants of common passwords, one repeated character, and runs', async () => {
    for (const password of ['Passw0rd!', 'letmein123', 'summer2024', 'aaaaaaaaaa', 'hgfedcba'])
      await expectRefused(password, common);
  });

  it('rejects the name of the service', async () => {
    for (const password of ['Latchkey', 'latchkey1', 'L4tchk3y!']) await expectRefused(password, resembling);
  });

  it('accepts a password that contains a common one', async () => {
    for (const password of ['password of mine', 'my12345678', ' iloveyou']) await expectGood(password);
  });

  it.each<[string, (name: string) => string]>([
    ['the username', (name) => name],
    ['the username in capitals', (name) => name.toUpperCase()],
    ['the email', (name) => `mail.${name}@x${name}.example`],
    ['the email in another case', (name) => `MAIL.${name}@X${name}.Example`],
    ['the part of the email before the @', (name) => `mail.${name}`],
    ['the part of the email after the @', (name) => `x${name}.example`],
    ['the username with a digit after it', (name) => `${name}1`],
    ['the username with a sign before it', (name) => `!${name}`],
    ['the username with three letters around it', (name) => `ab${name}c`],
  ])('rejects %s', async (_what, passwordOf) => {
    const name = uniqueName();
    await expectRefused(passwordOf(name), resembling, {
      username: name,
      email: `mail.${name}@x${name}.example`,
    });
  });

  it('accepts the username with four letters around it', async () => {
    const name = uniqueName();
    await expectGood(`ab${name}cd`, { username: name, email: `mail@${name}.example` });
  });

  it('accepts a part of the username, and a username too short to count', async () => {
    const { username } = person();
    await expectGood(`${username.slice(0, 5)} and a door`, { username });
    const short = shortUsername();
    await expectGood(short.repeat(3), { username: short });
  });

  it('keeps case and spaces as sent, in one Unicode composition', async () => {
    const fields = { ...person(), password: ' Pâté de Foie ' };
    expect((await choose(fields)).status).toBe(good);
    for (const password of ['Pâté de Foie', ' pâté de foie ', ' Pate de Foie '])
      expect(whole(await logIn({ ...fields, password }))).toBe(refused('wrong_credentials'));
    expect((await logIn({ ...fields, password: fields.password.normalize('NFD') })).status).toBe(200);
  });

  it('never shows the password in a refusal', async () => {
    for (const password of ['iloveyou', 'Secret7', `${'Secret7'.repeat(147)}`]) {
      const { status, text, headers } = await choose({ ...person(), password });
      expect(status).toBe(400);
      expect(text + JSON.stringify([...headers])).not.toMatch(/secret7|iloveyou/i);
    }
  });
});
