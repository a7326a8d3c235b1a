// Checking a password against an account: the counter first, then one hash, whatever the account is.
import { and, eq, isNull, type SQL } from 'drizzle-orm';
import { type Result, refuse, succeed, type Throttled, type WrongCredentials } from '../errors.ts';
import { noteEventOf } from '../events/events.ts';
import { type Account, accountColumns, type Client, type Policy } from '../model.ts';
import { users } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { Device } from '../throttle/devices.ts';
import {
  type CounterKey,
  countTry,
  isOnlyBusy,
  readCounter,
  secondsToWait,
  settleFailure,
  withdrawTry,
} from '../throttle/throttle.ts';
import type { Passwords } from './passwords.ts';

/** How often, and at what distance, a try is made again that other tries of the same moment keep waiting. */
const BUSY_PAUSES_MS = [100, 200, 400, 800, 1000, 1000];

/** An account with the hash against which a password is checked. */
export type Candidate = Account & { passwordHash: string };

/** The condition that an account is as it was when its password was checked: what changed meanwhile is not overwritten. */
export const isUnchanged = ({ id, passwordHash }: Candidate): SQL | undefined =>
  and(eq(users.id, id), eq(users.passwordHash, passwordHash), isNull(users.disabledAtMs));

/** A password that was right: of whom, and the counter to reset in the batch that follows from it. */
export interface Verified {
  candidate: Candidate;
  counterKey: string;
}

export interface Attempt {
  /** The condition that finds the account. */
  account: SQL;
  /** The counter's key where there is none. */
  unknown: string;
  device: Device | null;
  password: string;
  client: Client;
}

export interface Verification {
  /**
   * One round trip to D1 and one hash. Refuses a wrong password, an unknown and a disabled account after the
   * same work, and anything while the counter makes it wait. A refused try stays counted.
   */
  verify(attempt: Attempt): Promise<Result<Verified, WrongCredentials | Throttled>>;
  /**
   * Waits for what follows from a right password. Where D1 fails at it the try is taken back: an outage is no
   * wrong password, and a row of them makes nobody wait.
   */
  following<T>(counterKey: string, work: Promise<T>): Promise<T>;
  /** Takes a try back that was neither right nor wrong. */
  withdraw(counterKey: string): void;
  /** Settles a try that was right but of which nothing came. */
  settle(counterKey: string, accountId: number | null, client: Client): void;
}

export interface VerificationOptions {
  store: Store;
  passwords: Passwords;
  policy: Policy;
  nowMs: () => number;
  pause: (milliseconds: number) => Promise<void>;
}

export const createVerification = (options: VerificationOptions): Verification => {
  const { store, passwords, policy, nowMs, pause } = options;

  /** One round trip: the account, and its counter with this try counted in. */
  const begin = async (counter: CounterKey) => {
    const now = nowMs();
    const { value } = await store.primary((db) =>
      db.batch([
        db
          .select({ ...accountColumns, passwordHash: users.passwordHash })
          .from(users)
          .where(counter.account),
        readCounter(db, counter),
        countTry(db, counter, policy.throttle, now),
      ]),
    );
    const [[candidate], [before], [counted]] = value;
    return { candidate: candidate ?? null, before: before ?? null, key: counted?.key ?? null, now };
  };

  /** Begins once, and again after a short pause while only tries of the same moment stand in the way. */
  const beginPatiently = async (counter: CounterKey) => {
    let begun = await begin(counter);
    for (const milliseconds of BUSY_PAUSES_MS) {
      if (begun.key !== null || !begun.before || !isOnlyBusy(begun.before, policy.throttle, begun.now)) break;
      await pause(milliseconds);
      begun = await begin(counter);
    }
    return begun;
  };

  /** After the response. The same statements whether the account exists or not. */
  const settle: Verification['settle'] = (counterKey, accountId, client) =>
    store.later('refused login not settled', () =>
      store.primary((db) =>
        db.batch([
          settleFailure(db, counterKey),
          noteEventOf(db, 'login_refused', eq(users.id, accountId ?? 0), client, nowMs()),
        ]),
      ),
    );

  const withdraw: Verification['withdraw'] = (counterKey) =>
    store.later('try not taken back', () => store.primary((db) => withdrawTry(db, counterKey)));

  return {
    settle,
    withdraw,
    async following(counterKey, work) {
      try {
        return await work;
      } catch (error) {
        withdraw(counterKey);
        throw error;
      }
    },
    async verify({ account, unknown, device, password, client }) {
      const { candidate, before, key, now } = await beginPatiently({ account, unknown, device });
      if (key === null) {
        const retryAfterSeconds = before ? secondsToWait(before, policy.throttle, now) : 1;
        return refuse({ reason: 'throttled', retryAfterSeconds });
      }
      const isRight = candidate
        ? await passwords.verify(password, candidate.passwordHash)
        : await passwords.verifyNothing(password);
      if (candidate && isRight && candidate.disabledAtMs === null)
        return succeed({ candidate, counterKey: key });
      settle(key, candidate?.id ?? null, client);
      return refuse({ reason: 'wrong_credentials', known: candidate !== null });
    },
  };
};
