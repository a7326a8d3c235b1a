// The statements that note events in the audit log of an account.
import { and, desc, eq, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Client } from '../model.ts';
import { whereWithinLast } from '../store/conditions.ts';
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
  /** The owner authenticated again. */
  | 'reauthenticated'
  | 'passkey_added'
  | 'factor_renamed'
  | 'passkey_removed'
  /** The counter of a passkey went back: there may be a copy of it. */
  | 'passkey_counter'
  | 'totp_added'
  | 'totp_removed'
  | 'recovery_codes_renewed'
  | 'recovery_code_used'
  | 'factor_refused'
  /** All of them: by an admin, or because their maker was not the owner of the address. */
  | 'factors_removed'
  /** An app learns who the owner is, for the first time or more than before. */
  | 'app_allowed'
  | 'app_withdrawn'
  /** By an admin, in the admin's own log: an app that people sign in to. */
  | 'app_registered'
  | 'app_secret_renewed'
  | 'app_removed'
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

/** A longer user agent identifies nothing more. */
const MAX_USER_AGENT_CHARACTERS = 256;

export const trimUserAgent = (client: Client): string | null =>
  client.userAgent?.slice(0, MAX_USER_AGENT_CHARACTERS).toWellFormed() ?? null;

// The events of an account are bounded, because everyone who can log in can cause them. Changes that need the password
// and admin actions are always noted, so that a flood of small changes cannot hide them: each of them costs a hash.

const MINUTE_MS = 60_000;

/** Events of one type and client that an account may have within a minute. Further ones are not noted. */
const MAX_ALIKE_A_MINUTE: Partial<Record<EventType, number>> = {
  // A run of one change is one event.
  profile_changed: 1,
  picture_changed: 1,
  sessions_ended: 1,
  factor_renamed: 1,
  // Leaves room for other events if a script logs in often.
  session_ended: 10,
  login: 10,
  logout: 10,
  login_refused: 10,
  app_allowed: 10,
  app_withdrawn: 10,
};

/** Events of these types together that an account may have within a minute. */
const MAX_A_MINUTE = 60;

/**
 * Changes that a session with a recent proof makes without a password. They are counted for each type, so that a
 * flood of other events does not hide them.
 */
const COUNTED_BY_TYPE: ReadonlySet<EventType> = new Set([
  'reauthenticated',
  'passkey_added',
  'passkey_removed',
  'passkey_counter',
  'totp_added',
  'totp_removed',
  'recovery_codes_renewed',
  'recovery_code_used',
  'factor_refused',
  'app_password_added',
  'app_password_removed',
]);
const MAX_OF_TYPE_A_MINUTE = 10;

/** More than an account can have in a minute of events that are bounded: 60, and 10 of each of those types. */
const MAX_READ = 200;

/** The condition on `users` that the account may have one more event of a type, whatever else it has. */
const hasRoomOfType = (db: Database, type: EventType, nowMs: number): SQL => {
  const latest = db
    .select({ type: events.type, createdAtMs: events.createdAtMs })
    .from(events)
    .where(eq(events.userId, users.id))
    .orderBy(desc(events.id))
    .limit(MAX_READ)
    .as('latest');
  return sql`(SELECT count(*) < ${MAX_OF_TYPE_A_MINUTE} FROM ${latest}
    WHERE ${latest.type} = ${type} AND ${whereWithinLast(latest.createdAtMs, MINUTE_MS, nowMs)})`;
};

/** The condition on `users` that the account may have one more event. */
const hasRoom = (db: Database, type: EventType, client: Client, nowMs: number): SQL | undefined => {
  if (COUNTED_BY_TYPE.has(type)) return hasRoomOfType(db, type, nowMs);
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
  const ofMinute = sql`FROM ${latest} WHERE ${whereWithinLast(latest.createdAtMs, MINUTE_MS, nowMs)}`;
  return sql`(SELECT count(*) < ${MAX_A_MINUTE} AND coalesce(sum(${latest.isAlike}), 0) < ${maxAlike} ${ofMinute})`;
};

/**
 * The id of the next event of an account: its time, or more than the last id. Unique and growing within the account,
 * also if a clock goes back: D1 runs one batch at a time.
 */
const nextId = (db: Database, userId: SQLiteColumn, nowMs: number): SQL<number> => {
  const next = db
    .select({ id: sql`max(${events.id}) + 1` })
    .from(events)
    .where(eq(events.userId, userId));
  return sql<number>`max(${nowMs}, coalesce((${next}), 0))`;
};

/**
 * The statement that notes an event for each account that a condition finds, within the account's bounds. It belongs in
 * the batch of the change itself.
 * @param actorId the admin who did it; null for the owner
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
        id: nextId(db, users.id, nowMs).as('id'),
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
/** The same for the accounts of the mails that a condition on `outbox` finds. */
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
        // One account can have several of the mails.
        id: sql<number>`${nextId(db, outbox.userId, nowMs)}
          + row_number() OVER (PARTITION BY ${outbox.userId} ORDER BY ${outbox.id}) - 1`.as('id'),
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
