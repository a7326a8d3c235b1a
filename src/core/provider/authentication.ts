// When and how an owner signed in, as tokens tell it.
import type { sessions } from '../store/schema.ts';

type Row = typeof sessions.$inferSelect;

/** What of a session says so. */
export type SignInProof = Pick<Row, 'createdAtMs'> & Partial<Pick<Row, 'authenticatedAtMs' | 'factor'>>;

/** @see https://www.rfc-editor.org/rfc/rfc8176#section-2 */
const METHODS = {
  passkey: ['pop', 'user', 'mfa'],
  totp: ['pwd', 'otp', 'mfa'],
  recovery_code: ['pwd', 'otp', 'mfa'],
  // The second factor was proved on another day.
  trusted_browser: ['pwd'],
} as const;

export const methodsOf = ({ factor }: SignInProof): readonly string[] => (factor ? METHODS[factor] : ['pwd']);

/** When its owner last proved to be there. */
export const signedInAtMs = ({ authenticatedAtMs, createdAtMs }: SignInProof): number =>
  authenticatedAtMs ?? createdAtMs;
