// Hashes by bcrypt: bare, as PHP, Ruby and Node write them, and Django's two.
import { equalTexts, sha256Hex } from '../secrets.ts';
import { type Reader, refuseCost, refuseDamaged } from './reading.ts';

/** What every bcrypt takes at least. */
const MIN_COST = 4;
/** Default costs are 10 to 12, the most that is recommended is 14: 1.2 s on one slow core, doubling with each. */
const MAX_COST = 14;
/** `$2b$12$` and the 22 characters of the salt: what bcrypt needs besides the password. */
const SETTINGS_LENGTH = 29;

/**
 * `$2b$<cost>$`, 22 characters of salt and 31 of hash; Django writes `bcrypt$` or `bcrypt_sha256$` before it.
 * The last character of each holds fewer bits than six: the rest must be 0, so that one hash has one text.
 * Not `$2x$`, nor `$2$`: they mark hashes of implementations that were broken.
 */
const FORM =
  /^(bcrypt\$|bcrypt_sha256\$)?\$2([aby])\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/;

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
    async matches(password) {
      const { hashSync } = await import('./lazy-bcryptjs.ts');
      // Bytes after the 72nd count for nothing, as with the original tools.
      const input = digests ? await sha256Hex(password) : password;
      const isRight = equalTexts(hashSync(input, bare.slice(0, SETTINGS_LENGTH)), bare);
      // PHP makes no hash of a password with a NUL; the others take it as a byte like any other. Judged only
      // now, so that the time tells no `$2y$` hash from another.
      return isRight && (digests || revision !== 'y' || !password.includes('\0'));
    },
  };
};
