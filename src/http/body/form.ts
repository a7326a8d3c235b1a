// Forms, url-encoded and multipart, read byte by byte: no name and no value is changed, and broken UTF-8 is refused.

/** A field and its text; null for a file, which is no text. */
export type FormEntry = [name: string, value: string | null];

/** The byte order mark is a character of a value like every other. */
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Arguments that one call takes without exhausting the stack. */
const BYTES_AT_ONCE = 8 * 1024;

/** Bytes as a text whose characters are bytes. Not `TextDecoder`: its Latin-1 is Windows-1252. */
const toBinary = (bytes: Uint8Array): string => {
  let binary = '';
  for (let at = 0; at < bytes.byteLength; at += BYTES_AT_ONCE)
    binary += String.fromCharCode(...bytes.subarray(at, at + BYTES_AT_ONCE));
  return binary;
};

/** @throws TypeError if the bytes are no UTF-8: two passwords must not become one through U+FFFD */
const decodeBinary = (binary: string): string =>
  strictUtf8.decode(Uint8Array.from(binary, (byte) => byte.charCodeAt(0)));

const decodeUrlEncoded = (binary: string): string =>
  decodeBinary(
    binary
      .replaceAll('+', ' ')
      .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  );

/**
 * Reads `application/x-www-form-urlencoded` as the URL standard does: a `%` that begins no escape stays. Unlike the
 * standard, and unlike the runtime's own parser, it refuses a name or a value that is no UTF-8.
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
 * Reads `multipart/form-data`. The runtime's parser sees each byte as a character, so that each name and each value
 * can be decoded by itself.
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
