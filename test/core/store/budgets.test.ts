// The cost of reads and changes: the round trips to D1 and KV that the design allows, and no more.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LoginKind } from '../../../src/core/index.ts';
import { sha256Hex } from '../../../src/core/secrets.ts';
import { withReplica } from '../../faults/replica.ts';
import { createTimedCore } from '../../support/clock.ts';
import { measure, NO_OPERATIONS, type Observed, observe } from '../../support/counting.ts';
import { type Sent, send, testEnv } from '../../support/worker.ts';

const ONE_READ = { ...NO_OPERATIONS, kvGets: 1, d1: 1 };
/** A replica may not have seen the login yet, so the primary decides. */
const READ_OF_TWO_COPIES = { ...ONE_READ, d1: 2 };

const tokens = { cookie: '', derived: '', jwt: '', revokedJwt: '' };

const register = async (open: LoginKind): Promise<string> => (await createTimedCore().register(open)).token;

beforeAll(async () => {
  tokens.cookie = await register('cookie');
  tokens.derived = await register('derived');
  tokens.jwt = await register('jwt');
  tokens.revokedJwt = await register('jwt');
  await send('/account/logout', { method: 'POST', token: tokens.revokedJwt });
});

describe('an authenticated read', () => {
  it.each([
    ['a cookie', '/api/users/me/', () => ({ cookie: tokens.cookie })],
    ['a 40-hex token', '/account/profile', () => ({ token: tokens.derived })],
    ['a JSON Web Token', '/account/profile', () => ({ headers: { Authorization: `Bearer ${tokens.jwt}` } })],
    ['a bare token', '/api/user/', () => ({ headers: { Authorization: tokens.derived } })],
    ['a 40-hex token, of the list of pictures', '/account/get_pictures', () => ({ token: tokens.derived })],
  ])('costs one KV get and one D1 query with %s', async (_name, path, credentials) => {
    const { answer, operations, hashed } = await measure(path, credentials());
    expect(answer.status).toBe(200);
    expect(operations).toEqual(ONE_READ);
    expect(hashed).toEqual([]);
  });

  const unknown: [string, string, () => Sent, number][] = [
    ['an unknown token', '/account/profile', () => ({ token: '0'.repeat(40) }), 401],
    ['an unknown cookie', '/api/users/me/', () => ({ cookie: 'A'.repeat(43) }), 404],
    ['a JSON Web Token whose session ended', '/account/profile', () => ({ token: tokens.revokedJwt }), 401],
  ];

  it.each(unknown)('costs the same with %s if the primary answers', async (_name, path, sent, status) => {
    const { answer, operations } = await measure(path, sent());
    expect(answer.status).toBe(status);
    expect(operations).toEqual(ONE_READ);
  });

  it.each(unknown)(
    'costs one more D1 query with %s if a replica answers',
    async (_name, path, sent, status) => {
      const { answer, operations } = await measure(path, { ...sent(), env: withReplica() });
      expect(answer.status).toBe(status);
      expect(operations).toEqual(READ_OF_TWO_COPIES);
    },
  );

  it('costs one more D1 query if D1 does not report which copy answered', async () => {
    const [, path, sent] = unknown[0] ?? expect.fail();
    const env = withReplica(testEnv, { served_by_primary: undefined });
    expect((await measure(path, { ...sent(), env })).operations).toEqual(READ_OF_TWO_COPIES);
  });
});

describe('the choice of a copy of D1', () => {
  const PRIMARY = 'first-primary';
  const NEAREST = 'first-unconstrained';
  const profile = { token: '', path: '/account/profile' };

  beforeEach(async () => {
    profile.token = await register('derived');
  });

  it('sends a read to the nearest copy', async () => {
    const { answer, constraints } = await measure(profile.path, { token: profile.token });
    expect(answer.status).toBe(200);
    expect(constraints).toEqual([NEAREST]);
  });

  it('sends a read to the primary with SESSION_READS=primary', async () => {
    const env = { ...testEnv, SESSION_READS: 'primary' };
    const { constraints } = await measure(profile.path, { token: profile.token, env });
    expect(constraints).toEqual([PRIMARY]);
  });

  it.each([
    ['after a replica', withReplica(), [NEAREST, PRIMARY]],
    ['only once', testEnv, [NEAREST]],
  ])(
    'sends a read to the primary %s if KV has no record, and writes the record',
    async (_name, env, sentTo) => {
      const { token } = profile;
      const key = `session:${await sha256Hex(token)}`;
      await testEnv.SESSIONS.delete(key);
      const { answer, constraints } = await measure(profile.path, { token, env });
      expect(answer.status).toBe(200);
      expect(constraints).toEqual(sentTo);
      expect(await testEnv.SESSIONS.get(key)).toMatch(/^\{"bookmark":"[0-9a-f-]+"\}$/);
    },
  );

  it('sends a read to the primary if the nearest copy fails', async () => {
    const observed: Observed = observe(testEnv, (binding) => {
      if (binding === 'd1' && observed.constraints.at(-1) === NEAREST) throw new Error('Replica is gone.');
    });
    expect((await send(profile.path, { token: profile.token, env: observed.env })).status).toBe(200);
    expect(observed.constraints).toHaveLength(2);
    expect(observed.constraints[1]).toBe(PRIMARY);
  });

  it('sends a change and a logout to the primary without asking KV', async () => {
    const { token } = profile;
    const change = await measure('/account/set_picture', { token, json: { id: 3 } });
    expect(change.answer.text).toBe('{"success":true}');
    expect(change.operations).toEqual({ ...NO_OPERATIONS, d1: 2 });
    expect(change.constraints).toEqual([PRIMARY, PRIMARY]);

    const logout = await measure('/account/logout', { method: 'POST', token });
    expect(logout.answer.text).toBe('{"success":true}');
    expect(logout.operations).toEqual({ ...NO_OPERATIONS, d1: 2, kvDeletes: 1 });
    expect(logout.constraints).toEqual([PRIMARY, PRIMARY]);
  });

  it("sends an admin's list to the primary", async () => {
    const { token } = profile;
    await testEnv.DB.prepare('UPDATE users SET is_admin = 1').run();
    const { answer, operations, constraints } = await measure('/api/admin/users?limit=2', { token });
    expect(answer.status).toBe(200);
    expect(operations).toEqual({ ...NO_OPERATIONS, d1: 2 });
    expect(constraints).toEqual([PRIMARY, PRIMARY]);
  });
});
