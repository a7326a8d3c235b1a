// Changes of an admin who loses the role, or the account, after the request was authenticated.
import { describe, expect, it } from 'vitest';
import { observe } from '../../support/counting.ts';
import { createMailbox } from '../../support/mail.ts';
import { send, testEnv } from '../../support/worker.ts';
import { ACCOUNTS } from './support-admin.ts';
import { bearer, join, joinAdmin, tokenFor, whole } from './support-id.ts';
import { type RefusalCode, refused } from './support-refusals.ts';

/** Every change that admins make by `id`. */
const CHANGES: [method: string, rest: string][] = [
  ['POST', '/disable'],
  ['POST', '/enable'],
  ['POST', '/grant-admin'],
  ['POST', '/revoke-admin'],
  ['POST', '/verify-email'],
  ['POST', '/send-reset'],
  ['POST', '/send-verification'],
  ['DELETE', '/sessions'],
  ['DELETE', '/factors'],
  ['DELETE', ''],
];

const LOSSES: [what: string, sql: string, refusal: RefusalCode][] = [
  ['loses the role', 'UPDATE users SET is_admin = 0 WHERE id = ?', 'forbidden'],
  ['is disabled', 'UPDATE users SET disabled_at = 1 WHERE id = ?', 'credentials_invalid'],
  ['is deleted', 'DELETE FROM users WHERE id = ?', 'credentials_invalid'],
];

/** Everything that the changes above could touch. */
const stateOf = async (id: number): Promise<unknown> => {
  const results = await testEnv.DB.batch([
    testEnv.DB.prepare('SELECT * FROM users WHERE id = ?').bind(id),
    ...['sessions', 'events', 'factors', 'outbox', 'proofs'].map((table) =>
      testEnv.DB.prepare(`SELECT * FROM ${table} WHERE user_id = ?`).bind(id),
    ),
  ]);
  return results.map(({ results: rows }) => rows);
};

describe.each(LOSSES)('an admin who %s during the request', (_what, sql, refusal) => {
  it.each(CHANGES)('is refused %s <account>%s, and nothing is changed', async (method, rest) => {
    const target = await join();
    for (const credential of ['cookie', 'token'] as const) {
      const admin = await joinAdmin();
      await joinAdmin();
      const token = credential === 'token' ? await tokenFor(admin) : null;
      const before = await stateOf(target.id);
      let roundTrips = 0;
      const { env } = observe(createMailbox().env, async (binding) => {
        if (binding !== 'd1') return;
        roundTrips += 1;
        // The first round trip authenticates the request.
        if (roundTrips === 2) await testEnv.DB.prepare(sql).bind(admin.id).run();
      });
      const answer = await send(`${ACCOUNTS}/${target.id}${rest}`, {
        method,
        env,
        ...(token === null ? { cookie: admin.cookie } : bearer(token)),
      });
      expect(roundTrips).toBeGreaterThanOrEqual(2);
      expect(whole(answer)).toBe(refused(refusal));
      expect(await stateOf(target.id)).toEqual(before);
    }
  });
});
