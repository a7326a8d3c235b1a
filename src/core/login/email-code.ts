// Signing in by a code that is mailed to a proven address: one factor, bound to the browser that asked for it.
import { and, eq, isNotNull, isNull } from 'drizzle-orm';
import { err, type InvalidProof, ok, type Result } from '../errors.ts';
import type { Identifier } from '../identity.ts';
import type { Mail } from '../mail/mail.ts';
import { type Client, type LoginKind, ownerProof } from '../model.ts';
import type { Proofs } from '../proofs/proofs.ts';
import { deleteProof, holdsProof } from '../proofs/rows.ts';
import { sha256Hex } from '../secrets.ts';
import { users } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { candidateColumns } from '../throttle/candidate.ts';
import type { Devices } from '../throttle/devices.ts';
import type { AskForFactor, LoggedIn, NeededFactor } from './login.ts';
import type { OpenSession } from './open-session.ts';

export interface CodeAttempt {
  identifier: Identifier;
  /** The digits of the mail. */
  code: string;
  open: LoginKind;
  client: Client;
  replaces: string | null;
  /** What the browser keeps since it asked for the code; null if it keeps nothing. */
  holder: string | null;
}

export interface EmailCode {
  /**
   * Mails a code to the account with that name, if its address is proven. One round trip with the same statements
   * whether or not there is such an account. The limits of mails to one address apply.
   * @param holder a secret that the browser keeps: the code is good in that browser alone
   */
  request(identifier: Identifier, client: Client, holder: string): Promise<void>;
  /**
   * Opens a session for a correct code: three round trips to D1. Each attempt is counted before the comparison. A code
   * is one factor: an account with a second factor must still prove it.
   */
  signIn(attempt: CodeAttempt): Promise<Result<LoggedIn | NeededFactor, InvalidProof>>;
}

export interface EmailCodeOptions {
  store: Store;
  mail: Mail;
  proofs: Proofs;
  devices: Devices;
  openSession: OpenSession;
  askForFactor: AskForFactor;
  nowMs: () => number;
}

const PURPOSE = 'sign_in';
const FIRST_FACTOR = 'email_code';

const whoIs = ({ by, key }: Identifier) => eq(by === 'email' ? users.emailKey : users.usernameKey, key);

export const createEmailCode = (options: EmailCodeOptions): EmailCode => {
  const { store, mail, proofs, devices, openSession, askForFactor, nowMs } = options;

  return {
    async request(identifier, client, holder) {
      const requester = await proofs.requesterOf(client);
      const browser = await sha256Hex(holder);
      const { value } = await store.primary(async (db) => {
        const [first, ...others] = proofs.request(db, {
          kind: 'sign_in',
          account: and(whoIs(identifier), isNull(users.disabledAtMs), isNotNull(users.emailVerifiedAtMs)),
          client,
          requester,
          browser,
          event: 'login_code_requested',
        });
        return first ? db.batch([first, ...others]) : [];
      });
      mail.sendSoon(value);
    },

    async signIn({ identifier, code, open, client, replaces, holder }) {
      if (holder === null) return err({ reason: 'proof', why: 'wrong_code' });
      const shown = { code, account: whoIs(identifier), browser: await sha256Hex(holder) };
      const found = await proofs.find(PURPOSE, shown);
      if (!found.ok) return found;
      const id = found.value;
      const gone = err({ reason: 'proof', why: 'wrong_code' } as const);
      const { value: candidate } = await store.primary((db) =>
        db
          .select(candidateColumns(null))
          .from(users)
          .where(holdsProof(db, PURPOSE, id, nowMs()))
          .get(),
      );
      if (!candidate) return gone;

      const device = await devices.read(client.device ?? null);
      const factorIds = candidate.factors.map((factor) => factor.id);
      if (factorIds.length > 0 && !devices.isTrusted(device, candidate, factorIds)) {
        // Used up now: someone who has the code but not the second factor must start again.
        const { value: used } = await store.primary((db) => deleteProof(db, id).all());
        if (used.length === 0) return gone;
        return ok(await askForFactor(candidate, open, open === 'cookie' ? holder : null, FIRST_FACTOR));
      }
      const opened = await openSession({
        candidate,
        passwordHash: candidate.passwordHash,
        open,
        proof: ownerProof(nowMs(), factorIds.length > 0 ? 'trusted_browser' : null, FIRST_FACTOR),
        client,
        replaces,
        // Of parallel attempts with one code, one opens a session: the proof is used up in the same batch.
        onlyIf: (db) => holdsProof(db, PURPOSE, id, nowMs()),
        also: (db) => [deleteProof(db, id)],
      });
      if (!opened) return gone;
      const { account, token, passwordHash } = opened;
      return ok({ account, token, device: await devices.write(device, { id: account.id, passwordHash }) });
    },
  };
};
