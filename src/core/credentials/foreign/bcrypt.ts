// Hashes by bcrypt: bare, as PHP, Ruby and Node write them, and Django's two.
import { equalTexts, sha256Hex } from '../../secrets.ts';
import { type Reader, refuseCost, refuseDamaged, toBytes } from './reading.ts';

/** What every bcrypt takes at least. */
const MIN_COST = 4;
/** Default costs are 10 to 12, the most that is recommended is 14: 1.2 s on one slow core, doubling with each. */
const MAX_COST = 14;
/** `$2b$12$` and the 22 characters of the salt: what bcrypt needs besides the password. */
const SETTINGS_LENGTH = 29;

/**
 * bcrypt reads no more of a password. It does not show what follows these bytes: of a longer password any end passes,
 * and of one that just fills them the owner may have had more. A hash of ours would make one of them the password.
 */
const MAX_PASSWORD_BYTES = 72;

/**
 * `$2b$<cost>$`, 22 characters of salt and 31 of hash; Django writes `bcrypt$` or `bcrypt_sha256$` before it.
 * The last character of each holds fewer bits than six: the rest must be 0, so that one hash has one text.
 * Not `$2x$`, nor `$2$`: they mark hashes of implementations that were broken.
 */
const FORM =
  /^(bcrypt\$|bcrypt_sha256\$)?\$2([aby])\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/;

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

/** Reads the bare form and Django's. */
export const readBcrypt: Reader = (stored) => {
  if (!/^(?:bcrypt(?:_sha256)?\$)?\$2[aby]\$/.test(stored)) return null;
  const [, wrapper = '', revision, costText] = FORM.exec(stored) ?? [];
  const cost = Number(costText);
  if (costText === undefined || cost < MIN_COST) return refuseDamaged('a bcrypt hash');
  if (cost > MAX_COST) return refuseCost(`bcrypt at cost ${cost}`, String(MAX_COST));
  const bare = stored.slice(wrapper.length);
  const digests = wrapper.startsWith('bcrypt_sha256');
  return {
    ok: true,
    algorithm: digests ? 'bcrypt-sha256' : 'bcrypt',
    keeps: (password) => !digests && toBytes(password).byteLength >= MAX_PASSWORD_BYTES,
    async matches(password) {
      const { hashSync } = await import('./lazy-bcryptjs.ts');
      // Bytes after the 72nd count for nothing, as with the original tools.
      const input = digests ? await sha256Hex(password) : password;
      const isRight = equalTexts(hashSync(input, bare.slice(0, SETTINGS_LENGTH)), bare);
      // PHP makes no hash of a password with a NUL; the others take it as a byte like any other. Checked only
      // now, so that the time shows nothing.
      const isOther = revision === 'y' ? password.includes('\0') : repeatsShorter(toBytes(password));
      return isRight && (digests || !isOther);
    },
  };
};
