// PBKDF2-HMAC-SHA256 beyond WebCrypto's cap: its inner loop alone, three times as fast as over a general HMAC.

/** About 40 ms of work on one slow core: between two such turns, other requests of this isolate go on. */
const ITERATIONS_PER_TURN = 50_000;

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
// biome-ignore format: eight in a line, as the standard prints them
const K = new Int32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

/** Likewise of the square roots of the first 8 primes (FIPS 180-4, 5.3.3). */
// biome-ignore format: as above
const INITIAL = new Int32Array([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

const BLOCK_BYTES = 64;
const KEY_WORDS = 8;

const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

/** The message schedule, used anew in every call of `compress` and never across a turn. */
const schedule = new Int32Array(64);

/**
 * SHA-256's compression of one block of 16 words; the result goes to the first 8 words of `out`. `?? 0` never
 * happens and costs nothing: the indexes are all within bounds, which only the compiler does not know.
 *
 * @see https://doi.org/10.6028/NIST.FIPS.180-4 section 6.2.2
 */
const compress = (state: Int32Array, block: Int32Array, out: Int32Array): void => {
  const w = schedule;
  const k = K;
  for (let t = 0; t < 16; t += 1) w[t] = block[t] ?? 0;
  for (let t = 16; t < 64; t += 1) {
    const w15 = w[t - 15] ?? 0;
    const w2 = w[t - 2] ?? 0;
    const sigma0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
    const sigma1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
    w[t] = ((w[t - 16] ?? 0) + sigma0 + (w[t - 7] ?? 0) + sigma1) | 0;
  }
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  let e = state[4] ?? 0;
  let f = state[5] ?? 0;
  let g = state[6] ?? 0;
  let h = state[7] ?? 0;
  for (let t = 0; t < 64; t += 1) {
    const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + sum1 + ((e & f) ^ (~e & g)) + (k[t] ?? 0) + (w[t] ?? 0)) | 0;
    const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  out[0] = ((state[0] ?? 0) + a) | 0;
  out[1] = ((state[1] ?? 0) + b) | 0;
  out[2] = ((state[2] ?? 0) + c) | 0;
  out[3] = ((state[3] ?? 0) + d) | 0;
  out[4] = ((state[4] ?? 0) + e) | 0;
  out[5] = ((state[5] ?? 0) + f) | 0;
  out[6] = ((state[6] ?? 0) + g) | 0;
  out[7] = ((state[7] ?? 0) + h) | 0;
};

/** Big-endian words of bytes, filled up with zeros. */
const toWords = (bytes: Uint8Array, count: number): Int32Array => {
  const view = new DataView(new ArrayBuffer(count * 4));
  for (const [index, byte] of bytes.entries()) view.setUint8(index, byte);
  return Int32Array.from({ length: count }, (_, index) => view.getInt32(index * 4));
};

/** HMAC's state after the padded key, from which every one of the iterations starts (RFC 2104, section 2). */
const absorbKey = (key: Int32Array, pad: number): Int32Array => {
  const state = new Int32Array(KEY_WORDS);
  compress(
    INITIAL,
    key.map((word) => word ^ pad),
    state,
  );
  return state;
};

/** A block for a 32-byte message that follows 64 bytes of key: 8 words of it, the end bit, the length in bits. */
const blockForDigest = (): Int32Array => {
  const block = new Int32Array(16);
  block[KEY_WORDS] = 0x80000000;
  block[15] = (BLOCK_BYTES + 32) * 8;
  return block;
};

/** Does `count` iterations: each hashes the message of 8 words in place and adds the result to the sum. */
const iterate = (
  count: number,
  inner: Int32Array,
  outer: Int32Array,
  message: Int32Array,
  sum: Int32Array,
): void => {
  const middle = blockForDigest();
  for (let done = 0; done < count; done += 1) {
    compress(inner, message, middle);
    compress(outer, middle, message);
    for (let word = 0; word < KEY_WORDS; word += 1) sum[word] = (sum[word] ?? 0) ^ (message[word] ?? 0);
  }
};

/**
 * One block (32 bytes) of plain PBKDF2-HMAC-SHA256. WebCrypto makes the first of the iterations, with all that
 * depends on the salt; those after it hash 32 bytes each, in JavaScript, in turns.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8018#section-5.2
 */
export const derivePbkdf2Sha256 = async (
  password: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
): Promise<Uint8Array> => {
  const imported = await crypto.subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
  const once = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: 1 };
  const first = new Uint8Array(await crypto.subtle.deriveBits(once, imported, 256));

  const short = password.byteLength <= BLOCK_BYTES;
  const digest = short ? password : new Uint8Array(await crypto.subtle.digest('SHA-256', password));
  const key = toWords(digest, BLOCK_BYTES / 4);
  const inner = absorbKey(key, 0x36363636);
  const outer = absorbKey(key, 0x5c5c5c5c);

  const sum = toWords(first, KEY_WORDS);
  const message = blockForDigest();
  message.set(sum);
  for (let done = 1; done < iterations; done += ITERATIONS_PER_TURN) {
    if (done > 1) await scheduler.wait(0);
    iterate(Math.min(ITERATIONS_PER_TURN, iterations - done), inner, outer, message, sum);
  }

  const derived = new DataView(new ArrayBuffer(KEY_WORDS * 4));
  for (const [index, word] of sum.entries()) derived.setInt32(index * 4, word);
  return new Uint8Array(derived.buffer);
};
