// Reads url-encoded and multipart forms byte by byte: names and values are unchanged, broken UTF-8 is refused.

/** A field and its text; null for a file. */
export type FormEntry = [name: string, value: string | null];

/** A byte order mark stays: it is a character of the value. */
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** More arguments in one call could exhaust the stack. */
const BYTES_AT_ONCE = 8 * 1024;

/** Bytes as a text with one character for each. Not by `TextDecoder`, whose Latin-1 is Windows-1252. */
const toBinary = (bytes: Uint8Array): string => {
  let binary = '';
  for (let at = 0; at < bytes.byteLength; at += BYTES_AT_ONCE)
    binary += String.fromCharCode(...bytes.subarray(at, at + BYTES_AT_ONCE));
  return binary;
};

/** @throws TypeError if the bytes are no UTF-8. With U+FFFD instead, two passwords could become one. */
const decodeBinary = (binary: string): string =>
  strictUtf8.decode(Uint8Array.from(binary, (byte) => byte.charCodeAt(0)));

const decodeUrlEncoded = (binary: string): string =>
  decodeBinary(
    binary
      .replaceAll('+', ' ')
      .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  );

/**
 * Reads `application/x-www-form-urlencoded` as in the URL standard: a `%` that begins no escape stays. Unlike the
 * standard and the runtime's parser, it refuses a name or value that is no UTF-8.
 * @returns the fields in their order, null if the form is malformed
 * @see https://url.spec.whatwg.org/#urlencoded-parsing
 */
export const readUrlEncoded = (bytes: Uint8Array): FormEntry[] | null => {
  const sequences = toBinary(bytes)
    .split('&')
    .filter((sequence) => sequence !== '');
  try {
    return sequences.map((sequence) => {
      const [name = '', ...rest] = sequence.split('=');
      return [decodeUrlEncoded(name), decodeUrlEncoded(rest.join('='))];
    });
  } catch {
    return null;
  }
};

/**
 * Reads `multipart/form-data`. The runtime's parser gets each byte as a character, so that names and values are decoded
 * here.
 * @param contentType names the boundary
 * @returns the fields in their order, null if the form is malformed
 * @see https://www.rfc-editor.org/rfc/rfc7578
 */
export const readMultipart = async (bytes: Uint8Array, contentType: string): Promise<FormEntry[] | null> => {
  try {
    const headers = { 'Content-Type': contentType };
    const form = await new Response(toBinary(bytes), { headers }).formData();
    return [...form].map(([name, value]) => [
      decodeBinary(name),
      typeof value === 'string' ? decodeBinary(value) : null,
    ]);
  } catch {
    return null;
  }
};
