// Password hashes that other software made: which of them can be verified here, and doing so. Nothing is
// hashed in these forms: after the first login the account has a hash of Latchkey's own.
import { readArgon2 } from './argon2.ts';
import { readBcrypt } from './bcrypt.ts';
import { readFirebase } from './firebase.ts';
import { readHexPair } from './hex-pair.ts';
import { readPbkdf2 } from './pbkdf2.ts';
import { PepperMissing, pepperId, splitPeppered } from './pepper.ts';
import { readPhpass } from './phpass.ts';
import { type Readable, type Reader, type Refusal, refuse, spellAsSent, toBytes } from './reading.ts';
import { readScrypt } from './scrypt.ts';
import { readShaCrypt } from './sha-crypt.ts';
import { readWrapped } from './wrapped.ts';

/** Twice what the longest hash of the tools known here takes. Bounds all that reading can cost. */
const MAX_HASH_CHARACTERS = 512;

/** Django's mark of an account without a password: `!` and anything. */
const readUnusable: Reader = (stored) =>
  stored.startsWith('!') ? { ok: true, algorithm: 'unusable' } : null;

const READERS: readonly Reader[] = [
  readUnusable,
  readPbkdf2,
  readBcrypt,
  readArgon2,
  readScrypt,
  readHexPair,
  readPhpass,
  readShaCrypt,
  readFirebase,
  readWrapped,
];

const read = (stored: string): Readable | Refusal => {
  if (stored === '') return refuse('There is no hash.');
  if (stored.length > MAX_HASH_CHARACTERS)
    return refuse(`It is longer than ${MAX_HASH_CHARACTERS} characters.`);
  for (const reader of READERS) {
    const reading = reader(stored);
    if (reading) return reading;
  }
  return refuse('Its form is not one that is known here.');
};

/**
 * Whether `verifyForeignHash` can verify a hash, from its text alone: no work, nothing loaded. It knows
 *
 * - Django's `pbkdf2_sha256$`, `pbkdf2_sha1$`, `bcrypt_sha256$`, `bcrypt$`, `argon2$`, `scrypt$` and `!…`,
 * - bcrypt as `$2a$`, `$2b$` or `$2y$`, and WordPress's `$wp$2y$`,
 * - Argon2id, Argon2i, scrypt and PBKDF2 as PHC strings and as passlib writes them,
 * - phpass's `$P$`, `$H$` and Drupal's `$S$`; SHA-crypt's `$5$` and `$6$`,
 * - `<salt>:<key>` in hex; Firebase's scrypt as `$fbscrypt$`,
 * - `wrapped$…`, a fast hash in a slow one of our own, and `argon2_sha256$…`, Meteor's: the import makes these,
 * - each of these after `pepper$<id>$`, if the password was hashed with a pepper behind it,
 *
 * each with every parameter within the bounds at the top of its file. The import translates the other forms of the
 * same hashes into these (scripts/import/hashes/translate.ts).
 *
 * @returns the kind of hash without its parameters (`unusable` for one that no password matches), or a whole
 *   sentence that says why not and quotes nothing secret
 */
export const describeForeignHash = (
  stored: string,
): { ok: true; algorithm: string } | { ok: false; reason: string } => {
  const { inner } = splitPeppered(stored);
  const reading = read(inner);
  return reading.ok ? { ok: true, algorithm: reading.algorithm } : reading;
};

export interface VerifyOptions {
  /**
   * Answers in the time of a hash if none is computed: for a hash that `describeForeignHash` refuses, for
   * an unusable one, for a password that costs more than the bounds allow, and for one with a lone surrogate, which
   * none of the tools can have accepted.
   */
  otherwise?: (password: string) => Promise<false>;
  /** The pepper of the service that the hashes came from; null if it had none. */
  pepper?: string | null;
}

const nothing = async (): Promise<false> => false;

/**
 * Whether the password is the one that was hashed.
 *
 * The password is tried as sent, as most tools took it. If its NFC form is another text, that is tried too: the same
 * letter comes composed from one keyboard and decomposed from the next, and Latchkey's own hashes take either. So a
 * login costs at most twice the bounds, and only with a password that is not in NFC.
 *
 * @throws PepperMissing if the hash was made with a pepper that is not the one given
 */
export const verifyForeignHash = async (
  password: string,
  stored: string,
  { otherwise = nothing, pepper = null }: VerifyOptions = {},
): Promise<boolean> => {
  const { id, inner } = splitPeppered(stored);
  const reading = read(inner);
  if (!reading.ok || !reading.matches || !password.isWellFormed()) return otherwise(password);
  if (id !== null && (pepper === null || (await pepperId(pepper)) !== id)) throw new PepperMissing(id);
  for (const spelling of (reading.spell ?? spellAsSent)(password)) {
    const peppered = id === null ? spelling : spelling + pepper;
    const isTaken = reading.takes?.(toBytes(peppered).byteLength) ?? true;
    if (isTaken ? await reading.matches(peppered) : await otherwise(spelling)) return true;
  }
  return false;
};

/**
 * Whether the hash must stay after a login with this password, which was right: see `Readable.keeps`. False for a
 * text that cannot be read.
 */
export const keepsForeignHash = (password: string, stored: string): boolean => {
  const reading = read(splitPeppered(stored).inner);
  return reading.ok && (reading.keeps?.(password) ?? false);
};
