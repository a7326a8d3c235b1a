// The trail of an account: one row for everything that happened to it.
import { type SQL, sql } from 'drizzle-orm';
import type { Client } from '../model.ts';
import { events, users } from '../store/schema.ts';
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
  | 'app_password_removed';

/** More of a user agent than this tells nothing more. */
const MAX_USER_AGENT_CHARACTERS = 256;

export const trimUserAgent = (client: Client): string | null =>
  client.userAgent?.slice(0, MAX_USER_AGENT_CHARACTERS).toWellFormed() ?? null;

/** The statement that notes an event of an account; to be put in the batch of the change itself. */
export const noteEvent = (db: Database, type: EventType, userId: number, client: Client, nowMs: number) =>
  db.insert(events).values({
    userId,
    type,
    dialect: client.dialect,
    addressPrefix: client.addressPrefix,
    userAgent: trimUserAgent(client),
    createdAtMs: nowMs,
  });

/** The same for the accounts that a condition finds, none where it finds none; `actorId` is an admin's who did it. */
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
      .where(account),
  );
