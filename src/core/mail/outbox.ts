// The outbox: a mail is a row that is written in the batch of its event. The statements on its table.
import { and, asc, eq, gt, inArray, isNotNull, isNull, lte, notExists, or, type SQL, sql } from 'drizzle-orm';
import { NO_EMAIL_DOMAIN } from '../formats.ts';
import { LEASE_MS } from '../outbox/lease.ts';
import { whereWithinLast } from '../store/conditions.ts';
import { outbox, proofs, users } from '../store/schema.ts';
import type { Database } from '../store/store.ts';
import type { MailDetails } from './details.ts';
import type { MailKind } from './kinds.ts';

/** A mail in the outbox. */
export type OutboxRow = typeof outbox.$inferSelect;

/** Whether a row that a batch returned is a mail's: no other table has these columns. */
export const isOutboxRow = (row: unknown): row is OutboxRow =>
  typeof row === 'object' && row !== null && 'proofId' in row && 'attempts' in row && 'nextAtMs' in row;

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** Mails of one kind to one address: enough for a person who clicks again, too few to flood a mailbox. */
export const MAX_MAILS_AN_HOUR = 3;
export const MAX_MAILS_A_DAY = 10;

interface Limited {
  kind: MailKind;
  addressKey: SQL;
  requester: string | SQL;
  nowMs: number;
}

/** The condition that a further mail of this kind may go to this address. Counted in the batch that queues it. */
export const withinMailLimits = (db: Database, { kind, addressKey, requester, nowMs }: Limited): SQL => {
  const since = (ms: number) =>
    db
      .select({ n: sql`count(*)` })
      .from(outbox)
      .where(
        and(
          sql`${outbox.addressKey} = ${addressKey}`,
          eq(outbox.kind, kind),
          sql`${outbox.requester} = ${requester}`,
          whereWithinLast(outbox.createdAtMs, ms, nowMs),
        ),
      );
  return sql`((${since(HOUR_MS)}) < ${MAX_MAILS_AN_HOUR} AND (${since(DAY_MS)}) < ${MAX_MAILS_A_DAY})`;
};

export interface MailRequest {
  kind: MailKind;
  /** The condition that finds the account, on the table `users`. */
  account: SQL | undefined;
  /** Whom to send it to; the account's own address if nobody is named. */
  to?: { address: string; key: string };
  /** The proof whose link or code it has. Nothing is sent without it. */
  proofId?: string;
  /** Whose mails are counted together: a stranger's do not count against an owner's device. */
  requester?: string | SQL;
  details: MailDetails;
  /** The address that the mail is about, mostly hidden: computed when the row is written. */
  hiddenAddress?: SQL;
  /** Seconds for which the mail is of use. */
  lifeSeconds: number;
  nowMs: number;
}

/**
 * The statement that queues a mail and returns its row, for sending after the response; the caller holds the lease. No
 * row if there is no such account, or if a limit is reached: the caller does not learn which.
 */
export const queueMail = (db: Database, request: MailRequest) => {
  const { kind, account, to, proofId = null, requester = '', details, lifeSeconds, nowMs } = request;
  const addressKey = to ? sql<string>`${to.key}` : sql<string>`${users.emailKey}`;
  const proof = db
    .select({ one: sql`1` })
    .from(proofs)
    .where(eq(proofs.id, proofId ?? ''));
  return db
    .insert(outbox)
    .select(
      db
        .select({
          id: sql<number>`NULL`.as('id'),
          kind: sql<string>`${kind}`.as('kind'),
          userId: users.id,
          address: (to ? sql<string>`${to.address}` : sql<string>`${users.email}`).as('address'),
          addressKey: addressKey.as('address_key'),
          requester: sql<string>`${requester}`.as('requester'),
          locale: users.locale,
          proofId: sql<string | null>`${proofId}`.as('proof_id'),
          details: (request.hiddenAddress
            ? sql<string>`json_set(${JSON.stringify(details)}, '$.hiddenAddress', ${request.hiddenAddress})`
            : sql<string>`${JSON.stringify(details)}`
          ).as('details'),
          createdAtMs: sql<number>`${nowMs}`.as('created_at'),
          expiresAtMs: sql<number>`${nowMs + lifeSeconds * 1000}`.as('expires_at'),
          nextAtMs: sql<number>`${nowMs + LEASE_MS}`.as('next_at'),
          attempts: sql<number>`1`.as('attempts'),
          doneAtMs: sql<number | null>`NULL`.as('done_at'),
          outcome: sql<OutboxRow['outcome']>`NULL`.as('outcome'),
        })
        .from(users)
        .where(
          and(
            account,
            // Nobody reads mail to a placeholder address.
            sql`${addressKey} NOT LIKE ${`%@${NO_EMAIL_DOMAIN}`}`,
            withinMailLimits(db, { kind, addressKey, requester, nowMs }),
            proofId === null ? undefined : sql`EXISTS ${proof}`,
          ),
        ),
    )
    .returning();
};

/** Mails that one statement looks at, however many wait: few enough that no login waits noticeably. */
const WINDOW_ROWS = 1_000;

/** The mails that are due first and that nobody is sending. */
const dueFirst = (db: Database, nowMs: number) =>
  db
    .select({
      id: outbox.id,
      proofId: outbox.proofId,
      expiresAtMs: outbox.expiresAtMs,
      nextAtMs: outbox.nextAtMs,
    })
    .from(outbox)
    .where(and(isNull(outbox.doneAtMs), lte(outbox.nextAtMs, nowMs)))
    .orderBy(asc(outbox.nextAtMs))
    .limit(WINDOW_ROWS)
    .as('first');

type Due = ReturnType<typeof dueFirst>;

/** The proof of a mail was used, replaced or cancelled. */
const lacksProof = (db: Database, due: Due): SQL | undefined =>
  and(
    isNotNull(due.proofId),
    notExists(db.select({ one: sql`1` }).from(proofs).where(eq(proofs.id, due.proofId))),
  );

/**
 * The statement that takes mails that are due, the oldest first, so that no other run takes them. Only mails that are
 * still useful: the batch first drops or gives up the others among those that it looks at.
 */
export const leaseDue = (db: Database, limit: number, nowMs: number) => {
  const due = dueFirst(db, nowMs);
  const useful = db
    .select({ id: due.id })
    .from(due)
    .where(and(gt(due.expiresAtMs, nowMs), sql`(${lacksProof(db, due)}) IS NOT TRUE`))
    .orderBy(asc(due.nextAtMs))
    .limit(limit);
  return db
    .update(outbox)
    .set({ nextAtMs: nowMs + LEASE_MS, attempts: sql`${outbox.attempts} + 1` })
    .where(inArray(outbox.id, useful))
    .returning();
};

/** The statement that drops mails whose links no longer work; returns them. */
export const dropObsolete = (db: Database, nowMs: number) => {
  const due = dueFirst(db, nowMs);
  return db
    .update(outbox)
    .set({ doneAtMs: nowMs, outcome: 'obsolete' })
    .where(inArray(outbox.id, db.select({ id: due.id }).from(due).where(lacksProof(db, due))))
    .returning({ id: outbox.id });
};

/** The condition that a mail is given up: it could not be delivered while it was useful. */
export const isGivenUp = (db: Database, nowMs: number): SQL => {
  const due = dueFirst(db, nowMs);
  return inArray(outbox.id, db.select({ id: due.id }).from(due).where(lte(due.expiresAtMs, nowMs)));
};

/** The statement that gives up mails that are no longer useful; returns them. */
export const giveUp = (db: Database, nowMs: number) =>
  db
    .update(outbox)
    .set({ doneAtMs: nowMs, outcome: 'given_up' })
    .where(isGivenUp(db, nowMs))
    .returning({ id: outbox.id });

/** Only the holder of the last lease may note the outcome of a mail. */
const isMine = ({ id, attempts }: OutboxRow): SQL | undefined =>
  and(eq(outbox.id, id), eq(outbox.attempts, attempts), isNull(outbox.doneAtMs));

/** The statement that notes that mails are done. */
export const finishMails = (
  db: Database,
  rows: readonly OutboxRow[],
  outcome: 'sent' | 'undeliverable' | 'obsolete',
  nowMs: number,
) =>
  db
    .update(outbox)
    .set({ doneAtMs: nowMs, outcome })
    .where(or(...rows.map(isMine)));

/** The statement that puts a mail back for a later try. */
export const postponeMail = (db: Database, row: OutboxRow, nextAtMs: number) =>
  db.update(outbox).set({ nextAtMs }).where(isMine(row));
