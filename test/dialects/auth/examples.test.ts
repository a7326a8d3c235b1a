// `auth`: every documented example in full, and the rules of registration and login.
import { describe, expect, it } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { type Answer, type Sent, send, sessionCookie, testEnv, uniqueName } from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  return `${status} ${text}`;
};

const refused = (errors: Record<string, unknown>): string =>
  `400 ${JSON.stringify({ status: 'fail', errors })}`;
const main = (error: Record<string, unknown>): string => refused({ main: error });
const unknown = (value: string): string => main({ value, msg: "User doesn't exist" });

const WRONG_PASSWORD = main({ msg: 'user password incorrect' });
const PASSWORD_REQUIRED = { msg: 'Password is required!', param: 'password', location: 'body' };

/** Expects a success whose token is a JWT with the documented beginning. */
const expectToken = (answer: Answer): string => {
  const token =
    /"token":"(eyJhbGciOiJIU[\w-]+\.[\w-]+\.[\w-]+)"/.exec(answer.text)?.[1] ?? expect.fail(answer.text);
  expect(whole(answer)).toBe(`200 {"status":"success","token":"${token}"}`);
  return token;
};

const person = (email = `${uniqueName()}@example.com`) => ({
  name: 'example name',
  email,
  password: 'password',
});
const register = (fields: unknown, sent: Sent = {}) => send('/api/auth/register/', { ...sent, json: fields });
const logIn = (email: string, password: string, sent: Sent = {}) =>
  send('/api/auth/login/', { ...sent, json: { email, password } });
const profile = async (token: string): Promise<string> => (await send('/account/profile', { token })).text;

describe('documented examples', () => {
  it('register an account and log in with it', async () => {
    const made = await register(person('example@example.com'));
    const token = expectToken(made);
    expect(sessionCookie(made)).toBeNull();
    const again = expectToken(await logIn('example@example.com', 'password'));
    expect(again).not.toBe(token);
    expect(await profile(again)).toBe(await profile(token));
    expect(await profile(token)).toContain('"username":"example@example.com","email":"example@example.com"');
  });

  it('report invalid fields at registration and at login', async () => {
    const email = { value: 'wrong@format', msg: 'Email format invalid!', param: 'email', location: 'body' };
    const expected =
      '400 {"status":"fail","errors":{"email":{"value":"wrong@format","msg":"Email format invalid!","param":"email","location":"body"},"password":{"msg":"Password is required!","param":"password","location":"body"}}}';
    expect(whole(await register({ name: 'example name', email: 'wrong@format' }))).toBe(expected);
    expect(whole(await send('/api/auth/login/', { json: { email: 'wrong@format' } }))).toBe(expected);
    expect(expected).toBe(refused({ email, password: PASSWORD_REQUIRED }));
  });

  it('distinguish an unknown user from a wrong password', async () => {
    const { email, name, password } = person();
    expect(whole(await logIn(email, password))).toBe(unknown(email));
    await register({ name, email, password });
    expect(whole(await logIn(email, `${password}x`))).toBe(WRONG_PASSWORD);
    expect(whole(await logIn(email, password.toUpperCase()))).toBe(WRONG_PASSWORD);
    expectToken(await logIn(email, password));
  });
});

describe('duplicate email', () => {
  const taken = (value: string) => ({ value, msg: 'Email already exist!', param: 'email', location: 'body' });

  it('ignores case, white space and Unicode form, and repeats the email as sent', async () => {
    const name = uniqueName();
    await register(person(`${name}@exämple.com`.normalize('NFC')));
    const same = [
      `${name}@exämple.com`,
      `${name.toUpperCase()}@EXÄMPLE.COM`,
      ` ${name}@exämple.com\n`,
      `${name}@exämple.com`.normalize('NFD'),
    ];
    for (const email of same)
      expect(whole(await register(person(email)))).toBe(refused({ email: taken(email) }));
    expectToken(await register(person(`${name}@example.com`)));
  });

  it('checks a valid email, even if another field is invalid', async () => {
    const { email, name, password } = person();
    await register({ name, email, password });
    const required = { msg: 'Name is required!', param: 'name', location: 'body' };
    const short = { msg: 'Password min length 8 char', param: 'password', location: 'body' };
    expect(whole(await register({ email, password: 'x' }))).toBe(
      refused({ name: required, email: taken(email), password: short }),
    );
    expect(whole(await register({ name, email }))).toBe(
      refused({ email: taken(email), password: PASSWORD_REQUIRED }),
    );
  });

  it('accepts one of four concurrent registrations', async () => {
    const fields = person();
    const answers = await Promise.all([1, 2, 3, 4].map(() => register(fields)));
    const refusals = answers.filter(({ status }) => status !== 200);
    expect(refusals.map(whole)).toEqual(Array(3).fill(refused({ email: taken(fields.email) })));
  });
});

describe('login of an unknown user', () => {
  it('repeats the email as sent', async () => {
    const email = ` Nobody.${uniqueName()}@Example.com `;
    expect(whole(await logIn(email, 'password'))).toBe(unknown(email));
    expect(whole(await send('/api/auth/login', { form: { email, password: 'password' } }))).toBe(
      unknown(email),
    );
  });

  it('gets the answer of a wrong password only with HIDE_UNKNOWN_ACCOUNTS', async () => {
    const { email, name, password } = person();
    await register({ name, email, password });
    const hiding: Env = { ...testEnv, HIDE_UNKNOWN_ACCOUNTS: 'true' };
    const showing: Env = { ...testEnv, HIDE_UNKNOWN_ACCOUNTS: 'false' };
    const nobody = `nobody.${email}`;
    expect(whole(await logIn(nobody, password, { env: hiding }))).toBe(WRONG_PASSWORD);
    expect(whole(await logIn(email, 'wrong', { env: hiding }))).toBe(WRONG_PASSWORD);
    expectToken(await logIn(email, password, { env: hiding }));
    expect(whole(await logIn(nobody, password, { env: showing }))).toBe(unknown(nobody));
    expect(whole(await logIn('wrong@format', '', { env: hiding }))).toBe(
      refused({
        email: { value: 'wrong@format', msg: 'Email format invalid!', param: 'email', location: 'body' },
        password: PASSWORD_REQUIRED,
      }),
    );
  });
});

describe('registration and login', () => {
  it('accept JSON, form and multipart bodies, with and without a trailing slash', async () => {
    for (const kind of ['json', 'form', 'multipart'] as const) {
      for (const slash of ['', '/']) {
        const { name, email, password } = person();
        const token = expectToken(
          await send(`/api/auth/register${slash}`, { [kind]: { name, email, password } }),
        );
        const login = (password: string) => send(`/api/auth/login${slash}`, { [kind]: { email, password } });
        expect(await profile(expectToken(await login(password)))).toBe(await profile(token));
        expect(whole(await login('wrong'))).toBe(WRONG_PASSWORD);
        expect(whole(await send(`/api/auth/register${slash}`, { [kind]: { name, email: 'no' } }))).toBe(
          refused({
            email: { value: 'no', msg: 'Email format invalid!', param: 'email', location: 'body' },
            password: PASSWORD_REQUIRED,
          }),
        );
      }
    }
  });

  it('accept the email ignoring case and surrounding white space, and keep it as entered', async () => {
    const email = `Example.${uniqueName()}@Example.com`;
    const token = expectToken(await register(person(` ${email}\t`)));
    expect(await profile(token)).toContain(`"email":"${email}"`);
    for (const name of [email.toLowerCase(), email.toUpperCase(), ` ${email} `])
      expectToken(await logIn(name, 'password'));
    expect(whole(await logIn(`x${email}`, 'password'))).toBe(unknown(`x${email}`));
  });

  it.each(['garbage', 'Token', 'Token a b', 'Bearer garbage', `Token ${'0'.repeat(40)}`])(
    'ignore the header `Authorization: %s`',
    async (authorization) => {
      const headers = { Authorization: authorization };
      const fields = person();
      expectToken(await register(fields, { headers }));
      expectToken(await logIn(fields.email, fields.password, { headers }));
    },
  );

  it("ignore another account's token and leave it valid", async () => {
    const [one, other] = [person(), person()];
    const token = expectToken(await register(one));
    const made = expectToken(await register(other, { token }));
    const loggedIn = expectToken(await logIn(other.email, other.password, { token }));
    expect(await profile(loggedIn)).toBe(await profile(made));
    expect(await profile(made)).toContain(`"email":"${other.email}"`);
    expect(await profile(token)).toContain(`"email":"${one.email}"`);
  });
});

describe('disabled account', () => {
  it('gets the answer of a wrong password at login and keeps its email', async () => {
    const { email, name, password } = person();
    await register({ name, email, password });
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE email = ?').bind(email).run();
    for (const tried of [password, 'wrong']) expect(whole(await logIn(email, tried))).toBe(WRONG_PASSWORD);
    expect(whole(await register({ name, email, password }))).toContain('Email already exist!');
  });
});
