// Starts a Worker in workerd with Miniflare's D1 and KV, on its own socket, without a development proxy.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { PROJECT } from '../scripts/wrangler.ts';
import { DROP_RETIRED_INDEXES } from '../src/core/store/retired-indexes.ts';
import { MAIN_MODULE, type Modules } from './bundle.ts';
import { childrenOf, pinServers } from './processes.ts';

const COMPATIBILITY_DATE = '2026-10-23';

/** A required path. No file is read from it, because the modules are passed as texts. */
const MODULES_ROOT = join(PROJECT, '.wrangler', 'bench');

/** Modules that wrap the bindings of a Worker. */
const COUNTING_MODULE = 'counting.js';
const DELAYING_MODULE = 'delaying.js';

/** Minimum and maximum in milliseconds, evenly distributed. */
export type Range = readonly [number, number];

/** Delays of the responses of the stores, in addition to their own time. */
export interface Delays {
  kvMs: Range;
  /** The nearest replica of D1. */
  copyMs: Range;
  primaryMs: Range;
}

export interface WorkerOptions {
  name: string;
  modules: Modules;
  /** SQL that creates the tables. */
  schema: readonly string[];
  settings?: Record<string, string>;
  compatibilityFlags?: string[];
  /** Counts the requests to D1 and KV. This takes time, so such a Worker is not timed. */
  counts?: boolean;
  /** Delays the responses of D1 and KV as at an edge location. Cannot be combined with `counts`. */
  delays?: Delays | null;
  /** The folder of D1 and KV, which is kept. By default, a temporary folder that is removed at the end. */
  storage?: string;
  /** The port of the V8 inspector. Without it, the inspector is off. */
  inspectorPort?: number;
}

export interface Running {
  origin: string;
  processIds: readonly number[];
  /** Milliseconds from the start of the process until it accepts requests. */
  bootMs: number;
  /** Runs statements in D1, in order. */
  execute(statements: readonly string[]): Promise<void>;
  /** Writes a record to KV. */
  putRecord(key: string, value: string): Promise<void>;
  /** Runs the scheduled handler of the Worker. */
  runScheduled(): Promise<void>;
  stop(): Promise<void>;
}

/** The SQL statements of a folder of migrations, in order. */
export const readMigrations = (folder: string): string[] =>
  readdirSync(join(PROJECT, folder))
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .flatMap((name) => readFileSync(join(PROJECT, folder, name), 'utf8').split('--> statement-breakpoint'));

/** The tables of the Worker, as its first clean-up leaves them. */
export const readSchema = (): string[] => [...readMigrations('migrations'), ...DROP_RETIRED_INDEXES];

const toModules = (modules: Modules, front: string | null) => {
  const main = modules.get(MAIN_MODULE);
  if (main === undefined) throw new Error(`A Worker has no ${MAIN_MODULE}.`);
  // The first module is the main module.
  const ordered = [
    ...(front === null ? [] : [[front, readFileSync(join(import.meta.dirname, front), 'utf8')] as const]),
    [MAIN_MODULE, main] as const,
    ...[...modules].filter(([name]) => name !== MAIN_MODULE),
  ];
  return ordered.map(([name, contents]) => ({
    type: 'ESModule' as const,
    path: join(MODULES_ROOT, name),
    contents,
  }));
};

const frontOf = ({ counts, delays }: WorkerOptions): string | null => {
  if (delays) return DELAYING_MODULE;
  return counts ? COUNTING_MODULE : null;
};

const optionsOf = (options: WorkerOptions, storage: string) =>
  convertV4MiniflareOptions({
    resourcePersistencePath: storage,
    telemetry: { enabled: false },
    cf: false,
    logRequests: false,
    ...(options.inspectorPort !== undefined && { inspectorPort: options.inspectorPort }),
    // The Worker writes its log, as in production. It is discarded.
    handleStructuredLogs: () => undefined,
    workers: [
      {
        name: options.name,
        modules: toModules(options.modules, frontOf(options)),
        modulesRoot: MODULES_ROOT,
        compatibilityDate: COMPATIBILITY_DATE,
        compatibilityFlags: options.compatibilityFlags ?? [],
        d1Databases: { DB: 'bench' },
        kvNamespaces: { SESSIONS: 'bench' },
        bindings: {
          ...options.settings,
          ...(options.delays ? { DELAYS: JSON.stringify(options.delays) } : {}),
        },
        // Not an assets binding: that would put Miniflare's router between the socket and the Worker.
        serviceBindings: { ASSETS: 'assets' },
        unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
      },
      {
        name: 'assets',
        modules: true,
        script: 'export default { fetch: (request, env) => env.ASSETS.fetch(request) };',
        compatibilityDate: COMPATIBILITY_DATE,
        assets: { directory: join(PROJECT, 'src', 'assets'), binding: 'ASSETS' },
      },
    ],
  });

/** Boots a Worker and creates its tables. */
export const bootWorker = async (options: WorkerOptions): Promise<Running> => {
  const storage = options.storage ?? mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const before = new Set(childrenOf(process.pid));
  const startedAt = performance.now();
  const miniflare = new Miniflare(optionsOf(options, storage));
  await miniflare.ready;
  const bootMs = performance.now() - startedAt;
  const processIds = childrenOf(process.pid).filter((id) => !before.has(id));
  pinServers(processIds);

  const execute = async (statements: readonly string[]): Promise<void> => {
    const database = await miniflare.getD1Database('DB', options.name);
    for (const statement of statements) await database.prepare(statement).run();
  };
  await execute(options.schema);
  const origin = (await miniflare.unsafeGetDirectURL(options.name)).origin;
  return {
    origin,
    processIds,
    bootMs,
    execute,
    async putRecord(key, value) {
      const records = await miniflare.getKVNamespace('SESSIONS', options.name);
      await records.put(key, value);
    },
    async runScheduled() {
      const worker = await miniflare.getWorker(options.name);
      const { outcome } = await worker.scheduled({ cron: '17 * * * *' });
      if (outcome !== 'ok') throw new Error(`The scheduled handler ended with ${outcome}.`);
    },
    async stop() {
      await miniflare.dispose();
      if (options.storage === undefined) rmSync(storage, { recursive: true, force: true });
    },
  };
};
