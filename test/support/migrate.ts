// Runs before each test file: the tables, as a deployment gets them.
import { applyD1Migrations } from 'cloudflare:test';
import { testEnv } from './worker.ts';

await applyD1Migrations(testEnv.DB, testEnv.TEST_MIGRATIONS);
