// Describes an unknown hash for the report. The description quotes nothing of the text except a prefix.

/** Common kinds that cannot be verified here. */
const NAMED: readonly [form: RegExp, name: string][] = [
  [/^crypt\$/, 'DES crypt'],
  [/^\$1\$|^\$apr1\$|^\$md5-crypt\$/, 'MD5-crypt'],
  [/^\$2x?\$/, 'a broken revision of bcrypt ($2$ or $2x$)'],
  [/^\$y\$|^\$gy\$/, 'yescrypt'],
  [/^\$7\$/, 'scrypt in crypt(3) form ($7$)'],
  [/^\$argon2d\$/, 'Argon2d'],
  [/^\$bcrypt-sha256\$/, "passlib's bcrypt-sha256"],
  [/^(?:pbkdf2|scrypt):/, "a hash of Werkzeug's that is damaged or of an unknown method"],
  [/^\*[0-9A-F]{40}$/, "MySQL's PASSWORD()"],
  [/^0x0[12]00[0-9A-F]{48,}$/i, "SQL Server's PWDENCRYPT"],
];

const ID = /^(?:\$([A-Za-z0-9-]{1,32})\$|\{([A-Za-z0-9@._-]{1,32})\})/;

/** Shorter texts than a 128-bit hash in base64 may be passwords. */
const SHORTEST_HASH = 22;

/** Completes a sentence that begins with "It looks like". */
export const nameUnknownHash = (text: string): { name: string; isPlainText: boolean } => {
  const [, named] = NAMED.find(([form]) => form.test(text)) ?? [];
  if (named !== undefined) return { name: named, isPlainText: false };
  const [prefix] = ID.exec(text) ?? [];
  if (prefix !== undefined) return { name: `a hash that begins with ${prefix}`, isPlainText: false };
  const isLong = text.length >= SHORTEST_HASH && text.length % 2 === 0;
  if (isLong && /^[0-9a-f]+$/i.test(text))
    return { name: `${text.length} hexadecimal digits`, isPlainText: false };
  // A base64 hash of this length has digits and capitals. A long password of lowercase letters has neither.
  const isBase64 =
    /^[A-Za-z0-9+/_.-]{22,}={0,2}$/.test(text) && /\d/.test(text) && /[A-Z]/.test(text) && /[a-z]/.test(text);
  if (isBase64) return { name: `${text.length} characters of base64`, isPlainText: false };
  if (/^\S{1,64}:\S{32,}$/.test(text))
    return { name: 'a salt and a hash with a colon between', isPlainText: false };
  return { name: 'a password in plain text', isPlainText: true };
};
