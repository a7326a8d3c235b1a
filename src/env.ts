// What is bound to the Worker, and the settings that a deployment can make, read and checked once.
import { createKeyring, isRunnableCost, type Keyring, type Policy } from './core/index.ts';
import type { HttpSettings } from './http/context.ts';
import { parseOffset } from './http/times.ts';

/** The bindings of wrangler.toml. Settings are texts, all optional; the README has the table. */
export interface Env {
  DB: D1Database;
  SESSIONS: KVNamespace;
  /** The files of src/assets. */
  ASSETS: Fetcher;
  /** The flood guards; where one is not bound there is none. */
  LOGIN_LIMIT?: RateLimit;
  REGISTRATION_LIMIT?: RateLimit;
  /** A secret, never in wrangler.toml: `npx wrangler secret put TOKEN_SECRET`. */
  TOKEN_SECRET?: string;
  /** The secret before it, while a rotation lasts. */
  TOKEN_SECRET_PREVIOUS?: string;
  PASSWORD_ITERATIONS?: string;
  PASSWORD_ROUNDS?: string;
  SESSION_IDLE_DAYS?: string;
  SESSION_ABSOLUTE_DAYS?: string;
  UTC_OFFSET?: string;
  HIDE_UNKNOWN_ACCOUNTS?: string;
  ALLOWED_ORIGINS?: string;
  OPEN_TOKEN_DIALECTS?: string;
  SESSION_READS?: string;
  EVENT_DAYS?: string;
  THROTTLE_FREE_FAILURES?: string;
  THROTTLE_FIRST_WAIT_SECONDS?: string;
  THROTTLE_MAX_WAIT_SECONDS?: string;
  D1_TIMEOUT_MS?: string;
  KV_TIMEOUT_MS?: string;
}

export interface Settings {
  keyring: Keyring;
  policy: Policy;
  httpSettings: HttpSettings;
}

/** A deployment that is not set up: the message names what to set, for the log. */
export class Misconfigured extends Error {
  override name = 'Misconfigured';
}

/** 256 bits as hex or base64 are longer; what is shorter can be guessed. */
const MIN_SECRET_CHARACTERS = 32;
const SECONDS_PER_DAY = 24 * 60 * 60;

/**
 * Reads the settings.
 * @throws Misconfigured where one is missing or cannot be understood
 */
export const readSettings = (env: Env): Settings => {
  const hashCost = {
    // 3 × 75,000: above OWASP's 220,000 for PBKDF2-HMAC-SHA512, each call below the runtime's 100,000.
    // https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#pbkdf2
    iterations: readCount(env, 'PASSWORD_ITERATIONS', 75_000),
    rounds: readCount(env, 'PASSWORD_ROUNDS', 3),
  };
  if (!isRunnableCost(hashCost))
    throw new Misconfigured('PASSWORD_ITERATIONS must be 1 to 100000 and PASSWORD_ROUNDS 1 to 50.');
  const sessionIdleSeconds = readCount(env, 'SESSION_IDLE_DAYS', 14) * SECONDS_PER_DAY;
  return {
    keyring: createKeyring(readSecrets(env)),
    policy: {
      hashCost,
      sessionIdleSeconds,
      sessionAbsoluteSeconds: readCount(env, 'SESSION_ABSOLUTE_DAYS', 90) * SECONDS_PER_DAY,
      databaseTimeoutMs: readCount(env, 'D1_TIMEOUT_MS', 5_000),
      kvTimeoutMs: readCount(env, 'KV_TIMEOUT_MS', 1_000),
      throttle: {
        freeFailures: readCount(env, 'THROTTLE_FREE_FAILURES', 10),
        firstWaitSeconds: readCount(env, 'THROTTLE_FIRST_WAIT_SECONDS', 1),
        maxWaitSeconds: readCount(env, 'THROTTLE_MAX_WAIT_SECONDS', 15 * 60),
      },
      eventDays: readCount(env, 'EVENT_DAYS', 90),
      sessionReads: env.SESSION_READS === 'primary' ? 'primary' : 'nearest',
    },
    httpSettings: {
      utcOffset: readOffset(env),
      hideUnknownAccounts: env.HIDE_UNKNOWN_ACCOUNTS === 'true',
      cookieSeconds: sessionIdleSeconds,
      allowedOrigins: readOrigins(env),
      openTokenDialects: env.OPEN_TOKEN_DIALECTS === 'true',
    },
  };
};

const readSecrets = ({
  TOKEN_SECRET: current,
  TOKEN_SECRET_PREVIOUS: previous,
}: Env): [string, ...string[]] => {
  if (!current)
    throw new Misconfigured('TOKEN_SECRET is not set. Set it with `npx wrangler secret put TOKEN_SECRET`.');
  if (current.length < MIN_SECRET_CHARACTERS)
    throw new Misconfigured(`TOKEN_SECRET is shorter than ${MIN_SECRET_CHARACTERS} characters.`);
  if (previous && previous.length < MIN_SECRET_CHARACTERS)
    throw new Misconfigured(`TOKEN_SECRET_PREVIOUS is shorter than ${MIN_SECRET_CHARACTERS} characters.`);
  return previous ? [current, previous] : [current];
};

/** Origins as browsers send them, between commas or spaces. */
const readOrigins = ({ ALLOWED_ORIGINS: text }: Env): ReadonlySet<string> => {
  const origins = (text ?? '').split(/[\s,]+/).filter((origin) => origin !== '');
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new Misconfigured(`ALLOWED_ORIGINS: ${origin} is no origin such as https://app.example.com`);
  }
  return new Set(origins);
};

type CountSetting = {
  [K in keyof Env]: K extends `${string}_${'DAYS' | 'MS' | 'SECONDS' | 'FAILURES' | 'ITERATIONS' | 'ROUNDS'}`
    ? K
    : never;
}[keyof Env] &
  string;

const readCount = (env: Env, name: CountSetting, byDefault: number): number => {
  const text = env[name] ?? '';
  if (text === '') return byDefault;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Misconfigured(`${name} must be a whole number from 1.`);
  return Number(text);
};

const readOffset = ({ UTC_OFFSET: offset }: Env): string => {
  if (!offset) return '+00:00';
  if (parseOffset(offset) === null) throw new Misconfigured('UTC_OFFSET must be of the form +HH:MM.');
  return offset;
};
