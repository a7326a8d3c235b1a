// Runs before each test file: empties storage and brings the tables into the state of a deployment.
import { applyD1Migrations, reset } from 'cloudflare:test';
import { DROP_RETIRED_INDEXES } from '../../src/core/store/retired-indexes.ts';
import { testEnv } from './worker.ts';

const { DB, SESSIONS } = testEnv;

// `reset` empties only loaded storage, and storage that is idle for 10 seconds is unloaded. Without this read, which
// loads it, a file on a busy machine could find the rows of the file before it.
await Promise.all([DB.prepare('SELECT 1').run(), SESSIONS.get('any')]);
await reset();

const [tables, { keys }] = await Promise.all([
  DB.prepare(`SELECT name FROM sqlite_schema WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\'`).run(),
  SESSIONS.list(),
]);
if (tables.results.length + keys.length > 0) throw new Error('The storage of another test file is left.');

await applyD1Migrations(DB, testEnv.TEST_MIGRATIONS);
// As the first clean-up leaves them.
for (const statement of DROP_RETIRED_INDEXES) await DB.prepare(statement).run();
