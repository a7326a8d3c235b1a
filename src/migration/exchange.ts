// Requests to the old service: bounded in time and size, never redirected, and JSON both ways.

/** The old service gave no usable answer: it is down, busy, or not what the settings say. Quotes nothing. */
export class OldServiceFailed extends Error {
  override name = 'OldServiceFailed';
}

export type Fields = Readonly<Record<string, unknown>>;

export interface OldAnswer {
  status: number;
  /** The JSON object that it sent; an empty one if it sent something else. */
  body: Fields;
}

export interface OldRequest {
  method: 'GET' | 'POST';
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
}

export type Exchange = (request: OldRequest) => Promise<OldAnswer>;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** An account in JSON takes a kilobyte or two. */
const MAX_BODY_BYTES = 64 * 1024;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const readBody = async (response: Response): Promise<string> => {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  if (!reader) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > MAX_BODY_BYTES) {
      await reader.cancel();
      throw new OldServiceFailed(`It sent more than ${MAX_BODY_BYTES} bytes.`);
    }
    text += decoder.decode(value, { stream: true });
  }
};

const parse = (text: string): Fields => {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : {};
  } catch {
    return {};
  }
};

/** @param signal ends a request that takes too long, its body too */
export const createExchange =
  (fetch: Fetch, signal: AbortSignal): Exchange =>
  async ({ method, url, headers = {}, body }) => {
    const response = await fetch(url, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      // A redirect would carry the password to an address that the settings do not name.
      redirect: 'manual',
      signal,
    });
    const { status } = response;
    if (status === 429 || status >= 500 || (status >= 300 && status < 400)) {
      await response.body?.cancel();
      throw new OldServiceFailed(`It answered with status ${status}.`);
    }
    return { status, body: parse(await readBody(response)) };
  };
