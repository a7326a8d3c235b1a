// The life of a grant, from the code to its end. Every step is one batch, so that of parallel requests one succeeds.
import {
  and,
  desc,
  eq,
  exists,
  gt,
  inArray,
  isNotNull,
  isNull,
  lte,
  ne,
  notExists,
  notInArray,
  or,
  type SQL,
  sql,
} from 'drizzle-orm';
import { noteEventOf } from '../events/events.ts';
import type { Mail } from '../mail/mail.ts';
import type { Account, Client } from '../model.ts';
import { accountColumns } from '../store/columns.ts';
import { whereAppExists } from '../store/removed-apps.ts';
import { appConsents, appGrants, sessions, users } from '../store/schema.ts';
import type { Database, Store } from '../store/store.ts';
import type { SignInProof } from './authentication.ts';
import { type AuthorizationRequest, SCOPES } from './authorization-request.ts';
import type { ConsentView } from './model.ts';

/** @see https://openid.net/specs/openid-connect-core-1_0.html#AuthResponse: short, for one exchange */
export const CODE_SECONDS = 60;

/** A response may be lost, so the previous refresh token is accepted this long after its use. */
export const GRACE_SECONDS = 10;

/**
 * Grants of one session, and of them those of one app; beyond, those that were used least recently end. Whoever is signed
 * in can make an app ask for codes in a loop: it ends its own grants, not those of other apps, and what ends with a
 * session must end in one statement.
 */
const MAX_GRANTS_OF_APP = 10;
const MAX_GRANTS = 100;

/** Apps that an account has consented to; beyond, the consent that was given first ends. */
const MAX_APPS = 100;

/** SQLite takes an OFFSET only behind a LIMIT: more than any session has. */
const NO_LIMIT = 1_000_000_000;

export type Grant = typeof appGrants.$inferSelect;

/** A grant whose session is live, whose account is enabled, and whose app was not removed. */
export interface LiveGrant {
  grant: Grant;
  account: Account;
  session: { expiresAtMs: number };
  /** When and by what its person had signed in when the code was made, whatever was proved since. */
  signIn: SignInProof;
}

export interface Grants {
  /**
   * Stores a grant for the session of a request, and the consent of its user; null if the session has ended. Grants of
   * the session and apps of the account beyond their limits end. A consent to more than before is noted in the audit log,
   * and the owner gets a mail, unless the app needs no consent.
   * @param hasAgreed whether the user consented with this very request. If not, and the app asks for consent, a stored
   * consent must still be there: null if it was withdrawn since it was read.
   */
  create(
    id: string,
    request: AuthorizationRequest,
    owner: GrantOwner,
    hasAgreed: boolean,
  ): Promise<string | null>;
  /**
   * Redeems a code, once. A second use ends the grant with all its tokens, because one of the two users stole the code.
   * Null for a second use, an expired code, the code of another app, and if the session has ended.
   * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
   */
  redeem(id: string, appId: string): Promise<LiveGrant | null>;
  /**
   * Uses a refresh token and makes the next one valid. The previous one is accepted for ten more seconds, and gives the
   * same next one. Any older one ends the grant, because somebody has a copy. Null for that, and if the session has
   * ended.
   * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
   */
  refresh(id: string, count: number, appId: string): Promise<LiveGrant | null>;
  /** A live grant whose code was redeemed; null if there is none. */
  find(id: string): Promise<LiveGrant | null>;
  /** Ends a grant of an app. Does nothing if the app has no grant with this id. */
  end(id: string, appId: string): Promise<void>;
  /** The apps that the account has consented to, by name. */
  listConsents(userId: number): Promise<ConsentView[]>;
  /** Removes the consent of an account to an app, and ends its grants. */
  withdrawConsent(userId: number, appId: string, client: Client): Promise<void>;
  /** The scopes that the account has consented to for an app; null for none. */
  findConsent(userId: number, appId: string): Promise<string | null>;
}

export interface GrantOwner {
  sessionId: string;
  userId: number;
  client: Client;
}

export interface GrantsOptions {
  store: Store;
  mail: Pick<Mail, 'notify' | 'sendSoon'>;
  nowMs: () => number;
}

const columns = {
  grant: appGrants,
  account: accountColumns,
  session: {
    createdAtMs: sessions.createdAtMs,
    authenticatedAtMs: sessions.authenticatedAtMs,
    firstFactor: sessions.firstFactor,
    factor: sessions.factor,
    expiresAtMs: sessions.expiresAtMs,
  },
} as const;

/** Ends the grants of a session that were used least recently, of those that a condition finds: with one more there are `max`. */
const endOldest = (db: Database, where: SQL | undefined, max: number) =>
  db.delete(appGrants).where(
    inArray(
      appGrants.id,
      db
        .select({ id: appGrants.id })
        .from(appGrants)
        .where(where)
        .orderBy(
          desc(
            sql`coalesce(${appGrants.refreshedAtMs}, ${appGrants.redeemedAtMs}, ${appGrants.createdAtMs})`,
          ),
        )
        .limit(NO_LIMIT)
        .offset(max - 1),
    ),
  );

/** Both lists of scopes in one, each scope once: what was agreed to before is not lost to an app that asks for less. */
const scopesOfBoth = sql.join(
  SCOPES.map(
    (scope) =>
      sql`CASE WHEN instr(' ' || ${appConsents.scope} || ' ' || excluded.scope || ' ', ${` ${scope} `}) > 0 THEN ${` ${scope}`} ELSE '' END`,
  ),
  sql` || `,
);

export const createGrants = ({ store, mail, nowMs }: GrantsOptions): Grants => {
  // Not in a batch: D1 returns the rows of a batch by column name, and some names occur twice.
  const findLive = async (id: string): Promise<LiveGrant | null> => {
    const { value } = await store.primary((db) =>
      db
        .select(columns)
        .from(appGrants)
        .innerJoin(sessions, eq(sessions.id, appGrants.sessionId))
        .innerJoin(users, eq(users.id, appGrants.userId))
        .where(
          and(
            eq(appGrants.id, id),
            isNotNull(appGrants.redeemedAtMs),
            gt(sessions.expiresAtMs, nowMs()),
            isNull(users.disabledAtMs),
            whereAppExists(db, appGrants.appId),
          ),
        )
        .get(),
    );
    if (!value) return null;
    const { grant, account, session } = value;
    const { signedInAtMs, firstFactor, factor } = grant;
    const signIn =
      signedInAtMs === null
        ? session
        : { createdAtMs: signedInAtMs, authenticatedAtMs: signedInAtMs, firstFactor, factor };
    return { grant, account, session, signIn };
  };

  const ofApp = (id: string, appId: string) => and(eq(appGrants.id, id), eq(appGrants.appId, appId));

  return {
    async create(id, request, { sessionId, userId, client }, hasAgreed) {
      const { app, scopes, nonce, redirectUri, codeChallenge, resource } = request;
      const now = nowMs();
      const scope = scopes.join(' ');
      const live = and(eq(sessions.id, sessionId), gt(sessions.expiresAtMs, now));
      const ofSession = eq(appGrants.sessionId, sessionId);
      const { value } = await store.primary((db) => {
        const known = db
          .select({ one: sql`1` })
          .from(appConsents)
          .where(
            and(
              eq(appConsents.userId, userId),
              eq(appConsents.appId, app.id),
              ...scopes.map((each) => sql`instr(' ' || ${appConsents.scope} || ' ', ${` ${each} `}) > 0`),
            ),
          );
        // Checked in this batch: a withdrawal in parallel must not be undone by a request that nobody agreed to.
        const may = hasAgreed || !app.asksConsent ? undefined : exists(known);
        const agrees = and(
          eq(users.id, userId),
          may,
          exists(db.select({ one: sql`1` }).from(sessions).where(live)),
          notExists(known),
        );
        const tells = app.asksConsent ? ('app_allowed' as const) : null;
        return db.batch([
          noteEventOf(db, 'app_allowed', agrees, client, now),
          // The name in an app's own document is nobody's but its own: the host is what is known of it.
          mail.notify(db, tells, agrees, client, { appName: app.host ?? app.name }),
          // Expired codes of this session.
          db
            .delete(appGrants)
            .where(
              and(
                ofSession,
                isNull(appGrants.redeemedAtMs),
                lte(appGrants.createdAtMs, now - CODE_SECONDS * 1000),
              ),
            ),
          endOldest(db, and(ofSession, eq(appGrants.appId, app.id), may), MAX_GRANTS_OF_APP),
          endOldest(db, and(ofSession, may), MAX_GRANTS),
          db
            .insert(appGrants)
            .select(
              db
                .select({
                  id: sql<string>`${id}`.as('id'),
                  appId: sql<string>`${app.id}`.as('app_id'),
                  userId: sessions.userId,
                  sessionId: sessions.id,
                  scope: sql<string>`${scope}`.as('scope'),
                  resource: sql<string | null>`${resource}`.as('resource'),
                  nonce: sql<string | null>`${nonce}`.as('nonce'),
                  redirectUri: sql<string>`${redirectUri}`.as('redirect_uri'),
                  codeChallenge: sql<string>`${codeChallenge}`.as('code_challenge'),
                  signedInAtMs:
                    sql<number>`coalesce(${sessions.authenticatedAtMs}, ${sessions.createdAtMs})`.as(
                      'signed_in_at',
                    ),
                  factor: sessions.factor,
                  createdAtMs: sql<number>`${now}`.as('created_at'),
                  redeemedAtMs: sql<number | null>`NULL`.as('redeemed_at'),
                  refreshCount: sql<number>`0`.as('refresh_count'),
                  refreshedAtMs: sql<number | null>`NULL`.as('refreshed_at'),
                  firstFactor: sessions.firstFactor,
                })
                .from(sessions)
                .where(and(live, may)),
            )
            .returning({ id: appGrants.id }),
          db
            .insert(appConsents)
            .select(
              db
                .select({
                  userId: sessions.userId,
                  appId: sql<string>`${app.id}`.as('app_id'),
                  appName: sql<string>`${app.name}`.as('app_name'),
                  scope: sql<string>`${scope}`.as('scope'),
                  createdAtMs: sql<number>`${now}`.as('created_at'),
                })
                .from(sessions)
                .where(and(live, may)),
            )
            .onConflictDoUpdate({
              target: [appConsents.userId, appConsents.appId],
              set: { scope: sql`trim(${scopesOfBoth})`, appName: sql`excluded.app_name` },
            }),
          db.delete(appConsents).where(
            and(
              eq(appConsents.userId, userId),
              inArray(
                appConsents.appId,
                db
                  .select({ appId: appConsents.appId })
                  .from(appConsents)
                  .where(and(eq(appConsents.userId, userId), ne(appConsents.appId, app.id)))
                  .orderBy(desc(appConsents.createdAtMs))
                  .limit(NO_LIMIT)
                  .offset(MAX_APPS - 1),
              ),
            ),
          ),
          // An app that is not on the page Apps has nothing.
          db
            .delete(appGrants)
            .where(
              and(
                eq(appGrants.userId, userId),
                notInArray(
                  appGrants.appId,
                  db
                    .select({ appId: appConsents.appId })
                    .from(appConsents)
                    .where(eq(appConsents.userId, userId)),
                ),
              ),
            ),
        ]);
      });
      mail.sendSoon(value);
      return value[5][0]?.id ?? null;
    },

    async redeem(id, appId) {
      const now = nowMs();
      const { value } = await store.primary((db) =>
        db.batch([
          // A second use ends the grant, whichever app asks.
          db.delete(appGrants).where(and(ofApp(id, appId), isNotNull(appGrants.redeemedAtMs))),
          db
            .update(appGrants)
            .set({ redeemedAtMs: now })
            .where(and(ofApp(id, appId), gt(appGrants.createdAtMs, now - CODE_SECONDS * 1000)))
            .returning({ id: appGrants.id }),
        ]),
      );
      return value[1].length > 0 ? findLive(id) : null;
    },

    async refresh(id, count, appId) {
      const now = nowMs();
      const startOfGrace = now - GRACE_SECONDS * 1000;
      const { value } = await store.primary((db) =>
        db.batch([
          db
            .update(appGrants)
            .set({ refreshCount: count + 1, refreshedAtMs: now })
            .where(
              and(ofApp(id, appId), isNotNull(appGrants.redeemedAtMs), eq(appGrants.refreshCount, count)),
            ),
          // Now the token is neither the valid one nor the previous one, so it is a copy.
          db
            .delete(appGrants)
            .where(
              and(
                ofApp(id, appId),
                or(gt(appGrants.refreshCount, count + 1), lte(appGrants.refreshedAtMs, startOfGrace)),
              ),
            ),
          db
            .select({ id: appGrants.id })
            .from(appGrants)
            .where(and(ofApp(id, appId), eq(appGrants.refreshCount, count + 1))),
        ]),
      );
      return value[2].length > 0 ? findLive(id) : null;
    },

    find: findLive,

    async end(id, appId) {
      // A batch, at whose end the app is told.
      await store.primary((db) => db.batch([db.delete(appGrants).where(ofApp(id, appId))]));
    },

    async listConsents(userId) {
      const { value } = await store.primary((db) =>
        db
          .select({
            appId: appConsents.appId,
            appName: appConsents.appName,
            scope: appConsents.scope,
            createdAtMs: appConsents.createdAtMs,
          })
          .from(appConsents)
          .where(and(eq(appConsents.userId, userId), whereAppExists(db, appConsents.appId)))
          .all(),
      );
      return value.toSorted((a, b) => a.appName.localeCompare(b.appName));
    },

    async withdrawConsent(userId, appId, client) {
      await store.primary((db) => {
        const consent = and(eq(appConsents.userId, userId), eq(appConsents.appId, appId));
        const isThere = exists(db.select({ one: sql`1` }).from(appConsents).where(consent));
        return db.batch([
          noteEventOf(db, 'app_withdrawn', and(eq(users.id, userId), isThere), client, nowMs()),
          db.delete(appGrants).where(and(eq(appGrants.userId, userId), eq(appGrants.appId, appId))),
          db.delete(appConsents).where(consent),
        ]);
      });
    },

    async findConsent(userId, appId) {
      const { value } = await store.primary((db) =>
        db
          .select({ scope: appConsents.scope })
          .from(appConsents)
          .where(and(eq(appConsents.userId, userId), eq(appConsents.appId, appId)))
          .get(),
      );
      return value?.scope ?? null;
    },
  };
};
