// The one place that checks a password: it counts the attempt, then computes one hash.
import { err, ok, type Result, type Throttled, type WrongCredentials } from '../errors.ts';
import type { Client } from '../model.ts';
import type { Candidate } from '../throttle/candidate.ts';
import type { AttemptSource, CounterKey } from '../throttle/counters.ts';
import type { Throttle } from '../throttle/throttle.ts';
import type { Passwords } from './passwords.ts';

export interface PasswordAttempt extends Omit<AttemptSource, 'network'> {
  password: string;
  client: Client;
  /** Called for a name that no account has, while the attempt is pending. True if there is an account now. */
  onUnknown?: (() => Promise<boolean>) | null;
}

/**
 * A correct password: the account, and the counter that holds the attempt. If the candidate has an `appPasswordId`, it
 * was an app password: only attempts with an `appPassword` find one.
 */
export interface CheckedPassword {
  candidate: Candidate;
  counterKey: CounterKey;
}

/**
 * One round trip to D1 and one hash, whatever the account: an unknown name, a disabled account and a wrong password
 * cost the same and get the same refusal. Refuses every attempt while the counter makes it wait. A refused attempt
 * stays counted.
 */
export type CheckPassword = (
  attempt: PasswordAttempt,
) => Promise<Result<CheckedPassword, WrongCredentials | Throttled>>;

export interface CheckPasswordOptions {
  throttle: Throttle;
  passwords: Passwords;
}

export const createCheckPassword =
  ({ throttle, passwords }: CheckPasswordOptions): CheckPassword =>
  async ({ password, client, onUnknown, ...source }) => {
    const counted = await throttle.countAttempt({ ...source, network: client.addressPrefix });
    if (!counted.ok) return counted;
    const { candidate, counterKey } = counted.value;
    // It was found by its hash and has over 100 random bits: a slow hash would add only cost.
    if (candidate && candidate.appPasswordId !== null && candidate.disabledAtMs === null)
      return ok({ candidate, counterKey });
    // If a hash cannot be checked, because a module does not load or a pepper is not set, the password is not wrong.
    const isRight = await throttle.undoOnError(counterKey, () =>
      candidate ? passwords.verify(password, candidate.passwordHash) : passwords.verifyNothing(password),
    );
    if (candidate && isRight && candidate.disabledAtMs === null) return ok({ candidate, counterKey });
    // If the name has become an account's, its old counter is no longer read, and nothing is recorded there.
    if (candidate || !onUnknown || !(await onUnknown())) throttle.recordFailure(counterKey, client);
    return err({ reason: 'wrong_credentials', known: candidate !== null });
  };
