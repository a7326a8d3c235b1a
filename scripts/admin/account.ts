// Finds the account that an operator names and changes it. Each change and its audit log row are one transaction.
import { createHash } from 'node:crypto';
import { isMatchable, NO_EMAIL_DOMAIN } from '../../src/core/formats.ts';
import { emailKey, usernameKey } from '../../src/core/identity.ts';
import { NOTICE_SECONDS, type NoticeKind } from '../../src/core/mail/kinds.ts';
import { OPERATOR, PASSWORD_MARK_LENGTH, RESET_SECONDS } from '../../src/core/proofs/operator.ts';
import { nextEventId, quote } from '../import/sql.ts';
import { toPlainText } from '../terminal.ts';
import type { Row } from '../wrangler.ts';

/** Runs statements in one transaction and returns the rows of each. Throws the error of the database. */
export type Query = (statements: readonly string[]) => Promise<Row[][]>;

/** The command cannot be applied to the account. The message is for the operator. */
export class Refused extends Error {
  override name = 'Refused';
}

/** An account before the change. */
export interface Found {
  id: number;
  username: string | null;
  email: string;
  isAdmin: boolean;
  isDisabled: boolean;
  createdAtMs: number;
  /** When the email address was verified; null if it was not. */
  emailVerifiedAtMs: number | null;
  /** Active sessions. */
  sessions: number;
  hasOtherAdmin: boolean;
  /** Passkeys and active authenticator apps. */
  factors: number;
  appPasswords: number;
}

/** SQL that finds an account by its email, username or id. */
export interface Selector {
  shown: string;
  /** All accounts that match. Two if a number is the id of one and the username of the other. */
  candidates: string;
  /** The account, if only one matches. */
  isIt: string;
}

const FORM = /^(?:(id|username|email):)?(.+)$/s;

/** Reads an email, a username or an id. A prefix `id:`, `username:` or `email:` selects one of them. */
export const readSelector = (text: string): Selector => {
  const [, kind, value = ''] = FORM.exec(text.trim()) ?? [];
  if (value === '' || !isMatchable(value)) throw new Refused('Give an email, a username or an id.');
  const byId = `id = ${/^\d{1,15}$/.test(value) ? Number(value) : 'NULL'}`;
  const byUsername = `username_key = ${quote(usernameKey(value))}`;
  const only = (condition: string) => ({ shown: text.trim(), candidates: condition, isIt: condition });
  if (kind === 'email' || (kind === undefined && value.includes('@')))
    return only(`email_key = ${quote(emailKey(value))}`);
  if (kind === 'id') return only(byId);
  if (kind === 'username' || !/^\d{1,15}$/.test(value)) return only(byUsername);
  const candidates = `(${byId} OR ${byUsername})`;
  const isIt = `${candidates} AND (SELECT count(*) FROM users WHERE ${candidates}) = 1`;
  return { shown: text.trim(), candidates, isIt };
};

// Exactly `= 1`, so that SQLite uses the partial index. No password matches a hash that begins with `!`.
const OTHER_ADMIN =
  "EXISTS (SELECT 1 FROM users AS other WHERE other.is_admin = 1 AND other.disabled_at IS NULL AND other.id <> users.id AND (other.password_hash NOT LIKE '!%' OR EXISTS (SELECT 1 FROM factors WHERE user_id = other.id AND kind = 'passkey' AND confirmed_at IS NOT NULL)))";

/** The statement that reads the matching accounts. */
export const findStatement = ({ candidates }: Selector, nowMs: number): string =>
  `SELECT id, username, email, is_admin, disabled_at, created_at, email_verified_at, ${OTHER_ADMIN} AS other_admin,
    (SELECT count(*) FROM sessions WHERE user_id = users.id AND expires_at > ${nowMs}) AS sessions,
    (SELECT count(*) FROM factors WHERE user_id = users.id AND confirmed_at IS NOT NULL) AS factors,
    (SELECT count(*) FROM app_passwords WHERE user_id = users.id) AS app_passwords
   FROM users WHERE ${candidates} LIMIT 2`;

/** Reads its rows. Throws Refused unless exactly one account matches. */
export const readFound = ({ shown }: Selector, rows: readonly Row[]): Found => {
  const [row, other] = rows;
  if (row === undefined) throw new Refused(`There is no account ${toPlainText(shown)}.`);
  if (other !== undefined)
    throw new Refused(
      `${toPlainText(shown)} is the id of one account and the username of another: give id:${shown} or username:${shown}.`,
    );
  return {
    id: Number(row['id']),
    username: typeof row['username'] === 'string' ? row['username'] : null,
    email: String(row['email']),
    isAdmin: row['is_admin'] === 1,
    isDisabled: row['disabled_at'] !== null,
    createdAtMs: Number(row['created_at']),
    emailVerifiedAtMs: typeof row['email_verified_at'] === 'number' ? row['email_verified_at'] : null,
    sessions: Number(row['sessions']),
    hasOtherAdmin: row['other_admin'] === 1,
    factors: Number(row['factors']),
    appPasswords: Number(row['app_passwords']),
  };
};

/** A change of an account. It is applied and added to the audit log only if `onlyIf` is true. */
export interface Change {
  event:
    | 'admin_granted'
    | 'admin_revoked'
    | 'disabled'
    | 'enabled'
    | 'sessions_ended'
    | 'factors_removed'
    | 'deleted'
    | 'password_reset_requested';
  /** The mail to the owner; null for none. */
  notice: NoticeKind | null;
  /** A condition on the table `users`. */
  onlyIf: string;
  /** The statements, for a condition that finds the unchanged account. Their order must keep the condition true. */
  statements: (isIt: string, nowMs: number) => string[];
}

/** Applies to an admin only if another admin can still log in. */
const MAY_LOSE_ADMIN = `(is_admin = 0 OR ${OTHER_ADMIN})`;

const endSessions = (isIt: string): string =>
  `DELETE FROM sessions WHERE user_id IN (SELECT id FROM users WHERE ${isIt})`;

const set = (columns: string, isIt: string, nowMs: number): string =>
  `UPDATE users SET ${columns}, updated_at = ${nowMs} WHERE ${isIt}`;

const HAS_FACTORS =
  '(EXISTS (SELECT 1 FROM factors WHERE user_id = users.id AND confirmed_at IS NOT NULL) OR EXISTS (SELECT 1 FROM app_passwords WHERE user_id = users.id))';

/**
 * Puts a notice into the outbox, from which the scheduled run sends it. This command does not know whether the
 * deployment sends mail. If it does not, the notice is dropped when it expires.
 */
const queueNotice = (kind: NoticeKind, isIt: string, nowMs: number): string =>
  `INSERT INTO outbox (kind, user_id, address, address_key, locale, details, created_at, expires_at, next_at, attempts)
     SELECT ${quote(kind)}, id, email, email_key, locale, ${quote(JSON.stringify({ atMs: nowMs, byAdmin: true }))},
       ${nowMs}, ${nowMs + NOTICE_SECONDS * 1000}, ${nowMs}, 0
     FROM users WHERE ${isIt} AND email_key NOT LIKE ${quote(`%@${NO_EMAIL_DOMAIN}`)}`;

export const CHANGES = {
  grant: {
    event: 'admin_granted',
    notice: 'admin_granted',
    onlyIf: 'is_admin = 0',
    statements: (isIt, nowMs) => [set('is_admin = 1', isIt, nowMs)],
  },
  revoke: {
    event: 'admin_revoked',
    notice: 'admin_revoked',
    onlyIf: `is_admin = 1 AND ${MAY_LOSE_ADMIN}`,
    statements: (isIt, nowMs) => [set('is_admin = 0', isIt, nowMs)],
  },
  disable: {
    event: 'disabled',
    notice: 'account_disabled',
    onlyIf: `disabled_at IS NULL AND ${MAY_LOSE_ADMIN}`,
    statements: (isIt, nowMs) => [endSessions(isIt), set(`disabled_at = ${nowMs}`, isIt, nowMs)],
  },
  enable: {
    event: 'enabled',
    notice: null,
    onlyIf: 'disabled_at IS NOT NULL',
    statements: (isIt, nowMs) => [set('disabled_at = NULL', isIt, nowMs)],
  },
  'end-sessions': {
    event: 'sessions_ended',
    notice: null,
    onlyIf: 'true',
    statements: (isIt) => [endSessions(isIt)],
  },
  'remove-factors': {
    event: 'factors_removed',
    notice: 'factors_removed',
    onlyIf: HAS_FACTORS,
    statements: (isIt) => [
      endSessions(isIt),
      ...['recovery_codes', 'factors', 'app_passwords'].map(
        (table) => `DELETE FROM ${table} WHERE user_id IN (SELECT id FROM users WHERE ${isIt})`,
      ),
    ],
  },
  delete: {
    event: 'deleted',
    notice: 'account_deleted',
    onlyIf: MAY_LOSE_ADMIN,
    statements: (isIt) => [endSessions(isIt), `DELETE FROM users WHERE ${isIt}`],
  },
} as const satisfies Record<string, Change>;

/** Applies a change and returns the account as it was before. */
export const changeAccount = async (
  query: Query,
  selector: Selector,
  { event, notice, onlyIf, statements }: Change,
  nowMs: number,
): Promise<Found> => {
  const isIt = `${selector.isIt} AND ${onlyIf}`;
  const [rows = []] = await query([
    findStatement(selector, nowMs),
    // The event and the notice come first, because the condition no longer finds the account after the change.
    `INSERT INTO events (id, user_id, actor_id, type, dialect, address_prefix, user_agent, created_at)
       SELECT ${nextEventId('users.id', nowMs)}, id, NULL, ${quote(event)}, 'cli', NULL, NULL, ${nowMs} FROM users WHERE ${isIt}`,
    ...(notice === null ? [] : [queueNotice(notice, isIt, nowMs)]),
    ...statements(isIt, nowMs),
  ]);
  return readFound(selector, rows);
};

const SECOND_MS = 1000;

/**
 * Creates a proof that lets its holder set a new password: the row that src/core/proofs/tokens.ts finds by the token. It
 * replaces an earlier one that an operator created.
 */
export const resetLink = (token: string): Change => {
  const id = createHash('sha256').update(token).digest('hex');
  return {
    event: 'password_reset_requested',
    notice: null,
    onlyIf: 'disabled_at IS NULL',
    statements: (isIt, nowMs) => [
      `INSERT INTO proofs (id, purpose, user_id, address, address_key, requester, password_mark, created_at, expires_at)
         SELECT ${quote(id)}, 'reset_password', id, email, email_key, ${quote(OPERATOR)},
           substr(password_hash, ${-PASSWORD_MARK_LENGTH}), ${nowMs}, ${nowMs + RESET_SECONDS * SECOND_MS}
         FROM users WHERE ${isIt}
       ON CONFLICT (user_id, purpose, address_key, requester) DO UPDATE SET id = excluded.id,
         password_mark = excluded.password_mark, created_at = excluded.created_at, expires_at = excluded.expires_at`,
    ],
  };
};
