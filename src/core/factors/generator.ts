// A generator of one-time codes, and its form in the database before it is encrypted. Imports write it too.

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

/** What every authenticator app supports; several ignore other parameters of a URI. */
export const USUAL_TOTP = { hash: 'SHA-1', digits: 6, periodSeconds: 30 } as const;

const HASHES: readonly TotpHash[] = ['SHA-1', 'SHA-256', 'SHA-512'];
const DIGITS = [6, 7, 8] as const;
const HEAD_BYTES = 3;
/** A period fits a byte; a secret that is longer than any hash's block says nothing more. */
const MAX_SECRET_BYTES = 128;

/** A generator as bytes, to be encrypted whole: hash, digits, period, secret. */
export const packTotp = ({ secret, hash, digits, periodSeconds }: Totp): Bytes =>
  Uint8Array.of(HASHES.indexOf(hash), digits, periodSeconds, ...secret);

/** Decodes a generator; null if the bytes are not valid. */
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
