// `auth`: registration accepts the emails that express-validator 6 accepts; login accepts the email of every account.
import fc from 'fast-check';
import isExpressEmail from 'validator/es/lib/isEmail.js';
import { describe, expect, it } from 'vitest';
import { isEmail } from '../../../src/core/index.ts';
import { send, testEnv, uniqueName } from '../../support/worker.ts';

const FORMAT = 'Email format invalid!';
const register = (email: string) =>
  send('/api/auth/register', { json: { name: 'a', email, password: 'password' } });
const refused = (email: string): string =>
  JSON.stringify({
    status: 'fail',
    errors: { email: { value: email, msg: FORMAT, param: 'email', location: 'body' } },
  });

const name = uniqueName();

describe('POST /api/auth/register', () => {
  it.each([
    'a@localhost',
    'a@[127.0.0.1]',
    'a@[::1]',
    'a@b.c0m',
    'a@b.123',
    'a@b.1a',
    `${'a'.repeat(65)}@b.com`,
    `${'é'.repeat(33)}@b.com`,
    'a@ｂ.com',
    '𝒜@b.com',
    'wrong@format',
  ])('rejects %s', async (email) => {
    expect(isExpressEmail(email)).toBe(false);
    const answer = await register(email);
    expect([answer.status, answer.text]).toEqual([400, refused(email)]);
  });

  it.each([
    `${name}@example.com`,
    `${name}@b.co`,
    `${name}@sub.xn--p1ai`,
    `${name}@пример.рф`,
    `é${name}@b.com`,
    `"${name} z"@b.com`,
    `${name.padEnd(64, 'a')}@b.com`,
    `${name}@1.2.com`,
  ])('accepts %s', async (email) => {
    expect(isExpressEmail(email)).toBe(true);
    expect((await register(email)).status).toBe(200);
  });

  it('accepts what validator accepts, among the emails that any dialect accepts', async () => {
    const character = fc.constantFrom(...'ab9.-_é名ａ𝒜');
    const host = fc.array(fc.string({ unit: character, minLength: 1, maxLength: 4 }), { maxLength: 3 });
    const ends = fc.constantFrom('com', 'c0m', '12', 'x', 'рф', 'xn--p1ai', 'localhost', '[127.0.0.1]');
    const email = fc
      .tuple(fc.string({ unit: character, minLength: 1, maxLength: 40 }), host, ends)
      .map(([local, labels, end]) => `${local}@${[...labels, end].join('.')}`)
      .filter((text) => isEmail(text));
    const emails = new Set(fc.sample(email, { numRuns: 150, seed: 24 }));
    for (const text of emails) {
      const { text: answer } = await register(text);
      expect([text, answer.includes(FORMAT)]).toEqual([text, !isExpressEmail(text)]);
    }
  });
});

/** Creates an account with an email that another dialect or an import accepted. */
const store = async (email: string): Promise<void> => {
  const { text } = await send('/id/register', {
    json: { email: `${uniqueName()}@x.test`, password: 'a good one' },
  });
  const { id } = JSON.parse(text).account;
  await testEnv.DB.prepare('UPDATE users SET email = ?1, email_key = ?1 WHERE id = ?2').bind(email, id).run();
};

describe('POST /api/auth/login', () => {
  it.each([
    'a@localhost',
    'a@[127.0.0.1]',
    'a@[::1]',
    'a@b.c0m',
    'a@b.123',
    `${'a'.repeat(100)}@b.com`,
    // Accepted by imports, but by no dialect.
    'a..b@docomo.test',
    'a.@b.test',
    '"zoë z"@b.test',
    'a@b_c.test',
    'a@[ipv6:::1]',
  ])('accepts the stored email %s', async (email) => {
    await store(email);
    const answer = await send('/api/auth/login', { json: { email, password: 'a good one' } });
    expect([answer.text, answer.status]).toEqual([answer.text, 200]);
  });

  it.each(['wrong@format', 'a@', 'a b@c.co', 'a@[1.2.3]'])(
    'rejects %s, which no account can have',
    async (email) => {
      const answer = await send('/api/auth/login', { json: { email, password: 'a good one' } });
      expect([answer.status, answer.text]).toEqual([400, refused(email)]);
    },
  );
});
