// The composition root: connects bindings and settings with the app of all dialects.
import { WorkerEntrypoint } from 'cloudflare:workers';
import {
  type Core,
  createCore,
  createCounts,
  cryptoRandom,
  DeferredCore,
  type OperationCounts,
  StoreUnavailable,
  within,
} from './core/index.ts';
import { dialects } from './dialects/index.ts';
import { type Env, readSettings, type Settings } from './env.ts';
import { createApp } from './http/app.ts';
import type { WithinRate } from './http/context.ts';
import { createDocumentLoader } from './http/load-document.ts';
import { createOldService } from './migration/index.ts';
import { pages } from './pages/index.ts';
import { type AccountsService, type AccountView, createRpc, type SignedIn } from './rpc/index.ts';
import { services } from './services/index.ts';

const app = createApp({ dialects, services, pages });

/** Settings are read and keys imported once for each isolate. */
const known = new WeakMap<Env, Settings>();

const settingsOf = (env: Env): Settings => {
  const before = known.get(env);
  if (before) return before;
  const settings = readSettings(env);
  known.set(env, settings);
  for (const message of settings.warnings) console.warn(JSON.stringify({ level: 'warning', message }));
  return settings;
};

const warn = (message: string, cause: unknown): void =>
  console.warn(JSON.stringify({ level: 'warning', message, cause: String(cause) }));

const info = (message: string, fields: object): void =>
  console.log(JSON.stringify({ level: 'info', message, ...fields }));

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const openCore = (env: Env, context: ExecutionContext, counts: OperationCounts): Core => {
  const { policy, keyring, mail, accessTokens, allowsLoopback, importPepper, migration } = settingsOf(env);
  return createCore({
    db: env.DB,
    kv: env.SESSIONS,
    clock: Date.now,
    random: cryptoRandom,
    keyring,
    importPepper,
    askOldService:
      migration &&
      createOldService({
        settings: migration,
        // Wrapped: the runtime's `fetch` accepts no other `this`.
        fetch: (url, init) => fetch(url, init),
        nowMs: Date.now,
        warn,
      }),
    policy,
    mail,
    accessTokens,
    // Called on its own: the runtime's `fetch` takes no other `this`.
    loadDocument: createDocumentLoader((url, init) => fetch(url, init)),
    allowsLoopback,
    counts,
    defer: (work) => context.waitUntil(work),
    warn,
    pause,
  });
};

/** Read once for each isolate, when the first password is chosen. An asset, so that it does not weigh in the bundle. */
const commonPasswords = new WeakMap<Fetcher, ReadonlySet<string>>();

const commonPasswordsOf = async (env: Env): Promise<ReadonlySet<string>> => {
  try {
    const known =
      commonPasswords.get(env.ASSETS) ??
      (await within(settingsOf(env).policy.databaseTimeoutMs, readCommonPasswords(env)));
    commonPasswords.set(env.ASSETS, known);
    return known;
  } catch (cause) {
    // No password is accepted without the list. The next request tries again.
    throw new StoreUnavailable('The list of common passwords cannot be read.', { cause });
  }
};

const readCommonPasswords = async (env: Env): Promise<ReadonlySet<string>> => {
  const response = await env.ASSETS.fetch('https://assets.local/common-passwords.txt');
  if (!response.ok) throw new Error(`The asset was answered with ${response.status}.`);
  return new Set((await response.text()).split('\n').filter((line) => line !== ''));
};

/** A guard that is not bound or fails lets requests pass: the exact count is the account's. */
const rateOf =
  (env: Env): WithinRate =>
  async (name, key) => {
    const limits = { login: env.LOGIN_LIMIT, registration: env.REGISTRATION_LIMIT, write: env.WRITE_LIMIT };
    const limit = limits[name];
    try {
      if (!limit) return true;
      const asked = limit.limit({ key });
      return (await within(settingsOf(env).policy.kvTimeoutMs, asked)).success;
    } catch (cause) {
      warn('the flood guard failed', cause);
      return true;
    }
  };

/** The schedule in wrangler.toml that retries mails and messages. Every other one cleans up. */
const OUTBOX_SCHEDULE = '*/5 * * * *';
/**
 * The calls of other Workers over a service binding, `[[services]]` with `entrypoint = "Accounts"`.
 *
 * @example
 * const signedIn = await env.ACCOUNTS.authenticate(request);
 * if (!signedIn) return new Response(null, { status: 401 });
 */
export class Accounts extends WorkerEntrypoint<Env> implements AccountsService {
  authenticate(request: Request | Headers): Promise<SignedIn | null> {
    return this.#open().authenticate(request);
  }

  verify(token: string): Promise<SignedIn | null> {
    return this.#open().verify(token);
  }

  account(id: string | number): Promise<AccountView | null> {
    return this.#open().account(id);
  }

  #open() {
    const { httpSettings, policy } = settingsOf(this.env);
    const core = openCore(this.env, this.ctx, createCounts());
    return createRpc({ core, allowedOrigins: httpSettings.allowedOrigins, policy });
  }
}

const isAny = (counts: object): boolean => Object.values(counts).some((count) => count > 0);

const sendMails = async (core: Core): Promise<void> => {
  const run = await core.mail.sendDue();
  if (isAny(run)) info('mails were sent', run);
};

const sendMessages = async (core: Core): Promise<void> => {
  const webhooks = await core.webhooks();
  const prepared = await webhooks.prepare();
  if (isAny(prepared)) info('webhooks were prepared', prepared);
  const run = await webhooks.sendDue();
  if (isAny(run)) info('messages were sent', run);
};

export default {
  fetch(request, env, context) {
    const bindings = {
      provideServices: (counts: OperationCounts) => ({
        core: new DeferredCore(() => openCore(env, context, counts)),
        httpSettings: settingsOf(env).httpSettings,
        withinRate: rateOf(env),
        commonPasswords: () => commonPasswordsOf(env),
      }),
    };
    return app.fetch(request, bindings, context);
  },

  async scheduled({ cron }, env, context) {
    const core = openCore(env, context, createCounts());
    if (cron === OUTBOX_SCHEDULE) {
      // Neither waits for the other, nor fails with it.
      const runs = await Promise.allSettled([sendMails(core), sendMessages(core)]);
      for (const run of runs) if (run.status === 'rejected') throw run.reason;
      return;
    }
    info('cleaned up', await core.cleanUp());
    const filled = await core.fillNameKeys();
    if (filled > 0) info('name keys were filled in', { filled });
    const rotated = await (await core.factors()).rotateSecrets();
    if (rotated > 0) info('secrets were encrypted', { rotated });
  },
} satisfies ExportedHandler<Env>;
