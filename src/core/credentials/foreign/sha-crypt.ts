// Hashes by SHA-crypt, `$5$` and `$6$`: crypt(3) of Linux, passlib, `mkpasswd`, PHP's crypt().
import { equalTexts } from '../../secrets.ts';
import {
  encodeCrypt64,
  type Reader,
  readCount,
  refuse,
  refuseCost,
  refuseDamaged,
  toBytes,
} from './reading.ts';

/** What a text without `rounds=` means. */
const DEFAULT_ROUNDS = 5000;
/** The specification raises every lower number to this one, and no tool writes one. */
const MIN_ROUNDS = 1000;

interface Variant {
  id: 'sha256' | 'sha512';
  digestBytes: number;
  keyDigits: number;
  /** passlib's default: 535,000 with SHA-256, 656,000 with SHA-512. Both take about 1.5 s on one slow core. */
  maxRounds: number;
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  5: { id: 'sha256', digestBytes: 32, keyDigits: 43, maxRounds: 1_000_000 },
  6: { id: 'sha512', digestBytes: 64, keyDigits: 86, maxRounds: 700_000 },
};

/**
 * Bytes that all rounds together hash at most. Each round hashes the password about twice, so that a long one
 * multiplies the work: at passlib's default a password may have 120 bytes, at crypt's any. About 3 s on one slow core.
 */
const MAX_WORK_BYTES = 200_000_000;

/** About 40 ms of work: between two such turns, other requests of this isolate go on. */
const ROUNDS_PER_TURN = 20_000;

const FORM = /^\$([56])\$(?:rounds=(\d+)\$)?([\x20-\x23\x25-\x39\x3b-\x7e]{0,16})\$([./0-9A-Za-z]+)$/;

/**
 * `$5$[rounds=<count>$]<salt>$<key>`, and the same with `$6$`.
 *
 * @see https://www.akkadia.org/drepper/SHA-crypt.txt
 */
export const readShaCrypt: Reader = (stored) => {
  if (!/^\$[56]\$/.test(stored)) return null;
  const [, mark = '', roundsText, salt, keyText] = FORM.exec(stored) ?? [];
  const variant = VARIANTS[mark];
  const rounds = roundsText === undefined ? DEFAULT_ROUNDS : readCount(roundsText);
  if (!variant || salt === undefined || keyText?.length !== variant.keyDigits || rounds === null)
    return refuseDamaged('a SHA-crypt hash');
  if (rounds < MIN_ROUNDS) return refuse(`It has fewer than ${MIN_ROUNDS} rounds of SHA-crypt.`);
  if (rounds > variant.maxRounds)
    return refuseCost(`${rounds} rounds of SHA-crypt`, String(variant.maxRounds));
  const saltBytes = toBytes(salt);
  return {
    ok: true,
    algorithm: `${variant.id}-crypt`,
    takes: (bytes) => rounds * (variant.digestBytes + 2 * bytes + saltBytes.length) <= MAX_WORK_BYTES,
    async matches(password) {
      const hashes = await import('./lazy-sha-crypt.ts');
      const key = await derive(hashes[variant.id], toBytes(password), saltBytes, rounds);
      return equalTexts(encodeCrypt64(arrange(key)), keyText);
    },
  };
};

interface Digest {
  (message: Uint8Array): Uint8Array;
  create(): { update(part: Uint8Array): unknown; digest(): Uint8Array };
}

const derive = async (
  digest: Digest,
  password: Uint8Array,
  salt: Uint8Array,
  rounds: number,
): Promise<Uint8Array> => {
  const hash = (parts: Iterable<Uint8Array>): Uint8Array => {
    const state = digest.create();
    for (const part of parts) state.update(part);
    return state.digest();
  };
  const fill = (bytes: Uint8Array, length: number): Uint8Array =>
    Uint8Array.from({ length }, (_, index) => bytes[index % bytes.length] ?? 0);

  const second = hash([password, salt, password]);
  const first = [password, salt, fill(second, password.length)];
  for (let bits = password.length; bits > 0; bits >>= 1) first.push(bits % 2 === 1 ? second : password);
  let state = hash(first);

  const passwordFill = fill(hash(Array<Uint8Array>(password.length).fill(password)), password.length);
  const saltFill = fill(hash(Array<Uint8Array>(16 + (state[0] ?? 0)).fill(salt)), salt.length);

  const message = new Uint8Array(state.length + 2 * password.length + salt.length);
  for (let round = 0; round < rounds; round += 1) {
    if (round > 0 && round % ROUNDS_PER_TURN === 0) await scheduler.wait(0);
    let length = 0;
    const append = (part: Uint8Array) => {
      message.set(part, length);
      length += part.length;
    };
    append(round % 2 === 1 ? passwordFill : state);
    if (round % 3 !== 0) append(saltFill);
    if (round % 7 !== 0) append(passwordFill);
    append(round % 2 === 1 ? state : passwordFill);
    state = digest(message.subarray(0, length));
  }
  return state;
};

/**
 * The order in which the key's bytes are written: three that lie a third of it apart, then the next three, each time
 * beginning with another of the thirds; what remains comes last.
 */
const arrange = (key: Uint8Array): Uint8Array => {
  const third = Math.floor(key.length / 3);
  const order: number[] = [];
  for (let group = 0; group < third; group += 1) {
    const places = [0, third, 2 * third].map((place) => place + group);
    // SHA-256 goes on with the last of the three, SHA-512 with the middle one.
    const shift = ((key.length === 32 ? 2 : 1) * group) % 3;
    const turned = [...places.slice(shift), ...places.slice(0, shift)];
    order.push(...turned.reverse());
  }
  const rest = key.length === 32 ? [30, 31] : [63];
  return Uint8Array.from([...order, ...rest], (place) => key[place] ?? 0);
};
