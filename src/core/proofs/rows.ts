// The statements on the table of proofs.
import { and, eq, gt, inArray, isNull, ne, type SQL, sql } from 'drizzle-orm';
import type { MailKind } from '../mail/kinds.ts';
import { withinMailLimits } from '../mail/outbox.ts';
import { whereWithinLast } from '../store/conditions.ts';
import { proofs, users } from '../store/schema.ts';
import type { Database } from '../store/store.ts';
import { PASSWORD_MARK_LENGTH, RESET_SECONDS } from './operator.ts';
import type { Purpose } from './tokens.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** How long a proof is valid. A reset is done at once; an undo must outlast a weekend. */
export const PROOF_SECONDS: Readonly<Record<Purpose, number>> = {
  verify_email: 24 * HOUR,
  reset_password: RESET_SECONDS,
  change_email: 24 * HOUR,
  undo_email_change: 72 * HOUR,
  sign_in: 10 * MINUTE,
};

/** A code is short, so its life is too. https://pages.nist.gov/800-63-4/sp800-63b.html#ooba */
export const CODE_SECONDS = 10 * MINUTE;
/** Wrong codes that a proof allows; also the limit of proofs of one purpose, address and requester within an hour. */
export const MAX_CODE_TRIES = 5;
export const TRIES_WINDOW_MS = HOUR * 1000;

/** New addresses per day for which one account may request mails. */
const MAX_NEW_ADDRESSES = 10;
const DAY_MS = 24 * HOUR * 1000;

const passwordMarkOfRow = sql<string>`substr(${users.passwordHash}, ${sql.raw(String(-PASSWORD_MARK_LENGTH))})`;
/** The same part of a hash. */
const passwordMark = (passwordHash: string): string => passwordHash.slice(-PASSWORD_MARK_LENGTH);

export interface ProofRequest {
  /** Fresh: 128 random bits as hex. */
  id: string;
  purpose: Purpose;
  /** The mail that will carry it: the limits count those. */
  kind: MailKind;
  /** The condition that finds the account, on the table `users`. */
  account: SQL | undefined;
  /** The address that it proves; the account's own if none is given. */
  to?: { address: string; key: string };
  requester?: string | SQL;
  /** SHA-256 of a secret that the requesting browser keeps. */
  browser?: string;
  hasCode: boolean;
  nowMs: number;
}

/**
 * The statement that creates a proof in place of the previous one. If the limits allow no further mail, the previous
 * proof stays valid: its mail has arrived.
 */
export const insertProof = (db: Database, request: ProofRequest) => {
  const { id, purpose, kind, account, to, requester = '', browser = null, hasCode, nowMs } = request;
  const addressKey = to ? sql<string>`${to.key}` : sql<string>`${users.emailKey}`;
  const isRecent = whereWithinLast(proofs.triesFromMs, TRIES_WINDOW_MS, nowMs);
  const addresses = db
    .select({ n: sql`count(*)` })
    .from(proofs)
    .where(
      and(
        eq(proofs.userId, users.id),
        eq(proofs.purpose, purpose),
        whereWithinLast(proofs.createdAtMs, DAY_MS, nowMs),
        sql`${proofs.addressKey} <> ${addressKey}`,
      ),
    );
  return db
    .insert(proofs)
    .select(
      db
        .select({
          id: sql<string>`${id}`.as('id'),
          purpose: sql<Purpose>`${purpose}`.as('purpose'),
          userId: users.id,
          address: (to ? sql<string>`${to.address}` : sql<string>`${users.email}`).as('address'),
          addressKey: addressKey.as('address_key'),
          requester: sql<string>`${requester}`.as('requester'),
          passwordMark: passwordMarkOfRow.as('password_mark'),
          browser: sql<string | null>`${browser}`.as('browser'),
          createdAtMs: sql<number>`${nowMs}`.as('created_at'),
          expiresAtMs: sql<number>`${nowMs + PROOF_SECONDS[purpose] * 1000}`.as('expires_at'),
          codeExpiresAtMs: sql<number | null>`${hasCode ? nowMs + CODE_SECONDS * 1000 : null}`.as(
            'code_expires_at',
          ),
          tries: sql<number>`0`.as('tries'),
          triesFromMs: sql<number>`0`.as('tries_from'),
        })
        .from(users)
        .where(and(account, isNull(users.disabledAtMs), sql`(${addresses}) < ${MAX_NEW_ADDRESSES}`)),
    )
    .onConflictDoUpdate({
      target: [proofs.userId, proofs.purpose, proofs.addressKey, proofs.requester],
      set: {
        id: sql`excluded.id`,
        address: sql`excluded.address`,
        passwordMark: sql`excluded.password_mark`,
        browser: sql`excluded.browser`,
        createdAtMs: sql`excluded.created_at`,
        expiresAtMs: sql`excluded.expires_at`,
        codeExpiresAtMs: sql`excluded.code_expires_at`,
        tries: sql`CASE WHEN ${isRecent} THEN ${proofs.tries} ELSE 0 END`,
        triesFromMs: sql`CASE WHEN ${isRecent} THEN ${proofs.triesFromMs} ELSE 0 END`,
      },
      setWhere: withinMailLimits(db, {
        kind,
        addressKey: sql`excluded.address_key`,
        requester: sql`excluded.requester`,
        nowMs,
      }),
    });
};

/** The accounts that can still take an address back: nobody else can take it meanwhile, least of all the attacker. */
export const formerHolders = (db: Database, addressKey: string, exceptId: number, nowMs: number) =>
  db
    .select({ id: proofs.userId })
    .from(proofs)
    .where(
      and(
        eq(proofs.addressKey, addressKey),
        eq(proofs.purpose, 'undo_email_change'),
        gt(proofs.expiresAtMs, nowMs),
        ne(proofs.userId, exceptId),
      ),
    );

/** The state in which the account must be for its proof to be valid: another password or another address voids it. */
const boundState = (purpose: Purpose): SQL | undefined => {
  switch (purpose) {
    case 'verify_email':
    case 'reset_password':
    case 'sign_in':
      return sql`${proofs.addressKey} = ${users.emailKey} AND ${proofs.passwordMark} = ${passwordMarkOfRow}`;
    case 'change_email':
      return sql`${proofs.address} = ${users.pendingEmail} AND ${proofs.passwordMark} = ${passwordMarkOfRow}`;
    case 'undo_email_change':
      // Not bound to the state: an attacker has set a new password and address, and this proof must undo that.
      return undefined;
  }
};

/** The condition on the table `users` that a proof of this account is valid. */
export const holdsProof = (db: Database, purpose: Purpose, id: string, nowMs: number): SQL => {
  // The row that the proof names is found by its key; the state, which needs both rows, is checked on it.
  const account = db.select({ id: proofs.userId }).from(proofs).where(eq(proofs.id, id));
  const proof = db
    .select({ one: sql`1` })
    .from(proofs)
    .where(
      and(
        eq(proofs.id, id),
        eq(proofs.purpose, purpose),
        eq(proofs.userId, users.id),
        gt(proofs.expiresAtMs, nowMs),
        boundState(purpose),
      ),
    );
  return sql`(${users.id} = ${account} AND ${users.disabledAtMs} IS NULL AND EXISTS ${proof})`;
};

/**
 * The statement that keeps proofs valid when a new hash of the same password replaces an outdated one. Only if that
 * happened in the same batch.
 */
export const rebindProofs = (
  db: Database,
  account: { id: number; passwordHash: string },
  newHash: string,
) => {
  const isRehashed = db
    .select({ one: sql`1` })
    .from(users)
    .where(and(eq(users.id, account.id), eq(users.passwordHash, newHash)));
  return db
    .update(proofs)
    .set({ passwordMark: passwordMark(newHash) })
    .where(
      and(
        eq(proofs.userId, account.id),
        eq(proofs.passwordMark, passwordMark(account.passwordHash)),
        sql`EXISTS ${isRehashed}`,
      ),
    );
};

/** The statement that uses a proof up; it returns no row if it was used before. */
export const deleteProof = (db: Database, id: string) =>
  db.delete(proofs).where(eq(proofs.id, id)).returning({ id: proofs.id });

/**
 * The statement that counts a try of a code before the comparison, and returns the proof to compare it with; no row if
 * no try is left. Counting first stops a parallel flood.
 */
export const countCodeTry = (
  db: Database,
  which: { purpose: Purpose; account: SQL | undefined; browser?: string },
  nowMs: number,
) => {
  const { purpose, account, browser } = which;
  const isRecent = whereWithinLast(proofs.triesFromMs, TRIES_WINDOW_MS, nowMs);
  const accounts = db.select({ id: users.id }).from(users).where(account);
  const holder = db
    .select({ one: sql`1` })
    .from(users)
    .where(and(eq(users.id, proofs.userId), isNull(users.disabledAtMs), boundState(purpose)));
  return db
    .update(proofs)
    .set({
      tries: sql`CASE WHEN ${isRecent} THEN ${proofs.tries} + 1 ELSE 1 END`,
      triesFromMs: sql`CASE WHEN ${isRecent} THEN ${proofs.triesFromMs} ELSE ${nowMs} END`,
    })
    .where(
      and(
        // Finds the rows by their index; the state, which names the row, cannot.
        inArray(proofs.userId, accounts),
        eq(proofs.purpose, purpose),
        gt(proofs.codeExpiresAtMs, nowMs),
        browser === undefined ? undefined : eq(proofs.browser, browser),
        sql`(${proofs.tries} < ${MAX_CODE_TRIES} OR NOT ${isRecent})`,
        sql`EXISTS ${holder}`,
      ),
    )
    .returning({ id: proofs.id, userId: proofs.userId });
};
