// Reads the text of a file in parts. A file in another encoding than UTF-8 is refused, because its names would be wrong
// without an error; the message names the flag. In a format with binary values, such as a dump with images, a byte that is
// not UTF-8 becomes half of a surrogate pair, as with Python's `surrogateescape`: no text has one, and it identifies the
// byte. https://peps.python.org/pep-0383/
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { InputError } from './records.ts';

const CHUNK_BYTES = 256 * 1024;

/** Decodes the parts of a file in order. The last call, without a part, detects a truncated character. */
export const createDecoder = (): ((part?: Uint8Array) => string) => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  return (part) => {
    try {
      return part ? decoder.decode(part, { stream: true }) : decoder.decode();
    } catch {
      throw new InputError(
        'It is not UTF-8. Give its encoding: --encoding windows-1252 if it comes from Windows, or another.',
      );
    }
  };
};

/** The surrogates that stand for the bytes 0x80 to 0xff. */
const ESCAPE = 0xdc00;
const ESCAPED = /[\udc80-\udcff]/u;

/** Whether a text contains bytes that are not UTF-8. */
export const holdsBytes = (text: string): boolean => !text.isWellFormed() && ESCAPED.test(text);

/** The length of a character that begins with this byte, in bytes; 1 if none does. */
const lengthAt = (first: number): number => {
  if (first < 0xc2 || first > 0xf4) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
};

/** Decodes bytes that may not all be UTF-8. */
export const decodeBytes = (bytes: Buffer): string => {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  let start = 0;
  for (let index = 0; index < bytes.length; ) {
    const first = bytes[index] ?? 0;
    const length = lengthAt(first);
    if (first < 0x80 || (length > 1 && isUtf8(bytes.subarray(index, index + length)))) {
      index += length;
      continue;
    }
    text += bytes.toString('utf8', start, index) + String.fromCharCode(ESCAPE + first);
    index += 1;
    start = index;
  }
  return text + bytes.toString('utf8', start);
};

/** The bytes that a text was decoded from. */
export const encodeBytes = (text: string): Buffer =>
  Buffer.concat(
    text
      .split(/([\udc80-\udcff])/u)
      .map((part) => (ESCAPED.test(part) ? Buffer.of(part.charCodeAt(0) - ESCAPE) : Buffer.from(part))),
  );

/** The end of the last complete character of a part that is not the last. */
const endOfWhole = (bytes: Buffer): number => {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) return lengthAt(byte) > back ? bytes.length - back : bytes.length;
    if (byte < 0x80) break;
  }
  return bytes.length;
};

/** Reads a file that may contain binary values. */
export async function* readMixedTexts(path: string, onRead: (bytes: number) => void): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    if (!Buffer.isBuffer(chunk)) continue;
    const part = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const end = endOfWhole(part);
    const text = decodeBytes(part.subarray(0, end));
    rest = part.subarray(end);
    const isFirst = bytes === 0;
    bytes += chunk.length;
    onRead(bytes);
    yield isFirst ? text.replace(/^\ufeff/, '') : text;
  }
  yield decodeBytes(rest);
}

/**
 * Reads a file without its byte order mark.
 *
 * @param onRead receives the number of bytes that have been read
 * @throws InputError if it is not UTF-8
 */
export async function* readTexts(path: string, onRead: (bytes: number) => void): AsyncGenerator<string> {
  const decode = createDecoder();
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    const text = decode(chunk);
    onRead(bytes);
    yield text;
  }
  yield decode();
}
