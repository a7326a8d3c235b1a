// POST /id/register: the account and session that it creates, its answers, and taken names.
import { describe, expect, it } from 'vitest';
import { send, testEnv, uniqueName } from '../../support/worker.ts';
import {
  atFixedTime,
  bearer,
  called,
  cookieOf,
  cookiesOf,
  DEVICE_COOKIE,
  eventsOf,
  idOf,
  isLive,
  join,
  logIn,
  PASSWORD,
  person,
  rowOf,
  SESSION_COOKIE,
  shownAccount,
  tokenOf,
  whole,
} from './support-id.ts';
import { invalid, taken } from './support-refusals.ts';

atFixedTime();

const register = (json: unknown, sent = {}) => send('/id/register', { json, ...sent });

const accountsWith = async (email: string): Promise<number | null> =>
  testEnv.DB.prepare('SELECT count(*) AS n FROM users WHERE email_key = lower(?)').bind(email).first('n');

describe('POST /id/register', () => {
  it('creates an account with a session in a cookie', async () => {
    const { username, email, password } = person();
    const answer = await register({ username, email, password, name: 'Kate Smith' });
    const account = shownAccount({ id: idOf(answer), username, email, ...called('Kate Smith') });
    expect(whole(answer)).toBe(`201 ${JSON.stringify({ account })}`);
    expect(cookiesOf(answer)).toEqual([DEVICE_COOKIE, SESSION_COOKIE]);
    expect(await isLive({ cookie: cookieOf(answer) })).toBe(true);
    expect(await eventsOf(idOf(answer))).toEqual(['registered']);
  });

  it('returns a token if the client asks for one', async () => {
    const { username, email, password } = person();
    const answer = await register({ username, email, password, session: 'token' });
    const token = tokenOf(answer);
    const account = shownAccount({ id: idOf(answer), username, email });
    expect(whole(answer)).toBe(`201 ${JSON.stringify({ account, token })}`);
    expect(token).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(cookiesOf(answer)).toEqual([DEVICE_COOKIE]);
    expect(await isLive(bearer(token))).toBe(true);
    expect(await isLive({ cookie: token })).toBe(false);
  });

  it('requires neither a username nor a name', async () => {
    const { email, password } = person();
    const answer = await register({ email, password, session: 'cookie' });
    const account = shownAccount({ id: idOf(answer), username: null, email });
    expect(whole(answer)).toBe(`201 ${JSON.stringify({ account })}`);
    expect((await logIn({ username: '', email, password })).status).toBe(200);
  });

  it('returns names as entered and trimmed, and stores folded keys', async () => {
    const { username, email, password } = person();
    const [upper, address] = [username.toUpperCase(), `${username}@Test.COM`];
    const answer = await register({
      username: ` ${upper}\n`,
      email: `\t${address} `,
      password,
      name: ' Ann ',
    });
    const account = shownAccount({ id: idOf(answer), username: upper, email: address, ...called('Ann') });
    expect(whole(answer)).toBe(`201 ${JSON.stringify({ account })}`);
    expect(await rowOf(idOf(answer))).toMatchObject({ username_key: username, email_key: email });
  });

  it('accepts letters of every script in the email, password and name', async () => {
    const email = `${uniqueName()}.жук@пример.рф`;
    const answer = await register({ email, password: 'пароль из слов', name: '花子 👩‍🚀' });
    const account = shownAccount({ id: idOf(answer), email, ...called('花子 👩‍🚀') });
    expect(whole(answer)).toBe(`201 ${JSON.stringify({ account })}`);
  });

  it('ignores fields that are not part of a registration', async () => {
    const fields = {
      ...person(),
      isAdmin: true,
      id: 4711,
      firstName: 'Ann',
      pictureId: 3,
      disabledAt: START_OF_TIME,
    };
    const answer = await register(fields);
    const { username, email } = fields;
    const account = shownAccount({ id: idOf(answer), username, email });
    expect(whole(answer)).toBe(`201 ${JSON.stringify({ account })}`);
    expect(idOf(answer)).not.toBe(4711);
  });

  it('ends the session of the cookie that the browser held', async () => {
    const before = await join();
    const answer = await register(person(), { cookie: before.cookie });
    expect(answer.status).toBe(201);
    expect(await isLive({ cookie: before.cookie })).toBe(false);
    expect(await isLive({ cookie: cookieOf(answer) })).toBe(true);
  });

  it('keeps that session if the registration is refused', async () => {
    const before = await join();
    const answer = await register({ ...person(), email: before.email }, { cookie: before.cookie });
    expect(whole(answer)).toBe(taken('email'));
    expect(cookiesOf(answer)).toEqual([]);
    expect(await isLive({ cookie: before.cookie })).toBe(true);
  });
});

const START_OF_TIME = '1970-01-01T00:00:00.000Z';

describe('POST /id/register with a taken name', () => {
  it('answers 409 and names the username, the email, or both', async () => {
    const first = await join();
    const { username, email, password } = person();
    const answers = [
      await register({ username: first.username, email, password }),
      await register({ username, email: first.email, password }),
      await register({ username: first.username, email: first.email, password }),
    ];
    expect(answers.map(whole)).toEqual([taken('username'), taken('email'), taken('username', 'email')]);
    for (const answer of answers) expect(cookiesOf(answer)).toEqual([]);
    expect(await accountsWith(email)).toBe(0);
    expect((await register({ username, email, password })).status).toBe(201);
  });

  it('rejects the name in another case and another Unicode composition too', async () => {
    const { username, password } = person();
    const email = `${username}@exämple.com`.normalize('NFC');
    expect((await register({ username, email, password })).status).toBe(201);
    const again = { username: username.toUpperCase(), email: email.toUpperCase().normalize('NFD'), password };
    expect(whole(await register(again))).toBe(taken('username', 'email'));
    expect((await register({ ...person(), email: `${username}@example.com` })).status).toBe(201);
  });

  it('answers 400 if other fields are invalid too, and names all of them', async () => {
    const first = await join();
    const { username, email } = first;
    expect(whole(await register({ username, email }))).toBe(
      invalid(['username', 'taken'], ['email', 'taken'], ['password', 'required']),
    );
    expect(whole(await register({ username, email: 'x', password: 'short' }))).toBe(
      invalid(['username', 'taken'], ['email', 'not_email'], ['password', 'too_few_characters', 8]),
    );
    expect(whole(await register({ username: 'a b', email, password: PASSWORD }))).toBe(
      invalid(['username', 'not_username'], ['email', 'taken']),
    );
  });

  it('accepts a username that is only the part of an email before the @', async () => {
    const { username } = person();
    await join({ email: `${username}@test.com` });
    expect((await register({ ...person(), username })).status).toBe(201);
  });

  it('accepts the name after its account was deleted, under a new id', async () => {
    const { id, username, email, password, cookie } = await join();
    expect((await send('/id/me', { method: 'DELETE', cookie, json: { password } })).status).toBe(204);
    const again = await register({ username, email, password });
    expect(again.status).toBe(201);
    expect(idOf(again)).toBeGreaterThan(id);
  });

  it('creates one account if four requests with the name arrive at once', async () => {
    const { username, email, password } = person();
    const emails = ['a', 'b', 'c', 'd'].map((letter) => `${letter}.${email}`);
    const answers = await Promise.all(emails.map((email) => register({ username, email, password })));
    const [made, ...others] = answers.sort((one, other) => one.status - other.status);
    expect(made?.status).toBe(201);
    expect(others.map(whole)).toEqual(Array(3).fill(taken('username')));
  });
});
