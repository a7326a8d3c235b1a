// The Worker's bindings, and its settings for the core and the HTTP layer; read and checked once.
import {
  type AccessTokenSettings,
  createKeyring,
  type Keyring,
  type MailSettings,
  type Policy,
  type ProviderSettings,
} from './core/index.ts';
import type { HttpSettings } from './http/context.ts';
import { isLoopback } from './http/origins.ts';
import type { MigrationSettings } from './migration/index.ts';
import {
  listContradictions,
  listWarnings,
  MISSING_MAIL_BINDING,
  Misconfigured,
  needsMailBinding,
  type RawSettings,
  readSender,
  readValues,
  type Values,
} from './settings/index.ts';

export { Misconfigured };

/** The bindings of wrangler.toml. */
interface Bindings {
  DB: D1Database;
  SESSIONS: KVNamespace;
  /** The files of src/assets. */
  ASSETS: Fetcher;
  /** The flood guards. Without a binding there is no guard, and a warning. */
  LOGIN_LIMIT?: RateLimit;
  REGISTRATION_LIMIT?: RateLimit;
  WRITE_LIMIT?: RateLimit;
  /** Cloudflare Email Service, for MAIL_PROVIDER = "cloudflare". */
  EMAIL?: SendEmail;
}

/** The bindings and the settings, unchecked. */
export type Env = Bindings & RawSettings;

export interface Settings {
  keyring: Keyring;
  importPepper: string | null;
  /** Null if no service is asked about names that are unknown here. */
  migration: MigrationSettings | null;
  policy: Policy;
  /** Null if this deployment sends no mail. */
  mail: MailSettings | null;
  /** Null if this deployment signs no tokens for other servers. */
  accessTokens: AccessTokenSettings | null;
  /** Whether webhooks and apps may be on this machine: it is where the service itself is, in development. */
  allowsLoopback: boolean;
  httpSettings: HttpSettings;
  /** Settings that work but should not be deployed, for the log. */
  warnings: readonly string[];
}

const REQUIRED_BINDINGS = ['DB', 'SESSIONS', 'ASSETS'] as const;
const FLOOD_GUARDS = ['LOGIN_LIMIT', 'REGISTRATION_LIMIT'] as const;

const SECONDS_PER_DAY = 24 * 60 * 60;

/**
 * Reads the settings.
 * @throws Misconfigured with everything that is missing, misspelt or not understood
 */
export const readSettings = (env: Env): Settings => {
  // Easily forgotten: a named environment of wrangler.toml inherits no bindings.
  const unbound = REQUIRED_BINDINGS.filter((name) => !env[name]).map(
    (name) => `${name} is not bound. Bind it in wrangler.toml, in each environment.`,
  );
  const read = readValues({ ...env });
  if (!('values' in read) || unbound.length > 0)
    throw new Misconfigured([...unbound, ...('problems' in read ? read.problems : [])].join(' '));
  const { values } = read;
  const contradictions = [...listContradictions(values), ...listMissingMailBinding(env, values)];
  if (contradictions.length > 0) throw new Misconfigured(contradictions.join(' '));
  const sessionIdleSeconds = values.SESSION_IDLE_DAYS * SECONDS_PER_DAY;
  const { TOKEN_SECRET: current, TOKEN_SECRET_PREVIOUS: previous } = values;
  return {
    importPepper: values.IMPORT_PEPPER,
    migration: readMigrationSettings(values),
    keyring: createKeyring(previous === null ? [current] : [current, previous]),
    policy: {
      hashCost: { iterations: values.PASSWORD_ITERATIONS, rounds: values.PASSWORD_ROUNDS },
      sessionIdleSeconds,
      sessionAbsoluteSeconds: values.SESSION_ABSOLUTE_DAYS * SECONDS_PER_DAY,
      maxSessions: values.MAX_SESSIONS,
      databaseTimeoutMs: values.D1_TIMEOUT_MS,
      kvTimeoutMs: values.KV_TIMEOUT_MS,
      throttle: {
        freeFailures: values.THROTTLE_FREE_FAILURES,
        firstWaitSeconds: values.THROTTLE_FIRST_WAIT_SECONDS,
        maxWaitSeconds: values.THROTTLE_MAX_WAIT_SECONDS,
      },
      eventDays: values.EVENT_DAYS,
      sessionReads: values.SESSION_READS,
      totpWindow: values.TOTP_WINDOW,
      appPasswordsOnly: values.APP_PASSWORDS_ONLY,
      requiresVerifiedEmail: values.REQUIRE_VERIFIED_EMAIL,
      emailSignIn: values.EMAIL_SIGN_IN,
      notifiesNewDevice: values.NOTIFY_NEW_DEVICE,
    },
    mail: readMailSettings(env, values),
    accessTokens: readAccessTokenSettings(values),
    allowsLoopback: values.PUBLIC_URL !== null && isLoopback(values.PUBLIC_URL),
    httpSettings: {
      utcOffset: values.UTC_OFFSET,
      hideUnknownAccounts: values.HIDE_UNKNOWN_ACCOUNTS,
      cookieSeconds: sessionIdleSeconds,
      cookieDomain: values.COOKIE_DOMAIN,
      allowedOrigins: new Set(values.ALLOWED_ORIGINS),
      openTokenDialects: values.OPEN_TOKEN_DIALECTS,
      allowHttp: values.ALLOW_HTTP,
      requireAdminFactor: values.REQUIRE_ADMIN_FACTOR,
      relatedOrigins: values.RELATED_ORIGINS,
      publicUrl: values.PUBLIC_URL,
      serviceName: values.SERVICE_NAME,
      hasApps: readAccessTokenSettings(values) !== null,
      accentColor: values.ACCENT_COLOR,
    },
    warnings: [
      ...listWarnings(values),
      ...FLOOD_GUARDS.filter((name) => !env[name]).map(
        (name) => `${name} is not bound: nothing bounds the hashes that one address can ask for.`,
      ),
    ],
  };
};

const listMissingMailBinding = ({ EMAIL }: Env, values: Values): string[] =>
  needsMailBinding(values) && !EMAIL ? [MISSING_MAIL_BINDING] : [];

const SECONDS_PER_MINUTE = 60;

const readAccessTokenSettings = (values: Values): AccessTokenSettings | null => {
  const { SIGNING_KEYS: keys, PUBLIC_URL: issuer, ACCESS_TOKEN_AUDIENCES: audiences } = values;
  if (!keys || issuer === null) return null;
  const [first = issuer, ...others] = audiences;
  return {
    issuer,
    keys,
    lifeSeconds: values.ACCESS_TOKEN_MINUTES * SECONDS_PER_MINUTE,
    audiences: [first, ...others],
    takesMetadataDocuments: values.CLIENT_METADATA_DOCUMENTS,
  };
};

const readMigrationSettings = (values: Values): MigrationSettings | null => {
  const { LAZY_MIGRATION_URL: url, LAZY_MIGRATION_DIALECT: dialect } = values;
  if (url === null) return null;
  return {
    url,
    dialect: dialect === 'signed' ? null : dialect,
    secret: values.LAZY_MIGRATION_SECRET,
    timeoutMs: values.LAZY_MIGRATION_TIMEOUT_MS,
    perMinute: values.LAZY_MIGRATION_PER_MINUTE,
  };
};

const readMailSettings = (env: Env, values: Values): MailSettings | null => {
  const from = values.MAIL_FROM === null ? null : readSender(values.MAIL_FROM);
  const provider = readProvider(env, values);
  if (!from || !provider || values.PUBLIC_URL === null) return null;
  return {
    from,
    provider,
    publicUrl: values.PUBLIC_URL,
    serviceName: values.SERVICE_NAME,
    timeoutMs: values.MAIL_TIMEOUT_MS,
  };
};

/** Null if something is missing. `listContradictions` reports it. */
const readProvider = ({ EMAIL }: Env, values: Values): ProviderSettings | null => {
  const { MAIL_PROVIDER: provider, MAIL_ENDPOINT: endpoint } = values;
  const { RESEND_API_KEY, POSTMARK_SERVER_TOKEN, SES_REGION, SES_ACCESS_KEY_ID, SES_SECRET_ACCESS_KEY } =
    values;
  switch (provider) {
    case 'cloudflare':
      return EMAIL ? { provider, binding: EMAIL } : null;
    case 'resend':
      return RESEND_API_KEY === null ? null : { provider, apiKey: RESEND_API_KEY, endpoint };
    case 'postmark':
      return POSTMARK_SERVER_TOKEN === null
        ? null
        : { provider, serverToken: POSTMARK_SERVER_TOKEN, endpoint };
    case 'ses':
      return SES_REGION === null || SES_ACCESS_KEY_ID === null || SES_SECRET_ACCESS_KEY === null
        ? null
        : {
            provider,
            region: SES_REGION,
            accessKeyId: SES_ACCESS_KEY_ID,
            secretAccessKey: SES_SECRET_ACCESS_KEY,
            endpoint,
          };
  }
};
