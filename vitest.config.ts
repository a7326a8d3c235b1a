// Tests run in workerd, with a real D1 and KV, migrated before each file; those of the scripts run in Node.
import { join } from 'node:path';
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';
import { countReporter } from './test/support/count-reporter.ts';
import { useMemoryForTemporaryFiles } from './test/support/memory-folder.ts';

useMemoryForTemporaryFiles();

// 225,000 iterations for every account would make the suite wait for nothing else. One file tests the real cost.
const CHEAP_HASHES = { PASSWORD_ITERATIONS: '100', PASSWORD_ROUNDS: '2' };

const migrations = await readD1Migrations('./migrations');

/** Files that look at what an isolate does once. */
const IN_A_NEW_ISOLATE = ['test/core/credentials/foreign/loading.test.ts'];

const inWorkerd = () =>
  cloudflareTest({
    wrangler: { configPath: './wrangler.toml' },
    miniflare: {
      bindings: {
        ...CHEAP_HASHES,
        TOKEN_SECRET: 'a secret for tests that is long enough',
        // Not set: `npm start` leaves keys in .dev.vars, which this pool reads.
        SIGNING_KEYS: '',
        TEST_MIGRATIONS: migrations,
      },
    },
  });

/** The descriptions that the Worker leaves out: src/http/docs.ts. */
const define = { DOCS: 'true' };

/** Finds what hangs. It measures nothing: on a machine with much else to do, a test of half a second takes ten. */
const HANGS_AFTER_MS = 30_000;

const setupFiles = ['./test/support/migrate.ts'];

export default defineConfig({
  test: {
    // Two files at a time on two cores: Vitest alone would leave one to itself, which then waits for workerd.
    maxWorkers: '100%',
    reporters: ['default', countReporter],
    // The Worker's log, one line a request, would bury what the tests say.
    onConsoleLog: (log) => !log.startsWith('{"level":'),
    projects: [
      {
        define,
        plugins: [inWorkerd()],
        test: {
          name: 'workerd',
          include: ['test/**/*.test.ts'],
          exclude: ['test/node/**', ...IN_A_NEW_ISOLATE],
          setupFiles,
          // Files share an isolate, and find its storage empty: a new one for each took as long as all tests do.
          isolate: false,
          testTimeout: HANGS_AFTER_MS,
        },
      },
      {
        define,
        plugins: [inWorkerd()],
        test: {
          name: 'new-isolate',
          include: IN_A_NEW_ISOLATE,
          setupFiles,
          testTimeout: HANGS_AFTER_MS,
        },
      },
      {
        define,
        test: {
          name: 'node',
          include: ['test/node/**/*.test.ts'],
          environment: 'node',
          globalSetup: './test/node/global-setup.ts',
          // Files share a process: half of them take less time than to start one.
          isolate: false,
          env: {
            // The command lines that tests start load wrangler, 15 MB of code, which is compiled once.
            // https://nodejs.org/api/module.html#module-compile-cache
            NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/latchkey-tests'),
            // Wrangler makes no requests of its own, and prints errors only.
            CLOUDFLARE_CF_FETCH_ENABLED: 'false',
            WRANGLER_SEND_METRICS: 'false',
            WRANGLER_LOG: 'error',
          },
          testTimeout: 2 * HANGS_AFTER_MS,
          // Hooks build and start the Worker, which takes longer than a test.
          hookTimeout: 2 * HANGS_AFTER_MS,
        },
      },
    ],
  },
});
