// App passwords in the six dialects, for accounts with and without a second factor.
import { beforeEach, describe, expect, it } from 'vitest';
import { measure, NO_OPERATIONS } from '../support/counting.ts';
import {
  addAppPassword,
  addTotp,
  cookiesOf,
  eventsOf,
  join,
  objectOf,
  PASSWORD,
  type Person,
  startLogin,
  textOf,
} from '../support/passkeys.ts';
import { everythingStored } from '../support/stored.ts';
import { type Answer, json, type Sent, send, testEnv } from '../support/worker.ts';

let person: Person;
beforeEach(async () => {
  person = await join();
});

const whole = ({ status, text }: { status: number; text: string }): string => `${status} ${text}`;

interface Dialect {
  name: string;
  path: string;
  fields: (person: Person, password: string) => Record<string, string>;
  refusal: string;
  /** Whether the credential of a login works. */
  isGood: (answer: Answer) => Promise<boolean>;
}

const me = async (sent: Sent): Promise<boolean> => (await send('/id/me', sent)).status === 200;
const byCookie = (answer: Answer) => me({ headers: { Cookie: cookiesOf(answer) } });
const byToken = (answer: Answer) => me({ token: textOf(json(answer), 'token') });

const dialects: readonly Dialect[] = [
  {
    name: 'users',
    path: '/api/users/login/',
    fields: ({ username }, password) => ({ username, password }),
    refusal: '400 {"non_field_errors":["Username or password is incorrect."]}',
    isGood: byCookie,
  },
  {
    name: 'user-v1',
    path: '/api/v1/user/login/',
    fields: ({ username }, password) => ({ username, password }),
    refusal: '200 {"status":"failed","desc":"user name or password incorrect","error_code":102}',
    isGood: byCookie,
  },
  {
    name: 'conjugator',
    path: '/api/login/',
    fields: ({ email: username }, password) => ({ username, password }),
    refusal: '400 {"non_field_errors":["Unable to login with provided credentials."]}',
    isGood: byToken,
  },
  {
    name: 'account',
    path: '/account/login',
    fields: ({ username }, password) => ({ username, password }),
    refusal: '400 {"non_field_errors":["Unable to log in with provided credentials."]}',
    isGood: byToken,
  },
  {
    name: 'auth',
    path: '/api/auth/login/',
    fields: ({ email }, password) => ({ email, password }),
    refusal: '400 {"status":"fail","errors":{"main":{"msg":"user password incorrect"}}}',
    isGood: byToken,
  },
];

const logIn = ({ path, fields }: Dialect, password: string, sent: Sent = {}) =>
  send(path, { ...sent, json: fields(person, password) });

describe.each(dialects)('$name', (dialect) => {
  it('refuses the password of an account with a second factor like a wrong one, at the same cost', async () => {
    const other = await join();
    await addTotp(person);
    const attempt = (someone: Person, password: string) =>
      measure(dialect.path, { json: dialect.fields(someone, password) });
    const right = await attempt(person, PASSWORD);
    const wrong = await attempt(person, 'wrong-1234');
    const without = await attempt(other, 'wrong-1234');
    expect(whole(right.answer)).toBe(dialect.refusal);
    expect(whole(wrong.answer)).toBe(dialect.refusal);
    for (const cost of [wrong, without]) {
      expect(right.operations).toEqual(cost.operations);
      expect(right.statements).toEqual(cost.statements);
      expect(right.hashed).toEqual(cost.hashed);
      expect([...right.answer.headers.keys()]).toEqual([...cost.answer.headers.keys()]);
    }
    expect((await eventsOf(person.id)).slice(0, 2)).toEqual(['login_refused', 'login_refused']);
  });

  it('accepts an app password without a slow hash or an extra round trip', async () => {
    await addTotp(person);
    const { password } = await addAppPassword(person);
    const { answer, operations, hashed } = await measure(dialect.path, {
      json: dialect.fields(person, password),
    });
    expect(await dialect.isGood(answer)).toBe(true);
    expect(operations).toEqual({ ...NO_OPERATIONS, d1: 2, kvPuts: 1 });
    expect(hashed).toEqual([]);
  });

  it('accepts an app password in upper case, without spaces and with hyphens', async () => {
    const { password } = await addAppPassword(person);
    for (const typed of [password.toUpperCase(), password.replaceAll(' ', ''), password.replaceAll(' ', '-')])
      expect(await dialect.isGood(await logIn(dialect, typed))).toBe(true);
  });

  it('accepts an app password for this dialect and rejects one for another', async () => {
    const other = dialects.find(({ name }) => name !== dialect.name)?.name ?? '';
    const [own, foreign] = [
      await addAppPassword(person, { dialect: dialect.name }),
      await addAppPassword(person, { dialect: other }),
    ];
    expect(await dialect.isGood(await logIn(dialect, own.password))).toBe(true);
    expect(whole(await logIn(dialect, foreign.password))).toBe(dialect.refusal);
  });

  it('rejects an unknown app password, a removed one and one of another account', async () => {
    const theirs = await addAppPassword(await join());
    const mine = await addAppPassword(person);
    await send(`/id/app-passwords/${mine.id}`, { method: 'DELETE', token: person.token });
    for (const password of [theirs.password, mine.password, 'aaaa bbbb cccc dddd eeee ffff'])
      expect(whole(await logIn(dialect, password))).toBe(dialect.refusal);
  });

  it('rejects the app password of a disabled account', async () => {
    const { password } = await addAppPassword(person);
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE id = ?').bind(person.id).run();
    expect(whole(await logIn(dialect, password))).toBe(dialect.refusal);
  });

  it('ends only the sessions of a removed app password, at once', async () => {
    const [removed, kept] = [await addAppPassword(person), await addAppPassword(person)];
    const first = await logIn(dialect, removed.password);
    const usesOneToken = dialect.name === 'conjugator' || dialect.name === 'account';
    const second = usesOneToken ? null : await logIn(dialect, kept.password);
    expect(await dialect.isGood(first)).toBe(true);
    await send(`/id/app-passwords/${removed.id}`, { method: 'DELETE', token: person.token });
    expect(await dialect.isGood(first)).toBe(false);
    if (second) expect(await dialect.isGood(second)).toBe(true);
    expect(await me({ token: person.token })).toBe(true);
  });

  it('accepts only app passwords with APP_PASSWORDS_ONLY', async () => {
    const env = { ...testEnv, APP_PASSWORDS_ONLY: 'true' };
    const { password } = await addAppPassword(person);
    const refused = await measure(dialect.path, { env, json: dialect.fields(person, PASSWORD) });
    expect(whole(refused.answer)).toBe(dialect.refusal);
    expect(refused.hashed).toHaveLength(2);
    expect(await dialect.isGood(await logIn(dialect, password, { env }))).toBe(true);
  });
});

describe('API token of conjugator and account', () => {
  const account = dialects[3] ?? expect.fail();
  const conjugator = dialects[2] ?? expect.fail();

  it('ends when an app password that received it is removed, even if the owner created it first', async () => {
    const { id, password } = await addAppPassword(person);
    const opened = await logIn(account, PASSWORD);
    const given = await logIn(conjugator, password);
    expect(textOf(json(given), 'token')).toBe(textOf(json(opened), 'token'));
    await send(`/id/app-passwords/${id}`, { method: 'DELETE', token: person.token });
    expect(await byToken(opened)).toBe(false);
  });

  it('survives the removal of an app password that received only an earlier token', async () => {
    const { id, password } = await addAppPassword(person);
    const first = textOf(json(await logIn(account, password)), 'token');
    await send('/account/logout', { method: 'POST', token: first });
    const second = await logIn(account, PASSWORD);
    await send(`/id/app-passwords/${id}`, { method: 'DELETE', token: person.token });
    expect(await byToken(second)).toBe(true);
  });

  it('ends with the app password even after TOKEN_SECRET was replaced', async () => {
    const { id, password } = await addAppPassword(person);
    await logIn(account, password);
    const env = { ...testEnv, TOKEN_SECRET: 'another secret for tests that is long enough' };
    const { token } = objectOf(json(await logIn(account, PASSWORD, { env })));
    const works = async () => (await send('/account/profile', { env, token: String(token) })).status;
    expect(await works()).toBe(200);
    const session = await send('/id/login', {
      env,
      json: { identifier: person.username, password: PASSWORD, session: 'token' },
    });
    const answer = await send(`/id/app-passwords/${id}`, {
      env,
      method: 'DELETE',
      token: textOf(json(session), 'token'),
    });
    expect(answer.status).toBe(204);
    expect(await works()).toBe(401);
  });

  it('cannot delete the account if it was issued for an app password', async () => {
    const { password } = await addAppPassword(person);
    const token = textOf(json(await logIn(account, password)), 'token');
    const refused = await send('/account/delete', { method: 'POST', token });
    expect(whole(refused)).toBe('403 {"detail":"You do not have permission to perform this action."}');
    expect(await me({ token: person.token })).toBe(true);
  });
});

describe('id', () => {
  it('accepts an app password without asking for the second factor', async () => {
    await addTotp(person);
    const { password } = await addAppPassword(person, { dialect: 'id' });
    const body = objectOf(json(await startLogin(person, password)));
    expect(await me({ token: textOf(body, 'token') })).toBe(true);
  });

  it('rejects an app password of another dialect', async () => {
    const { password } = await addAppPassword(person, { dialect: 'account' });
    expect((await startLogin(person, password)).status).toBe(401);
  });

  it('accepts account passwords with APP_PASSWORDS_ONLY, because it can ask for a second factor', async () => {
    const answer = await startLogin(person, PASSWORD, { env: { ...testEnv, APP_PASSWORDS_ONLY: 'true' } });
    expect(answer.status).toBe(200);
  });
});

describe('app password', () => {
  const list = async () =>
    objectOf(json(await send('/id/app-passwords', { token: person.token })))['appPasswords'];

  it('appears in clear text only once, is listed with its last use, and is stored as a hash', async () => {
    const { id, password } = await addAppPassword(person, { name: 'Old phone', dialect: 'auth' });
    expect(password).toMatch(/^[a-z2-7]{4}( [a-z2-7]{4}){5}$/);
    const shown = { id, name: 'Old phone', dialect: 'auth', createdAt: expect.any(String) };
    expect(await list()).toEqual([{ ...shown, lastUsedAt: null }]);
    await logIn(dialects[4] ?? expect.fail(), password);
    expect(await list()).toEqual([{ ...shown, lastUsedAt: expect.any(String) }]);
    const row = await testEnv.DB.prepare('SELECT hash FROM app_passwords WHERE id = ?').bind(id).first();
    expect(row?.['hash']).toMatch(/^[0-9a-f]{64}$/);
    const stored = await everythingStored();
    for (const text of [password, password.replaceAll(' ', '')]) expect(stored).not.toContain(text);
    expect((await eventsOf(person.id)).slice(0, 2)).toEqual(['login', 'app_password_added']);
  });

  it('requires a name, and a dialect that exists or null', async () => {
    const make = (body: object) => send('/id/app-passwords', { token: person.token, json: body });
    expect(whole(await make({ name: 'x', dialect: 'pages' }))).toMatch(/^400 .*"not_a_choice"/);
    expect(whole(await make({}))).toMatch(/^400 .*"name":"name","code":"required"/);
    expect((await make({ name: 'x', dialect: null })).status).toBe(201);
  });

  it('answers 409 beyond 50 per account', async () => {
    await testEnv.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 49)
       INSERT INTO app_passwords (user_id, name, hash, created_at) SELECT ?, 'x', 'h' || i, 0 FROM n`,
    )
      .bind(person.id)
      .run();
    await addAppPassword(person);
    const more = await send('/id/app-passwords', { token: person.token, json: { name: 'x' } });
    expect(whole(more)).toMatch(/^409 .*"too_many"/);
  });

  it('can be removed once, and only by its owner', async () => {
    const { id, password } = await addAppPassword(person);
    const other = await join();
    const remove = (token: string) => send(`/id/app-passwords/${id}`, { method: 'DELETE', token });
    expect((await remove(other.token)).status).toBe(404);
    expect(await byToken(await startLogin(person, password))).toBe(true);
    expect((await remove(person.token)).status).toBe(204);
    expect((await remove(person.token)).status).toBe(404);
    expect((await eventsOf(person.id))[0]).toBe('app_password_removed');
  });

  it('counts as a failure if wrong, and does not reset the count if right', async () => {
    const env = { ...testEnv, THROTTLE_FREE_FAILURES: '3' };
    const { password } = await addAppPassword(person);
    for (let tries = 0; tries < 3; tries += 1) {
      expect((await startLogin(person, 'aaaa bbbb cccc dddd eeee ffff', { env })).status).toBe(401);
      if (tries < 2) expect((await startLogin(person, password, { env })).status).toBe(200);
    }
    expect((await startLogin(person, password, { env })).status).toBe(429);
  });

  it('leaves an outdated hash of the account password unchanged', async () => {
    const { password } = await addAppPassword(person);
    const hash = () =>
      testEnv.DB.prepare('SELECT password_hash FROM users WHERE id = ?')
        .bind(person.id)
        .first('password_hash');
    const before = await hash();
    const env = { ...testEnv, PASSWORD_ITERATIONS: '2000' };
    expect((await startLogin(person, password, { env })).status).toBe(200);
    expect(await hash()).toBe(before);
  });

  it('cannot confirm a change that requires the account password', async () => {
    const { password } = await addAppPassword(person);
    const answer = await send('/id/me/username', {
      method: 'PUT',
      token: person.token,
      json: { username: 'new.name', password },
    });
    expect(whole(answer)).toMatch(/^401 .*"wrong_credentials"/);
  });
});

describe('DELETE /id/admin/accounts/:id/factors', () => {
  it('keeps the password, and ends the sessions and the app passwords', async () => {
    const admin = await join();
    await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(admin.id).run();
    await addTotp(person);
    const { password } = await addAppPassword(person);
    const path = `/id/admin/accounts/${person.id}/factors`;
    expect((await send(path, { method: 'DELETE', token: person.token })).status).toBe(403);
    expect((await send(path, { method: 'DELETE', token: admin.token })).status).toBe(204);
    expect(await me({ token: person.token })).toBe(false);
    expect((await startLogin(person, password)).status).toBe(401);
    expect(await byToken(await startLogin(person))).toBe(true);
    expect(await eventsOf(person.id)).toContain('factors_removed');
    expect(
      (await send('/id/admin/accounts/999999/factors', { method: 'DELETE', token: admin.token })).status,
    ).toBe(404);
  });
});
