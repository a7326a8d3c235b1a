// One-time codes: what an authenticator app shows for a secret and a time, and the URI that carries the secret to it.
import { equalTexts } from '../secrets.ts';
import { encodeBase32 } from './base32.ts';
import type { Totp } from './generator.ts';

export { packTotp, type Totp, type TotpHash, USUAL_TOTP, unpackTotp } from './generator.ts';

/** RFC 4226 recommends 160 bits. https://www.rfc-editor.org/rfc/rfc4226#section-4 */
export const TOTP_SECRET_BYTES = 20;

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
  /** Steps before and after the current one whose codes are accepted: 0 or 1. */
  window: number;
  /** A step whose code was used: neither it nor an earlier one is accepted again. */
  lastStep: number;
}

/**
 * The time step of this code; null if it belongs to no step that is accepted. The work is the same for every code.
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
  // A colon ends the issuer, so neither it nor the label may contain one.
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
