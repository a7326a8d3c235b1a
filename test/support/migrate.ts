// Runs before each test file: storage is emptied, and the tables are made as a deployment gets them.
import { applyD1Migrations, reset } from 'cloudflare:test';
import { testEnv } from './worker.ts';

await reset();
await applyD1Migrations(testEnv.DB, testEnv.TEST_MIGRATIONS);
