// The export formats: Latchkey's own and those of other services. docs/migrating/leaving.md describes their use.
import { createHash } from 'node:crypto';
import { isPlaceholderEmail } from '../../src/core/formats.ts';
import { toLine } from '../export-lines.ts';
import { toPlainLines } from '../terminal.ts';
import type { Row } from '../wrangler.ts';
import { isBcrypt, isUnusable, toDjango, toSupabase } from './hashes.ts';

/** An account to export. Times are ISO 8601, null for never. */
interface Account {
  id: number;
  username: string | null;
  /** Empty if it has none. */
  email: string;
  passwordHash: string;
  name: string;
  firstName: string;
  lastName: string;
  isAdmin: boolean;
  isDisabled: boolean;
  createdAt: string;
  updatedAt: string;
  lastLoginAt: string | null;
  emailVerifiedAt: string | null;
}

/** The exported text of an account, null if it is left out; and whether it is exported without its password. */
interface Written {
  text: string | null;
  losesPassword: boolean;
}

export interface ExportFormat {
  extension: string;
  /** The texts before, between and after the accounts. */
  begin: string;
  between: string;
  end: string;
  write(row: Row): Written;
  /** Why an account is left out. */
  leftOut?: string;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const time = (value: unknown): string | null =>
  typeof value === 'number' && value > 0 ? new Date(value).toISOString() : null;

const toAccount = (row: Row): Account => {
  const email = text(row['email']);
  return {
    id: Number(row['id']),
    username: typeof row['username'] === 'string' ? row['username'] : null,
    email: isPlaceholderEmail(email) ? '' : email,
    passwordHash: text(row['password_hash']),
    name: text(row['name']),
    firstName: text(row['first_name']),
    lastName: text(row['last_name']),
    isAdmin: row['is_admin'] === 1,
    isDisabled: row['disabled_at'] !== null,
    createdAt: new Date(Number(row['created_at'])).toISOString(),
    updatedAt: new Date(Number(row['updated_at'])).toISOString(),
    lastLoginAt: time(row['last_login_at']),
    emailVerifiedAt: time(row['email_verified_at']),
  };
};

const fullName = ({ name, firstName, lastName, username }: Account): string =>
  name || `${firstName} ${lastName}`.trim() || (username ?? '');

const jsonl: ExportFormat = {
  extension: 'jsonl',
  begin: '',
  between: '',
  end: '',
  write: (row) => ({ text: toLine(row), losesPassword: false }),
};

const CSV_COLUMNS = [
  'id',
  'username',
  'email',
  'password_hash',
  'name',
  'first_name',
  'last_name',
  'address',
  'site_url',
  'description',
  'picture_id',
  'is_admin',
  'disabled_at',
  'created_at',
  'updated_at',
  'last_login_at',
  'email_verified_at',
];

/** https://www.rfc-editor.org/rfc/rfc4180 */
const csvCell = (value: unknown): string => {
  const cell = value === null || value === undefined ? '' : String(value);
  // Also quoted if readers would change it: MySQL's NULL, and spaces that some trim.
  return /[",\r\n]|^\s|\s$|^NULL$|^\\N$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
};

const csv: ExportFormat = {
  extension: 'csv',
  begin: `${CSV_COLUMNS.join(',')}\r\n`,
  between: '',
  end: '',
  write(row) {
    const fields: Row = JSON.parse(toLine(row));
    return {
      text: `${CSV_COLUMNS.map((column) => csvCell(fields[column])).join(',')}\r\n`,
      losesPassword: false,
    };
  },
};

/** For `loaddata`. https://docs.djangoproject.com/en/5.2/ref/django-admin/#loaddata */
const DJANGO_NAME = 150;
const cut = (value: string): string => [...value].slice(0, DJANGO_NAME).join('');

const django: ExportFormat = {
  extension: 'json',
  begin: '[\n',
  between: ',\n',
  end: '\n]\n',
  write(row) {
    const account = toAccount(row);
    const { id, username, email, name, isAdmin, isDisabled, lastLoginAt, createdAt } = account;
    const password = toDjango(account.passwordHash);
    const [first = '', ...others] = name.split(' ');
    const isSplit = account.firstName !== '' || account.lastName !== '';
    const fields = {
      password: password ?? '!',
      last_login: lastLoginAt,
      is_superuser: isAdmin,
      // Django's default user model requires a unique username.
      username: username ?? cut(email),
      first_name: cut(isSplit ? account.firstName : first),
      last_name: cut(isSplit ? account.lastName : others.join(' ')),
      email,
      is_staff: isAdmin,
      is_active: !isDisabled,
      date_joined: createdAt,
      groups: [],
      user_permissions: [],
    };
    return {
      text: toPlainLines(JSON.stringify({ model: 'auth.user', pk: id, fields })),
      losesPassword: password === null,
    };
  },
};

/** A text as an SQL literal that SQLite and PostgreSQL read the same way: neither has escapes in it. */
const sql = (value: string | null): string =>
  value === null ? 'NULL' : `'${value.replaceAll('\0', '').replaceAll("'", "''")}'`;
const flag = (value: boolean): string => (value ? 'TRUE' : 'FALSE');

/** https://better-auth.com/docs/concepts/database#core-schema */
const betterAuth: ExportFormat = {
  extension: 'sql',
  begin: 'BEGIN;\n',
  between: '',
  end: 'COMMIT;\n',
  leftOut: 'they have no email, which better-auth requires',
  write(row) {
    const account = toAccount(row);
    if (account.email === '') return { text: null, losesPassword: false };
    const [id, created, updated] = [String(account.id), account.createdAt, account.updatedAt].map(sql);
    const verified = flag(account.emailVerifiedAt !== null);
    const user = `INSERT INTO "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt") VALUES (${id}, ${sql(fullName(account))}, ${sql(account.email.toLowerCase())}, ${verified}, ${created}, ${updated});\n`;
    if (isUnusable(account.passwordHash)) return { text: user, losesPassword: false };
    const password = `INSERT INTO "account" ("id", "accountId", "providerId", "userId", "password", "createdAt", "updatedAt") VALUES (${id}, ${id}, 'credential', ${id}, ${sql(account.passwordHash)}, ${created}, ${updated});\n`;
    return { text: user + password, losesPassword: false };
  },
};

/** The UUID of an account. It is the same in every export. */
const uuidOf = (id: number): string => {
  const hex = createHash('sha256').update(`latchkey account ${id}`).digest('hex');
  // Version 8: custom UUIDs. https://www.rfc-editor.org/rfc/rfc9562#section-5.8
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

/** https://supabase.com/docs/guides/auth/managing-user-data */
const supabase: ExportFormat = {
  extension: 'sql',
  begin: 'BEGIN;\n',
  between: '',
  end: 'COMMIT;\n',
  leftOut: 'they have no email to log in by',
  write(row) {
    const account = toAccount(row);
    if (account.email === '') return { text: null, losesPassword: false };
    const email = account.email.toLowerCase();
    const hash = toSupabase(account.passwordHash);
    const [id, created, updated, login] = [
      uuidOf(account.id),
      account.createdAt,
      account.updatedAt,
      account.lastLoginAt,
    ].map(sql);
    const about = sql(JSON.stringify({ name: fullName(account), latchkey_id: account.id }));
    const proof = sql(
      JSON.stringify({ sub: uuidOf(account.id), email, email_verified: account.emailVerifiedAt !== null }),
    );
    const banned = account.isDisabled ? "'infinity'" : 'NULL';
    return {
      text: `INSERT INTO auth.users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, banned_until, raw_app_meta_data, raw_user_meta_data, created_at, updated_at, last_sign_in_at, confirmation_token, recovery_token, email_change, email_change_token_new) VALUES ('00000000-0000-0000-0000-000000000000', ${id}, 'authenticated', 'authenticated', ${sql(email)}, ${sql(hash ?? '')}, ${sql(account.emailVerifiedAt)}, ${banned}, '{"provider":"email","providers":["email"]}', ${about}, ${created}, ${updated}, ${login}, '', '', '', '');
INSERT INTO auth.identities (id, provider_id, user_id, identity_data, provider, created_at, updated_at, last_sign_in_at) VALUES (${id}, ${id}, ${id}, ${proof}, 'email', ${created}, ${updated}, ${login});
`,
      losesPassword: hash === null && !isUnusable(account.passwordHash),
    };
  },
};

/** For `firebase auth:import users.json --hash-algo=BCRYPT`. All hashes of a file have one algorithm. https://firebase.google.com/docs/cli/auth */
const firebase: ExportFormat = {
  extension: 'json',
  begin: '{"users":[\n',
  between: ',\n',
  end: '\n]}\n',
  leftOut: 'they have no email to log in by',
  write(row) {
    const account = toAccount(row);
    if (account.email === '') return { text: null, losesPassword: false };
    const hasHash = isBcrypt(account.passwordHash);
    const ms = (at: string) => String(Date.parse(at));
    const user = {
      localId: String(account.id),
      email: account.email,
      emailVerified: account.emailVerifiedAt !== null,
      ...(hasHash ? { passwordHash: Buffer.from(account.passwordHash).toString('base64') } : {}),
      displayName: fullName(account),
      createdAt: ms(account.createdAt),
      ...(account.lastLoginAt === null ? {} : { lastSignedInAt: ms(account.lastLoginAt) }),
      disabled: account.isDisabled,
    };
    return {
      text: toPlainLines(JSON.stringify(user)),
      losesPassword: !hasHash && !isUnusable(account.passwordHash),
    };
  },
};

export const EXPORT_FORMATS = { jsonl, csv, django, 'better-auth': betterAuth, supabase, firebase } as const;
export type ExportFormatName = keyof typeof EXPORT_FORMATS;

export const isExportFormat = (name: string): name is ExportFormatName => Object.hasOwn(EXPORT_FORMATS, name);
