// Runs the scripts with a fake wrangler, which records its calls and uses a SQLite file as the deployed database.
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createScratch } from '../../scripts/import/dry-run.ts';
import { PROJECT } from '../../scripts/wrangler.ts';
import type { Ran } from './import-cli-support.ts';
import { tempFolder } from './import-support.ts';

/** Answers as wrangler does: rows as JSON for `--command`, a sentence for `--file`, and its kind of error. */
const FAKE = `
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
const args = process.argv.slice(2);
const valueOf = (flag) => args[args.indexOf(flag) + 1];
const folder = process.env.FAKE_FOLDER;
const file = args.includes('--file') ? valueOf('--file') : null;
const sql = file === null ? valueOf('--command') : readFileSync(file, 'utf8');
const mode = file === null ? null : statSync(file).mode & 0o777;
appendFileSync(folder + '/calls.jsonl', JSON.stringify({ args, sql, mode }) + '\\n');
const calls = readFileSync(folder + '/calls.jsonl', 'utf8').trimEnd().split('\\n').length;
const trouble = existsSync(folder + '/trouble.json') ? JSON.parse(readFileSync(folder + '/trouble.json', 'utf8')) : null;
const database = new DatabaseSync(folder + '/deployed.db');
if (trouble?.call === calls && trouble.sql) database.exec(trouble.sql);
if (trouble?.call === calls && trouble.stderr) {
  console.error(trouble.stderr);
  process.exit(1);
}
try {
  database.exec('BEGIN');
  if (file !== null) database.exec(sql);
  else console.log(JSON.stringify(sql.split(/;\\n/).map((one) => ({ results: database.prepare(one).all(), success: true, meta: {} }))));
  database.exec('COMMIT');
  if (file !== null) console.log('Executed.');
} catch (error) {
  if (args.includes('--json')) console.log(JSON.stringify({ error: { text: error.message } }));
  else console.error('✘ [ERROR] ' + error.message);
  process.exit(1);
}
`;

/** How wrangler was called, and what SQL it was given. */
export interface Call {
  args: string[];
  sql: string;
  /** The permissions of the file, null if there was none. */
  mode: number | null;
}

/** What goes wrong at the n-th call of wrangler: SQL that comes in before it, or a failure with this message. */
export interface Trouble {
  call: number;
  sql?: string;
  stderr?: string;
}

export interface Deployment {
  run(script: string, args: readonly string[], trouble?: Trouble): Promise<Ran>;
  /** The calls since `calls` was called last. */
  calls(): Call[];
  rows(sql: string): Record<string, unknown>[];
}

/** A copy of the scripts with an empty, migrated "deployed" database. */
export const deploy = (): Deployment => {
  const folder = tempFolder();
  const project = join(folder, 'project');
  for (const name of ['scripts', 'migrations', 'src'])
    cpSync(join(PROJECT, name), join(project, name), { recursive: true });
  mkdirSync(join(project, 'node_modules/wrangler/bin'), { recursive: true });
  for (const name of readdirSync(join(PROJECT, 'node_modules')).filter((each) => each !== 'wrangler'))
    symlinkSync(join(PROJECT, 'node_modules', name), join(project, 'node_modules', name));
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  writeFileSync(join(project, 'node_modules/wrangler/bin/wrangler.js'), FAKE);
  writeFileSync(join(project, 'node_modules/wrangler/package.json'), '{"type":"module"}');
  createScratch(join(folder, 'deployed.db')).close();
  let seen = 0;

  return {
    run: (script, args, trouble) => {
      writeFileSync(join(folder, 'trouble.json'), JSON.stringify(trouble ?? null));
      const child = spawn(process.execPath, [join(project, 'scripts', `${script}.ts`), ...args], {
        cwd: project,
        env: { ...process.env, FAKE_FOLDER: folder, INIT_CWD: folder },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ran: Ran = { status: null, stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        ran.stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        ran.stderr += text;
      });
      return new Promise((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (status) => resolve({ ...ran, status }));
      });
    },
    calls: () => {
      const path = join(folder, 'calls.jsonl');
      const all = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
      const fresh: Call[] = all.slice(seen).map((line) => JSON.parse(line));
      seen = all.length;
      return fresh;
    },
    rows: (sql) => {
      const database = new DatabaseSync(join(folder, 'deployed.db'), { readOnly: true });
      const rows = database
        .prepare(sql)
        .all()
        .map((row) => ({ ...row }));
      database.close();
      return rows;
    },
  };
};
