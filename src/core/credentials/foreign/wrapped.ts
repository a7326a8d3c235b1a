// Hashes too fast to keep (MD5, SHA-1 and their like), each wrapped at import in a slow hash of our own.
import { equalBytes } from '../../secrets.ts';
import { derive, parseHash } from '../own-hash.ts';
import { decodeBase64, MAX_SALT_BYTES, type Reader, refuseDamaged, toBytes } from './reading.ts';

/** A fast hash of a password. */
type Recipe = (password: Uint8Array<ArrayBuffer>, salt: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;

const DIGESTS: Readonly<Record<string, string>> = {
  md5: 'MD5',
  sha1: 'SHA-1',
  sha256: 'SHA-256',
  sha512: 'SHA-512',
};

/** Spring's StandardPasswordEncoder hashes this often; every other tool hashes once. */
const REPETITIONS = 1024;

const concat = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

/**
 * `<digest>`, `<digest>-salt-password`, `<digest>-password-salt` or `hmac-<digest>` with the salt for its key; with
 * `-x1024`, the digest of the result is taken 1,023 times more.
 */
const readRecipe = (name: string): Recipe | null => {
  const [, hmac, id = '', order, repeated] =
    /^(hmac-)?(md5|sha1|sha256|sha512)(-salt-password|-password-salt)?(-x1024)?$/.exec(name) ?? [];
  const hash = DIGESTS[id];
  if (hash === undefined || (hmac !== undefined && order !== undefined)) return null;
  const digest = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(await crypto.subtle.digest(hash, bytes));
  return async (password, salt) => {
    if (hmac !== undefined) {
      const key = await crypto.subtle.importKey('raw', salt, { name: 'HMAC', hash }, false, ['sign']);
      return new Uint8Array(await crypto.subtle.sign('HMAC', key, password));
    }
    const salted = order === '-salt-password' ? [salt, password] : [password, salt];
    let result = await digest(order === undefined ? password : concat(...salted));
    if (repeated !== undefined)
      for (let count = 1; count < REPETITIONS; count += 1) result = await digest(result);
    return result;
  };
};

/** A recipe that takes no salt has none; one that takes a salt may have an empty one, HMAC may not. */
const FORM = /^wrapped\$([a-z0-9+-]{1,100})\$([A-Za-z0-9+/]*)(\$pbkdf2-sha512\$.+)$/;

/**
 * `wrapped$<recipe>[+<recipe>]$<salt>` and a hash of our own, over the fast hash in lower-case hex. Several recipes
 * stand where the original text does not show which made it: `sha1$<salt>$<hex>` is Django's or Werkzeug's.
 */
export const readWrapped: Reader = (stored) => {
  if (!stored.startsWith('wrapped$')) return null;
  const [, names = '', saltText, own = ''] = FORM.exec(stored) ?? [];
  const salt = saltText === undefined ? null : decodeBase64(saltText, 'unpadded');
  const recipes = names.split('+').map(readRecipe);
  const outer = parseHash(own);
  if (!salt || salt.byteLength > MAX_SALT_BYTES || !outer || recipes.length > 2)
    return refuseDamaged('a wrapped hash');
  const known = recipes.filter((recipe) => recipe !== null);
  if (known.length < recipes.length || (salt.byteLength === 0 && names.includes('hmac-')))
    return refuseDamaged('a wrapped hash');
  return {
    ok: true,
    algorithm: 'wrapped',
    async matches(password) {
      for (const recipe of known) {
        const inner = (await recipe(toBytes(password), salt)).toHex();
        if (equalBytes(await derive(inner, outer.salt, outer), outer.hash)) return true;
      }
      return false;
    },
  };
};
