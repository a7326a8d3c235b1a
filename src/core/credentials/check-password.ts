// The one place where a password is checked against an account: the attempt is counted, then one hash is computed.
import { err, ok, type Result, type Throttled, type WrongCredentials } from '../errors.ts';
import type { Client } from '../model.ts';
import type { AttemptSource, CounterKey } from '../throttle/counters.ts';
import type { Candidate, Throttle } from '../throttle/throttle.ts';
import type { Passwords } from './passwords.ts';

export interface PasswordAttempt extends Omit<AttemptSource, 'network'> {
  password: string;
  client: Client;
}

/** A right password: whose it is, and the counter to reset in the batch that follows from it. */
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
  async ({ password, client, ...source }) => {
    const counted = await throttle.countAttempt({ ...source, network: client.addressPrefix });
    if (!counted.ok) return counted;
    const { candidate, counterKey } = counted.value;
    const isRight = candidate
      ? await passwords.verify(password, candidate.passwordHash)
      : await passwords.verifyNothing(password);
    if (candidate && isRight && candidate.disabledAtMs === null) return ok({ candidate, counterKey });
    throttle.recordFailure(counterKey, client);
    return err({ reason: 'wrong_credentials', known: candidate !== null });
  };
