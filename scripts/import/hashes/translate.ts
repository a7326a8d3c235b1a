// Converts hashes of other software to formats of the Worker, with the same salt, cost and key.
import { type Bytes, fromAb64, fromBase64, fromHex, toBytes } from './bytes.ts';
import { firebaseForm, pbkdf2Form, scryptForm } from './forms.ts';

/** Returns the hash in a format of the Worker; null if the text is not in this software's format. */
type Translator = (text: string) => string | null;

/**
 * Werkzeug's `pbkdf2:sha256:<iterations>$<salt>$<hex>` and `scrypt:<N>:<r>:<p>$<salt>$<hex>`: the salt is text.
 * `pbkdf2:<digest>$…` is not converted: it has the default cost of an unknown release, and the Worker supports it.
 *
 * @see https://werkzeug.palletsprojects.com/en/stable/utils/#werkzeug.security.generate_password_hash
 */
const fromWerkzeug: Translator = (text) => {
  const [, method = '', salt = '', hex = ''] =
    /^((?:pbkdf2|scrypt):[\w:]+)\$([^$]+)\$([0-9a-f]+)$/.exec(text) ?? [];
  const [name, first = '', second, third] = method.split(':');
  const key = fromHex(hex);
  if (name === 'scrypt' && second !== undefined && third !== undefined)
    return scryptForm(Number(first), second, third, toBytes(salt), key);
  return name === 'pbkdf2' && second !== undefined ? pbkdf2Form(first, second, toBytes(salt), key) : null;
};

const ASPNET_DIGESTS = ['sha1', 'sha256', 'sha512'];
const ASPNET_V2_ITERATIONS = 1000;

/**
 * ASP.NET Identity, in base64: `00`, 16 bytes of salt, 32 bytes of PBKDF2-SHA1; or `01`, then the digest, the iterations
 * and the length of the salt as big-endian uint32, the salt and the key.
 *
 * @see https://github.com/dotnet/aspnetcore/blob/main/src/Identity/Extensions.Core/src/PasswordHasher.cs
 */
const fromAspNet: Translator = (text) => {
  // No release creates a salt or key of more than 64 bytes.
  if (!/^A[A-Z][A-Za-z0-9+/]{50,250}={0,2}$/.test(text)) return null;
  const bytes = fromBase64(text);
  if (bytes?.[0] === 0 && bytes.byteLength === 49)
    return pbkdf2Form('sha1', ASPNET_V2_ITERATIONS, bytes.slice(1, 17), bytes.slice(17));
  if (bytes?.[0] !== 1 || bytes.byteLength < 13) return null;
  const view = new DataView(bytes.buffer);
  const [digest, iterations, saltBytes] = [1, 5, 9].map((offset) => view.getUint32(offset));
  if (digest === undefined || iterations === undefined || saltBytes === undefined) return null;
  const key = bytes.slice(13 + saltBytes);
  return pbkdf2Form(ASPNET_DIGESTS[digest] ?? '', iterations, bytes.slice(13, 13 + saltBytes), key);
};

/** PHC strings with padding, longer keys, or the scrypt cost as Ory Kratos writes it. */
const fromPhc: Translator = (text) => {
  const [, digest = 'sha1', list = '', salt = '', hash = ''] =
    /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$([^$]+)\$([^$]+)\$([^$]+)$/.exec(text) ?? [];
  const [, iterations, length] = /^(?:i=)?(\d+)(?:,l=(\d+))?$/.exec(list) ?? [];
  const key = fromAb64(hash);
  if (iterations !== undefined && key) {
    // Ory's documentation counts the length in bits, its code in bytes. With any other length, the key is truncated.
    const isLong = [key.byteLength, 8 * key.byteLength].includes(Number(length));
    if (length !== undefined && !isLong) return null;
    // Without `l=`, a key that is shorter than the digest is truncated. The Worker reports it.
    const isWhole = length !== undefined || key.byteLength >= (DIGEST_BYTES[digest] ?? 0);
    return isWhole ? pbkdf2Form(digest, iterations, fromAb64(salt), key) : null;
  }
  const [, cost, rest] = /^\$scrypt\$ln=(\d{2,9}),(r=\d+,p=\d+\$[^$]+\$[^$]+)$/.exec(text) ?? [];
  // Values of 64 and more are N itself, as Ory Kratos writes it, not an exponent.
  const exponent = Number(cost) >= 64 ? Math.log2(Number(cost)) : cost;
  const unpadded = /^\$(?:scrypt|argon2)/.test(text) ? text.replace(/=+(?=\$|$)/g, '') : null;
  return rest === undefined ? unpadded : `$scrypt$ln=${exponent},${rest}`.replace(/=+(?=\$|$)/g, '');
};
const DIGEST_BYTES: Readonly<Record<string, number>> = { sha1: 20, sha256: 32, sha512: 64 };

/** Ory Kratos' names for common formats. https://www.ory.sh/docs/kratos/manage-identities/import-user-accounts-identities */
const fromKratos: Translator = (text) => {
  const [, crypt, rest] = /^\$(sha256|sha512)-crypt(\$.+)$/.exec(text) ?? [];
  if (rest !== undefined) return `${crypt === 'sha256' ? '$5' : '$6'}${rest}`;
  const [, memory, rounds, salt = '', hash = '', separator = '', signerKey = ''] =
    /^\$firescrypt\$ln=(\d+),r=(\d+),p=1\$([^$]+)\$([^$]+)\$([^$]*)\$([^$]+)$/.exec(text) ?? [];
  if (memory === undefined || rounds === undefined) return null;
  const parameters = {
    signerKey,
    saltSeparator: separator,
    rounds: Number(rounds),
    memoryCost: Number(memory),
  };
  return firebaseForm(parameters, salt, hash);
};

interface SpringPbkdf2 {
  digest: string;
  iterations: number;
  saltBytes: number;
}

/** Spring Security's PBKDF2 encoders. Both have keys of 32 bytes. */
const SPRING_PBKDF2: Readonly<Record<string, SpringPbkdf2>> = {
  pbkdf2: { digest: 'sha1', iterations: 185_000, saltBytes: 8 },
  'pbkdf2@SpringSecurity_v5_8': { digest: 'sha256', iterations: 310_000, saltBytes: 16 },
};
const SPRING_PBKDF2_KEY_BYTES = 32;

/** `$<log2 N, r and p in hex>$<salt>$<key>`, in padded base64. */
const fromSpringScrypt = (text: string): string | null => {
  const [, hex = '', salt = '', key = ''] = /^\$([0-9a-f]{5,6})\$([^$]+)\$([^$]+)$/.exec(text) ?? [];
  const parameters = Number.parseInt(hex, 16);
  if (Number.isNaN(parameters)) return null;
  const [log2, blockSize, parallelism] = [parameters >> 16, (parameters >> 8) & 0xff, parameters & 0xff];
  return scryptForm(2 ** log2, blockSize, parallelism, fromBase64(salt), fromBase64(key));
};

/**
 * `{id}` and the hash: Spring Security's encoders with their default parameters, and formats of directories except SHA.
 *
 * @see https://docs.spring.io/spring-security/reference/features/authentication/password-storage.html
 */
const fromPrefix: Translator = (text) => {
  const [, id = '', rest = ''] = /^\{([\w@.-]+)\}(.+)$/s.exec(text) ?? [];
  const spring = SPRING_PBKDF2[id];
  const bytes = fromHex(rest);
  if (spring && bytes?.byteLength === spring.saltBytes + SPRING_PBKDF2_KEY_BYTES) {
    const [salt, key]: Bytes[] = [bytes.slice(0, spring.saltBytes), bytes.slice(spring.saltBytes)];
    return pbkdf2Form(spring.digest, spring.iterations, salt ?? null, key ?? null);
  }
  if (/^scrypt(?:@SpringSecurity_v5_8)?$/.test(id)) return fromSpringScrypt(rest);
  if (/^(?:bcrypt|argon2(?:@SpringSecurity_v5_8)?|crypt|blf-crypt|argon2id?)$/i.test(id))
    return rest.startsWith('$') ? rest : null;
  const [, digest = 'SHA1'] = /^pbkdf2(?:-(sha1|sha256|sha512))?$/i.exec(id) ?? [];
  const [, iterations, salt, hash] = /^(\d+)\$([^$]+)\$([^$]+)$/.exec(rest) ?? [];
  return iterations !== undefined && salt !== undefined && hash !== undefined && /^pbkdf2/i.test(id)
    ? pbkdf2Form(digest.toLowerCase(), iterations, fromAb64(salt), fromAb64(hash))
    : null;
};

/** Nextcloud: `1|` (bcrypt), `2|` (Argon2i), `3|` (Argon2id). */
const fromNextcloud: Translator = (text) => /^[123]\|(\$.+)$/.exec(text)?.[1] ?? null;

/** `scryptSync(password, salt, 64)` as `<key>.<salt>`, from a widely copied example. */
const fromKeyAndSalt: Translator = (text) => {
  const [, key = '', salt = ''] = /^([0-9a-f]{128})\.([0-9a-f]{16,64})$/.exec(text) ?? [];
  return key === '' ? null : scryptForm(16_384, 8, 1, toBytes(salt), fromHex(key));
};

const TRANSLATORS = [
  fromWerkzeug,
  fromAspNet,
  fromPhc,
  fromKratos,
  fromPrefix,
  fromNextcloud,
  fromKeyAndSalt,
];

/** Converts a hash to a format of the Worker if its format is known. Otherwise returns the text. */
export const translateHash = (text: string): string => {
  for (const translate of TRANSLATORS) {
    const translated = translate(text);
    // A prefix may come before another format: `{CRYPT}$6$…`, `1|$2y$…`.
    if (translated !== null && translated !== text) return translateHash(translated);
  }
  return text;
};
