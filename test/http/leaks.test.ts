// Error messages of D1 and Drizzle quote SQL and values. They must not reach a response or the log.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Obstacle, observe } from '../support/counting.ts';
import { type Sent, send, testEnv } from '../support/worker.ts';

const PASSWORD = 'Quixotic7Zephyr';
const EMAIL = 'dulcinea@toboso.test';
const USERNAME = 'dulcinea.toboso';

let lines: string[] = [];

beforeEach(() => {
  lines = [];
  for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, level).mockImplementation((...parts: unknown[]) => {
      lines.push(parts.map(String).join(' '));
    });
});

afterEach(() => {
  vi.restoreAllMocks();
});

const person = { username: USERNAME, email: EMAIL, password: PASSWORD };
const requests: [string, Sent][] = [
  ['/api/users/register/', { json: person }],
  ['/api/v1/user/register/', { json: person }],
  ['/api/register/', { json: { ...person, first_name: 'Dulcinea', last_name: 'Toboso' } }],
  ['/account/register', { json: person }],
  ['/api/auth/register/', { json: { ...person, name: 'Dulcinea' } }],
  ['/api/users/login/', { json: person }],
  ['/api/v1/user/login/', { json: person }],
  ['/api/login/', { json: { username: EMAIL, password: PASSWORD } }],
  ['/account/login', { json: person }],
  ['/api/auth/login/', { json: person }],
  ['/account/profile', { token: 'ab'.repeat(20) }],
  ['/api/users/me/', { cookie: 'A'.repeat(43) }],
];

/** Values that were sent, hashes, tokens and SQL. */
const LEAKS = [PASSWORD, EMAIL, USERNAME, 'Dulcinea', 'pbkdf2', 'ab'.repeat(20), 'A'.repeat(43)];
const SQL = /\b(select|insert into|update|delete from|params)\b.*(users|sessions|login_failures|:)/i;

const expectNothingTold = (text: string): void => {
  for (const leak of LEAKS) expect(text).not.toContain(leak);
  expect(text).not.toMatch(SQL);
};

/** Throws the given value at the nth round trip to D1 and at every later one. */
const failingFrom = (nth: number, thrown: unknown): Obstacle => {
  let trips = 0;
  return (binding) => {
    if (binding === 'd1') trips += 1;
    if (binding === 'd1' && trips >= nth) throw thrown;
  };
};

const failures: [string, unknown, number][] = [
  ['a missing table', new Error('D1_ERROR: no such table: users: SQLITE_ERROR'), 500],
  [
    'a violated constraint',
    new Error('D1_ERROR: NOT NULL constraint failed: users.email: SQLITE_CONSTRAINT'),
    500,
  ],
  ['a lost connection', new Error('D1_ERROR: Network connection lost.'), 503],
  ['a full database', new Error('D1_ERROR: database or disk is full: SQLITE_FULL'), 503],
  ['an overloaded database', new Error('D1 DB is overloaded. Requests queued for too long.'), 503],
];

describe.each(failures)('the response and the log if D1 reports %s', (_name, thrown, status) => {
  it.each(requests)('reveal no values and no SQL: %s', async (path, sent) => {
    const { env } = observe(testEnv, failingFrom(1, thrown));
    const answer = await send(path, { ...sent, env });
    expect(answer.status).toBe(status);
    expectNothingTold(answer.text);
    expect(answer.text).not.toContain('D1');
    expect(answer.text).not.toContain('SQLITE');
    expect(lines.filter((line) => line.includes('"level":"error"'))).toHaveLength(1);
    expectNothingTold(lines.join('\n'));
  });
});

describe.each([
  ['a string', 'Network connection lost.'],
  ['an object', { message: 'Network connection lost.' }],
  ['undefined', undefined],
])('the response and the log if D1 throws %s instead of an error', (_name, thrown) => {
  it.each(requests)('reveal no values and no SQL: %s', async (path, sent) => {
    const { env } = observe(testEnv, failingFrom(1, thrown));
    const answer = await send(path, { ...sent, env });
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expectNothingTold(answer.text);
    expectNothingTold(lines.join('\n'));
  });
});

it('reveals nothing if the query that stores the password hash fails', async () => {
  const thrown = new Error('D1_ERROR: NOT NULL constraint failed: users.name: SQLITE_CONSTRAINT');
  const { env, operations } = observe(testEnv, failingFrom(2, thrown));
  const answer = await send('/account/register', { json: person, env });
  expect(operations.d1).toBe(2);
  expect(answer.status).toBe(500);
  expect(answer.text).toBe('{"detail":"A server error occurred."}');
  expectNothingTold([...lines, answer.text].join('\n'));
});

it('reveals nothing if work after the response fails', async () => {
  const { env, operations } = observe(testEnv, failingFrom(2, new Error('D1_ERROR: SQLITE_BUSY')));
  const answer = await send('/account/login', { json: person, env });
  expect(answer.text).toBe('{"non_field_errors":["Unable to log in with provided credentials."]}');
  expect(operations.d1).toBe(2);
  expect(lines.some((line) => line.includes('"level":"warning"'))).toBe(true);
  expectNothingTold(lines.join('\n'));
});

describe('the response and the log if the users table does not exist', () => {
  beforeEach(async () => {
    await testEnv.DB.prepare('ALTER TABLE users RENAME TO users_moved').run();
  });

  afterEach(async () => {
    await testEnv.DB.prepare('ALTER TABLE users_moved RENAME TO users').run();
  });

  it.each(requests)('reveal no values and no SQL, with status 500: %s', async (path, sent) => {
    const answer = await send(path, sent);
    expect(answer.status).toBe(500);
    expectNothingTold(answer.text);
    expectNothingTold(lines.join('\n'));
  });
});
