// Hashes by Firebase's scrypt, with the project's parameters in them, in the form that Supabase gave them.
import { equalBytes } from '../../secrets.ts';
import {
  decodeBase64,
  endsInPadding,
  isSaltLength,
  MAX_SALT_BYTES,
  type Reader,
  readCount,
  refuse,
  refuseDamaged,
  toBytes,
} from './reading.ts';
import { readCost, refuseScryptCost } from './scrypt.ts';

/** AES-256: the first half of what Firebase derives. */
const AES_KEY_BYTES = 32;
/** A project's signer key has 64 bytes. */
const MIN_SIGNER_BYTES = 16;
const MAX_SIGNER_BYTES = 128;
/** scrypt takes the password as the key of HMAC-SHA256. */
const HMAC_BLOCK_BYTES = 64;

const FORM =
  /^\$fbscrypt\$v=1,n=(\d+),r=(\d+),p=(\d+),ss=([A-Za-z0-9+/=]*),sk=([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)$/;

/**
 * `$fbscrypt$v=1,n=<memory cost>,r=<rounds>,p=1,ss=<salt separator>,sk=<signer key>$<salt>$<hash>`, in padded base64.
 * The hash is the signer key in AES-256-CTR from counter 0, under a key that scrypt derives of the password, with the
 * salt and the separator after it as salt.
 *
 * @see https://github.com/firebase/scrypt
 */
export const readFirebase: Reader = (stored) => {
  if (!stored.startsWith('$fbscrypt$')) return null;
  const [, memory, rounds, parallelism, ...texts] = FORM.exec(stored) ?? [];
  const [separator, signerKey, salt, hash] = texts.map((text) => decodeBase64(text, 'padded'));
  const exponent = readCount(memory);
  const cost = readCost(exponent === null ? null : 2 ** exponent, rounds, parallelism);
  if (!separator || !signerKey || !salt || !hash || !cost) return refuseDamaged("one of Firebase's hashes");
  const tooMuch = refuseScryptCost(cost);
  if (tooMuch) return tooMuch;
  const scryptSalt = Uint8Array.of(...salt, ...separator);
  if (salt.byteLength === 0 || !isSaltLength(scryptSalt.byteLength))
    return refuse(`Its salt is not of 1 to ${MAX_SALT_BYTES} bytes.`);
  const isSignerKey = signerKey.byteLength >= MIN_SIGNER_BYTES && signerKey.byteLength <= MAX_SIGNER_BYTES;
  if (!isSignerKey || hash.byteLength !== signerKey.byteLength)
    return refuseDamaged("one of Firebase's hashes");
  return {
    ok: true,
    algorithm: 'firebase-scrypt',
    async matches(password) {
      const { scrypt } = await import('./lazy-scrypt.ts');
      const bytes = toBytes(password);
      const { work: N, blockSize: r, parallelism: p } = cost;
      const derived = new Uint8Array(scrypt(bytes, scryptSalt, { N, r, p, dkLen: AES_KEY_BYTES }));
      const key = await crypto.subtle.importKey('raw', derived, 'AES-CTR', false, ['encrypt']);
      const counter = { name: 'AES-CTR', counter: new Uint8Array(16), length: 128 };
      const encrypted = new Uint8Array(await crypto.subtle.encrypt(counter, key, signerKey));
      return equalBytes(encrypted, hash) && !endsInPadding(bytes, HMAC_BLOCK_BYTES);
    },
  };
};
