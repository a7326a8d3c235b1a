// `auth`: what each field accepts, at its limits and one past them, and which values an error repeats.
import { describe, expect, it } from 'vitest';
import { type Answer, send, testEnv, uniqueName } from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  return `${status} ${text}`;
};

const refused = (errors: Record<string, unknown>): string =>
  `400 ${JSON.stringify({ status: 'fail', errors })}`;
/** An error of a field; `value` is undefined if it is not repeated. */
const fault = (param: string, msg: string, value?: unknown) => ({ value, msg, param, location: 'body' });

const WRONG_PASSWORD = refused({ main: { msg: 'user password incorrect' } });

const person = () => ({ name: 'example name', email: `${uniqueName()}@example.com`, password: 'password' });
const register = (changes: Record<string, unknown>) =>
  send('/api/auth/register', { json: { ...person(), ...changes } });
const logIn = (fields: Record<string, unknown>) => send('/api/auth/login', { json: fields });

/** A valid email of the given length, at least 203 characters. */
const emailOf = (characters: number): string => {
  const domain = `@${`${'d'.repeat(62)}.`.repeat(3)}com`;
  return uniqueName().padEnd(characters - domain.length, 'x') + domain;
};

/** Values that count as missing. */
const NOTHING = [null, '', '   ', '\t\n'];
/** Values that are not one line of text. */
const NO_LINES = [
  ...[true, false, [], ['x'], {}, { a: [1, null] }],
  ...['\ud800', 'a\udc00b', 'a\0b', 'a\u0007b', 'a\nb', 'a\tb', 'a\u007fb', 'a\u0085b'],
];

describe('name', () => {
  it.each(NOTHING)('treats %j as missing', async (name) => {
    expect(whole(await register({ name }))).toBe(refused({ name: fault('name', 'Name is required!', name) }));
  });

  it.each(NO_LINES)('rejects the format of %j', async (name) => {
    expect(whole(await register({ name }))).toBe(
      refused({ name: fault('name', 'Name format invalid!', name) }),
    );
  });

  it.each(['x', '😀', 'é'])('accepts at most 255 characters, counting %s as one', async (character) => {
    expect((await register({ name: character.repeat(255) })).status).toBe(200);
    const name = character.repeat(256);
    expect(whole(await register({ name }))).toBe(
      refused({ name: fault('name', 'Name max length 255 char', name) }),
    );
  });
});

describe('email', () => {
  it.each(NOTHING)('treats %j as missing, at login too', async (email) => {
    const expected = refused({ email: fault('email', 'Email is required!', email) });
    expect(whole(await register({ email }))).toBe(expected);
    expect(whole(await logIn({ email, password: 'x' }))).toBe(expected);
  });

  it.each([
    ...[...NO_LINES, 'no', 'a@', '@b.com', 'a@b', 'a b@c.com', 'a@b c.com', 'a@@b.com', ' no '],
    ...[12, 1.5, -7, 0],
  ])('rejects the format of %j, at login too', async (email) => {
    const expected = refused({ email: fault('email', 'Email format invalid!', email) });
    expect(whole(await register({ email }))).toBe(expected);
    expect(whole(await logIn({ email, password: 'x' }))).toBe(expected);
  });

  it('repeats a number in the error, to the last digit', async () => {
    const json = '{"email":12345678901234567891,"password":"x"}';
    expect(whole(await send('/api/auth/login', { json }))).toBe(
      '400 {"status":"fail","errors":{"email":{"value":12345678901234567891,"msg":"Email format invalid!","param":"email","location":"body"}}}',
    );
  });

  it('accepts at most 255 characters, and reports the length before the format', async () => {
    expect((await register({ email: emailOf(255) })).status).toBe(200);
    for (const email of [emailOf(256), 'x'.repeat(256)])
      expect(whole(await register({ email }))).toBe(
        refused({ email: fault('email', 'Email max length 255 char', email) }),
      );
  });

  it('has no length limit at login: a longer email is unknown', async () => {
    const email = emailOf(256);
    expect(whole(await logIn({ email, password: 'x' }))).toBe(
      refused({ main: { value: email, msg: "User doesn't exist" } }),
    );
  });
});

describe('password', () => {
  const wrong = (msg: string) => refused({ password: fault('password', msg) });

  it.each([null, ''])('treats %j as missing, at login too', async (password) => {
    const { email } = person();
    expect(whole(await register({ password }))).toBe(wrong('Password is required!'));
    expect(whole(await logIn({ email, password }))).toBe(wrong('Password is required!'));
  });

  it.each([true, false, [], ['password'], { password: 'password' }, 'password\ud800'])(
    'rejects the format of %j, at login too, without repeating it',
    async (password) => {
      const { email } = person();
      expect(whole(await register({ password }))).toBe(wrong('Password format invalid!'));
      expect(whole(await logIn({ email, password }))).toBe(wrong('Password format invalid!'));
    },
  );

  it.each(['x', '😀', ' '])('requires at least 8 characters, counting "%s" as one', async (character) => {
    expect(whole(await register({ password: character.repeat(7) }))).toBe(
      wrong('Password min length 8 char'),
    );
    expect((await register({ password: character.repeat(8) })).status).toBe(200);
  });

  it('accepts at most 1024 bytes as sent, at registration and at login', async () => {
    const { email } = person();
    const longest = `${'e\u0301'.repeat(341)}x`;
    expect((await register({ email, password: longest })).status).toBe(200);
    expect((await logIn({ email, password: longest })).status).toBe(200);
    expect((await logIn({ email, password: longest.normalize('NFC') })).status).toBe(200);
    expect(whole(await register({ password: `${longest}x` }))).toBe(wrong('Password max length 1024 byte'));
    expect(whole(await logIn({ email, password: `${longest}x` }))).toBe(
      wrong('Password max length 1024 byte'),
    );
    expect(whole(await logIn({ email, password: longest.slice(0, -1) }))).toBe(WRONG_PASSWORD);
  });

  it('has no minimum length at login', async () => {
    const { email } = person();
    await register({ email });
    expect(whole(await logIn({ email, password: '1' }))).toBe(WRONG_PASSWORD);
  });

  it.each(['password', '        ', '  passwd  ', 'pass\0word', 'pass\nword', 'pass\tword\u0007'])(
    'keeps %j exactly, without trimming',
    async (password) => {
      const { email } = person();
      expect((await register({ email, password })).status).toBe(200);
      expect((await logIn({ email, password })).status).toBe(200);
      for (const more of [' ', '\n'])
        expect(whole(await logIn({ email, password: password + more }))).toBe(WRONG_PASSWORD);
      expect(whole(await logIn({ email, password: password.slice(0, -1) }))).toBe(WRONG_PASSWORD);
    },
  );

  it('differs from the same text with a NUL at its end', async () => {
    const [short, long] = [person(), { ...person(), password: 'password\0' }];
    for (const fields of [short, long]) await register(fields);
    expect(whole(await logIn({ email: short.email, password: long.password }))).toBe(WRONG_PASSWORD);
    expect(whole(await logIn({ email: long.email, password: short.password }))).toBe(WRONG_PASSWORD);
  });

  it('accepts a number as its decimal text, to the last digit', async () => {
    const { email } = person();
    const numbers = `{"name":12345678901234567891,"email":"${email}","password":98765432109876543211}`;
    const made = await send('/api/auth/register', { json: numbers });
    expect(made.status).toBe(200);
    const { results } = await testEnv.DB.prepare('SELECT name FROM users WHERE email = ?').bind(email).all();
    expect(results).toEqual([{ name: '12345678901234567891' }]);
    expect((await logIn({ email, password: '98765432109876543211' })).status).toBe(200);
    const login = `{"email":"${email}","password":98765432109876543211}`;
    expect((await send('/api/auth/login', { json: login })).status).toBe(200);
    expect(whole(await logIn({ email, password: '98765432109876543210' }))).toBe(WRONG_PASSWORD);
    expect(whole(await register({ password: 1234567 }))).toBe(wrong('Password min length 8 char'));
  });
});

describe('errors of several fields', () => {
  it('appear once per field, in the order name, email, password', async () => {
    const json = '{"password":"short","email":"no","name":" "}';
    expect(whole(await send('/api/auth/register', { json }))).toBe(
      refused({
        name: fault('name', 'Name is required!', ' '),
        email: fault('email', 'Email format invalid!', 'no'),
        password: fault('password', 'Password min length 8 char'),
      }),
    );
  });

  it('have no value for a missing field', async () => {
    const required = {
      email: fault('email', 'Email is required!'),
      password: fault('password', 'Password is required!'),
    };
    expect(whole(await send('/api/auth/register', { json: {} }))).toBe(
      refused({ name: fault('name', 'Name is required!'), ...required }),
    );
    expect(whole(await logIn({}))).toBe(refused(required));
    expect(whole(await logIn({ username: 'a@b.com', password: 'x' }))).toBe(
      refused({ email: required.email }),
    );
  });

  it('repeat the values of a form as sent', async () => {
    const form = { name: '', email: ' 12 ', password: '' };
    expect(whole(await send('/api/auth/register', { form }))).toBe(
      refused({
        name: fault('name', 'Name is required!', ''),
        email: fault('email', 'Email format invalid!', ' 12 '),
        password: fault('password', 'Password is required!'),
      }),
    );
  });
});
