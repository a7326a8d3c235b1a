// `user-v1`: what each field of a registration accepts, at its limits and one past them.
import { describe, expect, it } from 'vitest';
import { send, uniqueName } from '../../support/worker.ts';
import { emailOf, failed, NO_LINES, NO_SINGLE_LINES, NO_TEXTS, person, whole } from '../support-cookies.ts';

const REGISTER = '/api/v1/user/register/';
const REGISTERED = /^200 \{"status":"success","user_id":\d+\}$/;
const INVALID = `200 ${failed(103)}`;

const register = (changes: Record<string, unknown>) => send(REGISTER, { json: { ...person(), ...changes } });
const logIn = async (username: string, password: string) =>
  whole(await send('/api/v1/user/login/', { json: { username, password } }));

const texts = (cases: readonly (readonly [unknown, string])[]): unknown[] => cases.map(([value]) => value);
const NUMBERS = [0, 1, 12345678, 1234567890.5, -12345678];

describe.each(['username', 'email', 'password'])('%s', (field) => {
  it.each([undefined, '', ...texts(NO_TEXTS), ...NUMBERS])(
    'must be a non-empty string, not %j',
    async (value) => {
      const answer = await register({ [field]: value });
      expect(whole(answer)).toBe(INVALID);
      expect(answer.headers.getSetCookie()).toEqual([]);
    },
  );

  it('rejects a JSON number, even if its digits are valid as text', async () => {
    const digits = `1${String(crypto.getRandomValues(new Uint32Array(1))[0]).padStart(11, '0')}`;
    const json = (value: string) => {
      const fields = JSON.stringify({ ...person(), [field]: undefined });
      return { json: `${fields.slice(0, -1)},"${field}":${value}}` };
    };
    expect(whole(await send(REGISTER, json(digits)))).toBe(INVALID);
    if (field !== 'email') expect(whole(await send(REGISTER, json(`"${digits}"`)))).toMatch(REGISTERED);
  });
});

describe.each(['username', 'email'])('%s', (field) => {
  it.each([...texts(NO_LINES), ...texts(NO_SINGLE_LINES), '        ', ' \t\n'])(
    'rejects %j',
    async (value) => {
      expect(whole(await register({ [field]: value }))).toBe(INVALID);
    },
  );
});

describe('username', () => {
  it('accepts 8 to 16 characters', async () => {
    const name = uniqueName();
    for (const good of [name.slice(-8), name.padEnd(16, 'x')])
      expect(whole(await register({ username: good }))).toMatch(REGISTERED);
    for (const bad of [name.slice(-7), name.padEnd(17, 'x')])
      expect(whole(await register({ username: bad }))).toBe(INVALID);
  });

  it.each([
    'abcd efgh',
    'abcd@efgh',
    'ábcdefgh',
    'ａｂｃｄｅｆｇｈ',
    '用户用户用户用户',
    '😀'.repeat(8),
    'abcd/efgh',
    "abcd'efgh",
  ])('rejects characters outside the allowed alphabet: %s', async (username) => {
    expect(whole(await register({ username }))).toBe(INVALID);
  });

  it('accepts `_ . + -`, keeps its case and is trimmed', async () => {
    const username = `_.+-${uniqueName().toUpperCase()}`;
    const fields = { ...person(), username: ` ${username}\t` };
    expect(whole(await register(fields))).toMatch(REGISTERED);
    expect(await logIn(username, fields.password)).toContain(`"username":"${username}"`);
  });
});

describe('email', () => {
  it.each(['no', 'a@', '@b.com', 'a@b', 'a b@c.com', 'a@b c.com', 'a@@b.com', 'a.@b.com'])(
    'rejects the invalid address %s',
    async (email) => {
      expect(whole(await register({ email }))).toBe(INVALID);
    },
  );

  it.each(['x', 'é', '𝒜'])('accepts at most 255 characters, counting %s as one', async (letter) => {
    expect(whole(await register({ email: emailOf(255, letter) }))).toMatch(REGISTERED);
    expect(whole(await register({ email: emailOf(256, letter) }))).toBe(INVALID);
  });

  it('keeps its case and is trimmed', async () => {
    const fields = person();
    const email = fields.email.toUpperCase();
    expect(whole(await register({ ...fields, email: `  ${email} ` }))).toMatch(REGISTERED);
    expect(await logIn(fields.username, fields.password)).toContain(`"email":"${email}"`);
  });
});

describe('password', () => {
  it.each([
    '12345678',
    'abcdefgh',
    '        ',
    '\0\0\0\0\0\0\0\0',
    ' abcdef ',
    '1234567\n',
    'ü'.repeat(16),
    '😀'.repeat(8),
    '😀'.repeat(16),
  ])('accepts any text of 8 to 16 characters and keeps it exactly: %j', async (password) => {
    const { username, ...fields } = person();
    expect(whole(await register({ ...fields, username, password }))).toMatch(REGISTERED);
    expect(await logIn(username, password)).toContain('"status":"success"');
    for (const wrong of [`${password} `, ` ${password}`, `${password}x`])
      expect(await logIn(username, wrong)).toBe(`200 ${failed(102)}`);
  });

  it.each([
    '1234567',
    '1'.repeat(17),
    '       ',
    '😀'.repeat(7),
    '😀'.repeat(17),
    'e\u0301'.repeat(9),
    'x'.repeat(1024),
    'x'.repeat(1025),
  ])('rejects any other length: %j', async (password) => {
    expect(whole(await register({ password }))).toBe(INVALID);
  });

  it('matches in every Unicode form, and is counted as sent', async () => {
    const { username, ...fields } = person();
    const password = 'e\u0301'.repeat(8);
    expect(whole(await register({ ...fields, username, password }))).toMatch(REGISTERED);
    expect(await logIn(username, '\u00e9'.repeat(8))).toContain('"status":"success"');
    expect(await logIn(username, 'e'.repeat(8))).toBe(`200 ${failed(102)}`);
  });
});
