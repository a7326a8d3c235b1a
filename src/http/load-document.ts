// Loads a JSON document from an address that somebody else named and the core has checked, with limits.
import type { LoadDocument, LoadedDocument } from '../core/index.ts';

/** The recommended maximum of draft-ietf-oauth-client-id-metadata-document, "Maximum Response Size". */
const MAX_DOCUMENT_BYTES = 5 * 1024;

/** A user waits for it. */
const TIMEOUT_MS = 3_000;

/** The bytes of a response; null if there are more than the limit. */
const readBytes = async (response: Response): Promise<Uint8Array | null> => {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  const bytes: number[] = [];
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    if (bytes.length + value.byteLength > MAX_DOCUMENT_BYTES) {
      await reader.cancel();
      return null;
    }
    bytes.push(...value);
  }
  return Uint8Array.from(bytes);
};

/** `application/json`, or a type of its own that ends in `+json`. */
const isJson = (contentType: string | null): boolean =>
  /^application\/(?:[\w.!#$&^-]+\+)?json(?:\s*;|\s*$)/i.test(contentType ?? '');

/**
 * Seconds for which a response may be kept by its own headers, null if they say nothing.
 * @see https://www.rfc-editor.org/rfc/rfc9111#section-4.2.1
 */
const freshSecondsOf = (headers: Headers): number | null => {
  const control = headers.get('Cache-Control') ?? '';
  if (/no-store|no-cache/i.test(control)) return 0;
  const [, maxAge] = /(?:^|[\s,])max-age="?(\d{1,10})/i.exec(control) ?? [];
  if (maxAge === undefined) return null;
  const age = Number(/^\d{1,10}$/.exec(headers.get('Age') ?? '')?.[0] ?? 0);
  return Number(maxAge) - age;
};

const fault = (of: 'refused' | 'media_type' | 'too_large' | 'unreachable'): LoadedDocument => ({
  ok: false,
  fault: of,
});

/** @param fetch the runtime's */
export const createDocumentLoader =
  (fetch: (url: string, init: RequestInit) => Promise<Response>): LoadDocument =>
  async (address) => {
    try {
      const response = await fetch(address, {
        headers: { Accept: 'application/json', 'User-Agent': 'Latchkey' },
        // A redirect could lead to an address that was not checked.
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const { status, headers } = response;
      if (status !== 200 || !isJson(headers.get('Content-Type'))) {
        await response.body?.cancel();
        return fault(status === 200 ? 'media_type' : 'refused');
      }
      const bytes = await readBytes(response);
      return bytes ? { ok: true, bytes, freshSeconds: freshSecondsOf(headers) } : fault('too_large');
    } catch {
      return fault('unreachable');
    }
  };
