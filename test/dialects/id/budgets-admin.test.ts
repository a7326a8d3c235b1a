// `id`: D1 and KV operations of admin requests and of refusals.
import { beforeEach, describe, expect, it } from 'vitest';
import { type Cost, measure, type Operations } from '../../support/counting.ts';
import { type Sent, uniqueName } from '../../support/worker.ts';
import { ACCOUNTS } from './support-admin.ts';
import { expectCost } from './support-costs.ts';
import { join, joinAdmin, type Member, person } from './support-id.ts';

let member: Member = { ...person(), id: 0, cookie: '' };
beforeEach(async () => {
  member = await joinAdmin();
  await joinAdmin();
});

const own = (method: string, path: string): Promise<Cost> => measure(path, { method, cookie: member.cookie });
const searchFor = (search: string, page = ''): Promise<Cost> =>
  measure(`${ACCOUNTS}/search${page}`, { cookie: member.cookie, json: { search } });

describe('an admin request (all reads from the primary)', () => {
  const expectPrimary = (cost: Cost, status: number, expected: Partial<Operations>): void => {
    expectCost(cost, status, expected);
    expect(new Set(cost.constraints)).toEqual(new Set(['first-primary']));
  };

  it('costs two D1 queries for a page, and in a search one more for each further field', async () => {
    expectPrimary(await own('GET', `${ACCOUNTS}?limit=1`), 200, { d1: 2 });
    expectPrimary(await searchFor('u', '?limit=1'), 200, { d1: 2 });
    expectPrimary(await searchFor(uniqueName()), 200, { d1: 4 });
  });

  it('costs four D1 queries for one account, or two if it does not exist', async () => {
    expectPrimary(await own('GET', `${ACCOUNTS}/${member.id}`), 200, { d1: 4 });
    expectPrimary(await own('GET', `${ACCOUNTS}/999999999`), 404, { d1: 2 });
  });

  it('costs two or three D1 round trips for a change, and a KV delete per ended session', async () => {
    const { id } = await join();
    for (const action of ['enable', 'grant-admin', 'revoke-admin'])
      expectPrimary(await own('POST', `${ACCOUNTS}/${id}/${action}`), 200, { d1: 2 });
    expectPrimary(await own('POST', `${ACCOUNTS}/${id}/disable`), 200, { d1: 2, kvDeletes: 1 });
    expectPrimary(await own('DELETE', `${ACCOUNTS}/${(await join()).id}/sessions`), 200, {
      d1: 3,
      kvDeletes: 1,
    });
  });
});

describe('a refusal', () => {
  const FREE: [string, Sent, number][] = [
    ['/id/me', {}, 401],
    ['/id/me', { cookie: 'x' }, 401],
    ['/id/me', { token: 'x' }, 401],
    ['/id/me', { token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.x' }, 401],
    ['/id/me', { method: 'PUT' }, 405],
    ['/id/nowhere', {}, 404],
    ['/id/login', { json: '{' }, 400],
    ['/id/login', { json: 'x', headers: { 'Content-Type': 'text/plain' } }, 415],
    ['/id/register', { json: 'x'.repeat(70_000) }, 413],
    [ACCOUNTS, {}, 401],
  ];
  it.each(FREE)('costs nothing if nothing needs to be looked up: %s %j', async (path, sent, status) => {
    expectCost(await measure(path, sent), status, {});
  });

  it('costs nothing for a foreign page', async () => {
    const headers = { Origin: 'https://evil.example' };
    const sent = { method: 'POST', cookie: member.cookie, headers };
    for (const path of ['/id/login', '/id/register', '/id/logout', `${ACCOUNTS}/1/disable`])
      expectCost(await measure(path, sent), 403, {});
  });

  it('costs one D1 query for a user who is not an admin', async () => {
    const { cookie } = await join();
    expectCost(await measure(ACCOUNTS, { cookie }), 403, { d1: 1 });
    expectCost(await measure(`${ACCOUNTS}/1/disable`, { method: 'POST', cookie }), 403, { d1: 1 });
  });
});
