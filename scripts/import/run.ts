// The import itself: records in, batches of accounts out, each batch in one transaction with a checkpoint behind it.
import { isPlaceholderEmail } from '../../src/core/formats.ts';
import type { Row } from '../wrangler.ts';
import { type AccountRules, createAccountReader, MAX_KEPT_ID, type Reading } from './accounts.ts';
import type { Checkpoint, Counts } from './checkpoint.ts';
import { type Claims, createClaims } from './claims.ts';
import { loadDeleted } from './deleted.ts';
import type { Details } from './details.ts';
import { createFieldReader, createValueRules, type Field } from './fields.ts';
import type { FirebaseParameters, HashCheck } from './hashes.ts';
import { withoutEmail, withoutUsername } from './identity.ts';
import type { IdList } from './ids.ts';
import { type Detail, type Incoming, type Known, type Merged, type MergeRules, mergeBatch } from './merge.ts';
import { checkInput } from './preflight.ts';
import type { ProgressBar } from './progress.ts';
import { type Found, RECORDS_AT_ONCE, type Source } from './records.ts';
import { makeHashes } from './rows.ts';
import {
  FIND_ADMINS,
  FIND_LAST_ID,
  findDeleted,
  findHolders,
  findIds,
  insertAccounts,
  insertGenerators,
  insertSessions,
  noteImported,
  updateAccounts,
} from './sql.ts';
import { Taken, type Target } from './target.ts';

/** Records a transaction: enough that its cost is spread, few enough that Ctrl-C is heard and D1 is not held up. */
const BATCH_RECORDS = 5_000;

/** Of records whose hash is to be made, which takes 0.1 s each, a transaction has few enough that Ctrl-C is heard. */
const BATCH_UNMADE = 200;

/** Somebody may register under a name of the batch between the look and the write: then both are done again. */
const MAX_TRIES = 5;

/** As long as any session lives at most (SESSION_ABSOLUTE_DAYS, where a deployment has not set another). */
const TOKEN_DAYS = 90;
const MS_PER_DAY = 24 * 60 * 60 * 1000;

export interface ImportOptions {
  rules: AccountRules;
  map: ReadonlyMap<string, Field>;
  keepIds: boolean;
  merge: MergeRules;
  dryRun?: boolean;
}

export interface ImportRun {
  source: Source;
  target: Target;
  /** Null for an import that is not to be taken up again. */
  checkpoint: Checkpoint | null;
  counts: Counts;
  details: Details;
  /** Null if nobody asked for the ids. */
  ids: IdList | null;
  checkHash: HashCheck;
  firebase?: FirebaseParameters | null;
  bar: ProgressBar;
  options: ImportOptions;
  nowMs: number;
  /** When this import began, before it was interrupted; marks the accounts that it writes. */
  startedAtMs: number;
  /** Records a transaction, if it is not the usual number. */
  batchRecords?: number;
  /** True when the import is to end after the batch that it is at. */
  isStopped: () => boolean;
}

interface Batch {
  incoming: (Incoming & { algorithm: string; disabledBy: string | null })[];
  details: Detail[];
  records: number;
}

const emptyBatch = (): Batch => ({ incoming: [], details: [], records: 0 });

/** What holds for every batch of an import. */
interface Context extends ImportRun {
  /** If ids are kept: the highest of the file. */
  lastIdOfInput: number | null;
  wasDeleted: Known['wasDeleted'];
}

/**
 * Imports what the counts do not have yet. Returns the columns that were passed over, and whether it came to the end.
 * @throws ConflictStop if it is to stop at a conflict
 */
export const runImport = async (run: ImportRun): Promise<{ unknown: string[]; finished: boolean }> => {
  const { source, counts, options, bar } = run;
  const notNamed: string[] = [];
  const ofHashes = new Set<string>();
  const passedOver = () => notNamed.filter((column) => !ofHashes.has(column));
  const readField = createFieldReader(options.map, (column) => notNamed.push(column));
  const { checkHash, firebase = null, nowMs } = run;
  const ruleOf = createValueRules(options.map);
  const { rules } = options;
  const onHashColumn = (column: string) => ofHashes.add(column);
  const readAccount = createAccountReader({
    readField,
    checkHash,
    firebase,
    rules,
    onHashColumn,
    ruleOf,
    nowMs,
  });
  const { lastId } = await checkInput({
    source,
    map: options.map,
    nowMs,
    maxId: MAX_KEPT_ID,
    onProgress: (records, fraction) => bar.show(records, fraction, 'checked'),
  });
  const lastIdOfInput = options.keepIds ? lastId : null;
  const context: Context = { ...run, lastIdOfInput, wasDeleted: await loadDeleted(run.target) };
  const startedMs = Date.now() - counts.tookMs;

  let toSkip = counts.read;
  let batch = emptyBatch();
  const flush = async () => {
    await writeBatch(context, batch);
    batch = emptyBatch();
    counts.tookMs = Date.now() - startedMs;
    const [report, idsBytes] = [run.details.state(), run.ids?.bytes() ?? 0];
    run.checkpoint?.save({ counts, report, idsBytes, startedAtMs: run.startedAtMs });
    bar.show(counts.read, source.fraction());
  };

  const claims = createClaims();
  const sharing: Sharing = {
    email: options.merge.sharedEmail === 'placeholder',
    username: rules.badUsername === 'drop',
  };
  try {
    for await (const page of sliced(source.read())) {
      const fresh = toSkip > 0 ? page.slice(toSkip) : page;
      // What an interrupted import has done is not done again, but its names are those of other records.
      for (const found of page.slice(0, page.length - fresh.length))
        addToBatch(emptyBatch(), found, readAccount, claims, sharing);
      toSkip -= page.length - fresh.length;
      for (const found of fresh) addToBatch(batch, found, readAccount, claims, sharing);
      const unmade = batch.incoming.filter(({ row }) => row.makeHash).length;
      if (batch.records < (run.batchRecords ?? BATCH_RECORDS) && unmade < BATCH_UNMADE) continue;
      await flush();
      if (run.isStopped()) return { unknown: passedOver(), finished: false };
    }
    if (batch.records > 0) await flush();
    return { unknown: passedOver(), finished: true };
  } finally {
    claims.close();
  }
};

/** Pages of a bounded size: a reader hands on what a part of the file has. */
async function* sliced(pages: AsyncIterable<readonly Found[]>): AsyncGenerator<readonly Found[]> {
  for await (const page of pages)
    for (let start = 0; start < page.length; start += RECORDS_AT_ONCE)
      yield page.slice(start, start + RECORDS_AT_ONCE);
}

/** Whether the second holder of a name is kept without it, if the record has another name to log in by. */
interface Sharing {
  email: boolean;
  username: boolean;
}

const addToBatch = (
  batch: Batch,
  found: Found,
  readAccount: (record: Row) => Reading,
  claims: Claims,
  sharing: Sharing,
): void => {
  const { at } = found;
  batch.records += 1;
  if ('problem' in found) {
    batch.details.push({ kind: 'refused', at, label: '', reason: found.problem });
    return;
  }
  const reading = readAccount(found.record);
  const { label } = reading;
  if (!reading.ok) {
    const { ok, ...fault } = reading;
    batch.details.push({ kind: 'refused', at, ...fault });
    return;
  }
  for (const note of reading.notes) batch.details.push({ kind: 'note', at, label, ...note });
  const { row, sent, algorithm, disabledBy } = reading;
  const incoming = { at, label, row, sent, algorithm, disabledBy, claim: claims.claim(at, row) };
  const { username } = row;
  const { claim } = incoming;
  // Security: each of two people who share a name stays one of two. Only one of them can log in by the name.
  if (sharing.email && claim.email !== null && claim.username === null && username !== null) {
    const text = `${claim.email} has the same email`;
    batch.details.push({ kind: 'note', at, label: username, reason: 'imported without its email', text });
    const own = withoutEmail(incoming, username);
    batch.incoming.push({ ...own, claim: { ...claim, email: claims.claimEmail(at, own.row.emailKey) } });
  } else if (
    sharing.username &&
    claim.username !== null &&
    claim.email === null &&
    !isPlaceholderEmail(row.email)
  ) {
    const text = `imported without its username: ${claim.username} has the username ${username} too`;
    batch.details.push({ kind: 'note', at, label, reason: 'imported without its username', text });
    batch.incoming.push({ ...withoutUsername(incoming), claim: { ...claim, username: null } });
  } else batch.incoming.push(incoming);
};

const writeBatch = async (context: Context, batch: Batch): Promise<void> => {
  const { counts, details } = context;
  const merged = await mergeAndWrite(context, batch.incoming);
  const found = [...batch.details, ...merged.details];
  const countOf = (kind: Detail['kind']) => found.filter((detail) => detail.kind === kind).length;
  counts.read += batch.records;
  counts.imported += merged.inserts.length;
  counts.updated += merged.updates.length;
  counts.alreadyThere += merged.kept;
  counts.idsKept += merged.idsKept;
  counts.conflicts += countOf('conflict');
  counts.refused += countOf('refused');
  counts.deleted += countOf('deleted');
  const written = [...merged.inserts, ...merged.updates.map(({ row }) => row)];
  counts.tokens += written.filter(
    ({ tokenId, disabledAtMs }) => tokenId !== null && disabledAtMs === null,
  ).length;
  counts.withoutEmail += merged.inserts.filter(({ email }) => isPlaceholderEmail(email)).length;
  counts.admins += merged.inserts.filter(({ isAdmin }) => isAdmin).length;
  counts.disabled += merged.inserts.filter(({ disabledAtMs }) => disabledAtMs !== null).length;
  const toCount = new Set(written.map(({ emailKey }) => emailKey));
  for (const { row, algorithm, disabledBy } of batch.incoming) {
    if (!toCount.delete(row.emailKey)) continue;
    counts.hashes[algorithm] = (counts.hashes[algorithm] ?? 0) + 1;
    if (disabledBy !== null) counts.disabledBy[disabledBy] = (counts.disabledBy[disabledBy] ?? 0) + 1;
  }
  details.add(found);
  await noteIds(context, merged);
};

/** Lists what ids the accounts have got: of those that were created, the database says it. */
const noteIds = async ({ ids, target }: Context, { inserts, known }: Merged): Promise<void> => {
  if (ids === null) return;
  const named = inserts.filter(({ sourceId }) => sourceId !== null);
  const rows = (await target.query(findIds(named))).flat();
  const idOf = new Map(rows.map((row) => [String(row['email_key']), Number(row['id'])]));
  const created = named.flatMap(({ sourceId, emailKey }) => {
    const id = idOf.get(emailKey);
    return sourceId === null || id === undefined ? [] : [{ sourceId, id }];
  });
  ids.add([...created, ...known]);
};

const mergeAndWrite = async (context: Context, incoming: readonly Incoming[]): Promise<Merged> => {
  const { target, options, nowMs, startedAtMs } = context;
  for (let tries = 1; ; tries += 1) {
    const { inserts, updates, ...rest } = mergeBatch(incoming, await look(context, incoming), options.merge);
    const times = { createdAtMs: nowMs, expiresAtMs: nowMs + TOKEN_DAYS * MS_PER_DAY };
    const updated = updates.map(({ row }) => row);
    if (options.dryRun !== true) await makeHashes([...inserts, ...updated]);
    const inserted = inserts.map((row) => ({
      row,
      saidAdmin: row.isAdmin,
      saidDisabled: row.disabledAtMs !== null,
    }));
    try {
      await target.write([
        ...updateAccounts(updates, nowMs),
        ...insertSessions(updated, 'id', times),
        ...noteImported(updates, 'id', startedAtMs),
        ...insertAccounts(inserts),
        ...insertSessions(inserts, 'email_key', times),
        ...insertGenerators(inserts, nowMs),
        ...noteImported(inserted, 'email_key', startedAtMs),
      ]);
      return { inserts, updates, ...rest };
    } catch (error) {
      if (!(error instanceof Taken) || tries === MAX_TRIES) throw error;
    }
  }
};

/** Asks the database for everything that decides about a batch. */
const look = async (context: Context, incoming: readonly Incoming[]): Promise<Known> => {
  const { target, options, lastIdOfInput, wasDeleted, startedAtMs } = context;
  const rows = incoming.map(({ row }) => (lastIdOfInput === null ? { ...row, id: null } : row));
  const searches = findHolders(rows);
  const ids = rows.flatMap(({ id }) => (id === null ? [] : [id]));
  const deletions = findDeleted(ids);
  const lastId = lastIdOfInput === null ? [] : [FIND_LAST_ID];
  const admins = options.merge.onConflict === 'update' ? [FIND_ADMINS] : [];
  const results = await target.query([...searches, ...deletions, ...lastId, ...admins]);
  const take = (statements: readonly string[]): Row[] => results.splice(0, statements.length).flat();
  const [holders, deleted, given] = [take(searches), take(deletions), take(lastId)];
  return {
    holders,
    deletedIds: new Set(deleted.map((row) => Number(row['user_id']))),
    lastId:
      lastIdOfInput === null ? null : Math.max(lastIdOfInput, ...given.map((row) => Number(row['seq']))),
    adminIds: new Set(take(admins).map((row) => Number(row['id']))),
    wasDeleted,
    startedAtMs,
  };
};
