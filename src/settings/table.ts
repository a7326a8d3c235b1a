// The table of all settings, from which their types, reading, spelling check and docs/settings.md come.
//
// To add a setting, add one entry to SETTINGS: its name with its unit, the kind of value, its bounds, its default and
// one line of documentation. Use its value in env.ts, and run `npm run settings`, which writes docs/settings.md.

import { GROUNDS, isReadable } from '../http/colors.ts';
import { parseOffset } from '../http/times.ts';
import { isCookieDomain } from './cookie-domain.ts';
import {
  choice,
  flag,
  list,
  requiredSecret,
  type Setting,
  secret,
  secretOf,
  text,
  wholeNumber,
} from './kinds.ts';
import { readSender } from './sender.ts';
import { readSigningKeys } from './signing-keys.ts';

/** 256 bits as hex or base64 are longer; a shorter secret can be guessed. */
const MIN_SECRET_CHARACTERS = 32;

/** Browsers keep no cookie longer. https://www.rfc-editor.org/rfc/rfc6265bis (section 5.5, "Max-Age") */
const MAX_COOKIE_DAYS = 400;

/** More sessions than anybody has devices; each login reads so many rows. */
const MAX_SESSIONS = 1_000;

/** An upper bound where no standard gives one: ten years of anything is a typing error. */
const MAX_DAYS = 3_650;

/** A wait of more than a week locks an account rather than slowing a guesser down. */
const MAX_WAIT_SECONDS = 7 * 24 * 60 * 60;

/** After a longer wait, the client has gone. */
const MAX_TIMEOUT_MS = 60_000;

/** PBKDF2 of the runtime refuses more in one call, in production only. */
const MAX_ITERATIONS = 100_000;
/** Fifty calls of the dearest kind take seconds of CPU; core/credentials/passwords.ts reads no stored hash beyond that. */
const MAX_ROUNDS = 50;

/** The longest time for which a server that never checks the session accepts a token of an ended one. */
const MAX_ACCESS_TOKEN_MINUTES = 15;
const MAX_AUDIENCE_CHARACTERS = 200;

const isOrigin = (value: string): boolean => URL.canParse(value) && new URL(value).origin === value;

/** A link without encryption gives its token to everyone on the network path. */
const LOOPBACK = /^((?:[a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])$/;
const isPublicOrigin = (value: string): boolean =>
  isOrigin(value) && (value.startsWith('https:') || LOOPBACK.test(new URL(value).hostname));

/** Passwords are sent there. Parts of the address other than the path would be lost or logged. */
const isOldServiceUrl = (value: string): boolean => {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password, hash } = new URL(value);
  const isPrivate = protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
  return isPrivate && username === '' && password === '' && hash === '';
};

/** A login that is pending for longer counts as failed: PENDING_LEASE_MS in core/throttle/counters.ts. */
const MAX_MIGRATION_TIMEOUT_MS = 4_000;

/** `whsec_` and base64, as Standard Webhooks has it, or any text that is long enough. */
const readMigrationSecret = (value: string): string | null =>
  value.length >= MIN_SECRET_CHARACTERS &&
  (!value.startsWith('whsec_') ||
    /^whsec_(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value))
    ? value
    : null;

/** Longer names do not fit a subject line. */
const MAX_SERVICE_NAME = 60;
const isServiceName = (value: string): boolean =>
  value.length <= MAX_SERVICE_NAME && value.trim() === value && !/[\p{Cc}<>"]/u.test(value);

/** Two leases of the outbox must not meet: LEASE_MS in core/outbox/lease.ts is twice as long. */
const MAX_MAIL_TIMEOUT_MS = 30_000;

/** Every mail provider's keys are longer. */
const MIN_KEY_CHARACTERS = 12;

export const SETTINGS = {
  PASSWORD_ITERATIONS: wholeNumber({
    default: 75_000,
    min: 1,
    max: MAX_ITERATIONS,
    doc: 'PBKDF2-HMAC-SHA512 iterations in each round of a password hash. A stored hash of another cost is replaced at the next login.',
  }),
  PASSWORD_ROUNDS: wholeNumber({
    // 3 × 75,000 iterations: see OWASP_ITERATIONS.
    default: 3,
    min: 1,
    max: MAX_ROUNDS,
    doc: 'Rounds of a password hash. Iterations × rounds below 220,000 is a warning.',
  }),
  SESSION_IDLE_DAYS: wholeNumber({
    default: 14,
    min: 1,
    max: MAX_COOKIE_DAYS,
    doc: 'A session ends this many days after its last use. Also the lifetime of the session cookie.',
  }),
  SESSION_ABSOLUTE_DAYS: wholeNumber({
    default: 90,
    min: 1,
    max: MAX_DAYS,
    doc: 'A session ends this many days after the login, even if it is in use.',
  }),
  MAX_SESSIONS: wholeNumber({
    default: 100,
    min: 1,
    max: MAX_SESSIONS,
    doc: 'Live sessions of one account. A login beyond this ends the least recently used session.',
  }),
  SESSION_READS: choice({
    options: ['nearest', 'primary', 'cached'],
    default: 'nearest',
    doc: 'Where authenticated reads go. `nearest`: KV and the nearest replica of D1. `primary`: the primary of D1, so that a logout takes effect everywhere at once. `cached`: only KV, for at most 60 s after D1 was asked; KV then holds the profile, and an ended session can still read for that time, but never change anything.',
  }),
  UTC_OFFSET: text({
    takes: 'an offset of the form +HH:MM',
    default: '+00:00',
    isValid: (value) => parseOffset(value) !== null,
    doc: 'The UTC offset of times in the dialect `users`.',
  }),
  HIDE_UNKNOWN_ACCOUNTS: flag({
    default: false,
    doc: '`true`: the dialect `auth` gives the same answer for an unknown email and a wrong password.',
  }),
  ALLOWED_ORIGINS: list({
    takes: 'a list of origins such as https://app.example.com',
    isValid: isOrigin,
    doc: 'Origins whose pages may use the service with its cookie. They must be on the same site, because the cookie is `SameSite=Lax`.',
  }),
  ALLOW_HTTP: flag({
    default: false,
    doc: '`true`: plain http is accepted at every host name, for a private network. Otherwise only at loopback names.',
  }),
  OPEN_TOKEN_DIALECTS: flag({
    default: false,
    doc: '`true`: pages of any origin may use `conjugator`, `account` and `auth`, with tokens and without cookies.',
  }),
  EVENT_DAYS: wholeNumber({
    default: 90,
    min: 1,
    max: MAX_DAYS,
    doc: 'Days for which the events of the audit log are kept.',
  }),
  THROTTLE_FREE_FAILURES: wholeNumber({
    default: 10,
    min: 1,
    max: 100,
    doc: 'Consecutive wrong passwords before the next attempt has to wait. NIST SP 800-63B allows at most 100.',
  }),
  THROTTLE_FIRST_WAIT_SECONDS: wholeNumber({
    default: 1,
    min: 1,
    max: MAX_WAIT_SECONDS,
    doc: 'The first wait. It doubles with each further failure.',
  }),
  THROTTLE_MAX_WAIT_SECONDS: wholeNumber({
    default: 15 * 60,
    min: 1,
    max: MAX_WAIT_SECONDS,
    doc: 'The longest wait.',
  }),
  REQUIRE_ADMIN_FACTOR: flag({
    default: false,
    doc: '`true`: admin rights need a session that was opened with a passkey or a code.',
  }),
  APP_PASSWORDS_ONLY: flag({
    default: false,
    doc: '`true`: the five existing dialects accept only app passwords.',
  }),
  TOTP_WINDOW: wholeNumber({
    default: 0,
    min: 0,
    max: 1,
    doc: 'How many time steps of 30 seconds before and after the current one are accepted too. OWASP ASVS 6.5.5 requires 0.',
  }),
  RELATED_ORIGINS: list({
    takes: 'a list of origins such as https://example.de',
    isValid: isOrigin,
    doc: 'Other origins whose pages may use the passkeys of `PUBLIC_URL`. Served at `/.well-known/webauthn`.',
  }),
  D1_TIMEOUT_MS: wholeNumber({
    default: 5_000,
    min: 1,
    max: MAX_TIMEOUT_MS,
    doc: 'If D1 does not answer within this time, the request gets a 503. A read asks the nearest copy, then the primary, so it can wait twice.',
  }),
  KV_TIMEOUT_MS: wholeNumber({
    default: 1_000,
    min: 1,
    max: MAX_TIMEOUT_MS,
    doc: 'If KV does not answer within this time, the request continues without it.',
  }),
  MAIL_FROM: text({
    takes: '`Name <address>` or an address',
    default: null,
    isValid: (value) => readSender(value) !== null,
    doc: 'The sender of mails. Without it the service sends no mail and offers no feature that needs mail.',
  }),
  MAIL_PROVIDER: choice({
    options: ['cloudflare', 'resend', 'postmark', 'ses'],
    default: 'cloudflare',
    doc: 'The mail provider. `cloudflare` is Cloudflare Email Service, through the binding `EMAIL`. The others need keys.',
  }),
  PUBLIC_URL: text({
    takes: 'an origin such as https://id.example.com',
    default: null,
    isValid: isPublicOrigin,
    doc: 'The public origin of the service. Links in mails start with it, and passkeys belong to its domain. It is never taken from a request.',
  }),
  COOKIE_DOMAIN: text({
    takes: 'a domain of your own with at least two labels, such as example.com',
    default: null,
    isValid: isCookieDomain,
    doc: 'The host of `PUBLIC_URL` or a parent domain of it. Browsers then send the session cookie to every host below it, and each of these hosts can act as its visitors. For [forward authentication](forward-auth.md).',
  }),
  SERVICE_NAME: text({
    takes: `a name of at most ${MAX_SERVICE_NAME} characters`,
    default: 'Latchkey',
    isValid: isServiceName,
    doc: 'The name of the service in mails and on pages.',
  }),
  ACCENT_COLOR: text({
    takes: 'a colour of the form #1c6b58, dark enough to be read on white',
    default: null,
    isValid: (value) => isReadable(value, GROUNDS.light),
    doc: 'The color of links and buttons on the pages. It needs a contrast of 4.5 on their light background. The dark mode uses a lighter shade of it.',
  }),
  MAIL_ENDPOINT: text({
    takes: 'an origin such as https://api.eu.example.com',
    default: null,
    isValid: isOrigin,
    doc: "Another address of the provider's API, such as that of a region or a proxy. Not for `cloudflare`.",
  }),
  MAIL_TIMEOUT_MS: wholeNumber({
    default: 10_000,
    min: 1,
    max: MAX_MAIL_TIMEOUT_MS,
    doc: 'If the provider does not answer within this time, the mail is sent again later. No request waits for it.',
  }),
  SES_REGION: text({
    takes: 'a region such as eu-central-1',
    default: null,
    isValid: (value) => /^[a-z]{2}(-[a-z]+)+-\d$/.test(value),
    doc: 'The region of Amazon SES.',
  }),
  EMAIL_SIGN_IN: flag({
    default: false,
    doc: '`true`: a code that is mailed to a verified address signs in, in the browser that requested it. An account with a second factor still needs that factor.',
  }),
  NOTIFY_NEW_DEVICE: flag({
    default: true,
    doc: '`false`: owners get no mail about a login on a new device. All other notices are always sent.',
  }),
  REQUIRE_VERIFIED_EMAIL: flag({
    default: false,
    doc: '`true`: logins are refused until the email address is verified. The session of the registration works.',
  }),
  ACCESS_TOKEN_MINUTES: wholeNumber({
    default: 5,
    min: 1,
    max: MAX_ACCESS_TOKEN_MINUTES,
    doc: 'The lifetime of an access token of `POST /id/token`. Servers that only check its signature accept it until then, even if its session has ended.',
  }),
  ACCESS_TOKEN_AUDIENCES: list({
    takes: 'a list of names such as https://api.example.com',
    isValid: (value) => value.length <= MAX_AUDIENCE_CHARACTERS && /^[\x21-\x7e]+$/.test(value),
    doc: 'The possible audiences (`aud`) of access tokens. The first one is the default. Without any, the audience is `PUBLIC_URL`.',
  }),
  CLIENT_METADATA_DOCUMENTS: flag({
    default: false,
    doc: '`true`: apps that nobody has registered, such as MCP clients, may ask people to sign in. Their `client_id` is the https address of a document about them, which the service fetches.',
  }),
  LAZY_MIGRATION_URL: text({
    takes: 'an https address such as https://old.example.com, or http at a loopback name',
    default: null,
    isValid: isOldServiceUrl,
    doc: 'The old service. It is asked about a login if the name is unknown here: see [without a file](migrating/without-a-file.md).',
  }),
  LAZY_MIGRATION_DIALECT: choice({
    options: ['signed', 'users', 'user-v1', 'conjugator', 'account', 'auth'],
    default: 'signed',
    doc: 'How the old service is asked: `signed` sends a signed request; the others use the login of that dialect.',
  }),
  LAZY_MIGRATION_TIMEOUT_MS: wholeNumber({
    default: 3_000,
    min: 1,
    max: MAX_MIGRATION_TIMEOUT_MS,
    doc: 'If the old service does not answer within this time, the login is refused like one with a wrong password.',
  }),
  LAZY_MIGRATION_PER_MINUTE: wholeNumber({
    default: 300,
    min: 1,
    max: 100_000,
    doc: 'How many logins a minute one isolate sends to the old service. More are refused like wrong passwords.',
  }),
  SIGNING_KEYS: secretOf({
    takes: 'a JSON list of private ES256 keys with names of their own (`npm run keys`)',
    parse: readSigningKeys,
    doc: 'The keys of access tokens and OpenID Connect, as JSON Web Keys. The first one signs. Needs `PUBLIC_URL`. `npm start` generates keys for your machine.',
  }),
  TOKEN_SECRET: requiredSecret({
    minCharacters: MIN_SECRET_CHARACTERS,
    doc: 'The key of all tokens and proofs.',
  }),
  TOKEN_SECRET_PREVIOUS: secret({
    minCharacters: MIN_SECRET_CHARACTERS,
    doc: 'The previous secret, during a rotation.',
  }),
  RESEND_API_KEY: secret({
    minCharacters: MIN_KEY_CHARACTERS,
    doc: 'The key of `MAIL_PROVIDER = "resend"`.',
  }),
  POSTMARK_SERVER_TOKEN: secret({
    minCharacters: MIN_KEY_CHARACTERS,
    doc: 'The server token of `MAIL_PROVIDER = "postmark"`.',
  }),
  SES_ACCESS_KEY_ID: secret({
    minCharacters: MIN_KEY_CHARACTERS,
    doc: 'The key of `MAIL_PROVIDER = "ses"`.',
  }),
  SES_SECRET_ACCESS_KEY: secret({
    minCharacters: MIN_KEY_CHARACTERS,
    doc: 'The secret of that key. The key should be allowed to send mail and nothing else.',
  }),
  LAZY_MIGRATION_SECRET: secretOf({
    takes: `a text of at least ${MIN_SECRET_CHARACTERS} characters, or whsec_ and base64`,
    parse: readMigrationSecret,
    doc: 'The key of the signature of `LAZY_MIGRATION_DIALECT = "signed"`.',
  }),
  IMPORT_PEPPER: secret({
    minCharacters: 1,
    doc: 'The pepper that is appended to each password in hashes that were imported with `--pepper-env`, as Devise does.',
  }),
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

export type SettingName = keyof typeof SETTINGS;

/** The value of each setting, as its kind reads it. */
export type Values = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never;
};

/** The settings as a Worker finds them: a secret is a text, a variable whatever TOML can hold. */
export type RawSettings = {
  [Name in SettingName]?: (typeof SETTINGS)[Name] extends { isSecret: true }
    ? string
    : string | number | boolean | readonly string[];
};
