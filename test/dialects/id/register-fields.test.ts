// POST /id/register: invalid fields, one and several at once.
import { describe, expect, it } from 'vitest';
import { send, testEnv, uniqueName } from '../../support/worker.ts';
import { bearer, cookiesOf, isLive, person, tokenOf, whole } from './support-id.ts';
import { type FieldFault, invalid } from './support-refusals.ts';

const register = (fields: object) => send('/id/register', { json: { ...person(), ...fields } });

/** A valid email with this number of characters, at least 203. */
const emailOf = (characters: number): string => {
  const domain = `@${`${'d'.repeat(62)}.`.repeat(3)}com`;
  const name = uniqueName();
  return name + 'x'.repeat(characters - domain.length - name.length) + domain;
};

/** A username with this number of characters. */
const usernameOf = (characters: number): string => uniqueName().padEnd(characters, '_');

/** Values that no field accepts. JSON carries lone surrogates as `\ud800`. */
const NO_TEXTS: [unknown, FieldFault[1] & ('null' | 'not_text')][] = [
  [null, 'null'],
  [true, 'not_text'],
  [false, 'not_text'],
  [[], 'not_text'],
  [['text'], 'not_text'],
  [{}, 'not_text'],
  ['abcdefgh\ud800', 'not_text'],
];

describe.each(['username', 'email', 'password', 'name'])('%s of POST /id/register', (field) => {
  it.each(NO_TEXTS)('rejects %j', async (value, code) => {
    expect(whole(await register({ [field]: value }))).toBe(invalid([field, code]));
  });
});

describe.each(['username', 'email', 'name'])('%s of POST /id/register', (field) => {
  it.each([
    ['nul', 'ab\u0000cd'],
    ['not_text', 'ab\u0007cd'],
    ['not_text', 'ab\u001bcd'],
    ['not_text', 'ab\u007fcd'],
    ['not_text', 'ab\u0085cd'],
    ['not_text', 'ab\ncd'],
    ['not_text', 'ab\tcd'],
  ] as const)('rejects control characters as %s: %j', async (code, value) => {
    expect(whole(await register({ [field]: value }))).toBe(invalid([field, code]));
  });
});

describe('POST /id/register with missing fields', () => {
  it.each(['email', 'password'])('names a missing or empty %s', async (field) => {
    const { [field]: _, ...others }: Record<string, string> = person();
    expect(whole(await send('/id/register', { json: others }))).toBe(invalid([field, 'required']));
    expect(whole(await register({ [field]: '' }))).toBe(invalid([field, 'blank']));
  });

  it('accepts a missing username and an empty name, but no blank username', async () => {
    const { username: _, ...others } = person();
    expect((await send('/id/register', { json: others })).status).toBe(201);
    expect((await register({ name: '' })).status).toBe(201);
    expect(whole(await register({ username: ' ' }))).toBe(invalid(['username', 'blank']));
  });

  it('names all required fields for an empty body', async () => {
    const both = invalid(['email', 'required'], ['password', 'required']);
    expect(whole(await send('/id/register', { json: {} }))).toBe(both);
    expect(whole(await send('/id/register', { method: 'POST' }))).toBe(both);
  });
});

describe('POST /id/register with several errors', () => {
  it('names them together, in the order of the fields, and creates nothing', async () => {
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

  it('names all errors of one field', async () => {
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

describe('the username of POST /id/register', () => {
  it.each(['a b', 'a@b', 'Ünal', 'a/b', 'ａｂｃ', 'a\u200bb', '👩'])('cannot be %j', async (username) => {
    expect(whole(await register({ username }))).toBe(invalid(['username', 'not_username']));
  });

  it('has 1 to 32 letters, digits or characters of . _ + -', async () => {
    expect((await register({ username: usernameOf(32) })).status).toBe(201);
    expect(whole(await register({ username: usernameOf(33) }))).toBe(
      invalid(['username', 'too_many_characters', 32]),
    );
    for (const username of ['_', `.+-_${uniqueName()}Z`, 12345])
      expect((await register({ username })).status).toBe(201);
  });
});

describe('the email of POST /id/register', () => {
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

describe('the name of POST /id/register', () => {
  it('has at most 255 characters, counted as code points', async () => {
    expect((await register({ name: '👩'.repeat(255) })).status).toBe(201);
    expect(whole(await register({ name: '👩'.repeat(256) }))).toBe(
      invalid(['name', 'too_many_characters', 255]),
    );
  });
});

describe('the session field of POST /id/register', () => {
  it.each(['banner', '', 'Cookie', 'jwt'])('accepts only `cookie` and `token`, not %j', async (session) => {
    expect(whole(await register({ session }))).toBe(invalid(['session', 'not_a_choice']));
  });

  it('works in a form too', async () => {
    const answer = await send('/id/register', { form: { ...person(), session: 'token' } });
    expect(answer.status).toBe(201);
    expect(await isLive(bearer(tokenOf(answer)))).toBe(true);
  });
});
