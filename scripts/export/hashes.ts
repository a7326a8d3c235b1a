// Converts password hashes to formats that other software verifies; null if it does not support the algorithm.

/** The kind of a hash, from its format. */
const OWN = /^\$pbkdf2-sha512\$i=(\d+),r=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const BCRYPT = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/;
const ARGON2 = /^\$argon2(?:id|i)\$/;
/** Hashes that were imported from a Django project and are stored in Django's format. */
const DJANGO = /^(?:pbkdf2_sha256|pbkdf2_sha1|bcrypt_sha256|bcrypt|argon2|scrypt)\$/;

export const isUnusable = (hash: string): boolean => hash.startsWith('!');
export const isBcrypt = (hash: string): boolean => BCRYPT.test(hash);

/** Django's `<algorithm>$…`. Latchkey's own hashes need the hasher `latchkey` of docs/migrating/leaving.md. */
export const toDjango = (hash: string): string | null => {
  if (isUnusable(hash)) return '!';
  const [, iterations, rounds, salt, key] = OWN.exec(hash) ?? [];
  if (iterations !== undefined) return `latchkey$${iterations}$${rounds}$${salt}$${key}`;
  if (BCRYPT.test(hash)) return `bcrypt$${hash}`;
  if (ARGON2.test(hash)) return `argon2${hash}`;
  return DJANGO.test(hash) ? hash : null;
};

/** The algorithms of Supabase's GoTrue: bcrypt, Argon2 and Firebase's scrypt. https://supabase.com/docs/guides/auth/managing-user-data */
export const toSupabase = (hash: string): string | null =>
  BCRYPT.test(hash) || ARGON2.test(hash) || hash.startsWith('$fbscrypt$') ? hash : null;
