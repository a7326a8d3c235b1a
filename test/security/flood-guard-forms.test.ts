// The flood guard of each form of the pages that hashes a password, checks a code or sends a mail.
import { describe, expect, it } from 'vitest';
import type { Env } from '../../src/env.ts';
import { isSignedIn, OWN_PAGE, PASSWORD, type Person, post, signUp } from '../pages/support-pages.ts';
import { measure } from '../support/counting.ts';
import { testEnv, uniqueName } from '../support/worker.ts';

const FLOOD = { 'CF-Connecting-IP': '203.0.113.5' };

/** Bindings in which one guard rejects every request, and the number of its calls. */
const shut = (name: 'LOGIN_LIMIT' | 'REGISTRATION_LIMIT') => {
  let asked = 0;
  const open: RateLimit = { limit: async () => ({ success: true }) };
  const closed: RateLimit = {
    limit: async () => {
      asked += 1;
      return { success: false };
    },
  };
  const env: Env = { ...testEnv, LOGIN_LIMIT: open, REGISTRATION_LIMIT: open, [name]: closed };
  return { env, asked: () => asked };
};

const identifier = 'somebody@test.com';
const newPassword = 'another long password';

/** Forms of signed-in users. Each would change something if the guard let it pass. */
const OWNERS: [path: string, form: Record<string, string>][] = [
  ['/password', { currentPassword: PASSWORD, newPassword }],
  ['/email', { email: 'new@test.com', password: PASSWORD }],
  ['/username', { username: 'a.new.name', password: PASSWORD }],
  ['/delete', { password: PASSWORD }],
  ['/confirm', { password: PASSWORD }],
  ['/verify-email/code', { code: '12345678' }],
  ['/verify-email/send', {}],
  ['/change-email/code', { code: '12345678' }],
];

const STRANGERS: [path: string, form: Record<string, string>][] = [
  ['/sign-in', { identifier, password: PASSWORD }],
  ['/sign-in/factor', { code: '123456' }],
  ['/sign-in/passkey', { passkey: '{}' }],
  ['/forgot-password', { identifier }],
  ['/reset-password', { token: 'x', newPassword }],
  ['/verify-email', { token: 'x' }],
  ['/change-email', { token: 'x' }],
  ['/undo-email-change', { token: 'x' }],
];

const rowOf = ({ id }: Person) =>
  testEnv.DB.prepare('SELECT username, email, pending_email, password_hash FROM users WHERE id = ?')
    .bind(id)
    .first();

describe('an address over its limit', () => {
  it.each(OWNERS)('gets 429 for the form of %s, and nothing is hashed or changed', async (path, form) => {
    const person = await signUp();
    const before = await rowOf(person);
    const { env, asked } = shut('LOGIN_LIMIT');
    const sent = { form, cookie: person.cookie, headers: { ...OWN_PAGE, ...FLOOD }, env };
    const { answer, hashed } = await measure(path, sent);
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([429, '60']);
    expect([hashed, asked()]).toEqual([[], 1]);
    expect(await rowOf(person)).toEqual(before);
    expect(await isSignedIn(person)).toBe(true);
  });

  it.each(STRANGERS)('gets 429 for the form of %s, and nothing is read or hashed', async (path, form) => {
    const { env, asked } = shut('LOGIN_LIMIT');
    const { answer, hashed, operations } = await measure(path, {
      form,
      headers: { ...OWN_PAGE, ...FLOOD },
      env,
    });
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([429, '60']);
    expect([hashed, asked(), operations.d1]).toEqual([[], 1, 0]);
  });

  it('gets 429 for the form of /sign-up, and no account', async () => {
    const { env, asked } = shut('REGISTRATION_LIMIT');
    const email = `${uniqueName()}@test.com`;
    const answer = await post('/sign-up', { email, password: PASSWORD }, null, { headers: FLOOD, env });
    expect([answer.status, answer.headers.get('Retry-After'), asked()]).toEqual([429, '60', 1]);
    const row = await testEnv.DB.prepare('SELECT count(*) AS n FROM users WHERE email_key = ?')
      .bind(email)
      .first();
    expect(row).toEqual({ n: 0 });
  });
});
