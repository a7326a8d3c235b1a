// The memory of an import, which does not grow with the file, and its progress bar.

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createProgressBar, drawBar } from '../../scripts/import/progress.ts';
import { ask, run, usePersistFolders } from './import-cli-support.ts';
import { BCRYPT, tempFolder } from './import-support.ts';

const persistFolder = usePersistFolders();

const PEOPLE = 20_000;
/** Wrangler alone needs more than half of it. */
const HEAP_MIB = 192;

/** One record in this many can be imported; the others have no email, so they only cost reading. */
const GOOD_EVERY = 8;

/** About 160 MB of JSON lines. */
const writePeople = async (path: string): Promise<void> => {
  const stream = createWriteStream(path);
  // No column of an account, and so of any length: memory is filled by bytes, and each record takes time.
  const notes = 'x'.repeat(8_000);
  for (let index = 0; index < PEOPLE; index += 1) {
    const email = index % GOOD_EVERY === 0 ? `u${index}@example.com` : '';
    const record = { username: `u${index}`, email, password: BCRYPT, notes };
    if (!stream.write(`${JSON.stringify(record)}\n`)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'close');
};

it('imports a file of 160 MB in a heap of 192 MiB', async () => {
  const before = process.env['NODE_OPTIONS'];
  onTestFinished(() => {
    if (before === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = before;
  });
  process.env['NODE_OPTIONS'] = `--max-old-space-size=${HEAP_MIB}`;
  const folder = persistFolder();
  const file = join(tempFolder(), 'users.jsonl');
  await writePeople(file);
  const ran = await run('import', [file, '--persist-to', folder]);
  expect(ran.status).toBe(3);
  expect(ran.stdout).toContain('  read                  20,000\n  imported               2,500\n');
  expect(ran.stdout).toContain('  refused               17,500\n');
  // Without a terminal, progress is an occasional line.
  for (const line of ran.stderr.trimEnd().split('\n').filter(Boolean))
    expect(line).toMatch(/^\[#*-*\] +\d+ % {2}[\d,]+ (?:accounts|checked), [\d,]+\/s, \d+:\d\d left$/);
  expect(ask(folder, 'SELECT count(*) AS n FROM users')).toEqual([{ n: PEOPLE / GOOD_EVERY }]);
}, 180_000);

it('draws a progress bar with percentage, count, rate and time left', () => {
  expect(drawBar(0, 0, 0)).toBe('[------------------------]   0 %  0 accounts, 0/s');
  expect(drawBar(250_000, 0.25, 10_000)).toBe(
    '[######------------------]  25 %  250,000 accounts, 25,000/s, 0:30 left',
  );
  expect(drawBar(1_000_000, 1, 125_000)).toBe(
    '[########################] 100 %  1,000,000 accounts, 8,000/s, 0:00 left',
  );
  expect(drawBar(500, null, 1_000)).toBe('500 accounts, 500/s');
});

it('ends a progress bar early, and fills it to at most 100 %', () => {
  const bar = createProgressBar(process.stderr);
  bar.show(1, 1);
  bar.end();
  expect(drawBar(1, 2, 1_000)).toMatch(/^\[#{24}\] 100 %/);
});
