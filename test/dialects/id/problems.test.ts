// `id`: what RFC 9457 and RFC 9110 require of every refusal.
import { describe, expect, it } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { type Answer, type Sent, send, testEnv } from '../../support/worker.ts';
import { join, logIn, type Member, OTHER_PASSWORD, PASSWORD, person } from './support-id.ts';

const fieldOf = ({ text }: Answer, name: string): unknown => {
  const body: unknown = JSON.parse(text);
  return typeof body === 'object' && body !== null ? Reflect.get(body, name) : expect.fail(text);
};

const wrongPassword: [string, (member: Member) => Promise<Answer>][] = [
  ['login', (member) => logIn({ ...member, password: 'wrong' })],
  ['deletion', ({ cookie }) => send('/id/me', { method: 'DELETE', cookie, json: { password: 'wrong' } })],
  [
    'change of password',
    ({ cookie }) => {
      const json = { currentPassword: 'wrong', newPassword: OTHER_PASSWORD };
      return send('/id/me/password', { method: 'PUT', cookie, json });
    },
  ],
  [
    'change of email',
    ({ cookie }) => {
      const json = { email: person().email, password: 'wrong' };
      return send('/id/me/email', { method: 'PUT', cookie, json });
    },
  ],
];

// https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2
it.each(wrongPassword)(
  'answers 401 with WWW-Authenticate to a wrong password at %s',
  async (_what, attempt) => {
    const answer = await attempt(await join());
    expect(answer.status).toBe(401);
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
  },
);

// https://www.rfc-editor.org/rfc/rfc9457#section-3.1.3
describe('the title of a problem', () => {
  it('does not depend on the method, if the method is not allowed', async () => {
    const titles = ['GET', 'PUT', 'PATCH', 'DELETE'].map(async (method) =>
      fieldOf(await send('/id/login', { method }), 'title'),
    );
    expect(new Set(await Promise.all(titles)).size).toBe(1);
  });

  it('does not depend on the seconds to wait', async () => {
    const titles = ['2', '4'].map(async (seconds) => {
      const env: Env = { ...testEnv, THROTTLE_FREE_FAILURES: '1', THROTTLE_FIRST_WAIT_SECONDS: seconds };
      const member = await join();
      await logIn({ ...member, password: 'wrong' }, {}, { env });
      const answer = await logIn(member, {}, { env });
      expect([answer.status, answer.headers.get('Retry-After')]).toEqual([429, seconds]);
      return fieldOf(answer, 'title');
    });
    expect(new Set(await Promise.all(titles)).size).toBe(1);
  });
});

const REFUSALS: [number, string, Sent][] = [
  [400, '/id/login', { json: {} }],
  [400, '/id/login', { json: '{' }],
  [400, '/id/login', { json: '[]' }],
  [401, '/id/login', { json: { identifier: 'nobody', password: PASSWORD } }],
  [401, '/id/me', {}],
  [401, '/id/me', { token: 'x' }],
  [403, '/id/login', { json: {}, headers: { Origin: 'https://evil.example' } }],
  [404, '/id', {}],
  [405, '/id/login', {}],
  [413, '/id/login', { json: 'x'.repeat(70_000) }],
  [415, '/id/login', { json: 'x', headers: { 'Content-Type': 'text/plain' } }],
];

// https://www.rfc-editor.org/rfc/rfc9457#section-3.1
it.each(REFUSALS)(
  'answers %i with an absolute type, the status, a title and a stable code: %s %j',
  async (status, path, sent) => {
    const answer = await send(path, sent);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
    const code = fieldOf(answer, 'code');
    expect(code).toEqual(expect.stringMatching(/^[a-z]+(_[a-z]+)*$/));
    expect(fieldOf(answer, 'type')).toBe(`urn:latchkey:problem:${code}`);
    expect(fieldOf(answer, 'status')).toBe(status);
    expect(fieldOf(answer, 'title')).toEqual(expect.stringMatching(/^[A-Z].*\.$/));
  },
);

it('answers application/problem+json, whatever the Accept header is', async () => {
  for (const accept of [
    'text/html',
    'application/json',
    'application/problem+json',
    'image/png',
    '*/*;q=0',
  ]) {
    const answer = await send('/id/me', { headers: { Accept: accept } });
    expect([answer.status, answer.headers.get('Content-Type')]).toEqual([401, 'application/problem+json']);
  }
});
