// `id`: requests that every admin endpoint rejects, and ids that match no account.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Sent, send, testEnv } from '../../support/worker.ts';
import { ACCOUNTS, OF_ONE } from './support-admin.ts';
import { bearer, isLive, join, joinAdmin, type Member, rowOf, tokenFor, whole } from './support-id.ts';
import { refused } from './support-refusals.ts';

/** Every admin endpoint, with its path for the account with that id. */
const ENDPOINTS: [method: string, path: (id: number | string) => string][] = [
  ['GET', () => ACCOUNTS],
  ['POST', () => `${ACCOUNTS}/search?limit=1`],
  ...OF_ONE.map(([method, rest]): [string, (id: number | string) => string] => [
    method,
    (id) => `${ACCOUNTS}/${id}${rest}`,
  ]),
];
const endpoints = ENDPOINTS.map(([method, path]) => ({ name: `${method} ${path('<id>')}`, method, path }));

const people: Record<'user' | 'bystander', Member | null> = { user: null, bystander: null };
beforeAll(async () => {
  people.user = await join();
  people.bystander = await join();
});
const user = (): Member => people.user ?? expect.fail();
const bystander = (): Member => people.bystander ?? expect.fail();

/** Sends the request for another account and for the own one; expects a refusal that changes neither. */
const expectRefused = async (
  { method, path }: (typeof endpoints)[number],
  sent: Sent,
  code: Parameters<typeof refused>[0],
) => {
  for (const { id } of [bystander(), user()]) {
    const before = await rowOf(id);
    const answer = await send(path(id), { ...sent, method });
    expect(whole(answer)).toBe(refused(code));
    expect(answer.headers.get('Link')).toBeNull();
    expect(answer.headers.get('WWW-Authenticate')).toBe(code.startsWith('credentials') ? 'Bearer' : null);
    expect(await rowOf(id)).toEqual(before);
  }
  for (const { cookie } of [bystander(), user()]) expect(await isLive({ cookie })).toBe(true);
};

describe.each(endpoints)('$name', (endpoint) => {
  it('rejects missing and invalid credentials', async () => {
    await expectRefused(endpoint, {}, 'credentials_missing');
    await expectRefused(endpoint, { cookie: 'A'.repeat(43) }, 'credentials_missing');
    await expectRefused(endpoint, bearer('x'), 'credentials_invalid');
    await expectRefused(endpoint, bearer('x y'), 'credentials_spaces');
  });

  it('rejects users who are not admins, by cookie and by token', async () => {
    await expectRefused(endpoint, { cookie: user().cookie }, 'forbidden');
    await expectRefused(endpoint, bearer(await tokenFor(user())), 'forbidden');
  });

  it('rejects a disabled admin', async () => {
    const admin = await joinAdmin();
    const token = await tokenFor(admin);
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE id = ?').bind(admin.id).run();
    await expectRefused(endpoint, { cookie: admin.cookie }, 'credentials_missing');
    await expectRefused(endpoint, bearer(token), 'credentials_invalid');
  });

  it('rejects a former admin', async () => {
    const admin = await joinAdmin();
    const token = await tokenFor(admin);
    await testEnv.DB.prepare('UPDATE users SET is_admin = 0 WHERE id = ?').bind(admin.id).run();
    await expectRefused(endpoint, { cookie: admin.cookie }, 'forbidden');
    await expectRefused(endpoint, bearer(token), 'forbidden');
  });

  it('uses the Authorization header, not the cookie of an admin sent with it', async () => {
    const admin = await joinAdmin();
    await expectRefused(endpoint, { cookie: admin.cookie, token: 'x' }, 'credentials_invalid');
    await expectRefused(endpoint, { cookie: admin.cookie, token: await tokenFor(user()) }, 'forbidden');
  });
});

describe.each(OF_ONE)('%s /id/admin/accounts/<id>%s', (method, rest) => {
  it.each([
    ['unknown', '999999999'],
    ['zero', '0'],
    ['the largest safe integer', '9007199254740991'],
    ['past the safe integers', '9007199254740993'],
    ['past 64 bits', '9223372036854775808'],
    ['30 digits', '9'.repeat(30)],
    ['400 digits', '9'.repeat(400)],
    ['negative', '-1'],
    ['a fraction', '1.0'],
    ['an exponent', '1e0'],
    ['hexadecimal', '0x1'],
    ['an Arabic digit', '%D9%A1'],
    ['a trailing space', '1%20'],
    ['a word', 'me'],
    ['an email', 'a%40test.com'],
    ['an SQL injection', "1'%20OR%201=1"],
  ])('answers 404 for an invalid or unknown id: %s', async (_what, id) => {
    const admin = await joinAdmin();
    const answer = await send(`${ACCOUNTS}/${id}${rest}`, { method, cookie: admin.cookie });
    expect(whole(answer)).toBe(refused('not_found'));
    expect(await isLive({ cookie: admin.cookie })).toBe(true);
  });
});
