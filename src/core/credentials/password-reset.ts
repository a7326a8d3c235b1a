// Reset of a forgotten password: a link to the account's address, and a new password.
import { and, eq, isNull, sql } from 'drizzle-orm';
import { err, type InvalidProof, ok, type Result } from '../errors.ts';
import { noteEventOf } from '../events/events.ts';
import type { Identifier } from '../identity.ts';
import type { Mail } from '../mail/mail.ts';
import type { Account, Client } from '../model.ts';
import { endAllSessions, removeOtherWaysIn, withdrawOtherClaims } from '../proofs/effects.ts';
import { OPERATOR } from '../proofs/operator.ts';
import type { Proofs } from '../proofs/proofs.ts';
import { deleteProof, holdsProof } from '../proofs/rows.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { accountColumns } from '../store/columns.ts';
import { proofs as proofRows, users } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { Passwords } from './passwords.ts';

export interface PasswordReset {
  /**
   * Mails a link to the account with that name, if it exists and is not disabled. One round trip with the same
   * statements in every case, so that the response does not reveal whether it exists. The limits of mails to one
   * address apply.
   * @param callback the page of another client that takes the token as `sign`; null for our own page
   */
  request(identifier: Identifier, client: Client, callback?: string | null): Promise<void>;
  /** The account of a link. Refuses a link that was used, replaced or has expired. Does not use the link. */
  read(token: string): Promise<Result<Account, InvalidProof>>;
  /**
   * Sets the password and proves the address. Ends every session and token, forgets every known device, resets the
   * counter, opens no session, and keeps second factors. One hash and one round trip.
   *
   * If the address was never proven before, also removes every factor and app password: somebody else may have created
   * the account with this address.
   * @see https://www.usenix.org/conference/usenixsecurity22/presentation/sudhodanan pre-hijacking
   */
  complete(token: string, password: string, client: Client): Promise<Result<Account, InvalidProof>>;
}

export interface PasswordResetOptions {
  store: Store;
  sessions: Sessions;
  passwords: Passwords;
  mail: Mail;
  proofs: Proofs;
  nowMs: () => number;
}

export const createPasswordReset = (options: PasswordResetOptions): PasswordReset => {
  const { store, sessions, passwords, mail, proofs, nowMs } = options;

  return {
    async request(identifier, client, callback = null) {
      const column = identifier.by === 'email' ? users.emailKey : users.usernameKey;
      const account = and(eq(column, identifier.key), isNull(users.disabledAtMs));
      const details = callback === null ? {} : { callback };
      const requester = await proofs.requesterOf(client);
      const { value } = await store.primary(async (db) => {
        const [first, ...others] = proofs.request(db, {
          kind: 'reset_password',
          account,
          client,
          requester,
          details,
          event: 'password_reset_requested',
        });
        return first ? db.batch([first, ...others]) : [];
      });
      mail.sendSoon(value);
    },

    read: (token) => proofs.read('reset_password', token),

    async complete(token, password, client) {
      const found = await proofs.find('reset_password', { token });
      if (!found.ok) return found;
      const id = found.value;
      const passwordHash = await passwords.hash(password);
      const now = nowMs();
      const { value } = await store.primary((db) => {
        const holds = holdsProof(db, 'reset_password', id, now);
        // A link that an operator handed over proves no address, and says nothing about who made the account.
        const isMailed = sql`EXISTS (SELECT 1 FROM ${proofRows} WHERE id = ${id} AND requester <> ${OPERATOR})`;
        const proves = sql`(${holds} AND ${isMailed})`;
        const wasUnproven = and(proves, isNull(users.emailVerifiedAtMs));
        return db.batch([
          noteEventOf(db, 'password_reset', holds, client, now),
          mail.notify(db, 'password_reset', holds, client),
          withdrawOtherClaims(db, id, proves),
          ...endAllSessions(db, holds),
          ...removeOtherWaysIn(db, wasUnproven, null, client, now),
          db
            .update(users)
            .set({
              passwordHash,
              emailVerifiedAtMs: sql`CASE WHEN ${isMailed} THEN coalesce(${users.emailVerifiedAtMs}, ${now}) ELSE ${users.emailVerifiedAtMs} END`,
              pendingEmail: null,
              loginFailures: null,
              updatedAtMs: now,
            })
            .where(holds)
            .returning(accountColumns),
          deleteProof(db, id),
        ]);
      });
      mail.sendSoon(value);
      const [, , , latest, , , , , , , [account]] = value;
      if (!account) return err({ reason: 'proof', why: 'expired' });
      sessions.forget(latest.map((session) => session.id));
      return ok(account);
    },
  };
};
