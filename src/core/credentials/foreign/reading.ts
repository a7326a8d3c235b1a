// What the readers of foreign hashes share: the shape of a reading, counts, base64, the PHC string format.

/** A hash that can be verified here. */
export interface Readable {
  ok: true;
  /** The kind of hash, without its parameters: `pbkdf2-sha256`, `bcrypt`, `argon2id`, … */
  algorithm: string;
  /**
   * The texts that the original tool may have hashed for a password. Absent for the usual: as sent, and its NFC form
   * if that is another text.
   */
  spell?(password: string): Iterable<string>;
  /**
   * Whether the hash must stay after a login with this password, which was right: the hash does not show which of
   * several passwords its owner has, and a hash of this one alone could lock the owner out. Absent for never.
   */
  keeps?(password: string): boolean;
  /** Whether a password of this length costs no more than the bounds allow. Absent for any. */
  takes?(passwordBytes: number): boolean;
  /** Does the work; loads what it needs first. Absent where no password is the right one. */
  matches?(password: string): Promise<boolean>;
}

/** A hash that cannot be verified here, and why: one sentence, which quotes nothing of the hash but numbers. */
export interface Refusal {
  ok: false;
  reason: string;
}

/** Reads a stored text; null if it is not of the reader's family. Does no work and loads nothing. */
export type Reader = (stored: string) => Readable | Refusal | null;

export const refuse = (reason: string): Refusal => ({ ok: false, reason });

export const refuseDamaged = (family: string): Refusal =>
  refuse(`It begins like ${family}, but is damaged, cut short or written in another form.`);

export const refuseCost = (asked: string, limit: string): Refusal =>
  refuse(`It asks for ${asked}; at most ${limit} can be verified here.`);

/** RFC 9106, section 3.1, recommends 16 bytes; no tool known here makes more than 64 by itself. */
export const MAX_SALT_BYTES = 128;

export const isSaltLength = (bytes: number): boolean => bytes >= 1 && bytes <= MAX_SALT_BYTES;

/** Reads a positive decimal number without leading zeros, of at most ten digits. */
export const readCount = (text: string | undefined): number | null =>
  text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null;

/** As sent, and in NFC if that is another text: what most tools may have hashed. */
export const spellAsSent = (password: string): Set<string> => new Set([password, password.normalize('NFC')]);

/** PHP's `trim`: the ASCII white space and NUL that it takes off both ends. WordPress trims every password. */
export const trimAsPhp = (password: string): string =>
  password.replace(/^[ \t\n\r\0\v]+|[ \t\n\r\0\v]+$/g, '');

const utf8 = new TextEncoder();
export const toBytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(utf8.encode(text));

/**
 * Whether HMAC reads these bytes as another password: it fills a key up to a block with zeros, so `secret` and
 * `secret\0` are one key. Passwords that end in NUL are refused here, as Latchkey's own hashes refuse them.
 *
 * @param blockBytes the digest's block: 64 for SHA-1 and SHA-256, 128 for SHA-512
 * @see https://www.rfc-editor.org/rfc/rfc2104#section-2
 */
export const endsInPadding = (password: Uint8Array, blockBytes: number): boolean =>
  password.byteLength <= blockBytes && password.at(-1) === 0;

/**
 * Decodes base64 strictly, so that one hash has one text: null if the last character holds bits that no
 * byte has. Written with `atob`, since the import command runs on Node 24, which has no `Uint8Array.fromBase64`.
 */
export const decodeBase64 = (
  text: string,
  padding: 'padded' | 'unpadded',
): Uint8Array<ArrayBuffer> | null => {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  try {
    const binary = atob(text);
    const again = btoa(binary);
    if ((padding === 'padded' ? again : again.replace(/=+$/, '')) !== text) return null;
    const bytes = new Uint8Array(binary.length);
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = binary.charCodeAt(index);
    return bytes;
  } catch {
    return null;
  }
};

const CRYPT_DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The value of one digit of crypt's base64; -1 for any other character. */
export const cryptDigit = (digit: string): number => CRYPT_DIGITS.indexOf(digit);

/** crypt's base64, as phpass and SHA-crypt write it: the lowest six bits first, no padding. */
export const encodeCrypt64 = (bytes: Uint8Array): string => {
  let text = '';
  for (let index = 0; index < bytes.length; index += 3) {
    const group = bytes.subarray(index, index + 3);
    const value = (group[0] ?? 0) | ((group[1] ?? 0) << 8) | ((group[2] ?? 0) << 16);
    for (let digit = 0; digit <= group.length; digit += 1) text += CRYPT_DIGITS[(value >> (6 * digit)) & 63];
  }
  return text;
};

/** The parts of a PHC string. Salt and hash are still base64. */
export interface Phc {
  id: string;
  /** What `v=` says; null if the string has none. */
  version: string | null;
  params: ReadonlyMap<string, string>;
  salt: string;
  hash: string;
}

/**
 * Splits `$id[$v=…][$name=value,…]$salt$hash`; null if the text has another form or a name twice.
 *
 * @see https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md
 */
export const splitPhc = (text: string): Phc | null => {
  const [, id, version, list, salt, hash] =
    /^\$([a-z0-9-]{1,32})(?:\$v=(\d{1,5}))?(?:\$([^$=]+=[^$]*))?\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(
      text,
    ) ?? [];
  if (id === undefined || salt === undefined || hash === undefined) return null;
  const params = new Map<string, string>();
  for (const pair of list === undefined ? [] : list.split(',')) {
    const [, name, value] = /^([a-z0-9-]{1,32})=([A-Za-z0-9/+.-]*)$/.exec(pair) ?? [];
    if (name === undefined || value === undefined || params.has(name)) return null;
    params.set(name, value);
  }
  return { id, version: version ?? null, params, salt, hash };
};

/** True if a PHC string has exactly these parameters. */
export const hasParams = ({ params }: Phc, names: readonly string[]): boolean =>
  params.size === names.length && names.every((name) => params.has(name));
