// One-time codes: what an authenticator app shows for a secret and a time, and the URI that carries the secret to it.
import { equalTexts } from '../secrets.ts';
import { encodeBase32 } from './base32.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export type TotpHash = 'SHA-1' | 'SHA-256' | 'SHA-512';

/** A generator of codes. Those that are made here are all alike; imported ones may differ. */
export interface Totp {
  secret: Bytes;
  hash: TotpHash;
  digits: 6 | 7 | 8;
  /** Seconds for which one code stands. */
  periodSeconds: number;
}

/** RFC 4226 recommends 160 bits. https://www.rfc-editor.org/rfc/rfc4226#section-4 */
export const TOTP_SECRET_BYTES = 20;

/** What every authenticator app knows; several ignore any other parameters that a URI gives. */
export const USUAL_TOTP = { hash: 'SHA-1', digits: 6, periodSeconds: 30 } as const;

/**
 * The code for a counter.
 * @see https://www.rfc-editor.org/rfc/rfc4226#section-5.3
 */
export const hotp = async ({ secret, hash, digits }: Totp, counter: number): Promise<string> => {
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash }, false, ['sign']);
  const moving = new DataView(new ArrayBuffer(8));
  moving.setBigUint64(0, BigInt(counter));
  const signature = new DataView(await crypto.subtle.sign('HMAC', key, moving));
  const offset = signature.getUint8(signature.byteLength - 1) & 0x0f;
  const truncated = signature.getUint32(offset) & 0x7fff_ffff;
  return String(truncated % 10 ** digits).padStart(digits, '0');
};

/** The time step of a moment. @see https://www.rfc-editor.org/rfc/rfc6238#section-4.2 */
export const stepOf = ({ periodSeconds }: Pick<Totp, 'periodSeconds'>, nowMs: number): number =>
  Math.floor(nowMs / 1000 / periodSeconds);

export interface CodeWindow {
  /** Steps before and after the present one of which a code is good too: 0 or 1. */
  window: number;
  /** A step of which a code was used: neither it nor one before it is good again. */
  lastStep: number;
}

/**
 * The time step of which this is the code; null if it is of none that is still good. The work is the same whatever
 * the code is.
 */
export const findStep = async (
  totp: Totp,
  code: string,
  nowMs: number,
  { window, lastStep }: CodeWindow,
): Promise<number | null> => {
  const now = stepOf(totp, nowMs);
  let found: number | null = null;
  for (let step = now - window; step <= now + window; step += 1) {
    const isIt = equalTexts(await hotp(totp, step), code);
    if (isIt && step > lastStep) found = step;
  }
  return found;
};

/** A code as people type it: many apps show it in two halves. */
export const normalizeCode = (typed: string): string => typed.replace(/[\s-]/g, '');

/**
 * The URI that an authenticator app reads from a QR code.
 * @param issuer the service, as the app is to show it
 * @param label the account, as the app is to show it
 * @see https://github.com/google/google-authenticator/wiki/Key-Uri-Format
 */
export const totpUri = (
  { secret, hash, digits, periodSeconds }: Totp,
  issuer: string,
  label: string,
): string => {
  // A colon ends the issuer: none may be in it, or in the label.
  const plain = (text: string): string => encodeURIComponent(text.replaceAll(':', ' '));
  const parameters = [
    `secret=${encodeBase32(secret)}`,
    `issuer=${plain(issuer)}`,
    `algorithm=${hash.replace('-', '')}`,
    `digits=${digits}`,
    `period=${periodSeconds}`,
  ];
  return `otpauth://totp/${plain(issuer)}:${plain(label)}?${parameters.join('&')}`;
};

const HASHES: readonly TotpHash[] = ['SHA-1', 'SHA-256', 'SHA-512'];
const DIGITS = [6, 7, 8] as const;
const HEAD_BYTES = 3;
/** A period fits a byte; a secret that is longer than any hash's block says nothing more. */
const MAX_SECRET_BYTES = 128;

/** A generator as bytes, to be encrypted whole: hash, digits, period, secret. */
export const packTotp = ({ secret, hash, digits, periodSeconds }: Totp): Bytes =>
  Uint8Array.of(HASHES.indexOf(hash), digits, periodSeconds, ...secret);

/** The generator again; null for bytes that are none. */
export const unpackTotp = (bytes: Bytes): Totp | null => {
  const [hashIndex = -1, digitCount = 0, periodSeconds = 0] = bytes;
  const hash = HASHES[hashIndex];
  const digits = DIGITS.find((count) => count === digitCount);
  const secret = bytes.slice(HEAD_BYTES);
  if (hash === undefined || digits === undefined || periodSeconds === 0) return null;
  return secret.byteLength > 0 && secret.byteLength <= MAX_SECRET_BYTES
    ? { secret, hash, digits, periodSeconds }
    : null;
};
