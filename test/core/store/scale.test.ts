// The cost of a login and of an admin page does not grow with the number of users.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Cost, measure } from '../../support/counting.ts';
import { send, testEnv } from '../../support/worker.ts';
import { planOf } from './query-plans-support.ts';

const ADMIN = { username: 'administrator', email: 'admin@test.com', password: 'sesame1234' };
const MANY = 2000;

/** Accounts without a usable hash, to which nobody logs in. */
const fillUp = () =>
  testEnv.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     INSERT INTO users (username, username_key, email, email_key, password_hash, created_at, updated_at, last_login_at)
     SELECT 'member' || i, 'member' || i, 'm' || i || '@test.com', 'm' || i || '@test.com', '-', 0, 0, 0 FROM n`,
  )
    .bind(MANY)
    .run();

const requests = {
  'a login by username': () => measure('/account/login', { json: ADMIN }),
  'a login by email': () =>
    measure('/api/auth/login', { json: { email: ADMIN.email, password: ADMIN.password } }),
  'a wrong password': () => measure('/account/login', { json: { ...ADMIN, password: 'sesame1235' } }),
  'an unknown account': () => measure('/account/login', { json: { ...ADMIN, username: 'nobody' } }),
  'a taken name': () => measure('/account/register', { json: ADMIN }),
  'a profile': () => measure('/account/profile', { token }),
  'an admin page': () => measure('/api/admin/users?limit=1', { token }),
  'a late admin page': () => measure(`/api/admin/users?limit=1&after=${MANY - 2}`, { token }),
};

let token = '';
const withOne = new Map<string, Cost>();
const withMany = new Map<string, Cost>();

const measureAll = async (costs: Map<string, Cost>): Promise<void> => {
  for (const [name, request] of Object.entries(requests)) costs.set(name, await request());
};

beforeAll(async () => {
  const { text } = await send('/account/register', { json: ADMIN });
  token = /[0-9a-f]{40}/.exec(text)?.[0] ?? '';
  await testEnv.DB.prepare('UPDATE users SET is_admin = 1').run();
  await measureAll(withOne);
  await fillUp();
  await measureAll(withMany);
});

const readsWholeTable = (step: string): boolean =>
  /^SCAN (users|sessions|login_failures|events)\b/.test(step);

it('recognizes a plan that reads a whole table', async () => {
  const plan = await planOf('SELECT * FROM users WHERE description = ?');
  expect(plan.filter(readsWholeTable)).toEqual(['SCAN users']);
});

it('returns the requested page of accounts', async () => {
  const page = withMany.get('a late admin page')?.answer;
  expect(page?.text).toBe(
    `[{"id":${MANY - 1},"first_name":"","last_name":"","email":"m${MANY - 2}@test.com"}]`,
  );
});

describe.each(Object.keys(requests))(`the cost of %s with 1 and with ${MANY} users`, (name) => {
  it('stays the same in round trips, statements and hashes', () => {
    const [one, many] = [withOne.get(name), withMany.get(name)];
    expect(one?.operations.d1).toBeGreaterThan(0);
    expect(many?.operations).toEqual(one?.operations);
    expect(many?.statements).toEqual(one?.statements);
    expect(many?.hashed).toEqual(one?.hashed);
  });

  it('stays the same in rows that D1 reads: every statement finds them by an index', async () => {
    const statements = withMany.get(name)?.statements ?? [];
    const plans = await Promise.all(statements.map(planOf));
    expect(plans.flat()).not.toEqual([]);
    expect(plans.flat().filter(readsWholeTable)).toEqual([]);
  });
});
