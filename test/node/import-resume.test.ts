// Interrupted imports that run again, and the files that they use for that: the checkpoint and the report.
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkpointPath, createCheckpoint, noCounts } from '../../scripts/import/checkpoint.ts';
import { createDetails, noDetails } from '../../scripts/import/details.ts';
import { BCRYPT, importInto, openDatabase, type Scratch, tempFile, tempFolder } from './import-support.ts';

/** More than two batches of 5,000. */
const PEOPLE = 12_000;

const csvOf = (count: number): string => {
  const rows = Array.from(
    { length: count },
    (_, index) => `person${index},person${index}@example.com,${BCRYPT}\n`,
  );
  return `username,email,password\n${rows.join('')}`;
};

const summary = (scratch: Scratch) => ({
  ...scratch.database
    .prepare('SELECT count(*) AS n, count(DISTINCT email_key) AS emails, max(id) AS last FROM users')
    .get(),
});

/** Runs an import in which the n-th write, or the checkpoint after it, fails. */
const interrupt = async (scratch: Scratch, path: string, at: { write: number } | { save: number }) => {
  const checkpoint = createCheckpoint(path, null);
  let [writes, saves] = [0, 0];
  const target = {
    ...scratch.target,
    write: async (statements: readonly string[]) => {
      writes += 1;
      if ('write' in at && writes === at.write) throw new Error('the machine stops here');
      await scratch.target.write(statements);
    },
  };
  const breaking = {
    ...checkpoint,
    save: (...progress: Parameters<typeof checkpoint.save>) => {
      saves += 1;
      if ('save' in at && saves === at.save) throw new Error('the machine stops here');
      checkpoint.save(...progress);
    },
  };
  await expect(importInto(scratch, path, { target, checkpoint: breaking })).rejects.toThrow('stops here');
};

const resume = (scratch: Scratch, path: string) => {
  const checkpoint = createCheckpoint(path, null);
  const counts = checkpoint.load()?.counts ?? noCounts();
  return importInto(scratch, path, { checkpoint, counts });
};

describe('an interrupted import', () => {
  it('continues with the batch that it stopped before', async () => {
    const scratch = openDatabase();
    const path = tempFile('users.csv', csvOf(PEOPLE));
    await interrupt(scratch, path, { write: 2 });
    const before = summary(scratch);
    expect(before).toMatchObject({ n: 5000 });
    const { counts } = await resume(scratch, path);
    expect(counts).toMatchObject({ read: PEOPLE, imported: PEOPLE, alreadyThere: 0 });
    expect(summary(scratch)).toEqual({ n: PEOPLE, emails: PEOPLE, last: PEOPLE });
  });

  it('counts a batch that was written without its checkpoint as already there', async () => {
    const scratch = openDatabase();
    const path = tempFile('users.csv', csvOf(PEOPLE));
    await interrupt(scratch, path, { save: 2 });
    expect(summary(scratch)).toMatchObject({ n: 10_000 });
    const { counts } = await resume(scratch, path);
    expect(counts).toMatchObject({ read: PEOPLE, imported: 7000, alreadyThere: 5000 });
    expect(summary(scratch)).toEqual({ n: PEOPLE, emails: PEOPLE, last: PEOPLE });
  });

  it('starts over if it stopped before its first checkpoint', async () => {
    const scratch = openDatabase();
    const path = tempFile('users.csv', csvOf(6000));
    await interrupt(scratch, path, { save: 1 });
    expect(existsSync(checkpointPath(path))).toBe(false);
    const { counts } = await resume(scratch, path);
    expect(counts).toMatchObject({ imported: 1000, alreadyThere: 5000 });
    expect(summary(scratch)).toEqual({ n: 6000, emails: 6000, last: 6000 });
  });
});

describe('a checkpoint', () => {
  const REPORT = {
    bytes: 1,
    reasons: [{ kind: 'refused' as const, reason: 'Why.', count: 6, first: ['line 1'] }],
  };
  const saved = (path: string, command: unknown) => {
    const checkpoint = createCheckpoint(path, command);
    checkpoint.save({ counts: { ...noCounts(), read: 5 }, report: REPORT, idsBytes: 3, startedAtMs: 7 });
  };

  it('loads what it saved, and nothing after it was removed', () => {
    const path = tempFile('users.csv', csvOf(2));
    expect(createCheckpoint(path, 'a').load()).toBeNull();
    saved(path, 'a');
    expect(createCheckpoint(path, 'a').load()).toEqual({
      counts: { ...noCounts(), read: 5 },
      report: REPORT,
      idsBytes: 3,
      startedAtMs: 7,
    });
    createCheckpoint(path, 'a').remove();
    expect(createCheckpoint(path, 'a').load()).toBeNull();
  });

  it('rejects another command and a changed file', () => {
    const path = tempFile('users.csv', csvOf(2));
    saved(path, 'a');
    expect(() => createCheckpoint(path, 'b').load()).toThrow('with other options');
    writeFileSync(path, csvOf(3));
    expect(() => createCheckpoint(path, 'a').load()).toThrow('of another file');
    saved(path, 'a');
    utimesSync(path, 1, 1);
    expect(() => createCheckpoint(path, 'a').load()).toThrow('of another file');
  });

  it('reports damage, and suggests --restart', () => {
    const path = tempFile('users.csv', csvOf(2));
    writeFileSync(checkpointPath(path), '{"identity":');
    expect(() => createCheckpoint(path, 'a').load()).toThrow('cannot be read');
    writeFileSync(checkpointPath(path), '{}');
    expect(() => createCheckpoint(path, 'a').load()).toThrow('--restart');
  });
});

describe('the report file', () => {
  const detail = (number: number, reason = 'Why.') => ({
    kind: 'refused' as const,
    at: `line ${number}`,
    label: '',
    reason,
  });
  const line = (number: number) => `refused: line ${number}: Why.`;

  it('drops lines after the last checkpoint, and continues from there', () => {
    const path = `${tempFolder()}/report.txt`;
    const first = createDetails(path, noDetails());
    first.add([detail(1), detail(2)]);
    const state = structuredClone(first.state());
    first.add([detail(3)]);
    first.close();
    const second = createDetails(path, state);
    expect(second.state().reasons).toEqual([
      { kind: 'refused', reason: 'Why.', count: 2, first: ['line 1', 'line 2'] },
    ]);
    second.add([detail(4)]);
    second.close();
    expect(readFileSync(path, 'utf8')).toBe(`${line(1)}\n${line(2)}\n${line(4)}\n`);
    expect(second.state().reasons).toMatchObject([{ count: 3, first: ['line 1', 'line 2', 'line 4'] }]);
  });

  it('has every line, while the summary has five for each reason', () => {
    const path = `${tempFolder()}/report.txt`;
    const details = createDetails(path, noDetails());
    details.add(Array.from({ length: 25 }, (_, index) => detail(index)));
    details.add([{ ...detail(25, 'Because.'), label: 'ann', text: 'because of this' }]);
    details.close();
    expect(details.state().reasons).toEqual([
      { kind: 'refused', reason: 'Why.', count: 25, first: [0, 1, 2, 3, 4].map((n) => `line ${n}`) },
      { kind: 'refused', reason: 'Because.', count: 1, first: ['line 25, ann: because of this'] },
    ]);
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(27);
  });

  it('counts at most 100 reasons, and the rest as "other reasons"', () => {
    const details = createDetails(null, noDetails());
    details.add(Array.from({ length: 1_000 }, (_, index) => detail(index, `Reason ${index}`)));
    const { reasons } = details.state();
    expect(reasons).toHaveLength(101);
    expect(reasons.at(-1)).toMatchObject({ reason: 'other reasons', count: 900 });
    expect(reasons.at(-1)?.first[0]).toBe('line 100: Reason 100');
  });

  it('does not exist without anything to report, and an older file is deleted', () => {
    const path = tempFile('report.txt', 'old\n');
    const details = createDetails(path, noDetails());
    details.add([]);
    details.close();
    expect(existsSync(path)).toBe(false);
  });
});
