// A deployment with an invalid setting answers 500 to every request, and names the setting only in the log.
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { send, testEnv } from '../support/worker.ts';

const DETAIL = '{"detail":"A server error occurred."}';
const ENVELOPE = '{"status":"failed","desc":"unexpected error","error_code":104}';
const MAIN = '{"status":"fail","errors":{"main":{"msg":"Server error!"}}}';

const json = { username: 'somebody1', email: 'some@body.test', password: 'sesame1234' };

const requests: [string, string, string][] = [
  ['POST', '/api/users/register/', DETAIL],
  ['POST', '/api/users/login/', DETAIL],
  ['GET', '/api/users/me/', DETAIL],
  ['GET', '/api/users/nowhere', DETAIL],
  ['POST', '/api/v1/user/register/', ENVELOPE],
  ['POST', '/api/v1/user/login/', ENVELOPE],
  ['POST', '/api/v1/user/logout/', ENVELOPE],
  ['GET', '/api/v1/user/login/', ENVELOPE],
  ['POST', '/api/register/', DETAIL],
  ['POST', '/api/login/', DETAIL],
  ['GET', '/api/user/', DETAIL],
  ['GET', '/api/admin/users', DETAIL],
  ['POST', '/account/register', DETAIL],
  ['POST', '/account/login', DETAIL],
  ['GET', '/account/profile', DETAIL],
  ['POST', '/acount/set_picture', DETAIL],
  ['POST', '/api/auth/register/', MAIN],
  ['POST', '/api/auth/login/', MAIN],
  ['PUT', '/api/auth/login/', MAIN],
  ['GET', '/nowhere', DETAIL],
];

const SHORT = 'x'.repeat(31);

let errors: MockInstance<typeof console.error>;

beforeEach(() => {
  errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each([
  ['empty', ''],
  ['one character too short', SHORT],
])('a deployment whose TOKEN_SECRET is %s', (_name, TOKEN_SECRET) => {
  const env = { ...testEnv, TOKEN_SECRET };

  it.each(requests)(
    "answers 500 to %s %s in the dialect's shape, and logs the setting",
    async (method, path, text) => {
      const answer = await send(path, { env, method, ...(method === 'GET' ? {} : { json }) });
      expect(answer.status).toBe(500);
      expect(answer.text).toBe(text);
      expect(answer.headers.get('Content-Type')).toBe('application/json');
      expect([...answer.headers].flat().join('\n')).not.toContain('TOKEN_SECRET');

      expect(errors).toHaveBeenCalledTimes(1);
      const line = String(errors.mock.calls[0]?.[0]);
      expect(line).toContain('TOKEN_SECRET');
      expect(line).not.toContain(SHORT);
      expect(JSON.parse(line)).toMatchObject({
        level: 'error',
        requestId: answer.headers.get('X-Request-Id'),
      });
    },
  );
});

it('answers 500 if TOKEN_SECRET is missing', async () => {
  const { TOKEN_SECRET: _, ...env } = testEnv;
  const answer = await send('/account/login', { env, json });
  expect(answer.status).toBe(500);
  expect(answer.text).toBe(DETAIL);
  expect(String(errors.mock.calls[0]?.[0])).toContain('TOKEN_SECRET is not set');
});

it('logs an invalid TOKEN_SECRET at every request, not only at the first', async () => {
  const env = { ...testEnv, TOKEN_SECRET: SHORT };
  for (const path of ['/account/login', '/api/login'])
    expect((await send(path, { env, json })).status).toBe(500);
  expect(errors).toHaveBeenCalledTimes(2);
});

it('accepts a TOKEN_SECRET of 32 characters', async () => {
  const env = { ...testEnv, TOKEN_SECRET: 'x'.repeat(32) };
  const answer = await send('/account/login', { env, json });
  expect(answer.status).toBe(400);
  expect(answer.text).toBe('{"non_field_errors":["Unable to log in with provided credentials."]}');
  expect(errors).not.toHaveBeenCalled();
});

it.each([
  ['UTC_OFFSET', '8'],
  ['UTC_OFFSET', '+8:00'],
  ['UTC_OFFSET', '+24:00'],
  ['SESSION_IDLE_DAYS', '0'],
  ['SESSION_ABSOLUTE_DAYS', 'ninety'],
  ['D1_TIMEOUT_MS', '-5'],
  ['KV_TIMEOUT_MS', '1.5'],
  ['PASSWORD_ITERATIONS', '100001'],
  ['PASSWORD_ROUNDS', '51'],
])('answers 500 and names %s in the log if its value is %s', async (name, value) => {
  const answer = await send('/account/login', { env: { ...testEnv, [name]: value }, json });
  expect(answer.status).toBe(500);
  expect(answer.text).toBe(DETAIL);
  expect(String(errors.mock.calls[0]?.[0])).toContain(name);
});
