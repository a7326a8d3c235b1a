// The triggers of D1 that put a message into the outbox, in the transaction of the change that it tells of: no write of
// any dialect, command or import can forget it. There are none while nobody is told anything.
//
// They are no migration: the endpoint that runs migrations on a deployed database cuts triggers at their semicolons
// (https://github.com/cloudflare/workers-sdk/issues/15690). The scheduled run makes them, over the Worker's own binding.
import { DELIVERY_DAYS, type WebhookEventType } from './event-types.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** A trigger has no parameters, so the time is SQLite's. */
const NOW_MS = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

const COLUMNS =
  'kind, recipient_id, user_id, sub, type, sid, details, created_at, expires_at, next_at, attempts';

interface Message {
  type: WebhookEventType;
  /** SQL that gives the account's id, its public id, the session and the details. */
  userId: string;
  sub: string;
  sid?: string;
  details?: string;
}

const subOf = (userId: string): string => `(SELECT public_id FROM users WHERE id = ${userId})`;

const TIMES = `${NOW_MS}, ${NOW_MS} + ${DELIVERY_DAYS * DAY_MS}, 0, 0`;

/** The statement that queues a message for each webhook that is on and wants its type. */
const tell = ({ type, userId, sub, sid = 'NULL', details = "'{}'" }: Message): string =>
  `INSERT INTO deliveries (${COLUMNS})
    SELECT 'webhook', webhooks.id, ${userId}, ${sub}, '${type}', ${sid}, ${details}, ${TIMES} FROM webhooks
    WHERE webhooks.disabled_at IS NULL
      AND (webhooks.event_types IS NULL OR instr(webhooks.event_types, '"${type}"') > 0);`;

/** What changes of an account, by the columns that say it. Its password and factors are known from the audit log. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  username: ['username'],
  email: ['email'],
  name: ['name', 'first_name', 'last_name'],
  profile: ['address', 'site_url', 'description', 'picture_id', 'locale'],
  admin: ['is_admin'],
};

const isChanged = (columns: readonly string[]): string =>
  columns.map((column) => `OLD.${column} IS NOT NEW.${column}`).join(' OR ');

const FIELD_COLUMNS = Object.values(FIELDS).flat();

/** The names of the fields that changed, as JSON. */
const CHANGED = `'{"changed":[' || substr(${Object.entries(FIELDS)
  .map(([field, columns]) => `iif(${isChanged(columns)}, ',"${field}"', '')`)
  .join(' || ')}, 2) || ']}'`;

const ofEvent = { userId: 'NEW.user_id', sub: subOf('NEW.user_id') };
const ofUser = { userId: 'NEW.id', sub: 'NEW.public_id' };
const ofSession = { type: 'session.ended', userId: 'OLD.user_id', sub: subOf('OLD.user_id') } as const;

const FACTOR_EVENTS = ['passkey_added', 'passkey_removed', 'totp_added', 'totp_removed', 'factors_removed'];
const PASSWORD_EVENTS = ['password_changed', 'password_reset'];
const listed = (types: readonly string[]): string => types.map((type) => `'${type}'`).join(', ');

/** When each trigger runs, and what it does. */
const BODIES: readonly (readonly [name: string, when: string, statement: string])[] = [
  // The audit log knows who registered. Imports write no such event: their accounts are no news to their service.
  [
    'account_created',
    "AFTER INSERT ON events WHEN NEW.type = 'registered'",
    tell({ type: 'account.created', ...ofEvent }),
  ],
  // An outdated hash is replaced at a login: the column changes, the password does not.
  [
    'password_changed',
    `AFTER INSERT ON events WHEN NEW.type IN (${listed(PASSWORD_EVENTS)})`,
    tell({ type: 'account.updated', ...ofEvent, details: `'{"changed":["password"]}'` }),
  ],
  [
    'factors_changed',
    `AFTER INSERT ON events WHEN NEW.type IN (${listed(FACTOR_EVENTS)})`,
    tell({ type: 'account.updated', ...ofEvent, details: `'{"changed":["factors"]}'` }),
  ],
  // The audit log leaves out a second change within a minute, so the row itself is watched.
  [
    'account_updated',
    `AFTER UPDATE OF ${FIELD_COLUMNS.join(', ')} ON users WHEN ${isChanged(FIELD_COLUMNS)}`,
    tell({ type: 'account.updated', ...ofUser, details: CHANGED }),
  ],
  [
    'account_verified',
    'AFTER UPDATE OF email_verified_at ON users WHEN OLD.email_verified_at IS NULL AND NEW.email_verified_at IS NOT NULL',
    tell({ type: 'account.verified', ...ofUser }),
  ],
  [
    'account_disabled',
    'AFTER UPDATE OF disabled_at ON users WHEN OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL',
    tell({ type: 'account.disabled', ...ofUser }),
  ],
  [
    'account_enabled',
    'AFTER UPDATE OF disabled_at ON users WHEN OLD.disabled_at IS NOT NULL AND NEW.disabled_at IS NULL',
    tell({ type: 'account.enabled', ...ofUser }),
  ],
  // The foreign key would end them when the account has no public id any more, and after the news of its deletion.
  ['account_leaves', 'BEFORE DELETE ON users', 'DELETE FROM sessions WHERE user_id = OLD.id;'],
  [
    'account_deleted',
    'AFTER DELETE ON users',
    tell({ type: 'account.deleted', userId: 'OLD.id', sub: 'OLD.public_id' }),
  ],
  [
    'session_ended',
    'AFTER DELETE ON sessions',
    tell({
      ...ofSession,
      sid: 'OLD.id',
      details: `iif(OLD.expires_at <= ${NOW_MS}, '{"reason":"expired"}', '{"reason":"ended"}')`,
    }),
  ],
  // A session that goes on under a new token has another id.
  [
    'session_renewed',
    'AFTER UPDATE OF id ON sessions WHEN OLD.id <> NEW.id',
    tell({
      ...ofSession,
      sid: 'OLD.id',
      details: `'{"reason":"renewed","renewedAs":"' || NEW.id || '"}'`,
    }),
  ],
  // Grants end with their session, by the foreign key. One whose code nobody redeemed opened nothing.
  [
    'grant_ended',
    'AFTER DELETE ON app_grants WHEN OLD.redeemed_at IS NOT NULL',
    `INSERT INTO deliveries (${COLUMNS})
    SELECT 'logout', apps.id, OLD.user_id, ${subOf('OLD.user_id')}, 'logout', OLD.id, '{}', ${TIMES} FROM apps
    WHERE apps.id = OLD.app_id AND apps.logout_uri IS NOT NULL;`,
  ],
];

/** What the names of all of them begin with. */
export const TRIGGER_PREFIX = 'deliver_';

/** The triggers by their names, as SQLite keeps their text: one that differs is of another version. */
export const TRIGGERS: ReadonlyMap<string, string> = new Map(
  BODIES.map(([name, when, statement]) => [
    TRIGGER_PREFIX + name,
    `CREATE TRIGGER ${TRIGGER_PREFIX}${name} ${when} BEGIN\n  ${statement}\nEND`,
  ]),
);

/** The statements that make all of them, instead of those that are there. */
export const makeTriggers = (): string[] =>
  [...TRIGGERS].flatMap(([name, text]) => [`DROP TRIGGER IF EXISTS ${name}`, text]);
