// A core on the real D1 and KV with a clock that the test sets.
import {
  type Account,
  type Client,
  type Core,
  createCore,
  createCounts,
  cryptoRandom,
  type LoginKind,
  readIdentifier,
} from '../../src/core/index.ts';
import { type Env, readSettings } from '../../src/env.ts';
import { testEnv, uniqueName } from './worker.ts';

export const DAY_MS = 24 * 60 * 60 * 1000;

/** A client without any details. */
export const someClient: Client = { dialect: 'test', userAgent: null, country: null, addressPrefix: null };

const KEEPS_NOTHING = { client: someClient, replaces: null };

interface Opened {
  account: Account;
  token: string;
}

export interface TimedCore {
  core: Core;
  /** Milliseconds since the epoch, as the core sees them. */
  now: () => number;
  advance: (milliseconds: number) => void;
  /** Waits for all work that the core has deferred until after its answers. */
  settle: () => Promise<void>;
  /** Creates an account with a session of that kind. */
  register: (open: LoginKind, fields?: Fields) => Promise<Opened>;
  /** Logs in with the right password. */
  logIn: (fields: Fields, open: LoginKind) => Promise<Opened>;
}

type Fields = ReturnType<typeof someAccount>;

/** The fields of a new account with unique names. */
export const someAccount = () => {
  const username = uniqueName();
  return { username, email: `${username}@test.com`, password: 'correct horse 1' };
};

/** Adds an admin who acts, and cannot log in: the last admin is another. Returns the id. */
export const someAdmin = async (): Promise<number> => {
  const name = uniqueName();
  const id = await testEnv.DB.prepare(
    `INSERT INTO users (username, username_key, email, email_key, password_hash, is_admin, created_at, updated_at, last_login_at)
     VALUES (?1, ?1, ?1 || '@test.com', ?1 || '@test.com', '!', 1, 0, 0, 0) RETURNING id`,
  )
    .bind(name)
    .first<number>('id');
  if (id === null) throw new Error('The admin was not added.');
  return id;
};

/** JSON Web Tokens count whole seconds: from a whole second, their limits equal the core's in milliseconds. */
const wholeSecond = (ms: number): number => Math.floor(ms / 1000) * 1000;

/** A core whose clock starts at `startMs`; by default now, rounded down to the second. */
export const createTimedCore = (
  startMs = wholeSecond(Date.now()),
  env: Env = testEnv,
  random = cryptoRandom,
): TimedCore => {
  let nowMs = startMs;
  const deferred: Promise<unknown>[] = [];
  const core = createCore({
    db: env.DB,
    kv: env.SESSIONS,
    clock: () => nowMs,
    random,
    ...readSettings(env),
    counts: createCounts(),
    defer: (work) => deferred.push(work),
    warn: (message, cause) => {
      // A failing recipient is not a fault of the core: the mail or message stays in the outbox.
      if (!/^a (?:mail was not sent|message was not delivered)/.test(message))
        throw new Error(message, { cause });
    },
    pause: () => Promise.resolve(),
  });
  const settle = async () => {
    while (deferred.length > 0) await Promise.all(deferred.splice(0));
  };
  return {
    core,
    now: () => nowMs,
    advance: (milliseconds) => {
      nowMs += milliseconds;
    },
    settle,
    register: async (open, fields = someAccount()) => {
      const made = await core.accounts.create(fields, { ...KEEPS_NOTHING, open });
      await settle();
      if (!made.ok || made.value.token === null) throw new Error('The account could not be made.');
      return { account: made.value.account, token: made.value.token };
    },
    logIn: async ({ username, password }, open) => {
      const identifier = readIdentifier(username);
      const loggedIn = await core.login({ ...KEEPS_NOTHING, identifier, password, open });
      await settle();
      if (!loggedIn.ok) throw new Error(`The login was refused: ${loggedIn.error.reason}.`);
      return loggedIn.value;
    },
  };
};
