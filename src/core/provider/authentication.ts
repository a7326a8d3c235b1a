// When and how an owner signed in, as claims of a token.
import type { sessions } from '../store/schema.ts';

type Row = typeof sessions.$inferSelect;

/** The parts of a session that the claims come from. */
export type SignInProof = Pick<Row, 'createdAtMs'> &
  Partial<Pick<Row, 'authenticatedAtMs' | 'firstFactor' | 'factor'>>;

/** What the second factor adds to the methods of the first. */
const ADDED = {
  totp: ['otp', 'mfa'],
  recovery_code: ['otp', 'mfa'],
  // The second factor was proved at an earlier login.
  trusted_browser: [],
} as const;

/** The values of `amr`; none if nobody signed in here. @see https://www.rfc-editor.org/rfc/rfc8176#section-2 */
export const methodsOf = ({ authenticatedAtMs, firstFactor, factor }: SignInProof): readonly string[] => {
  // An imported token.
  if (authenticatedAtMs === null) return [];
  // Whatever came before it, the passkey alone proves both.
  if (factor === 'passkey') return ['pop', 'user', 'mfa'];
  const first = firstFactor === 'email_code' ? 'otp' : 'pwd';
  return [...new Set([first, ...(factor ? ADDED[factor] : [])])];
};

export const hasTwoFactors = (signIn: SignInProof): boolean => methodsOf(signIn).includes('mfa');

/** When the owner last authenticated. */
export const signedInAtMs = ({ authenticatedAtMs, createdAtMs }: SignInProof): number =>
  authenticatedAtMs ?? createdAtMs;
