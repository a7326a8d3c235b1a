// A login that moves an account: it creates the account with the password that was sent, never over another account.
// It fails like a wrong password if the old service refuses or does not answer.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../src/env.ts';
import { measure, NO_OPERATIONS } from '../support/counting.ts';
import { createMailbox } from '../support/mail.ts';
import { type Answer, json, send, testEnv, uniqueName } from '../support/worker.ts';
import { movingEnv, type OldService, startOldService } from './support.ts';

const PASSWORD = 'sesame1234';

let old: OldService;
let env: Env;
let logged: string[];

beforeEach(() => {
  old = startOldService();
  env = movingEnv();
  logged = [];
  for (const method of ['log', 'warn', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((...args) => void logged.push(args.join(' ')));
});
afterEach(() => vi.restoreAllMocks());

interface Person {
  username: string;
  email: string;
}

/** A person whom the old service knows by username and by email. */
const atOldService = (account: Record<string, unknown> = {}): Person => {
  const username = uniqueName();
  const person = { username, email: `${username}@test.com` };
  const known = { password: PASSWORD, account: { id: 7, ...person, ...account } };
  old.people.set(person.username, known);
  old.people.set(person.email, known);
  return person;
};

const logIn = (name: string, password = PASSWORD): Promise<Answer> =>
  send('/account/login', { json: { username: name, password }, env });

const REFUSED = '{"non_field_errors":["Unable to log in with provided credentials."]}';

const rowsOf = async ({ username, email }: Person): Promise<Record<string, unknown>[]> => {
  const { results } = await testEnv.DB.prepare('SELECT * FROM users WHERE username = ?1 OR email_key = ?2')
    .bind(username, email)
    .all();
  return results;
};

const rowOf = async (person: Person): Promise<Record<string, unknown>> => {
  const [row, ...more] = await rowsOf(person);
  if (!row || more.length > 0) throw new Error('There is not one account.');
  return row;
};

const tokenOf = ({ text }: Answer): string => /"token":"([0-9a-f]{40})"/.exec(text)?.[1] ?? '';

const warnings = (): string => logged.filter((line) => line.includes('"warning"')).join('\n');

describe('a login with a name that is unknown here', () => {
  it('asks the old service once, creates the account and succeeds', async () => {
    const ann = atOldService();
    const first = await logIn(ann.username);
    expect([first.status, json(first)]).toEqual([200, { token: expect.stringMatching(/^[0-9a-f]{40}$/) }]);
    expect(old.asked).toEqual([{ identifier: ann.username, password: PASSWORD }]);
    const row = await rowOf(ann);
    expect(row).toMatchObject({ email: ann.email, is_admin: 0, disabled_at: null, email_verified_at: null });
    expect(row['password_hash']).toMatch(/^\$pbkdf2-sha512\$i=100,r=2\$/);
    // From now on the old service is not needed: by either name, in each dialect.
    const again = await logIn(ann.email);
    expect(again.status).toBe(200);
    expect((await logIn(ann.username, 'sesame1235')).text).toBe(REFUSED);
    expect(old.asked).toHaveLength(1);
  });

  it.each([
    ['/api/users/login/', 'username', 'username', 200],
    ['/api/v1/user/login/', 'username', 'username', 200],
    ['/api/login/', 'username', 'email', 200],
    ['/account/login', 'username', 'username', 200],
    ['/api/auth/login/', 'email', 'email', 200],
    ['/id/login', 'identifier', 'email', 200],
  ] as const)('moves the account by %s', async (path, field, by, status) => {
    const ann = atOldService();
    const answer = await send(path, { json: { [field]: ann[by], password: PASSWORD }, env });
    expect(answer.status).toBe(status);
    expect(await rowsOf(ann)).toHaveLength(1);
  });

  it('sends the name as typed, because the old service may be case-sensitive', async () => {
    const ann = atOldService();
    const typed = ann.email.toUpperCase();
    old.people.set(typed, { password: PASSWORD, account: { ...ann } });
    expect((await logIn(typed)).status).toBe(200);
    expect(old.asked).toEqual([{ identifier: typed, password: PASSWORD }]);
    expect(await rowOf(ann)).toMatchObject({ email: ann.email });
  });

  it('copies names and a verified email, but no admin role and no id', async () => {
    const ann = atOldService({
      email_verified: true,
      name: 'Ann Lee',
      first_name: 'Ann',
      last_name: 'Lee',
      address: 'Hill Road 1\n12345 Hill',
      site_url: 'https://ann.example',
      description: 'tea',
      is_admin: true,
      is_superuser: true,
      id: 65_213,
    });
    expect((await logIn(ann.email)).status).toBe(200);
    const row = await rowOf(ann);
    expect(row).toMatchObject({
      name: 'Ann Lee',
      first_name: 'Ann',
      last_name: 'Lee',
      address: 'Hill Road 1\n12345 Hill',
      site_url: 'https://ann.example',
      description: 'tea',
      is_admin: 0,
      email_verified_at: expect.any(Number),
    });
    expect(row['id']).not.toBe(65_213);
  });

  it('drops texts that are invalid here, and keeps the rest', async () => {
    const ann = atOldService({
      name: 'x'.repeat(256),
      first_name: 'A\0nn',
      last_name: ' Lee ',
      site_url: 'javascript:alert(1)',
    });
    expect((await logIn(ann.email)).status).toBe(200);
    expect(await rowOf(ann)).toMatchObject({ name: '', first_name: '', last_name: 'Lee', site_url: '' });
  });

  it('gives an account without an email an unverified placeholder, and sends no mail to it', async () => {
    const mailbox = createMailbox();
    env = movingEnv({}, mailbox.env);
    const [ann, bob] = [atOldService({ email: '' }), atOldService()];
    const moveAndForget = async ({ username }: Person) => {
      expect((await logIn(username)).status).toBe(200);
      const asked = await send('/id/password/forgot', { json: { identifier: username }, env });
      expect(asked.status).toBe(202);
    };
    await moveAndForget(ann);
    expect(await rowOf(ann)).toMatchObject({
      email: `${ann.username}@no-email.invalid`,
      email_verified_at: null,
    });
    expect(mailbox.offered).toBe(0);
    await moveAndForget(bob);
    expect(new Set(mailbox.mails.map(({ to }) => to))).toEqual(new Set([bob.email]));
  });

  it('fails like a wrong password if the old service refuses it', async () => {
    const ann = atOldService();
    expect(await logIn(ann.username, 'sesame1235')).toMatchObject({ status: 400, text: REFUSED });
    expect(await rowsOf(ann)).toEqual([]);
    expect(warnings()).not.toContain('old service');
  });

  it('does not report an unknown account in `auth`, because the old service may have it', async () => {
    const email = `${uniqueName()}@test.com`;
    const answer = await send('/api/auth/login/', { json: { email, password: PASSWORD }, env });
    expect(answer.text).toBe('{"status":"fail","errors":{"main":{"msg":"user password incorrect"}}}');
  });
});

describe('an old service that fails', () => {
  it.each<[string, () => Promise<Response>]>([
    ['status 500', async () => new Response('oops', { status: 500 })],
    [
      'a redirect',
      async () => new Response(null, { status: 302, headers: { Location: 'https://evil.example/' } }),
    ],
    ['an HTML page', async () => new Response('<html>')],
    ['a broken connection', () => Promise.reject(new TypeError('Network connection lost.'))],
    ['no response', () => new Promise(() => undefined)],
  ])('makes the login fail like a wrong password: %s', async (_, answer) => {
    env = movingEnv({ LAZY_MIGRATION_TIMEOUT_MS: '20' });
    const ann = atOldService();
    old.answer = answer;
    expect(await logIn(ann.username)).toMatchObject({ status: 400, text: REFUSED });
    expect(old.asked).toHaveLength(1);
    expect(await rowsOf(ann)).toEqual([]);
    expect(warnings()).toContain('the old service failed');
    expect(logged.join('\n')).not.toContain(PASSWORD);
    expect(logged.join('\n')).not.toContain(ann.username);
  });

  it('gets three questions, then none, and does not affect accounts that exist here', async () => {
    const ann = atOldService();
    expect((await logIn(ann.username)).status).toBe(200);
    old.answer = async () => new Response('', { status: 503 });
    for (let count = 0; count < 6; count += 1) expect((await logIn(uniqueName())).text).toBe(REFUSED);
    expect(old.asked).toHaveLength(4);
    expect((await logIn(ann.username)).status).toBe(200);
  });
});

describe('a response of the old service', () => {
  it('creates no account with an email other than the one that was typed', async () => {
    const [ann, bob] = [atOldService(), atOldService()];
    old.people.set(ann.email, { password: PASSWORD, account: { ...bob } });
    expect((await logIn(ann.email)).text).toBe(REFUSED);
    expect(await rowsOf(ann)).toEqual([]);
    expect(await rowsOf(bob)).toEqual([]);
    expect(warnings()).toContain('It has another name than the login.');
  });

  it.each([
    ['neither a valid username nor a valid email', { username: 'a b', email: 'nobody' }],
    ['only a placeholder email', { username: null, email: 'ann@no-email.invalid' }],
  ])('creates no account with %s', async (_, account) => {
    const ann = atOldService();
    old.people.set(ann.username, { password: PASSWORD, account });
    expect((await logIn(ann.username)).text).toBe(REFUSED);
    expect(await rowsOf(ann)).toEqual([]);
    expect(warnings()).toContain('neither an email nor a username');
  });

  it('does not change an account here that has the same email', async () => {
    const ann = atOldService();
    const taken = { username: uniqueName(), email: ann.email, password: 'another1234' };
    expect((await send('/account/register', { json: taken })).status).toBe(200);
    const before = await rowOf(taken);
    expect((await logIn(ann.username)).text).toBe(REFUSED);
    expect(await rowOf(taken)).toEqual(before);
    expect(warnings()).toContain('Another account has its email.');
    expect((await logIn(taken.username, 'another1234')).status).toBe(200);
  });
});

describe('an account that was moved', () => {
  it('stays deleted if it was deleted here, by username and by email', async () => {
    const ann = atOldService();
    const token = tokenOf(await logIn(ann.username));
    expect((await send('/account/delete', { token, method: 'POST', env })).status).toBe(200);
    for (const name of [ann.username, ann.email]) expect((await logIn(name)).text).toBe(REFUSED);
    expect(await rowsOf(ann)).toEqual([]);
    expect(warnings()).toContain('The account was deleted here.');
    // Its owner may register again: then it is an account like any other.
    expect((await send('/account/register', { json: { ...ann, password: PASSWORD } })).status).toBe(200);
    expect((await logIn(ann.username)).status).toBe(200);
  });

  it('cannot log in with an unverified email if REQUIRE_VERIFIED_EMAIL is set', async () => {
    env = movingEnv(
      { REQUIRE_VERIFIED_EMAIL: 'true', MAIL_FROM: 'id@test.com', PUBLIC_URL: 'https://latchkey.test' },
      {
        ...testEnv,
        EMAIL: { send: async () => ({ messageId: '1' }) } as unknown as SendEmail,
      },
    );
    const [ann, bob] = [atOldService(), atOldService({ email_verified: true })];
    expect((await logIn(ann.username)).text).toBe('{"non_field_errors":["Email address is not verified."]}');
    expect(await rowsOf(ann)).toHaveLength(1);
    expect((await logIn(bob.username)).status).toBe(200);
  });
});

describe('logins with unknown names', () => {
  it('create one account from 24 parallel logins of one person, and all succeed', async () => {
    const ann = atOldService();
    const answers = await Promise.all(Array.from({ length: 24 }, () => logIn(ann.username)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 24 }, () => 200));
    expect(await rowsOf(ann)).toHaveLength(1);
  });

  it('create 24 accounts from parallel logins of 24 people', async () => {
    const people = Array.from({ length: 24 }, () => atOldService());
    const answers = await Promise.all(people.map(({ username }) => logIn(username)));
    expect(answers.map(({ status }) => status)).toEqual(people.map(() => 200));
    for (const person of people) expect(await rowsOf(person)).toHaveLength(1);
  });

  it('ask nothing about a name of more than 1,024 characters', async () => {
    const long = 'a'.repeat(1_025);
    expect((await logIn(long)).text).toBe(REFUSED);
    expect((await logIn(`${long}@test.com`)).text).toBe(REFUSED);
    expect(old.asked).toEqual([]);
    expect((await logIn('a'.repeat(1_024))).text).toBe(REFUSED);
    expect(old.asked).toHaveLength(1);
  });

  it('ask nothing while the name is throttled', async () => {
    const ann = atOldService();
    const statuses: number[] = [];
    for (let count = 0; count < 14; count += 1)
      statuses.push((await logIn(ann.username, `wrong${count}`)).status);
    expect(statuses.filter((status) => status === 400)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(4);
    expect(old.asked).toHaveLength(10);
  });

  it('ask at most LAZY_MIGRATION_PER_MINUTE times a minute', async () => {
    env = movingEnv({ LAZY_MIGRATION_PER_MINUTE: '2' });
    for (let count = 0; count < 4; count += 1) expect((await logIn(uniqueName())).text).toBe(REFUSED);
    expect(old.asked).toHaveLength(2);
  });
});

describe('the cost of a login', () => {
  const ONE_HASH = [100, 100];

  it('does not grow for a name that is known here, with a right or a wrong password', async () => {
    const ann = atOldService();
    await send('/api/v1/user/register/', { json: { ...ann, password: PASSWORD } });
    const right = await measure('/account/login', {
      json: { username: ann.username, password: PASSWORD },
      env,
    });
    expect(right.answer.status).toBe(200);
    expect(right.operations).toEqual({ ...NO_OPERATIONS, d1: 2, kvPuts: 1 });
    expect(right.hashed).toEqual(ONE_HASH);
    const wrong = await measure('/account/login', {
      json: { username: ann.username, password: 'wrong1234' },
      env,
    });
    expect(wrong.answer.status).toBe(400);
    expect(wrong.operations).toEqual({ ...NO_OPERATIONS, d1: 2 });
    expect(wrong.hashed).toEqual(ONE_HASH);
    expect(old.asked).toEqual([]);
  });

  it('grows by one question for an unknown name that the old service refuses', async () => {
    const attempt = { json: { username: uniqueName(), password: PASSWORD } };
    const without = await measure('/account/login', attempt);
    const with_ = await measure('/account/login', { ...attempt, env });
    expect(without.operations).toEqual({ ...NO_OPERATIONS, d1: 2 });
    expect([with_.operations, with_.hashed]).toEqual([without.operations, without.hashed]);
    expect(old.asked).toHaveLength(1);
  });

  it('amounts to six round trips and three hashes if the account is moved, once for each account', async () => {
    const ann = atOldService();
    const attempt = { json: { username: ann.username, password: PASSWORD }, env };
    const first = await measure('/account/login', attempt);
    expect(first.operations).toEqual({ ...NO_OPERATIONS, d1: 6, kvPuts: 1 });
    expect(first.hashed).toEqual([...ONE_HASH, ...ONE_HASH, ...ONE_HASH]);
    const second = await measure('/account/login', attempt);
    expect(second.operations).toEqual({ ...NO_OPERATIONS, d1: 2 });
    expect(second.hashed).toEqual(ONE_HASH);
    expect(old.asked).toHaveLength(1);
  });
});
