// Changes of password, email and username: the session continues under a new token, and the old token is rejected.
import { describe, expect, it } from 'vitest';
import type { LoginKind, Principal } from '../../../src/core/index.ts';
import { createTimedCore, DAY_MS, someAccount, someClient, type TimedCore } from '../../support/clock.ts';
import { countOf } from '../../support/failures.ts';
import { testEnv, uniqueName } from '../../support/worker.ts';

const NEXT = 'another horse 2';
const kinds: LoginKind[] = ['cookie', 'derived', 'jwt'];

const carrierOf = (kind: LoginKind) => (kind === 'cookie' ? 'cookie' : 'header');

const identify = async ({ core }: TimedCore, kind: LoginKind, token: string) => {
  const found = await core.sessions.authenticate(token, carrierOf(kind), 'nearest');
  expect(await core.sessions.authenticate(token, carrierOf(kind), 'primary')).toEqual(found);
  return found;
};

/** An account with a session of that kind, and one of each other kind. */
const someone = async (timed: TimedCore, kind: LoginKind) => {
  const fields = someAccount();
  const { token } = await timed.register(kind, fields);
  const others = [];
  for (const other of kinds.filter((one) => one !== kind))
    others.push({ kind: other, token: (await timed.logIn(fields, other)).token });
  const principal = await identify(timed, kind, token);
  if (!principal) return expect.fail('The session of a registration is not there.');
  return { fields, token, others, principal, id: principal.account.id };
};

const countersOf = async (id: number): Promise<number> => (await countOf(id))?.count ?? 0;

const eventsOf = async ({ core }: TimedCore, accountId: number) =>
  (await core.auditLog.list(accountId, { beforeId: null, limit: 50, reader: 'owner' })).map(
    ({ type }) => type,
  );

const changes = {
  password: ({ core }: TimedCore, principal: Principal, password: string) =>
    core.credentials.changePassword(principal, { current: password, next: NEXT }, someClient),
  email: ({ core }: TimedCore, principal: Principal, password: string) =>
    core.credentials.changeEmail(principal, { password, email: `${uniqueName()}@test.com` }, someClient),
  username: ({ core }: TimedCore, principal: Principal, password: string) =>
    core.credentials.changeUsername(principal, { password, username: uniqueName() }, someClient),
} as const;

describe.each(kinds)('a session of the kind %s', (kind) => {
  it.each(['password', 'email', 'username'] as const)(
    'gets a new token with a change of the %s',
    async (what) => {
      const timed = createTimedCore();
      const { fields, token, others, principal, id } = await someone(timed, kind);
      timed.advance(DAY_MS / 2);
      const changed = await changes[what](timed, principal, fields.password);
      await timed.settle();
      if (!changed.ok) return expect.fail(changed.error.reason);
      expect(changed.value.token).not.toBe(token);
      expect(await identify(timed, kind, token)).toBeNull();
      const renewed = await identify(timed, kind, changed.value.token);
      expect(renewed?.account.id).toBe(id);
      expect(renewed?.session).toMatchObject({ kind, createdAtMs: timed.now(), lastSeenAtMs: timed.now() });
      const goOn = what !== 'password';
      for (const other of others)
        expect((await identify(timed, other.kind, other.token)) !== null).toBe(goOn);
      expect(await timed.core.sessions.count(id)).toBe(goOn ? 3 : 1);
      expect((await eventsOf(timed, id))[0]).toBe(`${what}_changed`);
      expect(await countersOf(id)).toBe(0);
    },
  );

  it.each(['password', 'email', 'username'] as const)(
    'stays unchanged if the password for a change of the %s is wrong',
    async (what) => {
      const timed = createTimedCore();
      const { token, others, principal, id } = await someone(timed, kind);
      const changed = await changes[what](timed, principal, 'not the password');
      await timed.settle();
      expect(changed).toEqual({ ok: false, error: { reason: 'wrong_credentials', known: true } });
      expect((await identify(timed, kind, token))?.session).toEqual(principal.session);
      for (const other of others) expect(await identify(timed, other.kind, other.token)).not.toBeNull();
      expect(await countersOf(id)).toBe(1);
    },
  );

  it.each(['password', 'email', 'username'] as const)(
    'stays ended if it ended before a change of the %s, which then changes nothing',
    async (what) => {
      const timed = createTimedCore();
      const { fields, token, others, principal, id } = await someone(timed, kind);
      await changes[what](timed, principal, 'not the password');
      await timed.settle();
      const before = await timed.core.accounts.get(id);
      await timed.core.sessions.end(id, principal.session.id, someClient);
      await timed.settle();
      const changed = await changes[what](timed, principal, fields.password);
      await timed.settle();
      expect(changed).toEqual({ ok: false, error: { reason: 'gone' } });
      expect(await identify(timed, kind, token)).toBeNull();
      expect(await timed.core.accounts.get(id)).toEqual(before);
      for (const other of others) expect(await identify(timed, other.kind, other.token)).not.toBeNull();
      expect(await eventsOf(timed, id)).not.toContain(`${what}_changed`);
      // The earlier failure still counts: the right password had no effect.
      expect(await countersOf(id)).toBe(2);
      const again = await timed.logIn(fields, 'cookie');
      expect(again.account.id).toBe(id);
    },
  );
});

it('keeps the session unchanged if the new email is taken', async () => {
  const timed = createTimedCore();
  const { fields, token, principal } = await someone(timed, 'cookie');
  const other = await timed.register('cookie');
  const change = { password: fields.password, email: other.account.email };
  const changed = await timed.core.credentials.changeEmail(principal, change, someClient);
  await timed.settle();
  expect(changed).toEqual({
    ok: false,
    error: { reason: 'taken', fields: ['email'], ownerId: other.account.id },
  });
  expect((await identify(timed, 'cookie', token))?.session).toEqual(principal.session);
});

it.each(['email', 'username'] as const)(
  'replaces a hash of another cost when the %s changes',
  async (what) => {
    const timed = createTimedCore();
    const { fields, principal, id } = await someone(timed, 'cookie');
    const dearer = createTimedCore(timed.now(), { ...testEnv, PASSWORD_ITERATIONS: '1001' });
    const changed = await changes[what](dearer, principal, fields.password);
    await dearer.settle();
    if (!changed.ok) return expect.fail(changed.error.reason);
    const hash = await testEnv.DB.prepare('SELECT password_hash FROM users WHERE id = ?').bind(id).first();
    expect(hash).toEqual({ password_hash: expect.stringMatching(/^\$pbkdf2-sha512\$i=1001,r=2\$/) });
    const { username, email } = changed.value.account;
    const again = await timed.logIn({ ...fields, username: username ?? '', email }, 'cookie');
    expect(again.account.id).toBe(id);
  },
);
