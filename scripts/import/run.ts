// The import itself: records in, batches of accounts out, each batch in one transaction with a checkpoint behind it.
import type { Row } from '../wrangler.ts';
import { type AccountRules, createAccountReader, type Reading } from './accounts.ts';
import type { Checkpoint, Counts } from './checkpoint.ts';
import type { Details } from './details.ts';
import { createFieldReader, type Field } from './fields.ts';
import type { HashCheck } from './hashes.ts';
import { type Detail, type Incoming, type Merged, mergeBatch, type OnConflict } from './merge.ts';
import type { ProgressBar } from './progress.ts';
import type { Found, Source } from './records.ts';
import {
  FIND_LAST_ID,
  findDeleted,
  findHolders,
  insertAccounts,
  insertSessions,
  updateAccounts,
} from './sql.ts';
import { Taken, type Target } from './target.ts';
import { readNumber } from './values.ts';

/** Records a transaction: enough that its cost is spread, few enough that Ctrl-C is heard and D1 is not held up. */
const BATCH_RECORDS = 5_000;

/** Somebody may register under a name of the batch between the look and the write: then both are done again. */
const MAX_TRIES = 5;

/** As long as any session lives at most (SESSION_ABSOLUTE_DAYS, where a deployment has not set another). */
const TOKEN_DAYS = 90;
const MS_PER_DAY = 24 * 60 * 60 * 1000;

export interface ImportOptions {
  rules: AccountRules;
  map: ReadonlyMap<string, Field>;
  keepIds: boolean;
  onConflict: OnConflict;
}

export interface ImportRun {
  source: Source;
  target: Target;
  /** Null for an import that is not to be taken up again. */
  checkpoint: Checkpoint | null;
  counts: Counts;
  details: Details;
  checkHash: HashCheck;
  bar: ProgressBar;
  options: ImportOptions;
  nowMs: number;
  /** True when the import is to end after the batch that it is at. */
  isStopped: () => boolean;
}

interface Batch {
  incoming: (Incoming & { algorithm: string })[];
  details: Detail[];
  records: number;
}

const emptyBatch = (): Batch => ({ incoming: [], details: [], records: 0 });

/**
 * Imports what the counts do not have yet. Returns the columns that were passed over, and whether it came to the end.
 * @throws ConflictStop where it is to stop at a conflict
 */
export const runImport = async (run: ImportRun): Promise<{ unknown: string[]; finished: boolean }> => {
  const { source, counts, options, bar } = run;
  const unknown: string[] = [];
  const readField = createFieldReader(options.map, (column) => unknown.push(column));
  const { checkHash, nowMs } = run;
  const readAccount = createAccountReader({ readField, checkHash, rules: options.rules, nowMs });
  const lastIdOfInput = options.keepIds
    ? await findLastId(
        source,
        createFieldReader(options.map, () => {}),
      )
    : null;
  const startedMs = Date.now() - counts.tookMs;

  let toSkip = counts.read;
  let batch = emptyBatch();
  const flush = async () => {
    await writeBatch(run, batch, lastIdOfInput);
    batch = emptyBatch();
    counts.tookMs = Date.now() - startedMs;
    run.checkpoint?.save({ counts, report: run.details.length() });
    bar.show(counts.read, source.fraction());
  };

  for await (const page of source.read()) {
    const fresh = toSkip > 0 ? page.slice(toSkip) : page;
    toSkip -= page.length - fresh.length;
    for (const found of fresh) addToBatch(batch, found, readAccount);
    if (batch.records < BATCH_RECORDS) continue;
    await flush();
    if (run.isStopped()) return { unknown, finished: false };
  }
  if (batch.records > 0) await flush();
  return { unknown, finished: true };
};

const findLastId = async (
  source: Source,
  readField: ReturnType<typeof createFieldReader>,
): Promise<number> => {
  let last = 0;
  for await (const page of source.read()) {
    for (const found of page) {
      if ('record' in found) last = Math.max(last, readNumber(readField(found.record)('id')) ?? 0);
    }
  }
  return last;
};

const addToBatch = (batch: Batch, found: Found, readAccount: (record: Row) => Reading): void => {
  const { at } = found;
  batch.records += 1;
  if ('problem' in found) {
    batch.details.push({ kind: 'refused', at, label: '', text: found.problem });
    return;
  }
  const reading = readAccount(found.record);
  const { label } = reading;
  if (!reading.ok) {
    batch.details.push({ kind: 'refused', at, label, text: reading.reason });
    return;
  }
  for (const text of reading.notes) batch.details.push({ kind: 'note', at, label, text });
  batch.incoming.push({ at, label, row: reading.row, algorithm: reading.algorithm });
};

const writeBatch = async (run: ImportRun, batch: Batch, lastIdOfInput: number | null): Promise<void> => {
  const { counts, details } = run;
  const merged = await mergeAndWrite(run, batch.incoming, lastIdOfInput);
  const found = [...batch.details, ...merged.details];
  counts.read += batch.records;
  counts.imported += merged.inserts.length;
  counts.updated += merged.updates.length;
  counts.alreadyThere += merged.alreadyThere;
  counts.idsKept += merged.idsKept;
  counts.conflicts += found.filter(({ kind }) => kind === 'conflict').length;
  counts.refused += found.filter(({ kind }) => kind === 'refused').length;
  const written = [...merged.inserts, ...merged.updates];
  counts.tokens += written.filter(
    ({ tokenId, disabledAtMs }) => tokenId !== null && disabledAtMs === null,
  ).length;
  counts.admins += merged.inserts.filter(({ isAdmin }) => isAdmin).length;
  counts.disabled += merged.inserts.filter(({ disabledAtMs }) => disabledAtMs !== null).length;
  const toCount = new Set(written.map(({ emailKey }) => emailKey));
  for (const { row, algorithm } of batch.incoming) {
    if (toCount.delete(row.emailKey)) counts.hashes[algorithm] = (counts.hashes[algorithm] ?? 0) + 1;
  }
  details.add(found);
};

const mergeAndWrite = async (
  { target, options, nowMs }: ImportRun,
  incoming: readonly Incoming[],
  lastIdOfInput: number | null,
): Promise<Merged> => {
  for (let tries = 1; ; tries += 1) {
    const merged = mergeBatch(incoming, await look(target, incoming, lastIdOfInput), options.onConflict);
    const sessions = { createdAtMs: nowMs, expiresAtMs: nowMs + TOKEN_DAYS * MS_PER_DAY };
    try {
      await target.write([
        ...updateAccounts(merged.updates, nowMs),
        ...insertAccounts(merged.inserts, sessions),
        ...insertSessions(merged.updates, sessions),
      ]);
      return merged;
    } catch (error) {
      if (!(error instanceof Taken) || tries === MAX_TRIES) throw error;
    }
  }
};

/** Asks the database for everything that decides about a batch. */
const look = async (target: Target, incoming: readonly Incoming[], lastIdOfInput: number | null) => {
  const rows = incoming.map(({ row }) => (lastIdOfInput === null ? { ...row, id: null } : row));
  const searches = findHolders(rows);
  const ids = rows.flatMap(({ id }) => (id === null ? [] : [id]));
  const deletions = findDeleted(ids);
  const lastId = lastIdOfInput === null ? [] : [FIND_LAST_ID];
  const results = await target.query([...searches, ...deletions, ...lastId]);
  const holders = results.slice(0, searches.length).flat();
  const deleted = results.slice(searches.length, searches.length + deletions.length).flat();
  const given = results.slice(searches.length + deletions.length).flat();
  return {
    holders,
    deletedIds: new Set(deleted.map((row) => Number(row['user_id']))),
    lastId:
      lastIdOfInput === null ? null : Math.max(lastIdOfInput, ...given.map((row) => Number(row['seq']))),
  };
};
