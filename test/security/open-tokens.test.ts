// OPEN_TOKEN_DIALECTS: pages of any origin can log in and register in dialects without cookies, and in no other.
import { describe, expect, it } from 'vitest';
import type { Env } from '../../src/env.ts';
import { send, testEnv, uniqueName } from '../support/worker.ts';

const closed: Env = testEnv;
const opened: Env = { ...closed, OPEN_TOKEN_DIALECTS: 'true' };

describe('a page of any origin', () => {
  const username = uniqueName();
  const person = {
    username,
    email: `${username}@test.com`,
    password: 'sesame1234',
    name: 'Ann',
    first_name: 'Ann',
    last_name: 'Lee',
  };
  const headers = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };
  const post = (path: string, json: object, env: Env) => send(path, { json, headers, env });

  it.each([
    ['/api/login/', { email: person.email, password: person.password }],
    ['/account/login', { username, password: person.password }],
    ['/api/auth/login', { email: person.email, password: person.password }],
  ])('can log in at %s only with OPEN_TOKEN_DIALECTS', async (path, json) => {
    await send('/account/register', { json: person });
    const answer = await post(path, json, opened);
    expect([answer.status, answer.headers.get('Access-Control-Allow-Origin')]).toEqual([200, '*']);
    expect(answer.headers.get('Access-Control-Allow-Credentials')).toBeNull();
    const refused = await post(path, json, closed);
    expect([refused.status, refused.headers.get('Access-Control-Allow-Origin')]).toEqual([403, null]);
  });

  it.each(['/api/register/', '/account/register', '/api/auth/register/'])(
    'can register at %s only with OPEN_TOKEN_DIALECTS',
    async (path) => {
      const name = uniqueName();
      const json = { ...person, username: name, email: `${name}@test.com` };
      expect((await post(path, json, closed)).status).toBe(403);
      expect([200, 201]).toContain((await post(path, json, opened)).status);
    },
  );

  it.each([
    ['/api/users/login/', { username, password: person.password }],
    ['/api/v1/user/login/', { username, password: person.password }],
    ['/id/login', { identifier: username, password: person.password, session: 'token' }],
  ])('cannot log in at %s, which accepts cookies', async (path, json) => {
    const answer = await post(path, json, opened);
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBeNull();
    expect(answer.headers.get('Set-Cookie')).toBeNull();
    expect(answer.text).not.toContain('token"');
    expect(answer.text).toMatch(/cross|operation not allowed/);
  });
});
