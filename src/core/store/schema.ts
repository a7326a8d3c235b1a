// The tables for Drizzle. `npm run migration` generates migrations/ from this file.
import { sql } from 'drizzle-orm';
import {
  customType,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core';
import { isPlaceholderEmail } from '../formats.ts';

/**
 * An email that is read as an empty text if it is a placeholder (`NO_EMAIL_DOMAIN`), so that no dialect, page or export
 * shows it. `email_key` keeps it.
 */
const shownEmail = customType<{ data: string; driverData: string }>({
  dataType: () => 'text',
  fromDriver: (email) => (isPlaceholderEmail(email) ? '' : email),
});

/** One row for each account, whichever dialect created it. Times are milliseconds since the epoch. */
export const users = sqliteTable(
  'users',
  {
    // AUTOINCREMENT: the id of a deleted account is never given to another (https://sqlite.org/autoinc.html).
    id: integer('id').primaryKey({ autoIncrement: true }),
    username: text('username'),
    /** The username as compared: NFKC, full case folding, then NFC. Null if a dialect makes accounts without one. */
    usernameKey: text('username_key'),
    email: shownEmail('email').notNull(),
    /** The email as compared: full case folding, then NFC. */
    emailKey: text('email_key').notNull().unique('users_email_key'),
    passwordHash: text('password_hash').notNull(),
    name: text('name').notNull().default(''),
    firstName: text('first_name').notNull().default(''),
    lastName: text('last_name').notNull().default(''),
    address: text('address').notNull().default(''),
    siteUrl: text('site_url').notNull().default(''),
    description: text('description').notNull().default(''),
    pictureId: integer('picture_id'),
    isAdmin: integer('is_admin', { mode: 'boolean' }).notNull().default(false),
    disabledAtMs: integer('disabled_at'),
    createdAtMs: integer('created_at').notNull(),
    updatedAtMs: integer('updated_at').notNull(),
    lastLoginAtMs: integer('last_login_at').notNull(),
    /** When its owner proved the address; null if not. Another address resets it. */
    emailVerifiedAtMs: integer('email_verified_at'),
    /** The new address of a change that is not yet confirmed. */
    pendingEmail: text('pending_email'),
    /** The language of mails to the account: one of those in src/core/mail/texts. */
    locale: text('locale').notNull().default('en'),
    /**
     * The id of the account outside the service, `sub`: 128 random bits, never reused. Null only for an account that an
     * older version created after the migration: `ensurePublicId` fills it in.
     */
    publicId: text('public_id')
      .unique('users_public_id')
      .$defaultFn(() => sql`lower(hex(randomblob(16)))`),
    /**
     * The name as compared: full case folding, then NFC. Null if a migration, an import or an older Worker could not
     * compute it: the scheduled run fills it in.
     */
    nameKey: text('name_key'),
    /** The account's handle for passkeys: 64 random bytes, base64url. Null until the first passkey is created. */
    passkeyHandle: text('passkey_handle'),
    /** Refused logins, counted by device or by account: src/core/throttle/throttle.ts. Null if there are none. */
    loginFailures: text('login_failures'),
  },
  (table) => [
    // Each entry of an index is a written row, which D1 bills: an account without a username or a name has none.
    uniqueIndex('users_username').on(table.usernameKey).where(sql`username_key IS NOT NULL`),
    // For the search of admins, besides the two unique keys.
    index('users_name').on(table.nameKey).where(sql`name_key <> ''`),
    // For the scheduled run that fills them in.
    index('users_without_name_key').on(table.nameKey).where(sql`name_key IS NULL`),
    // Few rows: finds the last admin without a scan.
    index('users_admins').on(table.isAdmin).where(sql`is_admin = 1`),
    // Admins list disabled accounts by id and by address. Nothing but a disabled account has a row in these.
    index('users_disabled_id').on(table.id).where(sql`disabled_at IS NOT NULL`),
    index('users_disabled_email').on(table.emailKey).where(sql`disabled_at IS NOT NULL`),
  ],
);

/**
 * Sessions of all kinds: a browser's cookie, the account's one API token, a JWT, an imported token. WITHOUT ROWID, which
 * the migration adds because Drizzle cannot express it: a row is written once, not again for the index of its key, and
 * D1 charges for written rows. https://sqlite.org/withoutrowid.html
 */
export const sessions = sqliteTable(
  'sessions',
  {
    /** SHA-256 of the token, lower-case hex. The token itself is stored nowhere. */
    id: text('id').primaryKey(),
    userId: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    kind: text('kind', { enum: ['cookie', 'derived', 'jwt', 'imported'] }).notNull(),
    /** What an API token is computed from, with the secret; null for the other kinds. */
    nonce: text('nonce'),
    /** When the password was last shown for this session; the absolute limit counts from here. */
    createdAtMs: integer('created_at').notNull(),
    lastSeenAtMs: integer('last_seen_at').notNull(),
    expiresAtMs: integer('expires_at').notNull(),
    userAgent: text('user_agent'),
    country: text('country'),
    /**
     * When its owner last authenticated with everything the account requires. Null for a session of an app password,
     * and for an imported one: it is never recent.
     */
    authenticatedAtMs: integer('authenticated_at'),
    /** The app password that opened it. The session ends with it. */
    appPasswordId: integer('app_password_id'),
    /** What its owner proved besides the first factor, or instead of it; null for the first factor alone. */
    factor: text('factor', { enum: ['passkey', 'totp', 'recovery_code', 'trusted_browser'] }),
    /** What its owner proved in place of the password; null for the password, or a passkey alone. */
    firstFactor: text('first_factor', { enum: ['email_code'] }),
  },
  (table) => [
    // The order of lists, and of ending the least recently used beyond the limit.
    index('sessions_account').on(table.userId, table.lastSeenAtMs),
  ],
);

/**
 * Refused logins of names that no account has, in a fixed number of rows: src/core/throttle/throttle.ts. WITHOUT
 * ROWID, as the sessions.
 */
export const loginFailures = sqliteTable('login_failures', {
  key: text('key').primaryKey(),
  /** Attempts since the last success, pending ones included. */
  count: integer('count').notNull(),
  /** How many of them are still being checked. */
  pending: integer('pending').notNull().default(0),
  lastAtMs: integer('last_at').notNull(),
  /** HMAC of the name that the row counts for. */
  tag: text('tag'),
});

/**
 * The audit log of accounts. `user_id` is no foreign key: events outlive a deleted account, and ids are never reused.
 * WITHOUT ROWID, in the order of the lists: an event is one written row, without an index and a counter of ids.
 */
export const events = sqliteTable(
  'events',
  {
    /**
     * Grows within an account: the time of the event, or more than the id before it (events/events.ts). The default
     * also stands in for NULL, which the migration declares, because the Worker before it writes NULL.
     */
    id: integer('id')
      .notNull()
      .default(sql`(CAST(unixepoch('subsec') * 1000 AS INTEGER) + (random() & 1023))`),
    userId: integer('user_id').notNull(),
    /** The admin who did it; null for the owner. */
    actorId: integer('actor_id'),
    type: text('type').notNull(),
    dialect: text('dialect').notNull(),
    addressPrefix: text('address_prefix'),
    userAgent: text('user_agent'),
    createdAtMs: integer('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.id] })],
);

/**
 * What imports brought, by the account that each record became. Later imports read which accounts came from a file
 * (only those may be given rights), which were deleted here since, and what the file said the last time. Written by
 * `npm run import`, and by a login that moves an account (accounts/move.ts). No foreign key: a row outlives its
 * account, as the record of its deletion. Names and hashes are kept as digests (SHA-256, 128 bits), so that a deleted
 * account leaves no address behind.
 */
export const importedAccounts = sqliteTable(
  'imported_accounts',
  {
    userId: integer('user_id').primaryKey(),
    /** The id that the account has in the file; null if the file has none. */
    sourceId: text('source_id'),
    emailDigest: text('email_digest').notNull(),
    usernameDigest: text('username_digest'),
    /** Of the hash that the file had last: while it has the same one, a password that was set here stays. */
    passwordDigest: text('password_digest').notNull(),
    /** What the file said the last time. */
    isAdmin: integer('is_admin', { mode: 'boolean' }).notNull(),
    isDisabled: integer('is_disabled', { mode: 'boolean' }).notNull(),
    importedAtMs: integer('imported_at').notNull(),
  },
  (table) => [
    index('imported_accounts_source_id').on(table.sourceId),
    // Before moving an account, a login checks whether it was deleted here.
    index('imported_accounts_email').on(table.emailDigest),
    index('imported_accounts_username').on(table.usernameDigest),
  ],
);

/**
 * Every token that an import brought, by its SHA-256: a token whose session is gone was ended here, and no later
 * import brings it back. WITHOUT ROWID, as the sessions.
 */
export const importedTokens = sqliteTable('imported_tokens', { id: text('id').primaryKey() });

/**
 * One-time proofs: each lets its holder do one thing once. A row alone redeems nothing: the token and the code are
 * HMACs of its id under TOKEN_SECRET. WITHOUT ROWID, like the sessions.
 */
export const proofs = sqliteTable(
  'proofs',
  {
    /** 128 random bits as hex: the token and the code are computed from it. */
    id: text('id').primaryKey(),
    purpose: text('purpose', {
      enum: ['verify_email', 'reset_password', 'change_email', 'undo_email_change', 'sign_in'],
    }).notNull(),
    userId: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** The address to which it was sent, and which it proves; and the same as compared. */
    address: text('address').notNull(),
    addressKey: text('address_key').notNull(),
    /** The known device that requested it, or ''. So a stranger's request does not replace an owner's. */
    requester: text('requester').notNull().default(''),
    /** The end of the password hash as it was: another password voids the proof. */
    passwordMark: text('password_mark').notNull(),
    /** SHA-256 of what the requesting browser keeps, if the proof is valid in that browser only. */
    browser: text('browser'),
    createdAtMs: integer('created_at').notNull(),
    expiresAtMs: integer('expires_at').notNull(),
    /** The end of the code's shorter life; null if there is only a link. */
    codeExpiresAtMs: integer('code_expires_at'),
    /** Wrong codes since `triesFromMs`. A new proof takes them over, so that a new code gives no new attempts. */
    tries: integer('tries').notNull().default(0),
    triesFromMs: integer('tries_from').notNull().default(0),
  },
  (table) => [
    // A new proof replaces the one before it.
    uniqueIndex('proofs_one_each').on(table.userId, table.purpose, table.addressKey, table.requester),
    index('proofs_address').on(table.addressKey),
    index('proofs_expires_at').on(table.expiresAtMs),
  ],
);

/**
 * Mails that are to be sent, and those of the last day, by which the limits count. A row holds what is needed to write
 * the mail again, and neither its text nor a token. `user_id` is no foreign key: the notice of a deletion outlives
 * the account.
 */
export const outbox = sqliteTable(
  'outbox',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    kind: text('kind').notNull(),
    userId: integer('user_id').notNull(),
    address: text('address').notNull(),
    addressKey: text('address_key').notNull(),
    requester: text('requester').notNull().default(''),
    locale: text('locale').notNull(),
    /** The proof whose link or code the mail carries; the mail is of no use without it. */
    proofId: text('proof_id'),
    /** The details of the event, as JSON. */
    details: text('details').notNull().default('{}'),
    createdAtMs: integer('created_at').notNull(),
    /** From then on the mail is no longer useful. */
    expiresAtMs: integer('expires_at').notNull(),
    /** When it may be tried next: while it is being sent, the end of the lease. */
    nextAtMs: integer('next_at').notNull(),
    /** How often it was taken. Only the last holder of the lease may record its outcome. */
    attempts: integer('attempts').notNull(),
    doneAtMs: integer('done_at'),
    outcome: text('outcome', { enum: ['sent', 'undeliverable', 'given_up', 'obsolete'] }),
  },
  (table) => [
    index('outbox_address').on(table.addressKey, table.kind, table.createdAtMs),
    index('outbox_due').on(table.nextAtMs).where(sql`done_at IS NULL`),
  ],
);

/**
 * Second factors: passkeys, and one generator of one-time codes. A factor is active from `confirmed_at`.
 */
export const factors = sqliteTable(
  'factors',
  {
    // AUTOINCREMENT: trust in a browser by a removed factor must not pass to the next factor.
    id: integer('id').primaryKey({ autoIncrement: true }),
    userId: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    kind: text('kind', { enum: ['passkey', 'totp'] }).notNull(),
    name: text('name').notNull(),
    /** Of a passkey: its id, base64url. */
    credentialId: text('credential_id').unique('factors_credential_id'),
    /** Of a passkey: COSE's number of the algorithm, and the public key as SPKI, base64. */
    algorithm: integer('algorithm'),
    publicKey: text('public_key'),
    /** Of a passkey: its use counter; 0 if it does not count. */
    counter: integer('counter').notNull().default(0),
    isBackupEligible: integer('is_backup_eligible', { mode: 'boolean' }).notNull().default(false),
    isBackedUp: integer('is_backed_up', { mode: 'boolean' }).notNull().default(false),
    /** Of a passkey: how a browser can reach it, as a JSON array. */
    transports: text('transports').notNull().default('[]'),
    /** Of a generator of codes: its secret, encrypted (src/core/sealing.ts). */
    secret: text('secret'),
    /** Of a generator of codes: the last time step of which a code was used. */
    lastStep: integer('last_step').notNull().default(0),
    createdAtMs: integer('created_at').notNull(),
    confirmedAtMs: integer('confirmed_at'),
    lastUsedAtMs: integer('last_used_at'),
  },
  (table) => [
    index('factors_user_id').on(table.userId),
    uniqueIndex('factors_one_totp').on(table.userId).where(sql`kind = 'totp'`),
    // What an import wrote and the scheduled run is yet to encrypt: src/core/sealing.ts.
    index('factors_plain').on(table.id).where(sql`substr("secret", 1, 6) = 'plain.'`),
  ],
);

/** Recovery codes by their SHA-256, for when all factors are lost. A used code is deleted. WITHOUT ROWID. */
export const recoveryCodes = sqliteTable(
  'recovery_codes',
  {
    userId: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    hash: text('hash').notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.hash] })],
);

/** Passwords for clients that cannot ask for a second factor, by their SHA-256. */
export const appPasswords = sqliteTable(
  'app_passwords',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    userId: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    /** The one dialect in which it is good; null for all. */
    dialect: text('dialect'),
    hash: text('hash').notNull(),
    /** The account's one derived token, if this app password was ever given it: it ends with the app password. */
    derivedSessionId: text('derived_session_id'),
    createdAtMs: integer('created_at').notNull(),
    lastUsedAtMs: integer('last_used_at'),
  },
  (table) => [uniqueIndex('app_passwords_hash').on(table.userId, table.hash)],
);

/**
 * Used challenges, so that none is used twice, until they expire.
 * WITHOUT ROWID, as the sessions.
 */
export const spentChallenges = sqliteTable(
  'spent_challenges',
  {
    /** SHA-256 of the challenge. */
    id: text('id').primaryKey(),
    expiresAtMs: integer('expires_at').notNull(),
  },
  (table) => [index('spent_challenges_expires_at').on(table.expiresAtMs)],
);

/** Apps that people sign in to by OpenID Connect, created by `npm run admin -- client add`. */
export const apps = sqliteTable('apps', {
  /** The `client_id`. */
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  /** SHA-256 of its secret; null for an app that cannot keep one, such as one in a browser or on a phone. */
  secretHash: text('secret_hash'),
  /** Where codes may be sent, and where a browser may be sent after signing out: JSON arrays. */
  redirectUris: text('redirect_uris', { mode: 'json' }).$type<readonly string[]>().notNull(),
  signOutUris: text('sign_out_uris', { mode: 'json' }).$type<readonly string[]>().notNull(),
  /** The back-channel logout URI; null if the app has none. */
  logoutUri: text('logout_uri'),
  /** Whether users are asked for consent. False for the deployment's own apps. */
  asksConsent: integer('asks_consent', { mode: 'boolean' }).notNull().default(true),
  createdAtMs: integer('created_at').notNull(),
});

/**
 * What users let apps know and do. A row redeems nothing: codes and refresh tokens are HMACs of its id under
 * TOKEN_SECRET. It ends with the session that it was created in. WITHOUT ROWID, as the sessions.
 */
export const appGrants = sqliteTable(
  'app_grants',
  {
    /** 128 random bits as hex: the `sid` of the app's tokens. */
    id: text('id').primaryKey(),
    appId: text('app_id').notNull(),
    userId: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    // A renewed session has a new id.
    sessionId: text('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade', onUpdate: 'cascade' }),
    scope: text('scope').notNull(),
    /** The audience of access tokens; null for the service itself. */
    resource: text('resource'),
    nonce: text('nonce'),
    redirectUri: text('redirect_uri').notNull(),
    /** `code_challenge`, by S256. */
    codeChallenge: text('code_challenge').notNull(),
    /** When and by what its person had signed in: an ID token that is made later says the same. Null before 0014. */
    signedInAtMs: integer('signed_in_at'),
    factor: text('factor', { enum: ['passkey', 'totp', 'recovery_code', 'trusted_browser'] }),
    createdAtMs: integer('created_at').notNull(),
    /** When the code was redeemed; a second use ends the grant. */
    redeemedAtMs: integer('redeemed_at'),
    /** The number of the one valid refresh token, and since when it is valid. */
    refreshCount: integer('refresh_count').notNull().default(0),
    refreshedAtMs: integer('refreshed_at'),
    /** Of the session when its person signed in, as `factor`. */
    firstFactor: text('first_factor', { enum: ['email_code'] }),
  },
  (table) => [
    index('app_grants_session_id').on(table.sessionId),
    index('app_grants_user_id').on(table.userId, table.appId),
    // For an app that is removed.
    index('app_grants_app_id').on(table.appId),
  ],
);

/** The consents of users, so that an app asks once. WITHOUT ROWID, as the sessions. */
export const appConsents = sqliteTable(
  'app_consents',
  {
    userId: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    appId: text('app_id').notNull(),
    /** The app's name when the user consented. */
    appName: text('app_name').notNull(),
    scope: text('scope').notNull(),
    createdAtMs: integer('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.appId] }),
    index('app_consents_app_id').on(table.appId),
  ],
);

/** Services that are told what happens to accounts: `npm run admin -- webhook add`. */
export const webhooks = sqliteTable('webhooks', {
  id: text('id').primaryKey(),
  url: text('url').notNull(),
  /** A JSON array of the types that it gets; null for all. */
  eventTypes: text('event_types', { mode: 'json' }).$type<readonly string[]>(),
  /** What messages are signed with, encrypted (src/core/sealing.ts). Clear until the first scheduled run. */
  secret: text('secret').notNull(),
  createdAtMs: integer('created_at').notNull(),
  /** Nothing is written or sent for it since then; null while it is on. */
  disabledAtMs: integer('disabled_at'),
  /** Its receiver asked to be left alone until then. */
  pausedUntilMs: integer('paused_until').notNull().default(0),
});

/**
 * What webhooks and apps are yet to be told, and what they were told in the last days. Triggers write the rows, in the
 * transaction of the change: src/core/webhooks/triggers.ts. A row names an account and says nothing else of it; the
 * message is made when it is sent. `user_id` is no foreign key: the news of a deletion outlives the account.
 */
export const deliveries = sqliteTable(
  'deliveries',
  {
    // AUTOINCREMENT: the order of the messages to one recipient about one account.
    id: integer('id').primaryKey({ autoIncrement: true }),
    kind: text('kind', { enum: ['webhook', 'logout'] }).notNull(),
    /** The id of the webhook or of the app. */
    recipientId: text('recipient_id').notNull(),
    userId: integer('user_id').notNull(),
    /** The account's public id, kept because a deleted account has no row any more. */
    sub: text('sub'),
    type: text('type').notNull(),
    /** The session that ended; for an app, the grant. */
    sid: text('sid'),
    /** What else there is to say, as JSON: names of fields, never their values. */
    details: text('details').notNull().default('{}'),
    createdAtMs: integer('created_at').notNull(),
    /** From then on it is given up, if it was tried. */
    expiresAtMs: integer('expires_at').notNull(),
    /** When it may be tried next: 0 until it is first taken up; while it is being sent, the end of the lease. */
    nextAtMs: integer('next_at').notNull(),
    /** How often it was taken up. Only the last lease may note its outcome. */
    attempts: integer('attempts').notNull(),
    doneAtMs: integer('done_at'),
    outcome: text('outcome', { enum: ['sent', 'given_up', 'gone'] }),
    /** Why the last attempt failed: a status or the kind of an error. */
    reason: text('reason'),
  },
  (table) => [
    index('deliveries_due').on(table.nextAtMs).where(sql`done_at IS NULL`),
    // The next of each recipient, so that those of one that is down hide no other's.
    index('deliveries_recipient').on(table.recipientId, table.nextAtMs).where(sql`done_at IS NULL`),
    // What is given up when it expires.
    index('deliveries_tried').on(table.expiresAtMs).where(sql`done_at IS NULL AND attempts > 0`),
    // Finds an earlier one that is not done, for which a later one waits.
    index('deliveries_order').on(table.recipientId, table.userId, table.id).where(sql`done_at IS NULL`),
  ],
);
