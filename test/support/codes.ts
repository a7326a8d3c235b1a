// Computes the codes of an authenticator app.
import { decodeBase32 } from '../../src/core/factors/base32.ts';
import { hotp, stepOf, USUAL_TOTP } from '../../src/core/factors/totp.ts';

/** The code that an authenticator app shows at a time, for a secret in base32. @param ms milliseconds since the epoch */
export const codeAt = (secret: string, ms: number): Promise<string> => {
  const totp = { ...USUAL_TOTP, secret: decodeBase32(secret) ?? new Uint8Array(0) };
  return hotp(totp, stepOf(totp, ms));
};

/** Longer than a request takes on a busy machine. */
const NEEDED_MS = 2000;

/**
 * The code that an app shows now, which stays valid for long enough to be sent: at the end of a time step, waits for the
 * next one.
 * @param offsetMs for the code of another time than now
 */
export const currentCode = async (secret: string, offsetMs = 0): Promise<string> => {
  const periodMs = USUAL_TOTP.periodSeconds * 1000;
  const leftMs = periodMs - (Date.now() % periodMs);
  if (leftMs < NEEDED_MS) await new Promise((resolve) => setTimeout(resolve, leftMs));
  return codeAt(secret, Date.now() + offsetMs);
};
