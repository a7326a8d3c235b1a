// Services whose exports can be imported, detected by their columns: where their records have which value, and which
// users have no password. docs/migrating/from-services.md has the export command of each service.
import { encodeBase32 } from '../../src/core/factors/base32.ts';
import { isRow, type Row } from '../wrangler.ts';
import { flattenBetterAuth } from './better-auth.ts';

export interface Service {
  /** The name for `--format`. */
  name: string;
  /** The name in a report. */
  title: string;
  /** Whether records with these columns are users of this service. */
  matches(has: (...columns: string[]) => boolean): boolean;
  /** The record with the column names of other imports; null if it is not a person. */
  toUser(record: Row): Row | null;
}

/** A hash that no password matches, for people who only signed in through another service. */
const UNUSABLE = '!';

const without = (record: Row, ...names: string[]): Row =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));

const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === '';

/** JSON in a text column. */
const asRow = (value: unknown): Row => {
  if (isRow(value)) return value;
  if (typeof value !== 'string') return {};
  try {
    const parsed: unknown = JSON.parse(value);
    return isRow(parsed) ? parsed : {};
  } catch {
    return {};
  }
};

const asRows = (value: unknown): Row[] => (Array.isArray(value) ? value.filter(isRow) : []);

/** https://firebase.google.com/docs/cli/auth#file_format */
const firebase: Service = {
  name: 'firebase',
  title: "Firebase's auth:export",
  matches: (has) => has('localId'),
  toUser: (record) =>
    isEmpty(record['passwordHash'])
      ? { ...without(record, 'passwordHash', 'salt'), password: UNUSABLE }
      : { ...record },
};

/** The columns of `auth:export users.csv`, which has no header. */
export const FIREBASE_CSV_COLUMNS = [
  'localId',
  'email',
  'emailVerified',
  'passwordHash',
  'salt',
  'displayName',
  'photoUrl',
  ...['google', 'facebook', 'twitter', 'github'].flatMap((provider) =>
    ['Id', 'Email', 'DisplayName', 'PhotoUrl'].map((what) => `${provider}${what}`),
  ),
  'createdAt',
  'lastSignedInAt',
  'phoneNumber',
  'disabled',
  'customAttributes',
] as const;

/** https://auth0.com/docs/manage-users/user-migration/bulk-user-exports */
const auth0: Service = {
  name: 'auth0',
  title: "Auth0's users",
  matches: (has) =>
    has('user_id', 'identities') ||
    has('_id', 'email', 'tenant', 'connection') ||
    has('custom_password_hash'),
  toUser(record) {
    // The fields of an import: https://auth0.com/docs/manage-users/user-migration/bulk-user-imports
    const imported = asRow(asRow(record['custom_password_hash'])['hash'])['value'];
    const hash = record['passwordHash'] ?? record['password_hash'] ?? imported;
    return {
      ...without(record, 'custom_password_hash', 'passwordHash', 'password_hash'),
      ...(isEmpty(hash) ? {} : { password: hash }),
    };
  },
};

/** The TOTP generator of a user. Keycloak stores its secret as text, or in newer releases in base32. */
const keycloakTotp = (record: Row): string | null => {
  const otp = asRows(record['credentials']).find(({ type }) => type === 'otp' || type === 'totp');
  const { value } = asRow(otp?.['secretData']);
  const { subType, digits, period, algorithm, secretEncoding } = asRow(otp?.['credentialData']);
  if (typeof value !== 'string' || subType === 'hotp') return null;
  const secret = secretEncoding === 'BASE32' ? value : encodeBase32(new TextEncoder().encode(value));
  const parameters = new URLSearchParams({
    secret,
    algorithm: String(algorithm ?? 'HmacSHA1').replace(/^Hmac/, ''),
    digits: String(digits ?? 6),
    period: String(period ?? 30),
  });
  return `otpauth://totp/keycloak?${parameters}`;
};

/** Service accounts and users of another identity provider have no credentials. */
const keycloak: Service = {
  name: 'keycloak',
  title: "Keycloak's users",
  matches: (has) => has('username', 'credentials') || has('username', 'createdTimestamp', 'enabled'),
  toUser(record) {
    if (!isEmpty(record['serviceAccountClientId'])) return null;
    const hasPassword = asRows(record['credentials']).some(({ type }) => type === 'password');
    const totp = keycloakTotp(record);
    const user = totp === null ? record : { ...record, totp };
    return hasPassword ? { ...user } : { ...without(user, 'credentials'), password: UNUSABLE };
  },
};

/** https://supabase.com/docs/guides/auth/managing-user-data */
const supabase: Service = {
  name: 'supabase',
  title: "Supabase's auth.users",
  matches: (has) => has('encrypted_password', 'raw_user_meta_data'),
  toUser(record) {
    const about = asRow(record['raw_user_meta_data']);
    const { encrypted_password, banned_until, confirmed_at, email_confirmed_at, ...rest } = record;
    return {
      ...without(rest, 'raw_user_meta_data', 'confirmation_token', 'recovery_token', 'instance_id', 'aud'),
      name: about['full_name'] ?? about['name'] ?? '',
      banned_until,
      email_verified_at: email_confirmed_at ?? confirmed_at ?? null,
      password: isEmpty(encrypted_password) ? UNUSABLE : encrypted_password,
    };
  },
};

/** https://clerk.com/docs/deployments/exporting-users */
const clerk: Service = {
  name: 'clerk',
  title: "Clerk's users",
  matches: (has) => has('primary_email_address', 'password_digest'),
  toUser(record) {
    const { password_digest, primary_email_address, verified_email_addresses } = record;
    const verified = String(verified_email_addresses ?? '')
      .toLowerCase()
      .split(/[\s,;|]+/);
    return {
      ...without(record, 'password_digest', 'primary_email_address', 'verified_email_addresses'),
      email: primary_email_address,
      email_verified: verified.includes(String(primary_email_address).toLowerCase()),
      password: isEmpty(password_digest) ? UNUSABLE : password_digest,
    };
  },
};

/** https://www.ory.com/docs/kratos/manage-identities/overview */
const kratos: Service = {
  name: 'kratos',
  title: "Ory Kratos' identities",
  matches: (has) => has('traits', 'schema_id'),
  toUser(record) {
    const traits = asRow(record['traits']);
    const { email, username, name, ...otherTraits } = traits;
    const names = asRow(name);
    const config = asRow(asRow(asRow(record['credentials'])['password'])['config']);
    const addresses = asRows(record['verifiable_addresses']);
    return {
      ...without(record, 'traits', 'credentials', 'verifiable_addresses', 'state'),
      ...otherTraits,
      email: email ?? null,
      username: username ?? null,
      ...(typeof name === 'string' ? { name } : { first_name: names['first'], last_name: names['last'] }),
      status: record['state'],
      email_verified: addresses.some(({ value, verified }) => value === email && verified === true),
      password: isEmpty(config['hashed_password']) ? UNUSABLE : config['hashed_password'],
    };
  },
};

/** Attributes in the form of `list-users`: a list of names and values. */
const cognitoAttributes = (record: Row): Row =>
  Object.fromEntries(asRows(record['Attributes']).map(({ Name, Value }) => [String(Name), Value]));

/** Cognito does not export hashes, so everybody must set a new password. https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html */
const cognito: Service = {
  name: 'cognito',
  title: "Cognito's users",
  matches: (has) => has('cognito:username') || has('Username', 'Attributes'),
  toUser(record) {
    const user = Object.hasOwn(record, 'Username')
      ? {
          ...cognitoAttributes(record),
          username: record['Username'],
          created_at: record['UserCreateDate'],
          updated_at: record['UserLastModifiedDate'],
          enabled: record['Enabled'],
          status: record['UserStatus'],
        }
      : { ...record, username: record['cognito:username'] };
    const { sub, username, status } = { sub: null, status: null, ...user };
    return {
      ...without(user, 'cognito:username', 'sub'),
      id: sub,
      // If people sign in with their email, the username is an id of Cognito.
      username: username === sub ? null : username,
      // Users who have not confirmed their email can do so in Latchkey.
      status: status === 'UNCONFIRMED' ? '' : status,
      password: UNUSABLE,
    };
  },
};

/** https://developer.wordpress.org/cli/commands/user/list/ */
const wordpress: Service = {
  name: 'wordpress',
  title: "WordPress' users",
  matches: (has) => has('user_login', 'user_pass') || has('user_login', 'user_email', 'roles'),
  toUser(record) {
    const roles = String(record['roles'] ?? '').split(',');
    return {
      // `user_status` has had no meaning since WordPress 2.
      ...without(record, 'user_status', 'user_activation_key', 'roles'),
      ...(Object.hasOwn(record, 'roles')
        ? { is_admin: roles.some((role) => role.trim() === 'administrator') }
        : {}),
    };
  },
};

/** https://pocketbase.io/docs/authentication/ */
const pocketbase: Service = {
  name: 'pocketbase',
  title: "PocketBase's users",
  matches: (has) => has('tokenKey', 'verified') && (has('password') || has('passwordHash')),
  toUser: (record) => without(record, 'tokenKey'),
};

/** https://appwrite.io/docs/references/cloud/server-rest/users */
const appwrite: Service = {
  name: 'appwrite',
  title: "Appwrite's users",
  matches: (has) => has('$id', 'registration') || has('$id', 'emailVerification'),
  toUser(record) {
    const { $id, registration, accessedAt, password } = record;
    return {
      ...without(
        record,
        '$id',
        '$createdAt',
        '$updatedAt',
        'registration',
        'accessedAt',
        'hash',
        'hashOptions',
      ),
      id: $id,
      created_at: registration ?? record['$createdAt'],
      updated_at: record['$updatedAt'],
      last_login_at: accessedAt,
      password: isEmpty(password) ? UNUSABLE : password,
    };
  },
};

const betterAuth: Service = {
  name: 'better-auth',
  title: "better-auth's users",
  matches: (has) => has('email', 'emailVerified', 'accounts') || has('email', 'emailVerified', 'account'),
  toUser: flattenBetterAuth,
};

/** Auth.js stores no passwords. https://authjs.dev/getting-started/adapters/prisma */
const authJs: Service = {
  name: 'authjs',
  title: "Auth.js' users",
  matches: (has) =>
    has('email', 'emailVerified', 'image') &&
    !['password', 'passwordHash', 'hashedPassword', 'password_hash', 'encrypted_password'].some((name) =>
      has(name),
    ),
  toUser: (record) => ({ ...record, password: UNUSABLE }),
};

/** https://docs.meteor.com/api/accounts.html */
const meteor: Service = {
  name: 'meteor',
  title: "Meteor's users",
  matches: (has) => has('services', 'emails') || has('services', 'createdAt'),
  toUser(record) {
    const [first] = asRows(record['emails']);
    const password = asRow(asRow(record['services'])['password']);
    return {
      ...without(record, 'emails', 'profile', ...(Object.keys(password).length > 0 ? [] : ['services'])),
      email: first?.['address'] ?? null,
      email_verified: first?.['verified'] ?? false,
      name: asRow(record['profile'])['name'] ?? '',
      ...(Object.keys(password).length > 0 ? {} : { password: UNUSABLE }),
    };
  },
};

export const SERVICES: readonly Service[] = [
  firebase,
  auth0,
  keycloak,
  supabase,
  clerk,
  kratos,
  cognito,
  wordpress,
  pocketbase,
  appwrite,
  betterAuth,
  meteor,
  authJs,
];

/** The service whose users have these columns; null if none is known. */
export const findService = (columns: readonly string[]): Service | null => {
  const names = new Set(columns);
  return (
    SERVICES.find(({ matches }) => matches((...wanted) => wanted.every((name) => names.has(name)))) ?? null
  );
};

export const serviceByName = (name: string | null): Service | null =>
  SERVICES.find((service) => service.name === name) ?? null;
