// Hashes by bcrypt: bare, as PHP, Ruby and Node write them, Django's two, WordPress's since 6.8.
import { equalTexts, sha256Hex } from '../../secrets.ts';
import { type Reader, refuseCost, refuseDamaged, spellAsSent, toBytes, trimAsPhp } from './reading.ts';

/** What every bcrypt takes at least. */
const MIN_COST = 4;
/** Default costs are 10 to 12, the most that is recommended is 14: 1.2 s on one slow core, doubling with each. */
const MAX_COST = 14;
/** `$2b$12$` and the 22 characters of the salt: what bcrypt needs besides the password. */
const SETTINGS_LENGTH = 29;

/**
 * bcrypt reads no more bytes of a password. The hash does not show what follows them: for a longer password, any ending
 * matches; even a password that just fills them may be the start of a longer one. A hash of ours would fix one of them
 * as the password.
 */
const MAX_PASSWORD_BYTES = 72;

/**
 * `$2b$<cost>$`, 22 characters of salt and 31 of hash; Django writes `bcrypt$` or `bcrypt_sha256$` before it, WordPress
 * `$wp`. The last character of each holds fewer bits than six: the rest must be 0, so that one hash has one text.
 * Not `$2x$`, nor `$2$`: they mark hashes of implementations that were broken.
 */
const FORM =
  /^(bcrypt\$|bcrypt_sha256\$|\$wp)?\$2([aby])\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/;

interface Wrapper {
  algorithm: string;
  /** What bcrypt is given for a password; absent for the password itself. */
  digest?(password: string): Promise<string>;
}

const hmacSha384 = async (key: string, text: string): Promise<Uint8Array> => {
  const hmac = { name: 'HMAC', hash: 'SHA-384' };
  const imported = await crypto.subtle.importKey('raw', toBytes(key), hmac, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, toBytes(text)));
};

const BARE: Wrapper = { algorithm: 'bcrypt' };
const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  // Meteor's too, by the import: it hashes SHA-256 of the password in hex.
  bcrypt_sha256$: { algorithm: 'bcrypt-sha256', digest: sha256Hex },
  // https://make.wordpress.org/core/2025/02/17/wordpress-6-8-will-use-bcrypt-for-password-hashing/
  $wp: {
    algorithm: 'bcrypt-wordpress',
    digest: async (password) => (await hmacSha384('wp-sha384', password)).toBase64(),
  },
};

/**
 * Whether bcrypt reads these bytes as a shorter password: it repeats a password, with a NUL after each, until 72
 * bytes are full, so `a` and `a\0a` are one to it. Only the shorter is taken.
 */
const repeatsShorter = (password: Uint8Array): boolean => {
  const keyByte = (end: number, index: number): number => {
    const place = index % (end + 1);
    return place === end ? 0 : (password[place] ?? 0);
  };
  return password.subarray(0, MAX_PASSWORD_BYTES).some((byte, end) => {
    if (byte !== 0) return false;
    for (let index = 0; index < MAX_PASSWORD_BYTES; index += 1)
      if (keyByte(end, index) !== keyByte(password.byteLength, index)) return false;
    return true;
  });
};

/** Reads the bare form, Django's and WordPress's. */
export const readBcrypt: Reader = (stored) => {
  if (!/^(?:bcrypt\$|bcrypt_sha256\$|\$wp)?\$2[aby]\$/.test(stored)) return null;
  const [, prefix = '', revision, costText] = FORM.exec(stored) ?? [];
  const cost = Number(costText);
  if (costText === undefined || cost < MIN_COST) return refuseDamaged('a bcrypt hash');
  if (cost > MAX_COST) return refuseCost(`bcrypt at cost ${cost}`, String(MAX_COST));
  const bare = stored.slice(prefix.length);
  const { algorithm, digest } = WRAPPERS[prefix] ?? BARE;
  // WordPress trims every password. A hash of the trimmed text would reject an owner who types the spaces, and the
  // other way round, so the imported hash stays as long as spaces are typed.
  const trims = prefix === '$wp';
  return {
    ok: true,
    algorithm,
    spell: (password) => spellAsSent(trims ? trimAsPhp(password) : password),
    keeps: (password) =>
      trims
        ? trimAsPhp(password) !== password
        : !digest && toBytes(password).byteLength >= MAX_PASSWORD_BYTES,
    async matches(password) {
      const { hashSync } = await import('./lazy-bcryptjs.ts');
      const input = digest ? await digest(password) : password;
      const isRight = equalTexts(hashSync(input, bare.slice(0, SETTINGS_LENGTH)), bare);
      if (digest) return isRight;
      // PHP never hashes a password with a NUL; other tools treat it like any other byte. Checked only now, so that the
      // time reveals nothing.
      const isOther = revision === 'y' ? password.includes('\0') : repeatsShorter(toBytes(password));
      return isRight && !isOther;
    },
  };
};
