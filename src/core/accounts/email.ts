// The email address of an account: proving it, changing it, and undoing the change from the old address.
import { and, eq, isNotNull, isNull, type SQL, sql } from 'drizzle-orm';
import { err, type Gone, type InvalidProof, ok, type Result, type Taken } from '../errors.ts';
import { noteEventOf } from '../events/events.ts';
import { detailsOf } from '../mail/details.ts';
import type { Mail } from '../mail/mail.ts';
import { queueMail } from '../mail/outbox.ts';
import type { Account, Client } from '../model.ts';
import { endAllSessions, removeOtherWaysIn, withdrawOtherClaims } from '../proofs/effects.ts';
import type { Proofs, Shown } from '../proofs/proofs.ts';
import { deleteProof, holdsProof, insertProof, PROOF_SECONDS } from '../proofs/rows.ts';
import type { ProofTokens, Purpose } from '../proofs/tokens.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { accountColumns } from '../store/columns.ts';
import { whereAccountExists } from '../store/conditions.ts';
import { proofs as proofRows, users } from '../store/schema.ts';
import { type Database, isUniqueViolation, type Store } from '../store/store.ts';

/** The token of a link, or the code that the signed-in owner of an account types. */
export type EmailProof = { token: string } | { code: string; accountId: number };

/** What the links of this file are for. */
export type EmailPurpose = Extract<Purpose, 'verify_email' | 'change_email' | 'undo_email_change'>;

export interface EmailAddress {
  /**
   * Mails a link and a code that prove the address, unless it is proven already. One round trip. The limits of mails to
   * one address apply, and the caller does not learn whether they are reached.
   */
  requestVerification(accountId: number, client: Client): Promise<void>;
  /** Proves the address. One round trip with a token, two with a code. Of parallel calls, one succeeds. */
  verify(proof: EmailProof, client: Client): Promise<Result<Account, InvalidProof>>;
  /** The account of a link. Refuses a link that was used, replaced or has expired. Does not use the link. */
  read(purpose: EmailPurpose, token: string): Promise<Result<Account, InvalidProof>>;
  /** Cancels the pending change of address. */
  withdrawChange(accountId: number, client: Client): Promise<Result<Account, Gone>>;
  /**
   * Makes the pending address the account's address. Mails the old address, with a link that undoes the change for 72
   * hours if that address was proven. Refuses an address that another account has by now.
   */
  confirmChange(proof: EmailProof, client: Client): Promise<Result<Account, InvalidProof | Taken>>;
  /**
   * Restores the old address, ends every session, and voids the password until a new one is set. Returns the token of a
   * reset, to continue with at once.
   */
  undoChange(token: string, client: Client): Promise<Result<{ resetToken: string }, InvalidProof | Taken>>;
}

export interface EmailAddressOptions {
  store: Store;
  sessions: Sessions;
  mail: Mail;
  proofs: Proofs;
  proofTokens: ProofTokens;
  nowMs: () => number;
}

/** An address for a mail to another address: enough to recognise it, too little to learn it. */
const hidden = (address: SQL): SQL =>
  sql`substr(${address}, 1, 1) || '•••@' || substr(${address}, instr(${address}, '@') + 1, 1) || '•••'`;

const UNDO = 'undo_email_change';

export const createEmailAddress = (options: EmailAddressOptions): EmailAddress => {
  const { store, sessions, mail, proofs, proofTokens, nowMs } = options;

  const show = (proof: EmailProof): Shown =>
    'token' in proof ? proof : { code: proof.code, account: eq(users.id, proof.accountId) };

  /** The mail to the address that is about to be replaced. The undo proof is made before it, if it is made at all. */
  const tellOldAddress = (db: Database, holds: SQL, undoId: string, newAddress: SQL, client: Client) => {
    const now = nowMs();
    const letter = {
      kind: 'email_changed',
      details: detailsOf(client, now),
      hiddenAddress: hidden(newAddress),
      lifeSeconds: PROOF_SECONDS[UNDO],
      nowMs: now,
    } as const;
    return [
      insertProof(db, {
        id: undoId,
        purpose: UNDO,
        kind: 'email_changed',
        // An unproven address may belong to a stranger because of a typing error. It must not be able to take the
        // account.
        account: and(holds, isNotNull(users.emailVerifiedAtMs)),
        hasCode: false,
        nowMs: now,
      }),
      queueMail(db, { ...letter, account: holds, proofId: undoId }),
      queueMail(db, { ...letter, account: and(holds, isNull(users.emailVerifiedAtMs)) }),
    ] as const;
  };

  return {
    async requestVerification(accountId, client) {
      const account = and(eq(users.id, accountId), isNull(users.emailVerifiedAtMs));
      const { value } = await store.primary(async (db) => {
        const [first, ...others] = proofs.request(db, { kind: 'verify_email', account, client });
        return first ? db.batch([first, ...others]) : [];
      });
      mail.sendSoon(value);
    },

    async verify(proof, client) {
      const found = await proofs.find('verify_email', show(proof));
      if (!found.ok) return found;
      const now = nowMs();
      const { value } = await store.primary((db) => {
        const holds = holdsProof(db, 'verify_email', found.value, now);
        return db.batch([
          noteEventOf(db, 'email_verified', holds, client, now),
          withdrawOtherClaims(db, found.value, holds),
          db
            .update(users)
            .set({ emailVerifiedAtMs: sql`coalesce(${users.emailVerifiedAtMs}, ${now})`, updatedAtMs: now })
            .where(holds)
            .returning(accountColumns),
          deleteProof(db, found.value),
        ]);
      });
      const [account] = value[2];
      return account ? ok(account) : err({ reason: 'proof', why: 'expired' });
    },

    read: proofs.read,

    async withdrawChange(accountId, client) {
      const now = nowMs();
      const hasPending = and(
        eq(users.id, accountId),
        isNull(users.disabledAtMs),
        isNotNull(users.pendingEmail),
      );
      const { value } = await store.primary((db) =>
        db.batch([
          noteEventOf(db, 'email_change_withdrawn', hasPending, client, now),
          // Its proof stays, bound to a pending address that no longer exists. So the tries that were used up stay
          // counted.
          db.update(users).set({ pendingEmail: null, updatedAtMs: now }).where(hasPending),
          db
            .select(accountColumns)
            .from(users)
            .where(and(eq(users.id, accountId), isNull(users.disabledAtMs))),
        ]),
      );
      const [account] = value[2];
      return account ? ok(account) : err({ reason: 'gone' });
    },

    async confirmChange(proof, client) {
      const found = await proofs.find('change_email', show(proof));
      if (!found.ok) return found;
      const id = found.value;
      const now = nowMs();
      const undoId = proofs.newId();
      const newAddress = sql`(SELECT address FROM ${proofRows} WHERE id = ${id})`;
      try {
        const { value } = await store.primary((db) => {
          const holds = holdsProof(db, 'change_email', id, now);
          return db.batch([
            noteEventOf(db, 'email_changed', holds, client, now),
            withdrawOtherClaims(db, id, holds),
            ...tellOldAddress(db, holds, undoId, newAddress, client),
            db
              .update(users)
              .set({
                email: sql`${newAddress}`,
                emailKey: sql`(SELECT address_key FROM ${proofRows} WHERE id = ${id})`,
                emailVerifiedAtMs: now,
                pendingEmail: null,
                updatedAtMs: now,
              })
              .where(holds)
              .returning(accountColumns),
            deleteProof(db, id),
          ]);
        });
        mail.sendSoon(value);
        const [account] = value[5];
        return account ? ok(account) : err({ reason: 'proof', why: 'expired' });
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        // Another account has the address by now, so the change can never be confirmed.
        await store.primary((db) =>
          db
            .update(users)
            .set({ pendingEmail: null })
            .where(holdsProof(db, 'change_email', id, now)),
        );
        return err({ reason: 'taken', fields: ['email'], ownerId: null });
      }
    },

    async undoChange(token, client) {
      const found = await proofs.find(UNDO, { token });
      if (!found.ok) return found;
      const id = found.value;
      const now = nowMs();
      const resetId = proofs.newId();
      const proof = (column: SQL) => sql`(SELECT ${column} FROM ${proofRows} WHERE id = ${id})`;
      try {
        const { value } = await store.primary((db) => {
          const holds = holdsProof(db, UNDO, id, now);
          const account = eq(users.id, proof(sql`user_id`));
          // A change is confirmed within a day of its request. Whatever was added since the request is not the owner's.
          const since = proof(sql`created_at - ${PROOF_SECONDS.change_email * 1000}`);
          return db.batch([
            noteEventOf(db, 'email_change_undone', holds, client, now),
            queueMail(db, {
              kind: 'email_changed',
              account: holds,
              details: detailsOf(client, now),
              hiddenAddress: hidden(proof(sql`address`)),
              lifeSeconds: PROOF_SECONDS[UNDO],
              nowMs: now,
            }),
            ...endAllSessions(db, holds),
            ...removeOtherWaysIn(db, holds, since, client, now),
            db
              .update(users)
              .set({
                email: proof(sql`address`),
                emailKey: proof(sql`address_key`),
                emailVerifiedAtMs: now,
                pendingEmail: null,
                // The person who changed the address knew the password: no password matches until a new one is set.
                passwordHash: sql`'!' || lower(hex(randomblob(16)))`,
                updatedAtMs: now,
              })
              .where(holds)
              .returning(accountColumns),
            // Proofs made since then belong to the attacker. An older undo goes back further, and stays valid.
            db
              .delete(proofRows)
              .where(
                and(
                  eq(proofRows.userId, proof(sql`user_id`)),
                  sql`${proofRows.id} <> ${id}`,
                  sql`(${proofRows.purpose} <> ${UNDO} OR ${proofRows.createdAtMs} >= ${proof(sql`created_at`)})`,
                  whereAccountExists(db, holds),
                ),
              ),
            insertProof(db, {
              id: resetId,
              purpose: 'reset_password',
              kind: 'reset_password',
              account: and(account, holds),
              hasCode: false,
              nowMs: now,
            }),
            deleteProof(db, id),
          ]);
        });
        mail.sendSoon(value);
        const [, , latest, , , , , , , [changed]] = value;
        if (!changed) return err({ reason: 'proof', why: 'expired' });
        sessions.forget(latest.map((session) => session.id));
        return ok({ resetToken: await proofTokens.tokenOf('reset_password', resetId) });
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        return err({ reason: 'taken', fields: ['email'], ownerId: null });
      }
    },
  };
};
