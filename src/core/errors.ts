// What the core can err, as values; what is thrown is broken.

/** A refusal or a value. Expected refusals are returned, faults are thrown. */
export type Result<T, E extends AccountError = AccountError> =
  | { ok: true; value: T }
  | { ok: false; error: E };

export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });
export const err = <E extends AccountError>(error: E): { ok: false; error: E } => ({ ok: false, error });

/** The fields of an account that no two accounts share. */
export type UniqueField = 'username' | 'email';

/** `ownerId` is the id of the account that holds the email, null where only the username is taken. */
export type Taken = { reason: 'taken'; fields: readonly UniqueField[]; ownerId: number | null };
/** `known` tells whether an account of that name exists; only a dialect whose document says so may tell. */
export type WrongCredentials = { reason: 'wrong_credentials'; known: boolean };
export type Throttled = { reason: 'throttled'; retryAfterSeconds: number };
/** The account went away between the check of its credentials and the change. */
export type Gone = { reason: 'gone' };

/** Nobody could make an admin again. */
export type LastAdmin = { reason: 'last_admin' };

/**
 * What is wrong with a second factor. `code`: a one-time or recovery code is wrong or was used. `passkey`: the answer
 * proves no passkey of the account. `expired`: the challenge is too old, was answered, or is somebody else's. `in_use`:
 * there is one already. `too_many`: the account has as many as it can have.
 */
export type FactorRefused = {
  reason: 'factor';
  why: 'code' | 'passkey' | 'expired' | 'in_use' | 'too_many';
};

/**
 * A link or a code that does nothing. `invalid`: it was not made here. `expired`: too old, used, replaced, or the
 * account has changed since. `wrong_code`: not the code, or no tries are left.
 */
export type InvalidProof = { reason: 'proof'; why: 'invalid' | 'expired' | 'wrong_code' };

/** The password is right, and the address must be proven before it is of use. */
export type UnverifiedEmail = { reason: 'unverified_email' };

/** The account has a second factor, and the session was opened without one: a password is not enough for it. */
export type Reauthenticate = { reason: 'reauthenticate' };

export type AccountError =
  | Taken
  | WrongCredentials
  | Throttled
  | Gone
  | LastAdmin
  | FactorRefused
  | InvalidProof
  | UnverifiedEmail
  | Reauthenticate;

/** D1 cannot be asked at the moment: it failed or did not answer in time. Nobody is let in meanwhile. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable';
}
