// Sessions of every kind: found by their token, recorded in KV, extended, forgotten. Their truth is in D1.
import { eq } from 'drizzle-orm';
import type { Policy, Principal, Session } from '../model.ts';
import { sessions } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { findSession } from './query.ts';
import type { Carrier, Tokens } from './tokens.ts';

/** A session's expiry is pushed on at most this often, so that reading costs no writes. */
const MAX_EXTEND_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * With a short idle time it is pushed on more often: a session in use must never end, and a session loses at most
 * this part of its idle time. A day of the default fourteen.
 */
const EXTENSIONS_PER_IDLE_TIME = 14;

/** The key of a session's record in KV: its id, which is the SHA-256 of its token. */
const recordKey = (sessionId: string): string => `session:${sessionId}`;

export interface Sessions {
  /**
   * Finds who a cookie's value or a token belongs to; null where it is none of ours, expired, revoked, or its
   * account is disabled. One KV get and one D1 query; nothing at all where its form or signature is wrong.
   * @param reads `primary` asks the primary alone: for whatever changes something
   */
  authenticate(token: string, carrier: Carrier, reads: 'nearest' | 'primary'): Promise<Principal | null>;
  /** Writes the record of a session that D1 has just stored; the bookmark is the state in which it did. */
  record(session: { id: string; expiresAtMs: number }, bookmark: string | null): void;
  /** Drops the records of sessions that D1 no longer holds. */
  forget(sessionIds: readonly string[]): void;
}

export interface SessionsOptions {
  store: Store;
  tokens: Tokens;
  policy: Policy;
  nowMs: () => number;
}

export const createSessions = ({ store, tokens, policy, nowMs }: SessionsOptions): Sessions => {
  const absoluteMs = policy.sessionAbsoluteSeconds * 1000;
  const idleMs = policy.sessionIdleSeconds * 1000;
  const extendAfterMs = Math.min(MAX_EXTEND_AFTER_MS, idleMs / EXTENSIONS_PER_IDLE_TIME);

  const record: Sessions['record'] = ({ id, expiresAtMs }, bookmark) =>
    store.putRecord(recordKey(id), JSON.stringify({ bookmark }), (expiresAtMs - nowMs()) / 1000);

  /** Pushes the idle expiry on, after the response; never past the absolute limit. */
  const extend = ({ id, lastSeenAtMs, createdAtMs }: Session): boolean => {
    const now = nowMs();
    if (now - lastSeenAtMs < extendAfterMs) return false;
    const expiresAtMs = Math.min(now + idleMs, createdAtMs + absoluteMs);
    store.later('session not extended', async () => {
      const { bookmark } = await store.primary((db) =>
        db.update(sessions).set({ lastSeenAtMs: now, expiresAtMs }).where(eq(sessions.id, id)),
      );
      record({ id, expiresAtMs }, bookmark);
    });
    return true;
  };

  return {
    async authenticate(token, carrier, reads) {
      const located = await tokens.locate(token, carrier);
      if (!located) return null;
      const asksRecord = reads === 'nearest' && policy.sessionReads === 'nearest';
      const known = asksRecord ? readRecord(await store.getRecord(recordKey(located.id))) : null;
      const find = findSession(located, nowMs());
      const { value: row, bookmark, isNearest } = await store.read(known?.bookmark ?? null, find);
      if (!row || (located.subject !== undefined && located.subject !== String(row.account.id))) return null;
      // A record that is missing, or of which D1 can make nothing, is written anew.
      if (asksRecord && !isNearest) record(row.session, bookmark);
      return { ...row, extended: extend(row.session) };
    },
    record,
    forget: (sessionIds) => store.deleteRecords(sessionIds.map(recordKey)),
  };
};

/** A session's record in KV: the state of D1 in which its row was written. Null where it cannot be read. */
const readRecord = (text: string | null): { bookmark: string | null } | null => {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('bookmark' in value)) return null;
    return { bookmark: typeof value.bookmark === 'string' ? value.bookmark : null };
  } catch {
    return null;
  }
};
