// Every response has an X-Request-Id, and every log line of the request has the same id.
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { observe } from '../support/counting.ts';
import { type Sent, send, testEnv } from '../support/worker.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const down = observe(testEnv, (binding) => {
  if (binding === 'd1') throw new Error('D1_ERROR: Network connection lost.');
}).env;
const broken = observe(testEnv, (binding) => {
  if (binding === 'd1') throw new Error('D1_ERROR: no such table: users: SQLITE_ERROR');
}).env;

const person = { username: 'somebody1', email: 'some@body.test', password: 'sesame1234' };
const login = { json: { username: 'somebody1', password: 'wrong' } };

const requests: [number, string, Sent][] = [
  [200, '/account/register', { json: person }],
  [201, '/api/register/', { json: { ...person, email: 'b@c.test', first_name: 'B', last_name: 'C' } }],
  [500, '/api/register/', { json: { ...person, first_name: 'B', last_name: 'C' } }],
  [200, '/api/v1/user/login/', login],
  [204, '/api/auth/login/', { method: 'OPTIONS' }],
  [400, '/account/login', login],
  [400, '/account/login', { json: '{' }],
  [401, '/account/profile', {}],
  [401, '/account/profile', { method: 'HEAD' }],
  [403, '/api/users/logout/', { method: 'POST' }],
  [404, '/nowhere', {}],
  [404, '/api/users/me/', {}],
  [405, '/api/auth/login/', {}],
  [413, '/account/login', { json: ' '.repeat(65_537) }],
  [415, '/account/login', { json: 'hello', headers: { 'Content-Type': 'text/plain' } }],
  [500, '/account/login', { ...login, env: { ...testEnv, TOKEN_SECRET: '' } }],
  [500, '/account/login', { ...login, env: broken }],
  [503, '/account/login', { ...login, env: down }],
];

let lines: string[] = [];

// Warnings about settings are logged once per isolate, not per request.
beforeAll(async () => {
  for (const env of [testEnv, broken, down]) await send('/health', { env });
});

beforeEach(() => {
  lines = [];
  for (const level of ['log', 'info', 'warn', 'error'] as const)
    vi.spyOn(console, level).mockImplementation((line: unknown) => {
      lines.push(String(line));
    });
});

afterEach(() => {
  vi.restoreAllMocks();
});

const idsLogged = (): unknown[] =>
  lines
    .map((line): unknown => JSON.parse(line))
    .map((entry) => {
      return typeof entry === 'object' && entry !== null && 'requestId' in entry ? entry.requestId : null;
    });

describe('X-Request-Id', () => {
  it.each(requests)('matches the log lines of a %d response of %s', async (status, path, sent) => {
    const answer = await send(path, sent);
    expect(answer.status).toBe(status);
    const id = answer.headers.get('X-Request-Id');
    expect(id).toMatch(UUID);
    expect(lines.length).toBeGreaterThan(0);
    expect(new Set(idsLogged())).toEqual(new Set([id]));
  });

  it('differs for every request', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => send('/account/profile')));
    expect(new Set(answers.map(({ headers }) => headers.get('X-Request-Id'))).size).toBe(20);
  });

  it('ignores an id that the client sends', async () => {
    const answer = await send('/account/profile', { headers: { 'X-Request-Id': 'mine' } });
    expect(answer.headers.get('X-Request-Id')).toMatch(UUID);
  });
});

describe('the log', () => {
  const errors = (): string[] => lines.filter((line) => line.includes('"level":"error"'));

  it('has no error line for a taken email in conjugator, although the status is 500', async () => {
    const taken = { ...person, first_name: 'B', last_name: 'C' };
    const answer = await send('/api/register/', { json: taken });
    expect(answer.status).toBe(500);
    expect(answer.text).toBe('{}');
    expect(errors()).toEqual([]);
  });

  it.each([
    ['an internal error', broken, 500],
    ['an outage', down, 503],
  ])('has one error line for %s', async (_name, env, status) => {
    expect((await send('/account/login', { ...login, env })).status).toBe(status);
    expect(errors()).toHaveLength(1);
  });
});
