// Computes the codes of an authenticator app.
import { decodeBase32 } from '../../src/core/factors/base32.ts';
import { hotp, stepOf, USUAL_TOTP } from '../../src/core/factors/totp.ts';

/** The code that an authenticator app shows at a time, for a secret in base32. @param ms milliseconds since the epoch */
export const codeAt = (secret: string, ms: number): Promise<string> => {
  const totp = { ...USUAL_TOTP, secret: decodeBase32(secret) ?? new Uint8Array(0) };
  return hotp(totp, stepOf(totp, ms));
};
