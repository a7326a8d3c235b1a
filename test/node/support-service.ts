// The built Worker with its own D1 and KV, on a port of this machine; needs no network.
import { join } from 'node:path';
import { createTestHarness } from 'wrangler';
import type { Env } from '../../src/env.ts';
import { buildForHarness } from './support-build.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface Service {
  /** The origin that browsers use. */
  origin: string;
  /** Runs a statement on its database. */
  execute: (sql: string, ...values: unknown[]) => Promise<void>;
  /** Queries its database. */
  query: (sql: string) => Promise<Record<string, unknown>[]>;
  /** Stops the Worker and everything that runs it, and deletes its data. */
  close: () => Promise<void>;
}

/** Latchkey with these settings and cheap hashes, for a harness. */
export const harnessWorker = async (
  settings: Record<string, string>,
  secrets: Record<string, string> = {},
) => ({
  configPath: 'wrangler.toml',
  prebuiltWorkerDir: await buildForHarness(),
  vars: { PASSWORD_ITERATIONS: '1000', PASSWORD_ROUNDS: '2', ...settings },
  // `npm start` leaves keys in .dev.vars, which wrangler reads here too.
  secrets: { TOKEN_SECRET: 'a secret for tests that is long enough', SIGNING_KEYS: '', ...secrets },
});

/** Starts the Worker with these settings and the migrations applied. */
export const startService = async (
  settings: Record<string, string>,
  secrets: Record<string, string> = {},
): Promise<Service> => {
  const harness = createTestHarness({ root: ROOT, workers: [await harnessWorker(settings, secrets)] });
  const { url } = await harness.listen();
  const worker = harness.getWorker<Env>();
  await worker.applyD1Migrations('DB');
  return {
    origin: `http://localhost:${url.port}`,
    execute: async (sql, ...values) => {
      const { DB } = await worker.getEnv();
      await DB.prepare(sql)
        .bind(...values)
        .run();
    },
    query: async (sql) => {
      const { DB } = await worker.getEnv();
      return (await DB.prepare(sql).all<Record<string, unknown>>()).results;
    },
    close: () => harness.close(),
  };
};
