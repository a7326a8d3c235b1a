// The text of a file, part by part. Another encoding than UTF-8 would be read without complaint, and each name in it
// spoilt: so it is refused, and the refusal names the flag.
import { createReadStream } from 'node:fs';
import { InputError } from './records.ts';

const CHUNK_BYTES = 256 * 1024;

/** Decodes parts of a file in their order; the last call, without a part, finds a character that is cut off. */
export const createDecoder = (): ((part?: Uint8Array) => string) => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  return (part) => {
    try {
      return part ? decoder.decode(part, { stream: true }) : decoder.decode();
    } catch {
      throw new InputError(
        'It is not UTF-8. Say what it is: --encoding windows-1252, if it comes from Windows, or another.',
      );
    }
  };
};

/**
 * Reads a file without its byte order mark.
 *
 * @param onRead told how many bytes have been read
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
