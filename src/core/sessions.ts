// Sessions of every kind: their tokens, their row in D1, their record in KV, their two expiries.
import { and, eq, gt, isNull, type SQL, sql } from 'drizzle-orm';
import { trimUserAgent } from './events.ts';
import { JWT_FORM, signJwt, verifyJwt } from './jwt.ts';
import {
  type Account,
  accountColumns,
  type Client,
  displayName,
  type Policy,
  type Principal,
  type Session,
  type SessionKind,
} from './model.ts';
import { sessions, users } from './schema.ts';
import { type Keyring, type Random, randomToken, sha256Hex } from './secrets.ts';
import type { Database, Store } from './store.ts';

/** A session's expiry is pushed on at most this often, so that reading costs no writes. */
const EXTEND_AFTER_MS = 24 * 60 * 60 * 1000;
/** 128 bits, 32 hex digits: two accounts never get the same nonce. */
const NONCE_BYTES = 16;
/** The derived token is an HMAC's first 160 bits: the 40 hex digits of the documents. */
const DERIVED_TOKEN_BYTES = 20;

const COOKIE_TOKEN_FORM = /^[A-Za-z0-9_-]{43}$/;
const DERIVED_TOKEN_FORM = /^[0-9a-f]{40}$/;

/** The key of a session's record in KV: its id, which is the SHA-256 of its token. */
const recordKey = (sessionId: string): string => `session:${sessionId}`;

/** What a session looks like before it is stored. */
export interface SessionDraft {
  kind: SessionKind;
  id: string;
  /** A cookie's token or a JWT's `jti`: only its hash is stored. Empty for derived tokens. */
  token: string;
  nonce: string | null;
  createdAtMs: number;
  expiresAtMs: number;
}

/** A session as D1 stored it: for a derived token, the one that was live already. */
export interface StoredSession {
  id: string;
  nonce: string | null;
}

export interface Sessions {
  draft(kind: SessionKind): Promise<SessionDraft>;
  /**
   * Makes the credential to hand out for a session that D1 has stored, and its record in KV; null for a derived
   * token made under a secret that is no longer set, which nobody can compute again.
   */
  issue(
    draft: SessionDraft,
    stored: StoredSession,
    account: Account,
    bookmark: string | null,
  ): Promise<string | null>;
  /**
   * Finds who a cookie's value or a token belongs to; null where it is none of ours, expired, revoked, or its
   * account is disabled. One KV get and one D1 query; nothing at all where its form or signature is wrong.
   * @param consistency `fresh` asks the primary alone: for whatever changes something
   */
  resolve(token: string, carrier: Carrier, consistency: 'nearest' | 'fresh'): Promise<Principal | null>;
  /** Drops the records of sessions that D1 no longer holds. */
  forget(sessionIds: readonly string[]): void;
  /** The id of the session that a cookie's value stands for; null where it has not the form of one. */
  idOfCookie(token: string | null): Promise<string | null>;
}

/** Where a token came from: only a browser's cookie is good as a cookie, only tokens are good in a header. */
export type Carrier = 'cookie' | 'header';

interface Located {
  kind: SessionKind;
  id: string;
  /** The account that a JWT names. */
  subject?: string;
}

export interface SessionsOptions {
  store: Store;
  keyring: Keyring;
  random: Random;
  policy: Policy;
  nowMs: () => number;
}

export const createSessions = ({ store, keyring, random, policy, nowMs }: SessionsOptions): Sessions => {
  const absoluteMs = policy.sessionAbsoluteSeconds * 1000;
  const idleMs = policy.sessionIdleSeconds * 1000;

  const deriveTokens = async (nonce: string): Promise<string[]> => {
    const signatures = await keyring.signAll('derived token', nonce);
    return signatures.map((signature) => signature.subarray(0, DERIVED_TOKEN_BYTES).toHex());
  };

  /** The id that a token leads to; null where it cannot be one of ours, found out without any I/O. */
  const locate = async (token: string, carrier: Carrier): Promise<Located | null> => {
    if (carrier === 'cookie')
      return COOKIE_TOKEN_FORM.test(token) ? { kind: 'cookie', id: await sha256Hex(token) } : null;
    if (DERIVED_TOKEN_FORM.test(token)) return { kind: 'derived', id: await sha256Hex(token) };
    if (!JWT_FORM.test(token)) return null;
    const claims = await verifyJwt(keyring, token, nowMs());
    return claims && { kind: 'jwt', id: await sha256Hex(claims.jti), subject: claims.sub };
  };

  const putRecord = (id: string, expiresAtMs: number, bookmark: string | null): void =>
    store.putRecord(recordKey(id), JSON.stringify({ bookmark }), (expiresAtMs - nowMs()) / 1000);

  /** Pushes the idle expiry on, after the response; never past the absolute limit. */
  const extend = (session: Session): boolean => {
    const now = nowMs();
    if (now - session.lastSeenAtMs < EXTEND_AFTER_MS) return false;
    const expiresAtMs = Math.min(now + idleMs, session.createdAtMs + absoluteMs);
    store.later('session not extended', async () => {
      const { bookmark } = await store.primary((db) =>
        db.update(sessions).set({ lastSeenAtMs: now, expiresAtMs }).where(eq(sessions.id, session.id)),
      );
      putRecord(session.id, expiresAtMs, bookmark);
    });
    return true;
  };

  return {
    async draft(kind) {
      const createdAtMs = nowMs();
      const expiresAtMs = createdAtMs + Math.min(idleMs, absoluteMs);
      if (kind === 'derived') {
        const nonce = random(NONCE_BYTES).toHex();
        const [token = ''] = await deriveTokens(nonce);
        return { kind, id: await sha256Hex(token), token: '', nonce, createdAtMs, expiresAtMs };
      }
      const token = randomToken(random);
      return { kind, id: await sha256Hex(token), token, nonce: null, createdAtMs, expiresAtMs };
    },

    async issue(draft, stored, account, bookmark) {
      // The record of a derived token that lived on is there already; KV takes one write a second a key.
      if (stored.id === draft.id) putRecord(draft.id, draft.expiresAtMs, bookmark);
      if (draft.kind === 'cookie') return draft.token;
      if (draft.kind === 'jwt') return signSession(keyring, draft, account, absoluteMs);
      for (const token of await deriveTokens(stored.nonce ?? '')) {
        if ((await sha256Hex(token)) === stored.id) return token;
      }
      return null;
    },

    async resolve(token, carrier, consistency) {
      const located = await locate(token, carrier);
      if (!located) return null;
      const record =
        consistency === 'fresh' ? null : readRecord(await store.getRecord(recordKey(located.id)));
      const { value: row, bookmark } = record?.bookmark
        ? await store.nearest(record.bookmark, findSession(located, nowMs()))
        : await store.primary(findSession(located, nowMs()));
      if (!row || (located.subject !== undefined && located.subject !== String(row.account.id))) return null;
      if (consistency === 'nearest' && !record) putRecord(located.id, row.session.expiresAtMs, bookmark);
      return { ...row, extended: extend(row.session) };
    },

    forget: (sessionIds) => store.deleteRecords(sessionIds.map(recordKey)),

    async idOfCookie(token) {
      return token !== null && COOKIE_TOKEN_FORM.test(token) ? sha256Hex(token) : null;
    },
  };
};

const sessionColumns = {
  id: sessions.id,
  kind: sessions.kind,
  createdAtMs: sessions.createdAtMs,
  lastSeenAtMs: sessions.lastSeenAtMs,
  expiresAtMs: sessions.expiresAtMs,
} as const;

/** The one query of an authenticated request: a live session and its account, where both may be used. */
const findSession =
  ({ id, kind }: Located, nowMs: number) =>
  (db: Database) =>
    db
      .select({ account: accountColumns, session: sessionColumns })
      .from(sessions)
      .innerJoin(users, eq(users.id, sessions.userId))
      .where(
        and(
          eq(sessions.id, id),
          eq(sessions.kind, kind),
          gt(sessions.expiresAtMs, nowMs),
          isNull(users.disabledAtMs),
        ),
      )
      .get();

/**
 * The statement that stores a session for the account that the condition finds; it returns no row where it
 * finds none. An account has one derived token: where one is live it stays, with its expiry pushed on, because
 * the document of 003 has a second login give the same token.
 */
export const insertSession = (
  db: Database,
  draft: SessionDraft,
  account: SQL | undefined,
  client: Client,
) => {
  const isLive = sql`${sessions.expiresAtMs} > ${draft.createdAtMs}`;
  return db
    .insert(sessions)
    .select(
      db
        .select({
          id: sql<string>`${draft.id}`.as('id'),
          userId: users.id,
          kind: sql<SessionKind>`${draft.kind}`.as('kind'),
          nonce: sql<string | null>`${draft.nonce}`.as('nonce'),
          createdAtMs: sql<number>`${draft.createdAtMs}`.as('created_at'),
          lastSeenAtMs: sql<number>`${draft.createdAtMs}`.as('last_seen_at'),
          expiresAtMs: sql<number>`${draft.expiresAtMs}`.as('expires_at'),
          userAgent: sql<string | null>`${trimUserAgent(client)}`.as('user_agent'),
          country: sql<string | null>`${client.country}`.as('country'),
        })
        .from(users)
        .where(account),
    )
    .onConflictDoUpdate({
      target: sessions.userId,
      targetWhere: sql`kind = 'derived'`,
      set: {
        id: sql`CASE WHEN ${isLive} THEN ${sessions.id} ELSE excluded.id END`,
        nonce: sql`CASE WHEN ${isLive} THEN ${sessions.nonce} ELSE excluded.nonce END`,
        createdAtMs: sql`excluded.created_at`,
        lastSeenAtMs: sql`excluded.last_seen_at`,
        expiresAtMs: sql`excluded.expires_at`,
        userAgent: sql`excluded.user_agent`,
        country: sql`excluded.country`,
      },
    })
    .returning({ id: sessions.id, nonce: sessions.nonce });
};

/** The statement that ends one session; null ends none. */
export const deleteSession = (db: Database, id: string | null) =>
  db.delete(sessions).where(eq(sessions.id, id ?? ''));

/** The statement that puts a new derived token in the place of one that nobody can compute again. */
export const replaceSession = (db: Database, stored: StoredSession, draft: SessionDraft) =>
  db.update(sessions).set({ id: draft.id, nonce: draft.nonce }).where(eq(sessions.id, stored.id));

/**
 * A JWT names its account as this API's clients read it. It expires with the absolute limit; the idle limit, a
 * logout or a deletion end it sooner, because its `jti` is a session like every other.
 */
const signSession = (keyring: Keyring, draft: SessionDraft, account: Account, absoluteMs: number) => {
  const claims = {
    sub: String(account.id),
    jti: draft.token,
    iat: Math.floor(draft.createdAtMs / 1000),
    exp: Math.floor((draft.createdAtMs + absoluteMs) / 1000),
  };
  return signJwt(keyring, claims, { id: account.id, email: account.email, name: displayName(account) });
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
