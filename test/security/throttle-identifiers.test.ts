// Attempts that share a counter: all names of an account, in all dialects. Unknown names behave the same.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../src/env.ts';
import { type Cost, measure, NO_OPERATIONS } from '../support/counting.ts';
import { type Answer, send, testEnv, uniqueName } from '../support/worker.ts';

const PASSWORD = 'sesame1234';
const FREE_FAILURES = 3;

const env: Env = { ...testEnv, THROTTLE_FREE_FAILURES: '3', THROTTLE_FIRST_WAIT_SECONDS: '30' };

/** Two rounds of 1,000 iterations, as the test pool sets. */
const ONE_HASH = [100, 100];

const nowMs = Date.UTC(2030, 0, 1);

beforeEach(() => {
  vi.setSystemTime(nowMs);
});

afterEach(() => {
  vi.useRealTimers();
});

/** Mixed case, so that another case is another spelling of the same name. */
const nobody = () => {
  const username = `Mixed${uniqueName().slice(0, 9)}`;
  return { username, email: `${username}@Test.com`, password: PASSWORD };
};
type Person = ReturnType<typeof nobody>;

const joined = async (): Promise<Person & { id: number }> => {
  const person = nobody();
  const { text } = await send('/api/v1/user/register/', { json: person, env });
  return { ...person, id: Number(/"user_id":(\d+)\}/.exec(text)?.[1] ?? expect.fail(text)) };
};

const tryName = (username: string, password = 'wrong') =>
  send('/account/login', { json: { username, password }, env });

const failOften = async (name: string, times = FREE_FAILURES): Promise<void> => {
  for (let tries = 0; tries < times; tries += 1) expect((await tryName(name)).status).toBe(400);
};

describe('one counter', () => {
  it.each<[string, (person: Person) => string, (person: Person) => string]>([
    ['the username, then the email', ({ username }) => username, ({ email }) => email],
    ['the email, then the username', ({ email }) => email, ({ username }) => username],
    ['every case of a username', ({ username }) => username.toLowerCase(), (p) => p.username.toUpperCase()],
    ['every case of an email', ({ email }) => email.toUpperCase(), ({ email }) => email.toLowerCase()],
    ['a name with spaces around it', ({ username }) => ` ${username} `, ({ username }) => username],
  ])('covers %s', async (_what, one, other) => {
    const person = await joined();
    await failOften(one(person));
    expect((await tryName(other(person), PASSWORD)).status).toBe(429);
    await expect(tryName((await joined()).username, PASSWORD)).resolves.toMatchObject({ status: 200 });
  });

  it('covers the username and the email in turns', async () => {
    const { username, email } = await joined();
    await failOften(username, 2);
    await failOften(email, 1);
    expect((await tryName(username, PASSWORD)).status).toBe(429);
  });

  it('covers all five dialects', async () => {
    const { username, email } = await joined();
    const password = 'wrong';
    const paths = ['/api/users/login/', '/api/v1/user/login/', '/api/login/', '/account/login'];
    for (const path of paths.slice(0, FREE_FAILURES))
      expect((await send(path, { json: { username, password }, env })).status).not.toBe(429);
    for (const path of paths)
      expect((await send(path, { json: { username, password: PASSWORD }, env })).status).toBe(429);
    const json = { email, password: PASSWORD };
    expect((await send('/api/auth/login/', { json, env })).status).toBe(429);
  });

  it('covers every case of an unknown name', async () => {
    const { username } = nobody();
    await failOften(username.toLowerCase());
    expect((await tryName(username.toUpperCase())).status).toBe(429);
  });
});

it('counts every unknown name separately', async () => {
  const one = nobody();
  await failOften(one.username);
  expect((await tryName(one.username)).status).toBe(429);
  expect((await tryName(one.email)).status).toBe(400);
  expect((await tryName(nobody().username)).status).toBe(400);
});

it('starts at zero for a new account whose name was tried before', async () => {
  const person = nobody();
  await failOften(person.username);
  await failOften(person.email);
  expect((await tryName(person.email, PASSWORD)).status).toBe(429);
  await send('/api/v1/user/register/', { json: person, env });
  expect((await tryName(person.email, PASSWORD)).status).toBe(200);
  await failOften(person.username);
});

it('stores an unknown name as a keyed hash only', async () => {
  const { username, email } = nobody();
  await failOften(username, 1);
  await failOften(email, 1);
  const { results } = await testEnv.DB.prepare('SELECT key, tag FROM login_failures').all();
  const keys = results.map((row) => JSON.stringify(row).toLowerCase());
  expect(keys.filter((key) => key.includes(username.toLowerCase()))).toEqual([]);
  expect(
    keys.filter((key) => /"unknown:\d{1,4}","tag":"[0-9a-f]{60}"/.test(key)).length,
  ).toBeGreaterThanOrEqual(2);
  const bytes = new TextEncoder().encode(username.toLowerCase());
  const plain = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).toHex();
  expect(keys.join()).not.toContain(plain.slice(4));
});

describe('throttling', () => {
  const whole = ({ status, statusText, headers, text }: Answer) => {
    const shown = [...headers].filter(([name]) => name !== 'x-request-id');
    return { status, statusText, headers: shown, text };
  };

  const trial = async (name: string): Promise<Cost[]> => {
    const costs: Cost[] = [];
    for (let tries = 0; tries < FREE_FAILURES + 2; tries += 1)
      costs.push(await measure('/account/login', { json: { username: name, password: 'wrong' }, env }));
    vi.setSystemTime(nowMs + 30_000);
    for (let tries = 0; tries < 2; tries += 1)
      costs.push(await measure('/account/login', { json: { username: name, password: 'wrong' }, env }));
    vi.setSystemTime(nowMs);
    return costs;
  };

  it('has the same responses, waits and costs for unknown, known and disabled accounts', async () => {
    const known = await joined();
    const disabled = await joined();
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE id = ?').bind(disabled.id).run();
    const [ofKnown, ofUnknown, ofDisabled] = [
      await trial(known.username),
      await trial(nobody().username),
      await trial(disabled.username),
    ];
    expect(ofKnown.map(({ answer }) => answer.status)).toEqual([400, 400, 400, 429, 429, 400, 429]);
    expect(ofKnown.at(-1)?.answer.headers.get('Retry-After')).toBe('60');
    for (const [index, cost] of ofKnown.entries()) {
      const isRefused = cost.answer.status === 429;
      expect(cost.hashed).toEqual(isRefused ? [] : ONE_HASH);
      expect(cost.operations).toEqual({ ...NO_OPERATIONS, d1: isRefused ? 1 : 2 });
      for (const other of [ofUnknown[index], ofDisabled[index]]) {
        expect(other && whole(other.answer)).toEqual(whole(cost.answer));
        expect(other?.operations).toEqual(cost.operations);
        expect(other?.statements).toEqual(cost.statements);
        expect(other?.hashed).toEqual(cost.hashed);
      }
    }
  });
});
