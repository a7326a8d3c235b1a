// When and how an owner signed in, as claims of a token.
import type { sessions } from '../store/schema.ts';

type Row = typeof sessions.$inferSelect;

/** The parts of a session that the claims come from. */
export type SignInProof = Pick<Row, 'createdAtMs'> & Partial<Pick<Row, 'authenticatedAtMs' | 'factor'>>;

/** @see https://www.rfc-editor.org/rfc/rfc8176#section-2 */
const METHODS = {
  passkey: ['pop', 'user', 'mfa'],
  totp: ['pwd', 'otp', 'mfa'],
  recovery_code: ['pwd', 'otp', 'mfa'],
  // The second factor was proved at an earlier login.
  trusted_browser: ['pwd'],
} as const;

export const methodsOf = ({ factor }: SignInProof): readonly string[] => (factor ? METHODS[factor] : ['pwd']);

export const hasTwoFactors = (signIn: SignInProof): boolean => methodsOf(signIn).includes('mfa');

/** When the owner last authenticated. */
export const signedInAtMs = ({ authenticatedAtMs, createdAtMs }: SignInProof): number =>
  authenticatedAtMs ?? createdAtMs;
