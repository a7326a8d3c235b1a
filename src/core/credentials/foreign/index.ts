// Password hashes that other software made: which of them can be verified here, and doing so. Nothing is
// hashed in these forms: after the first login the account has a hash of Latchkey's own.
import { readArgon2 } from './argon2.ts';
import { readBcrypt } from './bcrypt.ts';
import { readPbkdf2 } from './pbkdf2.ts';
import { type Readable, type Reader, type Refusal, refuse } from './reading.ts';
import { readScrypt } from './scrypt.ts';

/** Twice what the longest hash of the tools known here takes. Bounds all that reading can cost. */
const MAX_HASH_CHARACTERS = 512;

/** Django's mark of an account without a password: `!` and anything. */
const readUnusable: Reader = (stored) =>
  stored.startsWith('!') ? { ok: true, algorithm: 'unusable' } : null;

const READERS: readonly Reader[] = [readUnusable, readPbkdf2, readBcrypt, readArgon2, readScrypt];

/** Kinds that one meets and that are not verified here, to be named in the report of an import. */
const UNSUPPORTED: readonly [form: RegExp, name: string][] = [
  [/^(?:md5\$|[0-9a-f]{32}$)/, 'MD5'],
  [/^(?:sha1\$|[0-9a-f]{40}$)/, 'SHA-1'],
  [/^crypt\$/, "Django's crypt"],
  [/^\$1\$/, 'MD5-crypt'],
  [/^\$5\$/, 'SHA-256-crypt'],
  [/^\$6\$/, 'SHA-512-crypt'],
  [/^\$2x?\$/, 'a broken revision of bcrypt ($2$ or $2x$)'],
  [/^\$y\$/, 'yescrypt'],
  [/^\$7\$/, 'scrypt in crypt(3) form ($7$)'],
  [/^\$[PH]\$/, 'phpass'],
  [/^\$argon2d\$/, 'Argon2d'],
  [/^\$bcrypt-sha256\$/, "passlib's bcrypt-sha256"],
  [/^(?:pbkdf2|scrypt):/, "Werkzeug's"],
  [/^\{[A-Z0-9-]{2,20}\}/, "an LDAP directory's"],
];

const read = (stored: string): Readable | Refusal => {
  if (stored === '') return refuse('There is no hash.');
  if (stored.length > MAX_HASH_CHARACTERS)
    return refuse(`It is longer than ${MAX_HASH_CHARACTERS} characters.`);
  for (const reader of READERS) {
    const reading = reader(stored);
    if (reading) return reading;
  }
  const [, name] = UNSUPPORTED.find(([form]) => form.test(stored)) ?? [];
  return refuse(
    name === undefined
      ? 'Its form is not one that is known here.'
      : `It is of a kind that is not verified here: ${name}.`,
  );
};

/**
 * Tells whether `verifyForeignHash` can verify a hash, from its text alone: no work, nothing loaded. It knows
 *
 * - Django's `pbkdf2_sha256$`, `pbkdf2_sha1$`, `bcrypt_sha256$`, `bcrypt$`, `argon2$`, `scrypt$` and `!…`,
 * - bcrypt as `$2a$`, `$2b$` or `$2y$`,
 * - Argon2id, Argon2i, scrypt and PBKDF2 as PHC strings and as passlib writes them,
 * - better-auth's scrypt, `<salt>:<key>`,
 *
 * each with every parameter within the bounds at the top of its file.
 *
 * @returns the kind of hash without its parameters (`unusable` for one that no password matches), or a whole
 *   sentence that says why not and quotes nothing secret
 */
export const describeForeignHash = (
  stored: string,
): { ok: true; algorithm: string } | { ok: false; reason: string } => {
  const reading = read(stored);
  return reading.ok ? { ok: true, algorithm: reading.algorithm } : reading;
};

/**
 * Tells whether the password is the one that was hashed.
 *
 * The password is tried as sent, as most tools took it. Where its NFC form is another text, that is tried too:
 * the same letter comes composed from one keyboard and decomposed from the next, and Latchkey's own hashes
 * take either. So a login costs at most twice the bounds, and only with a password that is not in NFC.
 *
 * @param otherwise answers where there is nothing to work out, and evens out the time: for a hash that
 *   `describeForeignHash` refuses, for an unusable one and for a password with a lone surrogate, which none of
 *   the tools can have taken
 */
export const verifyForeignHash = async (
  password: string,
  stored: string,
  otherwise: (password: string) => Promise<false> = async () => false,
): Promise<boolean> => {
  const reading = read(stored);
  if (!reading.ok || !reading.matches || !password.isWellFormed()) return otherwise(password);
  for (const spelling of spellingsOf(password, reading)) if (await reading.matches(spelling)) return true;
  return false;
};

/**
 * Whether the hash must stay after a login with this password, which was right: see `Readable.keeps`. False for a
 * text that cannot be read.
 */
export const keepsForeignHash = (password: string, stored: string): boolean => {
  const reading = read(stored);
  return reading.ok && (reading.keeps?.(password) ?? false);
};

const spellingsOf = (password: string, { normalForm }: Readable): Iterable<string> =>
  normalForm ? [password.normalize(normalForm)] : new Set([password, password.normalize('NFC')]);
