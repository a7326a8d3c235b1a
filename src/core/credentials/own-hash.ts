// The text form of Latchkey's own hashes, and chained PBKDF2-HMAC-SHA512, which computes them.
import type { HashCost } from '../model.ts';

/** The production runtime refuses more iterations in one call. Local workerd accepts them. */
export const MAX_ITERATIONS_PER_CALL = 100_000;
/** More rounds would take longer than the platform lets a request run. */
const MAX_ROUNDS = 50;
const HASH_BYTES = 64;

export interface ParsedHash extends HashCost {
  salt: Uint8Array<ArrayBuffer>;
  hash: Uint8Array<ArrayBuffer>;
}

const utf8 = new TextEncoder();
/** Base64 without padding. */
export const encode = (bytes: Uint8Array): string => bytes.toBase64({ omitPadding: true });

const isCount = (value: number, max: number): boolean =>
  Number.isInteger(value) && value >= 1 && value <= max;

/**
 * Whether a cost is within bounds: 1 to 100,000 iterations a round, 1 to 50 rounds.
 */
export const isRunnableCost = ({ iterations, rounds }: HashCost): boolean =>
  isCount(iterations, MAX_ITERATIONS_PER_CALL) && isCount(rounds, MAX_ROUNDS);

/**
 * Round k is PBKDF2-HMAC-SHA512 with the result of round k-1 as its password and the same salt; round 1 takes the
 * password's NFC form in UTF-8. One round is plain PBKDF2. Each round needs the whole result of the round before, so a
 * guess costs `rounds × iterations` HMACs, and no call exceeds the runtime's cap.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8018#section-5.2 PBKDF2
 * @throws RangeError if the cost is out of bounds
 */
export const derive = async (
  password: string,
  salt: Uint8Array<ArrayBuffer>,
  cost: HashCost,
): Promise<Uint8Array> => {
  if (!isRunnableCost(cost)) throw new RangeError('The cost of a password hash is out of bounds.');
  let material: Uint8Array = keyOf(password);
  for (let round = 0; round < cost.rounds; round += 1) {
    const key = await crypto.subtle.importKey('raw', material, 'PBKDF2', false, ['deriveBits']);
    const parameters = { name: 'PBKDF2', hash: 'SHA-512', salt, iterations: cost.iterations };
    material = new Uint8Array(await crypto.subtle.deriveBits(parameters, key, HASH_BYTES * 8));
  }
  return material;
};

/** A byte that never occurs in UTF-8. */
const END_MARK = 0xff;

/**
 * The password as key material. HMAC pads a short key with zeros, so that `secret` and `secret\0` would be one password.
 * A mark after a trailing zero prevents that.
 * @see https://www.rfc-editor.org/rfc/rfc2104#section-2
 */
const keyOf = (password: string): Uint8Array => {
  const bytes = utf8.encode(password.normalize('NFC'));
  return bytes.at(-1) === 0 ? Uint8Array.of(...bytes, END_MARK) : bytes;
};

const HASH_FORM =
  /^\$pbkdf2-sha512\$i=([1-9]\d{0,5}),r=([1-9]\d{0,1})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{86})$/;

/** Reads a stored hash; null if it is not one of ours, or its cost is out of bounds. */
export const parseHash = (text: string): ParsedHash | null => {
  const [, iterations, rounds, salt, hash] = HASH_FORM.exec(text) ?? [];
  if (iterations === undefined || rounds === undefined || salt === undefined || hash === undefined)
    return null;
  const cost = { iterations: Number(iterations), rounds: Number(rounds) };
  if (!isRunnableCost(cost)) return null;
  const [saltBytes, hashBytes] = [decode(salt), decode(hash)];
  return saltBytes && hashBytes && { ...cost, salt: saltBytes, hash: hashBytes };
};

/** Strict base64: null if the last character has unused bits set. */
const decode = (text: string): Uint8Array<ArrayBuffer> | null => {
  try {
    const bytes = Uint8Array.fromBase64(text);
    return encode(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
};
