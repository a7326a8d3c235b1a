// Sends what waits in an outbox: after the response by the request that queued it, later by the scheduled run.
import type { BatchItem } from 'drizzle-orm/batch';
import type { Database, Store } from '../store/store.ts';
import type { Delivery, Failure } from './delivery.ts';

/** A Worker holds six connections open at once. https://developers.cloudflare.com/workers/platform/limits/ */
export const AT_ONCE = 5;
/** Rounds of one run: 400 rows. What is left waits for the next run, five minutes later. */
const MAX_ROUNDS = 80;
/**
 * Statements after which a run ends. The mails and the messages are sent in one invocation, in which D1 takes 1,000.
 * @see https://developers.cloudflare.com/d1/platform/limits/
 */
const MAX_STATEMENTS = 460;

/** A row, and what became of it. */
export interface Sent<Row> {
  row: Row;
  delivery: Delivery;
}

/** What a run has done. */
export interface Run {
  sent: number;
  failed: number;
  undeliverable: number;
  givenUp: number;
}

/** What makes one outbox different from another. */
export interface Outbox<Row> {
  /**
   * One round trip: gives up what is of no use any more, and takes up the next rows, `AT_ONCE` at most, under a lease.
   * @param skipped recipients that take nothing at the moment
   */
  take(
    skipped: ReadonlySet<string>,
  ): Promise<{ rows: readonly Row[]; givenUp: number; mayHaveMore: boolean }>;
  /** Sends rows in parallel. Never throws: what cannot be sent now is tried again later. */
  send(rows: readonly Row[]): Promise<readonly Sent<Row>[]>;
  /** How many statements `take` and `send` take together. */
  statementsEachRound: number;
  /** The statements that note that rows were sent, as few as can be: at least one row. */
  recordSent(db: Database, rows: readonly Row[], nowMs: number): readonly BatchItem<'sqlite'>[];
  /** The statements that note that a row was not sent. */
  recordFailure(db: Database, row: Row, failure: Failure, nowMs: number): readonly BatchItem<'sqlite'>[];
  nowMs: () => number;
  recipientOf(row: Row): string;
}

/** The statements that note the outcomes of rows: one update for all that were sent. */
const recordOutcomes = <Row>(
  outbox: Outbox<Row>,
  db: Database,
  results: readonly Sent<Row>[],
): readonly BatchItem<'sqlite'>[] => {
  const now = outbox.nowMs();
  const sent = results.filter(({ delivery }) => delivery.outcome === 'sent').map(({ row }) => row);
  const others = results.flatMap(({ row, delivery }) =>
    delivery.outcome === 'sent' ? [] : outbox.recordFailure(db, row, delivery, now),
  );
  return sent.length > 0 ? [...outbox.recordSent(db, sent, now), ...others] : others;
};

/** Sends rows that are under a lease, and notes their outcomes in one batch. */
export const sendRows = async <Row>(
  store: Store,
  outbox: Outbox<Row>,
  rows: readonly Row[],
): Promise<{ results: readonly Sent<Row>[]; statements: number }> => {
  if (rows.length === 0) return { results: [], statements: 0 };
  const results = await outbox.send(rows);
  let statements = 0;
  await store.primary(async (db) => {
    const [first, ...others] = recordOutcomes(outbox, db, results);
    if (!first) return;
    statements = 1 + others.length;
    await db.batch([first, ...others]);
  });
  return { results, statements };
};

/** The recipients of which none took anything. */
const findDown = <Row>(results: readonly Sent<Row>[], recipientOf: (row: Row) => string): string[] => {
  const isUp = (name: string): boolean =>
    results.some(({ row, delivery }) => recipientOf(row) === name && delivery.outcome !== 'failed');
  return [...new Set(results.map(({ row }) => recipientOf(row)))].filter((name) => !isUp(name));
};

/**
 * Sends what is due, in bounded rounds. A recipient that takes nothing is left alone for the rest of the run. Throws
 * StoreUnavailable; what is in the outbox stays there.
 */
export const sendDueRows = async <Row>(
  store: Store,
  outbox: Outbox<Row>,
  maxRounds = MAX_ROUNDS,
): Promise<Run> => {
  const run: Run = { sent: 0, failed: 0, undeliverable: 0, givenUp: 0 };
  const skipped = new Set<string>();
  let statements = 0;
  for (let round = 0; round < maxRounds && statements < MAX_STATEMENTS; round += 1) {
    const { rows, givenUp, mayHaveMore } = await outbox.take(skipped);
    run.givenUp += givenUp;
    const { results, statements: recorded } = await sendRows(store, outbox, rows);
    statements += outbox.statementsEachRound + recorded;
    for (const { delivery } of results) run[delivery.outcome] += 1;
    for (const name of findDown(results, outbox.recipientOf)) skipped.add(name);
    if (!mayHaveMore) break;
  }
  return run;
};
