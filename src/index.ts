// The composition root: bindings and settings on one side, the app of all dialects on the other.
import { createCore, cryptoRandom } from './core/index.ts';
import { dialects } from './dialects/index.ts';
import { type Env, readSettings, type Settings } from './env.ts';
import { createApp } from './http/app.ts';
import type { AppEnv } from './http/context.ts';

const app = createApp(dialects);

/** Settings are read, and keys imported, once an isolate. */
const known = new WeakMap<Env, Settings>();

const settingsOf = (env: Env): Settings => {
  const settings = known.get(env) ?? readSettings(env);
  known.set(env, settings);
  return settings;
};

const warn = (message: string, cause: unknown): void =>
  console.warn(JSON.stringify({ level: 'warning', message, cause: String(cause) }));

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

export default {
  fetch(request, env, context) {
    const bindings: AppEnv['Bindings'] = {
      equip: (counts) => {
        const { policy, keyring, wire } = settingsOf(env);
        const core = createCore({
          db: env.DB,
          kv: env.SESSIONS,
          clock: Date.now,
          random: cryptoRandom,
          keyring,
          policy,
          counts,
          defer: (work) => context.waitUntil(work),
          warn,
          pause,
        });
        return { core, wire };
      },
    };
    return app.fetch(request, bindings, context);
  },
} satisfies ExportedHandler<Env>;
