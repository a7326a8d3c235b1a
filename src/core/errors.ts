// The refusals of the core, as values. Only failures are thrown.

/** A value, or a refusal. Expected refusals are returned, failures are thrown. */
export type Result<T, E extends AccountError = AccountError> =
  | { ok: true; value: T }
  | { ok: false; error: E };

export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });
export const err = <E extends AccountError>(error: E): { ok: false; error: E } => ({ ok: false, error });

/** The unique fields of an account. */
export type UniqueField = 'username' | 'email';

/** `ownerId` is the id of the account that has the email; null if only the username is taken. */
export type Taken = { reason: 'taken'; fields: readonly UniqueField[]; ownerId: number | null };
/** `known`: an account of that name exists. Only a dialect whose document says so may reveal it. */
export type WrongCredentials = { reason: 'wrong_credentials'; known: boolean };
export type Throttled = { reason: 'throttled'; retryAfterSeconds: number };
/** The account or session ended between the check of its credentials and the change. */
export type Gone = { reason: 'gone' };

/** Afterwards nobody could grant admin rights. */
export type LastAdmin = { reason: 'last_admin' };

/**
 * Why a second factor is refused. `code`: a one-time or recovery code is wrong or was used. `passkey`: the response
 * does not prove a passkey of the account. `expired`: the challenge is too old, was used, or belongs to somebody else.
 * `in_use`: there is one already. `too_many`: the account has the maximum.
 */
export type FactorRefused = {
  reason: 'factor';
  why: 'code' | 'passkey' | 'expired' | 'in_use' | 'too_many';
};

/**
 * Why a link or a code is refused. `invalid`: not issued here. `expired`: too old, used, replaced, or the account has
 * changed since. `wrong_code`: wrong, or no attempts are left.
 */
export type InvalidProof = { reason: 'proof'; why: 'invalid' | 'expired' | 'wrong_code' };

/** The password is right, but the address must be proven first. */
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

/** D1 failed or did not answer in time. Nobody is let in. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable';
}
