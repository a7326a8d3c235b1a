// The trail of an account: one row for everything that happened to it.
import { and, desc, eq, type SQL, sql } from 'drizzle-orm';
import type { Client } from '../model.ts';
import { events, outbox, users } from '../store/schema.ts';
import type { Database } from '../store/store.ts';

export type EventType =
  | 'registered'
  | 'login'
  | 'login_refused'
  | 'logout'
  | 'profile_changed'
  | 'picture_changed'
  | 'password_changed'
  | 'email_changed'
  | 'username_changed'
  | 'session_ended'
  | 'sessions_ended'
  | 'disabled'
  | 'enabled'
  | 'admin_granted'
  | 'admin_revoked'
  | 'deleted'
  /** The owner proved again to be there. */
  | 'reauthenticated'
  | 'passkey_added'
  | 'factor_renamed'
  | 'passkey_removed'
  /** It says that it was used fewer times than it has said before: there may be a copy of it. */
  | 'passkey_counter'
  | 'totp_added'
  | 'totp_removed'
  | 'recovery_codes_renewed'
  | 'recovery_code_used'
  | 'factor_refused'
  /** By an admin. */
  | 'factors_removed'
  | 'app_password_added'
  | 'app_password_removed'
  | 'email_verified'
  | 'email_change_requested'
  | 'email_change_withdrawn'
  | 'email_change_undone'
  | 'password_reset_requested'
  | 'password_reset'
  | 'login_code_requested'
  | 'mail_undeliverable'
  | 'mail_given_up';

/** More of a user agent than this tells nothing more. */
const MAX_USER_AGENT_CHARACTERS = 256;

export const trimUserAgent = (client: Client): string | null =>
  client.userAgent?.slice(0, MAX_USER_AGENT_CHARACTERS).toWellFormed() ?? null;

// An account's events are bounded, because everybody who can log in can write them. What follows a password that was
// asked for again, and what admins do, is always noted: no flood of small changes hides it.

const MINUTE_MS = 60_000;

/** Events that are alike and that an account may have within a minute; a further one is not noted. */
const MAX_ALIKE_A_MINUTE: Partial<Record<EventType, number>> = {
  // A run of one change is one event.
  profile_changed: 1,
  picture_changed: 1,
  sessions_ended: 1,
  // A script may log in as often as it likes; it leaves room for what others do meanwhile.
  session_ended: 10,
  login: 10,
  logout: 10,
  login_refused: 10,
};

/** Events of these types, all together, that an account may have within a minute. */
const MAX_A_MINUTE = 60;

/** The condition on a row of `users` that the account has room for one more event. */
const hasRoom = (db: Database, type: EventType, client: Client, nowMs: number): SQL | undefined => {
  const maxAlike = MAX_ALIKE_A_MINUTE[type];
  if (maxAlike === undefined) return undefined;
  const latest = db
    .select({
      createdAtMs: events.createdAtMs,
      isAlike: sql<number>`(${events.type} = ${type} AND ${events.dialect} = ${client.dialect}
        AND ${events.addressPrefix} IS ${client.addressPrefix} AND ${events.userAgent} IS ${trimUserAgent(client)})`.as(
        'is_alike',
      ),
    })
    .from(events)
    .where(eq(events.userId, users.id))
    .orderBy(desc(events.id))
    .limit(MAX_A_MINUTE)
    .as('latest');
  const ofMinute = sql`FROM ${latest} WHERE ${latest.createdAtMs} > ${nowMs - MINUTE_MS}`;
  return sql`(SELECT count(*) < ${MAX_A_MINUTE} AND coalesce(sum(${latest.isAlike}), 0) < ${maxAlike} ${ofMinute})`;
};

/**
 * The statement that notes an event of each account that a condition finds, if the account has room for it; to be put
 * in the batch of the change itself. `actorId` is the admin who did it.
 */
export const noteEventOf = (
  db: Database,
  type: EventType,
  account: SQL | undefined,
  client: Client,
  nowMs: number,
  actorId: number | null = null,
) =>
  db.insert(events).select(
    db
      .select({
        id: sql<number>`NULL`.as('id'),
        userId: users.id,
        actorId: sql<number | null>`${actorId}`.as('actor_id'),
        type: sql<string>`${type}`.as('type'),
        dialect: sql<string>`${client.dialect}`.as('dialect'),
        addressPrefix: sql<string | null>`${client.addressPrefix}`.as('address_prefix'),
        userAgent: sql<string | null>`${trimUserAgent(client)}`.as('user_agent'),
        createdAtMs: sql<number>`${nowMs}`.as('created_at'),
      })
      .from(users)
      .where(and(account, actorId === null ? hasRoom(db, type, client, nowMs) : undefined)),
  );

/** The same for one account. */
export const noteEvent = (db: Database, type: EventType, userId: number, client: Client, nowMs: number) =>
  noteEventOf(db, type, eq(users.id, userId), client, nowMs);
/** The same for the accounts of the mails that a condition on the table of mails finds. */
export const noteEventsOfMails = (
  db: Database,
  type: EventType,
  mails: SQL | undefined,
  client: Client,
  nowMs: number,
) =>
  db.insert(events).select(
    db
      .select({
        id: sql<number>`NULL`.as('id'),
        userId: outbox.userId,
        actorId: sql<number | null>`NULL`.as('actor_id'),
        type: sql<string>`${type}`.as('type'),
        dialect: sql<string>`${client.dialect}`.as('dialect'),
        addressPrefix: sql<string | null>`NULL`.as('address_prefix'),
        userAgent: sql<string | null>`NULL`.as('user_agent'),
        createdAtMs: sql<number>`${nowMs}`.as('created_at'),
      })
      .from(outbox)
      .where(mails),
  );
