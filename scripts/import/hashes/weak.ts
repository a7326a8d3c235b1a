// Recognises hashes that are too fast to keep, and splits them into the parts of a wrapped hash.
import { type Bytes, fromBase64, fromHex, toBytes } from './bytes.ts';

/** A fast hash in the terms of wrapped.ts in src/core. */
export interface WeakHash {
  /** Its name in the report. */
  name: string;
  /** The recipes that may have created it, joined by `+`. */
  recipes: string;
  salt: Bytes;
  key: Bytes;
  /** Whether it is accepted without `--weak-hashes`: salted, and the standard format of its software. */
  isUsual: boolean;
}

const NO_SALT: Bytes = new Uint8Array(0);
const DIGEST_BYTES: Readonly<Record<string, number>> = { md5: 16, sha1: 20, sha256: 32, sha512: 64 };
const NAMES: Readonly<Record<string, string>> = {
  md5: 'MD5',
  sha1: 'SHA-1',
  sha256: 'SHA-256',
  sha512: 'SHA-512',
};

const digestOfLength = (bytes: number | undefined): string | null =>
  Object.keys(DIGEST_BYTES).find((digest) => DIGEST_BYTES[digest] === bytes) ?? null;

const toWeak = (digest: string, recipes: string, salt: Bytes, key: Bytes | null): WeakHash | null =>
  key?.byteLength === DIGEST_BYTES[digest] && key
    ? { name: NAMES[digest] ?? digest, recipes, salt, key, isUsual: false }
    : null;

/** Hexadecimal digits only: the algorithm by their number. */
const readHex = (text: string): WeakHash | null => {
  const key = fromHex(text);
  const digest = digestOfLength(key?.byteLength);
  return digest === null ? null : toWeak(digest, digest, NO_SALT, key);
};

/**
 * `<digest>$<salt>$<hex>`: H(salt ‖ password) of old Django, or HMAC with the salt as key of old Werkzeug. Both wrote
 * `md5` and `sha1`, so both are tried for these. Django wrote an empty salt for none.
 */
const readDollars = (text: string): WeakHash | null => {
  const [, digest = '', saltText = '', hex = ''] =
    /^(md5|sha1|sha256|sha512)\$([^$]*)\$([0-9a-f]+)$/.exec(text) ?? [];
  const key = fromHex(hex);
  if (saltText === '') return toWeak(digest, digest, NO_SALT, key);
  const isDjangos = digest === 'md5' || digest === 'sha1';
  const recipes = isDjangos ? `${digest}-salt-password+hmac-${digest}` : `hmac-${digest}`;
  return toWeak(digest, recipes, toBytes(saltText), key);
};

/**
 * `{SSHA}` and similar formats of directories: base64 of the digest followed by the salt.
 *
 * @see https://www.rfc-editor.org/rfc/rfc2307#section-5.3
 */
const readDirectory = (text: string): WeakHash | null => {
  const [, salted, name = '', base64 = ''] =
    /^\{(S)?(MD5|SHA(?:1|256|512)?)\}([A-Za-z0-9+/]+=*)$/i.exec(text) ?? [];
  const digest = name.toLowerCase().replace(/^sha$/, 'sha1');
  const bytes = fromBase64(base64);
  const keyBytes = DIGEST_BYTES[digest];
  if (!bytes || keyBytes === undefined) return null;
  const isSalted = salted !== undefined;
  if (isSalted ? bytes.byteLength <= keyBytes : bytes.byteLength !== keyBytes) return null;
  const recipe = isSalted ? `${digest}-password-salt` : digest;
  const weak = toWeak(digest, recipe, bytes.slice(keyBytes), bytes.slice(0, keyBytes));
  return (
    weak && {
      ...weak,
      name: `LDAP's {${salted ?? ''}${name}}`.toUpperCase().replace("LDAP'S", "LDAP's"),
      isUsual: isSalted && digest !== 'md5',
    }
  );
};

/**
 * Spring Security's `{MD5}`, `{SHA-1}` and `{SHA-256}`, whose salt is hashed with its braces, and `{sha256}`, which
 * hashes a salt of 8 bytes and the password 1,024 times.
 */
const readSpring = (text: string): WeakHash | null => {
  const [, id = '', rest = ''] = /^\{(MD5|SHA-1|SHA-256|sha256)\}(.+)$/.exec(text) ?? [];
  if (id === 'sha256') {
    const bytes = fromHex(rest);
    return bytes && toWeak('sha256', 'sha256-salt-password-x1024', bytes.slice(0, 8), bytes.slice(8));
  }
  const [, salt, hex = ''] = /^(\{[^{}]*\})?([0-9a-f]+)$/.exec(rest) ?? [];
  const digest = id.toLowerCase().replace('-', '');
  return salt === undefined
    ? toWeak(digest, digest, NO_SALT, fromHex(hex))
    : toWeak(digest, `${digest}-password-salt`, toBytes(salt), fromHex(hex));
};

/** The supported orders of salt and password in Ory Kratos. */
const KRATOS_ORDERS: Readonly<Record<string, string>> = {
  '{SALT}{PASSWORD}': '-salt-password',
  '{PASSWORD}{SALT}': '-password-salt',
};

/**
 * Ory Kratos' `$sha1$pf=<format>$<salt>$<hash>`, also with `md5`, `sha256` and `sha512`, all in base64. Only formats that
 * consist of the salt and the password are supported.
 *
 * @see https://www.ory.sh/docs/kratos/manage-identities/import-user-accounts-identities
 */
const readKratos = (text: string): WeakHash | null => {
  const [, digest = '', formatText = '', saltText = '', hash = ''] =
    /^\$(md5|sha1|sha256|sha512)\$pf=([^$]+)\$([^$]+)\$([^$]+)$/.exec(text) ?? [];
  const [format, salt] = [fromBase64(formatText), fromBase64(saltText)];
  const order = format && KRATOS_ORDERS[new TextDecoder().decode(format)];
  return order && salt ? toWeak(digest, `${digest}${order}`, salt, fromBase64(hash)) : null;
};

/** Reads a fast hash; null for other texts. */
export const readWeakHash = (text: string): WeakHash | null => {
  const inner = text.replace(/^\{ldap\}(?=\{)/, '');
  return (
    readHex(inner) ?? readDollars(inner) ?? readDirectory(inner) ?? readSpring(inner) ?? readKratos(inner)
  );
};
