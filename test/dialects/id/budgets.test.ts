// `id`: round trips to D1 and KV, and password hashes, of each endpoint.
import { beforeEach, describe, expect, it } from 'vitest';
import { type Cost, measure } from '../../support/counting.ts';
import { send, uniqueName } from '../../support/worker.ts';
import { expectCost, ONE_HASH } from './support-costs.ts';
import { cookieFor, cookieOf, joinAdmin, type Member, PASSWORD, person, tokenFor } from './support-id.ts';

let member: Member = { ...person(), id: 0, cookie: '' };
beforeEach(async () => {
  member = await joinAdmin();
  await joinAdmin();
});

const own = (method: string, path: string, json?: object): Promise<Cost> =>
  measure(path, { method, cookie: member.cookie, ...(json ? { json } : {}) });

describe('POST /id/register', () => {
  it('costs two D1 round trips, one KV put and one hash', async () => {
    for (const session of ['cookie', 'token']) {
      const cost = await measure('/id/register', { json: { ...person(), session } });
      expectCost(cost, 201, { d1: 2, kvPuts: 1 }, ONE_HASH);
    }
  });

  it('costs one D1 query and no hash if a name is taken', async () => {
    const { username, email } = member;
    expectCost(await measure('/id/register', { json: { ...person(), email } }), 409, { d1: 1 });
    expectCost(await measure('/id/register', { json: { username, email } }), 400, { d1: 1 });
  });

  it('costs nothing if no name can be looked up, or if the password is too common', async () => {
    const common = { ...person(), password: 'iloveyou' };
    for (const json of [{}, { username: '!', email: 'x' }, common])
      expectCost(await measure('/id/register', { json }), 400, {});
  });
});

describe('POST /id/login and /id/logout', () => {
  const logIn = (identifier: string, password: string) =>
    measure('/id/login', { json: { identifier, password } });

  it('logs in with two D1 round trips, one KV put and one hash', async () => {
    expectCost(await logIn(member.username, PASSWORD), 200, { d1: 2, kvPuts: 1 }, ONE_HASH);
    expectCost(await logIn(member.email, PASSWORD), 200, { d1: 2, kvPuts: 1 }, ONE_HASH);
  });

  it('refuses a login at the same cost without the put, for known and unknown names', async () => {
    const known = await logIn(member.email, 'wrong');
    const unknown = await logIn(`${uniqueName()}@test.com`, 'wrong');
    expectCost(known, 401, { d1: 2 }, ONE_HASH);
    expectCost(unknown, 401, { d1: 2 }, ONE_HASH);
    expect(unknown.statements).toEqual(known.statements);
  });

  it('rejects an invalid field at no cost', async () => {
    expectCost(await logIn('', PASSWORD), 400, {});
    expectCost(await logIn(member.email, 'x'.repeat(1025)), 400, {});
  });

  it('logs out with two D1 round trips and one KV delete', async () => {
    const token = await tokenFor(member);
    expectCost(await measure('/id/logout', { method: 'POST', token }), 204, { d1: 2, kvDeletes: 1 });
    expectCost(await own('POST', '/id/logout'), 204, { d1: 2, kvDeletes: 1 });
  });
});

describe('/id/me', () => {
  it('reads the account with one KV get and one D1 query', async () => {
    expectCost(await own('GET', '/id/me'), 200, { kvGets: 1, d1: 1 });
    const token = await tokenFor(member);
    expectCost(await measure('/id/me', { token }), 200, { kvGets: 1, d1: 1 });
  });

  it('changes the profile with two D1 round trips, both to the primary', async () => {
    const cost = await own('PATCH', '/id/me', { name: 'Ann' });
    expectCost(cost, 200, { d1: 2 });
    expect(cost.constraints).toEqual(['first-primary', 'first-primary']);
  });

  it('deletes the account with three D1 round trips and one hash', async () => {
    await cookieFor(member);
    expectCost(await own('DELETE', '/id/me', { password: PASSWORD }), 204, { d1: 3, kvDeletes: 2 }, ONE_HASH);
  });

  it('changes a password, email or username with three D1 round trips, and renews the session', async () => {
    const { cookie, username } = member;
    const put = (path: string, json: object, by: string) =>
      measure(path, { method: 'PUT', cookie: by, json });
    const [email, password] = [`${uniqueName()}@test.com`, PASSWORD];
    const renewed = { d1: 3, kvPuts: 1, kvDeletes: 1 };
    const first = await put('/id/me/email', { email, password }, cookie);
    expectCost(first, 200, renewed, ONE_HASH);
    const second = await put(
      '/id/me/username',
      { username: `${username}_`, password },
      cookieOf(first.answer),
    );
    expectCost(second, 200, renewed, ONE_HASH);
    await cookieFor({ ...member, email });
    const json = { currentPassword: password, newPassword: 'a roof over them' };
    const third = await put('/id/me/password', json, cookieOf(second.answer));
    expectCost(third, 200, { ...renewed, kvDeletes: 2 }, [...ONE_HASH, ...ONE_HASH]);
    for (const { constraints } of [first, second, third])
      expect(new Set(constraints)).toEqual(new Set(['first-primary']));
  });

  it('rejects a wrong password with three D1 round trips and one hash', async () => {
    const wrong = { password: 'wrong', currentPassword: 'wrong' };
    const [email, username] = [`${uniqueName()}@test.com`, uniqueName()];
    // The third comes after the response and settles the counter.
    const cost = { d1: 3 };
    expectCost(await own('DELETE', '/id/me', wrong), 401, cost, ONE_HASH);
    expectCost(await own('PUT', '/id/me/email', { ...wrong, email }), 401, cost, ONE_HASH);
    expectCost(await own('PUT', '/id/me/username', { ...wrong, username }), 401, cost, ONE_HASH);
    expectCost(
      await own('PUT', '/id/me/password', { ...wrong, newPassword: 'a roof over them' }),
      401,
      cost,
      ONE_HASH,
    );
  });

  it('rejects a weak new password with one D1 round trip and no hash', async () => {
    for (const newPassword of ['iloveyou', 'short', member.username])
      expectCost(await own('PUT', '/id/me/password', { currentPassword: PASSWORD, newPassword }), 400, {
        d1: 1,
      });
  });
});

describe('/id/sessions, /id/events and /id/export', () => {
  it('reads a list with one KV get and two D1 queries, the export with four D1 queries', async () => {
    expectCost(await own('GET', '/id/sessions'), 200, { kvGets: 1, d1: 2 });
    expectCost(await own('GET', '/id/events?limit=1'), 200, { kvGets: 1, d1: 2 });
    expectCost(await own('GET', '/id/export'), 200, { d1: 4 });
  });

  it('ends sessions with two D1 round trips and one KV delete per session', async () => {
    expectCost(await own('DELETE', `/id/sessions/${'0'.repeat(64)}`), 404, { d1: 2 });
    expectCost(await own('DELETE', '/id/sessions'), 200, { d1: 2 });
    await cookieFor(member);
    await tokenFor(member);
    expectCost(await own('DELETE', '/id/sessions'), 200, { d1: 2, kvDeletes: 2 });
    await tokenFor(member);
    const { text } = await send('/id/sessions', { cookie: member.cookie });
    const id = /"id":"([0-9a-f]{64})","kind":"jwt"/.exec(text)?.[1] ?? expect.fail(text);
    expectCost(await own('DELETE', `/id/sessions/${id}`), 204, { d1: 2, kvDeletes: 1 });
  });
});
