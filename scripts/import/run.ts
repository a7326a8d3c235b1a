// Runs the import: reads records, and writes batches of accounts, each in one transaction that a checkpoint follows.
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

/** Records per transaction: enough to spread its cost, few enough that Ctrl-C takes effect and D1 is not blocked. */
const BATCH_RECORDS = 5_000;

/** The same for records whose hash must be computed, which takes 0.1 s each. */
const BATCH_UNMADE = 200;

/** Somebody may register a name of the batch between the read and the write. Then both are repeated. */
const MAX_TRIES = 5;

/** The maximum lifetime of a session: the default of SESSION_ABSOLUTE_DAYS. */
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
  /** Null for an import that cannot be continued. */
  checkpoint: Checkpoint | null;
  counts: Counts;
  details: Details;
  /** Null without `--write-ids`. */
  ids: IdList | null;
  checkHash: HashCheck;
  firebase?: FirebaseParameters | null;
  bar: ProgressBar;
  options: ImportOptions;
  nowMs: number;
  /** When this import began, before any interruption. Marks the accounts that it writes. */
  startedAtMs: number;
  /** Records per transaction, if not the default. */
  batchRecords?: number;
  /** Whether the import should stop after the current batch. */
  isStopped: () => boolean;
}

interface Batch {
  incoming: (Incoming & { algorithm: string; disabledBy: string | null })[];
  details: Detail[];
  records: number;
}

const emptyBatch = (): Batch => ({ incoming: [], details: [], records: 0 });

/** What all batches of an import share. */
interface Context extends ImportRun {
  /** The highest id of the file, if ids are kept. */
  lastIdOfInput: number | null;
  wasDeleted: Known['wasDeleted'];
}

/**
 * Imports the records that are not counted yet. Returns the ignored columns, and whether the end was reached.
 * @throws ConflictStop at a conflict, with `--on-conflict fail`
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
      // Records of an interrupted import are not imported again, but their names are taken.
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

/** Splits pages to a bounded size: a reader returns whatever a part of the file contains. */
async function* sliced(pages: AsyncIterable<readonly Found[]>): AsyncGenerator<readonly Found[]> {
  for await (const page of pages)
    for (let start = 0; start < page.length; start += RECORDS_AT_ONCE)
      yield page.slice(start, start + RECORDS_AT_ONCE);
}

/** Whether the second holder of a name is imported without it, if the record has another name for the login. */
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
  // Security: two people who share a name stay two accounts. Only one of them can log in with the name.
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

/** Lists the new ids of the accounts. Those of created accounts come from the database. */
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

/** Reads everything from the database that the decisions about a batch need. */
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
