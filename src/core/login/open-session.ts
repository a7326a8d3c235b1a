// Opens the session of a login: every login ends in this batch.
import { and, type SQL } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import { noteEventOf } from '../events/events.ts';
import type { Mail } from '../mail/mail.ts';
import type { Account, Client, LoginKind, Policy, SessionProof } from '../model.ts';
import { rebindProofs } from '../proofs/rows.ts';
import { deleteSession, openSession, type Sessions } from '../sessions/sessions.ts';
import { cookieSessionId, type Tokens } from '../sessions/tokens.ts';
import { whereUnchanged } from '../store/conditions.ts';
import { users } from '../store/schema.ts';
import type { Database, Store } from '../store/store.ts';
import { accountOf, type Candidate } from '../throttle/candidate.ts';
import type { Devices } from '../throttle/devices.ts';

/** A statement of a batch whose result is not read. */
export type Statement = BatchItem<'sqlite'>;

export interface SessionOpening {
  candidate: Candidate;
  /** The password hash to store. */
  passwordHash: string;
  open: LoginKind;
  proof: SessionProof;
  client: Client;
  /** The cookie that the browser holds already: its session ends. */
  replaces: string | null;
  /** A further condition: the proof is still valid and was not used meanwhile. */
  onlyIf?: (db: Database) => SQL | undefined;
  /** The new value of the account's counters: `forgiven` or `undone`. */
  loginFailures?: SQL;
  /** The statements that use up the proof, each only if `where` finds the account. */
  also?: (db: Database, where: SQL | undefined) => Statement[];
}

export interface OpenedSession {
  account: Account;
  token: string;
  passwordHash: string;
}

/** One batch. It changes nothing and returns null if the account has changed since its proof was checked. */
export type OpenSession = (opening: SessionOpening) => Promise<OpenedSession | null>;

export interface OpenSessionOptions {
  store: Store;
  sessions: Sessions;
  devices: Devices;
  /** Null if this deployment sends no mail. Built only if there is something to tell. */
  mail: (() => Mail) | null;
  tokens: Tokens;
  policy: Policy;
  nowMs: () => number;
}

export const createOpenSession =
  ({ store, sessions, devices, mail, tokens, policy, nowMs }: OpenSessionOptions): OpenSession =>
  async ({ candidate, passwordHash, open, proof, client, replaces, onlyIf, loginFailures, also }) => {
    const now = nowMs();
    const issued = await tokens.issue(open);
    const replacedId = await cookieSessionId(replaces);
    const device = await devices.read(client.device ?? null);
    const isNewDevice = policy.notifiesNewDevice && !devices.knows(device, candidate);
    const teller = isNewDevice && mail ? mail() : null;
    const isRehashed = passwordHash !== candidate.passwordHash;
    const { value, bookmark } = await store.primary((db) => {
      const asChecked = and(whereUnchanged(candidate), onlyIf?.(db));
      // The account has its new hash by then.
      const asOpened = and(whereUnchanged({ id: candidate.id, passwordHash }), onlyIf?.(db));
      return db.batch([
        ...openSession(db, issued, asChecked, client, proof, policy.maxSessions),
        noteEventOf(db, 'login', asChecked, client, now),
        deleteSession(db, replacedId, asChecked),
        ...(teller ? [teller.notify(db, 'new_device', asChecked, client)] : []),
        db
          .update(users)
          .set({ lastLoginAtMs: now, passwordHash, ...(loginFailures && { loginFailures }) })
          .where(asChecked),
        // The password is the same, so a link in a mailbox stays valid.
        ...(isRehashed ? [rebindProofs(db, candidate, passwordHash)] : []),
        ...(also?.(db, asOpened) ?? []),
      ]);
    });
    // Besides that notice, only a used proof sends a mail.
    if (teller) teller.sendSoon(value);
    else if (also && mail) mail().sendSoon(value);
    const [stored] = value[0];
    if (!stored) return null;
    if (replacedId) sessions.forget([replacedId]);
    const account = { ...accountOf(candidate), lastLoginAtMs: now };
    const token = await sessions.handOut(issued, stored, account, bookmark);
    return token === null ? null : { account, token, passwordHash };
  };
