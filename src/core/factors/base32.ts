// Base32, in which people type secrets: capital letters and the digits 2 to 7, no padding.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BITS_PER_CHARACTER = 5;

/** @see https://www.rfc-editor.org/rfc/rfc4648#section-6 */
export const encodeBase32 = (bytes: Uint8Array): string => {
  let text = '';
  let [bits, value] = [0, 0];
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= BITS_PER_CHARACTER) {
      bits -= BITS_PER_CHARACTER;
      text += ALPHABET[(value >> bits) & 31];
      value &= (1 << bits) - 1;
    }
  }
  return bits === 0 ? text : text + ALPHABET[(value << (BITS_PER_CHARACTER - bits)) & 31];
};

/** Reads what other software wrote: case, spaces, hyphens and padding do not matter. Null if it is no base32. */
export const decodeBase32 = (text: string): Uint8Array<ArrayBuffer> | null => {
  const characters = text.replace(/[\s-]/g, '').replace(/=+$/, '').toUpperCase();
  if (!/^[A-Z2-7]*$/.test(characters)) return null;
  const bytes: number[] = [];
  let [bits, value] = [0, 0];
  for (const character of characters) {
    value = (value << BITS_PER_CHARACTER) | ALPHABET.indexOf(character);
    bits += BITS_PER_CHARACTER;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 0xff);
    value &= (1 << bits) - 1;
  }
  // Spare bits are zero, and fewer than a character: what else ends so was cut off.
  return value === 0 && bits < BITS_PER_CHARACTER ? Uint8Array.from(bytes) : null;
};
