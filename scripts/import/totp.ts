// Reads the TOTP generators of accounts from an otpauth: URI or a secret in base32.
import { decodeBase32 } from '../../src/core/factors/base32.ts';
import { packTotp, type TotpHash, USUAL_TOTP, unpackTotp } from '../../src/core/factors/generator.ts';
import { PLAIN_PREFIX } from '../../src/core/formats.ts';
import type { Remark } from './identity.ts';
import { readText } from './values.ts';

/** @see https://github.com/google/google-authenticator/wiki/Key-Uri-Format */
const HASHES: Readonly<Record<string, TotpHash>> = { SHA1: 'SHA-1', SHA256: 'SHA-256', SHA512: 'SHA-512' };

/** RFC 4226 requires 128 bits, but services created shorter secrets. Fewer than 80 bits are refused. */
const MIN_SECRET_BYTES = 10;

/** The parameters of a generator as text; null if its codes are not time-based. */
const readParameters = (text: string): URLSearchParams | null => {
  if (!text.startsWith('otpauth:')) return new URLSearchParams({ secret: text });
  const uri = URL.parse(text);
  return uri?.host === 'totp' ? uri.searchParams : null;
};

const toDigits = (text: string): 6 | 7 | 8 | null => {
  const digits = Number(text);
  return digits === 6 || digits === 7 || digits === 8 ? digits : null;
};

/** The generator in the form that the Worker encrypts; null if there is none. */
export const readTotp = (value: unknown, notes: Remark[]): string | null => {
  const text = readText(value) ?? '';
  if (text === '') return null;
  const parameters = readParameters(text);
  const secret = decodeBase32(parameters?.get('secret') ?? '');
  const hash = HASHES[(parameters?.get('algorithm') ?? 'SHA1').toUpperCase().replace('-', '')];
  const digits = toDigits(parameters?.get('digits') ?? String(USUAL_TOTP.digits));
  const periodSeconds = Number(parameters?.get('period') ?? USUAL_TOTP.periodSeconds);
  const isKnown = secret && secret.byteLength >= MIN_SECRET_BYTES && hash !== undefined && digits !== null;
  const packed = isKnown ? packTotp({ secret: new Uint8Array(secret), hash, digits, periodSeconds }) : null;
  // A period of half a second or of an hour does not fit a byte, and no app supports it.
  const isSame = packed !== null && unpackTotp(packed)?.periodSeconds === periodSeconds;
  if (packed !== null && isSame) return PLAIN_PREFIX + Buffer.from(packed).toString('base64url');
  notes.push({
    reason: 'its secret for one-time codes is not understood: its password alone will be enough',
  });
  return null;
};
