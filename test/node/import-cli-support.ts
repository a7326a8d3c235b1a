// Runs the scripts as commands, each test against its own local database.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, onTestFinished } from 'vitest';
import { readConfiguration } from '../../scripts/configuration.ts';
import { openTarget } from '../../scripts/import/target.ts';
import { applyMigrations } from '../../scripts/start/migrate.ts';
import { PROJECT, type Row } from '../../scripts/wrangler.ts';
import { makeOnce } from './support-once.ts';

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Starts `node scripts/<name>.ts` as npm does: in the project's folder, with the caller's folder in INIT_CWD. */
export const start = (name: string, args: readonly string[], calledIn = tmpdir()) => {
  const child = spawn(process.execPath, [join(PROJECT, 'scripts', `${name}.ts`), ...args], {
    cwd: PROJECT,
    env: { ...process.env, INIT_CWD: calledIn },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ran: Ran = { status: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ran.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ran.stderr += text;
  });
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ ...ran, status }));
  });
  return { child, ended };
};

export const run = (name: string, args: readonly string[], calledIn?: string): Promise<Ran> =>
  start(name, args, calledIn).ended;

/** Kills a script and the database that it runs, as when the machine fails. */
export const killWithDatabase = (pid: number | undefined): void => {
  const children = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' }).stdout;
  for (const id of [String(pid), ...children.split('\n')]) {
    if (/^\s*\d+\s*$/.test(id)) process.kill(Number(id), 'SIGKILL');
  }
};

/** How long the database takes to start on a busy machine, at most. */
const STARTS_WITHIN_MS = 60_000;

const migrate = async (folder: string): Promise<void> => {
  const { migrations } = await readConfiguration(undefined, '');
  const target = await openTarget({ 'persist-to': folder });
  await applyMigrations(target, migrations);
  await target.close();
};

/** A folder with an empty, migrated database for each test: created once per run, then copied. */
export const usePersistFolders = () => {
  let template = '';
  beforeAll(async () => {
    template = await makeOnce('state', migrate);
  }, STARTS_WITHIN_MS);
  return (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-state-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    cpSync(template, folder, { recursive: true });
    return folder;
  };
};

/** Opens the SQLite file of a local database, which takes no runtime. No other process may have it open. */
const openFile = (folder: string): DatabaseSync => {
  const d1 = join(folder, 'v3', 'd1');
  const files = readdirSync(d1, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.sqlite') && !name.endsWith('metadata.sqlite'),
  );
  const [file] = files;
  if (file === undefined || files.length > 1) throw new Error(`Databases in ${d1}: ${files.join()}`);
  return new DatabaseSync(join(d1, file));
};

/** Runs one query on a local database. */
export const ask = (folder: string, sql: string): Row[] => {
  const database = openFile(folder);
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
};

/** Runs statements on a local database. */
export const write = (folder: string, statements: readonly string[]): void => {
  const database = openFile(folder);
  try {
    for (const sql of statements) database.exec(sql);
  } finally {
    database.close();
  }
};
