// `id`: what is wrong with the fields of a registration, each fault and several at once.
import { describe, expect, it } from 'vitest';
import { send, testEnv, uniqueName } from '../../support/worker.ts';
import { bearer, cookiesOf, isLive, person, tokenOf, whole } from './support-id.ts';
import { type FieldFault, invalid } from './support-refusals.ts';

const register = (fields: object) => send('/id/register', { json: { ...person(), ...fields } });

/** A valid email of so many characters, at least 203. */
const emailOf = (characters: number): string => {
  const domain = `@${`${'d'.repeat(62)}.`.repeat(3)}com`;
  const name = uniqueName();
  return name + 'x'.repeat(characters - domain.length - name.length) + domain;
};

/** A username of so many characters. */
const usernameOf = (characters: number): string => uniqueName().padEnd(characters, '_');

/** What no field takes. Lone surrogates travel as `\ud800` in JSON. */
const NO_TEXTS: [unknown, FieldFault[1] & ('null' | 'not_text')][] = [
  [null, 'null'],
  [true, 'not_text'],
  [false, 'not_text'],
  [[], 'not_text'],
  [['text'], 'not_text'],
  [{}, 'not_text'],
  ['abcdefgh\ud800', 'not_text'],
];

describe.each(['username', 'email', 'password', 'name'])('%s', (field) => {
  it.each(NO_TEXTS)('cannot be %j', async (value, code) => {
    expect(whole(await register({ [field]: value }))).toBe(invalid([field, code]));
  });
});

describe.each(['username', 'email', 'name'])('%s', (field) => {
  it.each([
    ['nul', 'ab\u0000cd'],
    ['not_text', 'ab\u0007cd'],
    ['not_text', 'ab\u001bcd'],
    ['not_text', 'ab\u007fcd'],
    ['not_text', 'ab\u0085cd'],
    ['not_text', 'ab\ncd'],
    ['not_text', 'ab\tcd'],
  ] as const)('holds no control character: %s %j', async (code, value) => {
    expect(whole(await register({ [field]: value }))).toBe(invalid([field, code]));
  });
});

describe('what is missing', () => {
  it.each(['email', 'password'])('is named: %s', async (field) => {
    const { [field]: _, ...others }: Record<string, string> = person();
    expect(whole(await send('/id/register', { json: others }))).toBe(invalid([field, 'required']));
    expect(whole(await register({ [field]: '' }))).toBe(invalid([field, 'blank']));
  });

  it('is no fault of a username or a name; but an empty username is one', async () => {
    const { username: _, ...others } = person();
    expect((await send('/id/register', { json: others })).status).toBe(201);
    expect((await register({ name: '' })).status).toBe(201);
    expect(whole(await register({ username: ' ' }))).toBe(invalid(['username', 'blank']));
  });

  it('is everything in an empty body', async () => {
    const both = invalid(['email', 'required'], ['password', 'required']);
    expect(whole(await send('/id/register', { json: {} }))).toBe(both);
    expect(whole(await send('/id/register', { method: 'POST' }))).toBe(both);
  });
});

describe('several faults', () => {
  it('are named together, in the order of the fields, and nothing is made', async () => {
    const email = 'nobody';
    const fields = { session: 'banner', name: 'n'.repeat(256), password: 'seven77', email, username: 'a b' };
    const answer = await register(fields);
    expect(whole(answer)).toBe(
      invalid(
        ['username', 'not_username'],
        ['email', 'not_email'],
        ['password', 'too_few_characters', 8],
        ['name', 'too_many_characters', 255],
        ['session', 'not_a_choice'],
      ),
    );
    expect(cookiesOf(answer)).toEqual([]);
    const made = testEnv.DB.prepare('SELECT count(*) AS n FROM users WHERE email = ?').bind(email);
    expect(await made.first('n')).toBe(0);
  });

  it('of one field are all named too', async () => {
    const [username, email] = [`${'u'.repeat(32)}!`, `${'e'.repeat(256)}@`];
    expect(whole(await register({ username, email }))).toBe(
      invalid(
        ['username', 'not_username'],
        ['username', 'too_many_characters', 32],
        ['email', 'too_many_characters', 255],
        ['email', 'not_email'],
      ),
    );
  });
});

describe('a username', () => {
  it.each(['a b', 'a@b', 'Ünal', 'a/b', 'ａｂｃ', 'a\u200bb', '👩'])('cannot be %j', async (username) => {
    expect(whole(await register({ username }))).toBe(invalid(['username', 'not_username']));
  });

  it('has 1 to 32 characters of the common alphabet', async () => {
    expect((await register({ username: usernameOf(32) })).status).toBe(201);
    expect(whole(await register({ username: usernameOf(33) }))).toBe(
      invalid(['username', 'too_many_characters', 32]),
    );
    for (const username of ['_', `.+-_${uniqueName()}Z`, 12345])
      expect((await register({ username })).status).toBe(201);
  });
});

describe('an email', () => {
  it.each([
    'x',
    'x@',
    '@test.com',
    'x@test',
    'x@@test.com',
    'x y@test.com',
    'x@te st.com',
    'x.@test.com',
    'x@-a.com',
  ])('cannot be %j', async (email) => {
    expect(whole(await register({ email }))).toBe(invalid(['email', 'not_email']));
  });

  it('has at most 255 characters', async () => {
    expect((await register({ email: emailOf(255) })).status).toBe(201);
    expect(whole(await register({ email: emailOf(256) }))).toBe(
      invalid(['email', 'too_many_characters', 255]),
    );
  });
});

describe('a name', () => {
  it('has at most 255 characters, counted as code points', async () => {
    expect((await register({ name: '👩'.repeat(255) })).status).toBe(201);
    expect(whole(await register({ name: '👩'.repeat(256) }))).toBe(
      invalid(['name', 'too_many_characters', 255]),
    );
  });
});

describe('session', () => {
  it.each(['banner', '', 'Cookie', 'jwt'])('is `cookie` or `token`, not %j', async (session) => {
    expect(whole(await register({ session }))).toBe(invalid(['session', 'not_a_choice']));
  });

  it('may be named in a form too', async () => {
    const answer = await send('/id/register', { form: { ...person(), session: 'token' } });
    expect(answer.status).toBe(201);
    expect(await isLive(bearer(tokenOf(answer)))).toBe(true);
  });
});
