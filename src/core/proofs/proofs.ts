// One-time proofs: the statements that make and mail one, and reading it.
import { and, type SQL, sql } from 'drizzle-orm';
import { err, type InvalidProof, ok, type Result } from '../errors.ts';
import { type EventType, noteEventOf } from '../events/events.ts';
import { detailsOf, type MailDetails } from '../mail/details.ts';
import type { ProofMailKind } from '../mail/kinds.ts';
import type { Mail } from '../mail/mail.ts';
import { queueMail } from '../mail/outbox.ts';
import type { Account, Client } from '../model.ts';
import type { Random } from '../secrets.ts';
import { accountColumns } from '../store/columns.ts';
import { proofs as proofRows, users } from '../store/schema.ts';
import type { Database, Store } from '../store/store.ts';
import { type Devices, requesterOnRow } from '../throttle/devices.ts';
import { CARRIED } from './links.ts';
import { countCodeTry, holdsProof, insertProof, PROOF_SECONDS } from './rows.ts';
import { PROOF_ID_BYTES, type ProofTokens, type Purpose } from './tokens.ts';

export interface ProofMail {
  kind: ProofMailKind;
  /** The condition that finds the account, on the table `users`. */
  account: SQL | undefined;
  client: Client;
  /** The address to prove; the account's own if none is given. */
  to?: { address: string; key: string };
  requester?: string | SQL;
  /** SHA-256 of a secret that the requesting browser keeps. */
  browser?: string;
  /** The event to note, if the limits let the mail be sent. */
  event?: EventType;
  /** The admin who requests it; none for the owner. */
  actorId?: number;
  details?: Omit<Partial<MailDetails>, 'atMs' | 'userAgent' | 'country'>;
}

/** A proof as it is shown: the token of a link, or the code with its account or browser. */
export type Shown =
  | { token: string }
  | { code: string; account: SQL /** SHA-256 of what the browser keeps. */; browser?: string };

type RequestStatement =
  | ReturnType<typeof insertProof>
  | ReturnType<typeof queueMail>
  | ReturnType<typeof noteEventOf>;

export interface Proofs {
  /** The statements that create a proof and mail it, within the limits; none if this deployment sends no mail. */
  request(db: Database, mail: ProofMail): RequestStatement[];
  /** Counts requests of a device that the account knows separately from all others. */
  requesterOf(client: Client): Promise<SQL<string>>;
  /** A fresh id, for a proof that is not mailed. */
  newId(): string;
  /**
   * The id of the proof, to be redeemed in the batch of its effect. A token costs no I/O; a code costs one round trip,
   * in which the try is counted. Refuses a token that was not issued here, and a code that is wrong or has no tries
   * left.
   */
  find(purpose: Purpose, shown: Shown): Promise<Result<string, InvalidProof>>;
  /** The account of a valid proof; refuses one that was used, replaced, cancelled or has expired. */
  read(purpose: Purpose, token: string): Promise<Result<Account, InvalidProof>>;
}

export interface ProofsOptions {
  store: Store;
  mail: Mail;
  tokens: ProofTokens;
  devices: Devices;
  random: Random;
  nowMs: () => number;
}

export const createProofs = ({ store, mail, tokens, devices, random, nowMs }: ProofsOptions): Proofs => {
  const newId = () => random(PROOF_ID_BYTES).toHex();

  const find: Proofs['find'] = async (purpose, shown) => {
    if ('token' in shown) {
      const id = await tokens.readToken(purpose, shown.token);
      return id === null ? err({ reason: 'proof', why: 'invalid' }) : ok(id);
    }
    const { account, browser, code } = shown;
    const which = { purpose, account, ...(browser === undefined ? {} : { browser }) };
    const { value } = await store.primary((db) => countCodeTry(db, which, nowMs()).all());
    // One for each browser that requested a code, and one for all others: a person has a few of them at most.
    for (const { id } of value) if (await tokens.isCode(id, code)) return ok(id);
    return err({ reason: 'proof', why: 'wrong_code' });
  };

  return {
    newId,
    find,
    requesterOf: async (client) => requesterOnRow(await devices.read(client.device ?? null)),
    request(db, { kind, account, client, to, requester = '', browser, details, event, actorId }) {
      if (!mail.settings) return [];
      const now = nowMs();
      const id = newId();
      const { purpose, hasCode } = CARRIED[kind];
      const proof = {
        id,
        purpose,
        kind,
        account,
        requester,
        hasCode,
        nowMs: now,
        ...(to && { to }),
        ...(browser === undefined ? {} : { browser }),
      };
      const letter = {
        kind,
        account,
        proofId: id,
        requester,
        // Of an admin's request the owner learns only that an admin made it.
        details: detailsOf(client, now, { ...details, ...(actorId !== undefined && { byAdmin: true }) }),
        lifeSeconds: PROOF_SECONDS[purpose],
        nowMs: now,
        ...(to && { to }),
      };
      const hasNew = and(account, sql`EXISTS (SELECT 1 FROM ${proofRows} WHERE id = ${id})`);
      return [
        insertProof(db, proof),
        queueMail(db, letter),
        ...(event ? [noteEventOf(db, event, hasNew, client, now, actorId)] : []),
      ];
    },
    async read(purpose, token) {
      const found = await find(purpose, { token });
      if (!found.ok) return found;
      const { value } = await store.primary((db) =>
        db
          .select(accountColumns)
          .from(users)
          .where(holdsProof(db, purpose, found.value, nowMs()))
          .get(),
      );
      return value ? ok(value) : err({ reason: 'proof', why: 'expired' });
    },
  };
};
