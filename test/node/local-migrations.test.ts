// The migrations of `npm start`: the same as those of `wrangler d1 migrations apply`, in one process.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readConfiguration } from '../../scripts/configuration.ts';
import { openTarget, type Target } from '../../scripts/import/target.ts';
import { applyMigrations } from '../../scripts/start/migrate.ts';
import { PROJECT, runWrangler } from '../../scripts/wrangler.ts';
import { tempFolder } from './import-support.ts';
import { configure } from './support-configuration.ts';

const open = async (place: Parameters<typeof openTarget>[0]): Promise<Target> => {
  const target = await openTarget(place);
  onTestFinished(() => target.close());
  return target;
};

it('leave nothing to apply for wrangler or for a second start', async () => {
  const folder = tempFolder();
  const { migrations } = await readConfiguration(undefined, '');
  const target = await openTarget({ 'persist-to': folder });
  const applied = await applyMigrations(target, migrations);
  expect(applied.length).toBeGreaterThan(15);
  expect(applied).toEqual([...applied].sort());
  expect(await applyMigrations(target, migrations)).toEqual([]);
  const [list = []] = await target.query([
    'SELECT id, name, applied_at IS NOT NULL AS at FROM d1_migrations',
  ]);
  expect(list).toEqual(applied.map((name, index) => ({ id: index + 1, name, at: 1 })));
  await target.close();
  const command = ['d1', 'migrations', 'list', 'DB', '--local', '--persist-to', folder, '--env='];
  expect((await runWrangler(command)).stdout).toContain('No migrations to apply');
});

it('name the one that fails, keep those before it, and continue with it when it is mended', async () => {
  const folder = tempFolder();
  const write = (name: string, sql: string) => writeFileSync(join(folder, name), sql);
  write(
    '0000_first.sql',
    "CREATE TABLE a (text TEXT DEFAULT 'x;y');--> statement-breakpoint\nINSERT INTO a VALUES (';');",
  );
  write('0001_second.sql', 'INSERT INTO a VALUES (1); INSERT INTO missing VALUES (1);');
  write('notes.txt', 'no migration');
  const target = await open({ 'persist-to': tempFolder() });
  const migrations = { folder, table: 'my "own" list' };
  await expect(applyMigrations(target, migrations)).rejects.toThrow(
    /^The migration 0001_second.sql could not be applied: .*no such table: missing/s,
  );
  expect(await target.query(['SELECT * FROM a'])).toEqual([[{ text: ';' }]]);
  write('0001_second.sql', 'INSERT INTO a VALUES (2);');
  expect(await applyMigrations(target, migrations)).toEqual(['0001_second.sql']);
  expect(await target.query(['SELECT * FROM a'])).toEqual([[{ text: ';' }, { text: '2' }]]);
});

it('are those of the configuration, in the database beside it, where wrangler dev serves it', async () => {
  const { config } = configure(null);
  const own = join(dirname(config), 'own');
  mkdirSync(own);
  writeFileSync(join(own, '0000_one.sql'), 'CREATE TABLE one (id INTEGER);');
  const { migrations } = await readConfiguration(config, '');
  expect(migrations.folder).toBe(join(PROJECT, 'migrations'));
  const target = await open({ config });
  expect(await applyMigrations(target, { ...migrations, folder: own })).toEqual(['0000_one.sql']);
  expect(existsSync(join(dirname(config), '.wrangler/state/v3/d1'))).toBe(true);
});
