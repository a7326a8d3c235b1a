// `users`: which passwords a registration accepts, and that a login accepts exactly the same password.
import { describe, expect, it } from 'vitest';
import { send } from '../../support/worker.ts';
import { atMost, BLANK, joinUnnamed, NO_TEXTS, person, whole } from '../support-cookies.ts';

const WEAK =
  'Password should contain both numbers and English letters, with the length no less than 6 and no more than 20.';
const WRONG_PAIR = '400 {"non_field_errors":["Username or password is incorrect."]}';

const refused = (...texts: string[]): string => `400 ${JSON.stringify({ password: texts })}`;
const register = (changes: Record<string, unknown>) =>
  send('/api/users/register/', { json: { ...person(), ...changes } });
const logIn = (username: string, password: unknown) =>
  send('/api/users/login/', { json: { username, password } });

const registered = async (password: string) => {
  const fields = { ...person(), password };
  expect((await register(fields)).status).toBe(200);
  return fields;
};

describe('new password', () => {
  it.each([...NO_TEXTS, ['', BLANK]])('rejects %j: %s', async (password, text) => {
    expect(whole(await register({ password }))).toBe(refused(text));
  });

  it.each([
    ['five characters', 'abcd1'],
    ['21 characters', `1${'a'.repeat(20)}`],
    ['no digit', 'abcdefgh'],
    ['no letter', '12345678'],
    ['no English letter', '1234éöü测'],
    ['nothing but spaces', '        '],
    ['digits only, as a number', 12345678],
    ['five code points, but more UTF-16 units', 'a1😀😀😀'],
    ['21 code points', `a1${'😀'.repeat(19)}`],
    ['1024 bytes', `a1${'x'.repeat(1022)}`],
  ])('rejects a value with %s, with the documented error', async (_, password) => {
    const answer = await register({ password });
    expect(whole(answer)).toBe(refused(WEAK));
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it.each([
    `a1${'x'.repeat(1023)}`,
    `a${'1'.repeat(1024)}`,
    `a1${'é'.repeat(512)}`,
    `a1${'e\u0301'.repeat(341)}`,
  ])('rejects more than 1024 bytes as sent, with that limit (%#)', async (password) => {
    expect(whole(await register({ password }))).toBe(refused(atMost(1024)));
  });

  it.each([
    ['six characters', 'abcde1'],
    ['20 characters', `1${'a'.repeat(19)}`],
    ['an upper-case letter', '12345Z'],
    ['six code points', 'a1😀😀😀😀'],
    ['20 code points', `a1${'😀'.repeat(18)}`],
    ['spaces around it', '  a1  '],
    ['control characters and NUL', 'a1\u0000\n\t\u0007\u0085'],
    ['quotes and signs', `a1"'\\<>&%;--`],
  ])('accepts a value with %s, and only the exact value logs in', async (_, password) => {
    const { username } = await registered(password);
    expect((await logIn(username, password)).status).toBe(200);
    const [first = '', ...others] = password;
    for (const wrong of [` ${password}`, `${password} `, first, others.join('')])
      expect(whole(await logIn(username, wrong))).toBe(WRONG_PAIR);
  });

  it('keeps spaces, length and case', async () => {
    const { username } = await registered(' aB1234 ');
    for (const wrong of ['aB1234', ' aB1234', ' ab1234 ', ' AB1234 '])
      expect(whole(await logIn(username, wrong))).toBe(WRONG_PAIR);
    expect((await logIn(username, ' aB1234 ')).status).toBe(200);
  });

  it('matches in every Unicode form, but not in a compatibility form', async () => {
    const { username } = await registered('a1\u00e9\u00e9\u00e9\u00e9');
    expect((await logIn(username, 'a1e\u0301e\u0301e\u0301e\u0301')).status).toBe(200);
    expect(whole(await logIn(username, 'a1eeee'))).toBe(WRONG_PAIR);
    const { username: other } = await registered('\ufb01a1e\u0301xyz');
    expect((await logIn(other, '\ufb01a1\u00e9xyz')).status).toBe(200);
    expect(whole(await logIn(other, 'fia1\u00e9xyz'))).toBe(WRONG_PAIR);
  });

  it('counts characters as sent, before normalization', async () => {
    expect((await register({ password: `a1${'e\u0301'.repeat(9)}` })).status).toBe(200);
    expect(whole(await register({ password: `a1${'e\u0301'.repeat(10)}` }))).toBe(refused(WEAK));
  });
});

describe('password at login', () => {
  it.each([...NO_TEXTS, ['', BLANK]])('rejects %j: %s', async (password, text) => {
    expect(whole(await logIn(person().username, password))).toBe(refused(text));
  });

  it.each([' ', 'x', '12', '\0', '\n', 'a'.repeat(21), `${'€'.repeat(341)}x`])(
    'has no rule except 1 to 1024 bytes (%#)',
    async (password) => {
      expect(whole(await logIn(person().username, password))).toBe(WRONG_PAIR);
    },
  );

  it.each(['x'.repeat(1025), `${'€'.repeat(341)}xx`, 'e\u0301'.repeat(342)])(
    'rejects more than 1024 bytes as sent, with that limit (%#)',
    async (password) => {
      const { username } = person();
      expect(whole(await logIn(username, password))).toBe(refused(atMost(1024)));
    },
  );

  it.each([' ', 'x', '\0', '  two words  ', 'ü'.repeat(255)])(
    'works even if this dialect rejects it for a new account (%#)',
    async (password) => {
      const { email } = await joinUnnamed(undefined, password);
      expect((await logIn(email, password)).status).toBe(200);
      expect(whole(await logIn(email, `${password}x`))).toBe(WRONG_PAIR);
    },
  );

  it('accepts a number as its decimal text, to the last digit', async () => {
    const { email } = await joinUnnamed(undefined, '9007199254740993');
    const withNumber = (number: string) =>
      send('/api/users/login/', { json: `{"username":"${email}","password":${number}}` });
    expect((await withNumber('9007199254740993')).status).toBe(200);
    for (const wrong of ['9007199254740992', '9007199254740993.0', '-9007199254740993'])
      expect(whole(await withNumber(wrong))).toBe(WRONG_PAIR);
  });
});
