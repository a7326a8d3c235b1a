// Sends requests to the Worker as it is deployed, and returns the whole answer.
import { createExecutionContext, type D1Migration, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import type { Env } from '../../src/env.ts';
import worker from '../../src/index.ts';

declare global {
  namespace Cloudflare {
    interface Env extends WorkerEnv {
      TEST_MIGRATIONS: D1Migration[];
    }
  }
}
type WorkerEnv = Env;

export const testEnv = env;
export const ORIGIN = 'https://latchkey.test';

/** A whole answer. `text` is the exact body. */
export interface Answer {
  status: number;
  statusText: string;
  headers: Headers;
  text: string;
}

export interface Sent {
  method?: string;
  /** Sent as JSON. A string is sent as it is. */
  json?: unknown;
  /** Sent as `application/x-www-form-urlencoded`. */
  form?: Record<string, string>;
  /** Sent as it is; `headers` name the media type. */
  raw?: string;
  /** Sent as `multipart/form-data`. */
  multipart?: Record<string, string>;
  token?: string;
  cookie?: string;
  headers?: Record<string, string>;
  /** Bindings that replace those of the test pool. */
  env?: Env;
  origin?: string;
}

/** Sends one request, by default `POST` if it has a body, and waits for the work after the response. */
export const send = async (path: string, sent: Sent = {}): Promise<Answer> => {
  const context = createExecutionContext();
  const response = await worker.fetch(toRequest(path, sent), sent.env ?? testEnv, context);
  const text = await response.text();
  await waitOnExecutionContext(context);
  return { status: response.status, statusText: response.statusText, headers: response.headers, text };
};

const toRequest = (path: string, sent: Sent): Request<unknown, IncomingRequestCfProperties> => {
  const headers = new Headers(sent.headers);
  if (sent.token !== undefined) headers.set('Authorization', `Token ${sent.token}`);
  if (sent.cookie !== undefined) headers.set('Cookie', `sessionid=${sent.cookie}`);
  const body = toBody(sent);
  if (sent.json !== undefined && !headers.has('Content-Type'))
    headers.set('Content-Type', 'application/json');
  const method = sent.method ?? (body === null ? 'GET' : 'POST');
  return new Request((sent.origin ?? ORIGIN) + path, { method, headers, body });
};

const toBody = ({ json, form, raw, multipart }: Sent): BodyInit | null => {
  if (raw !== undefined) return raw;
  if (json !== undefined) return typeof json === 'string' ? json : JSON.stringify(json);
  if (form) return new URLSearchParams(form);
  if (!multipart) return null;
  const data = new FormData();
  for (const [name, value] of Object.entries(multipart)) data.set(name, value);
  return data;
};

let made = 0;

/** A name that no other test uses: 8 to 12 characters of the common alphabet. */
export const uniqueName = (): string => {
  made += 1;
  const random = crypto.getRandomValues(new Uint8Array(3)).toHex();
  return `u${random}${String(made).padStart(2, '0')}`;
};

/** The value of `sessionid` in Set-Cookie; null if the answer does not set it. */
export const sessionCookie = (answer: Answer): string | null =>
  answer.headers
    .getSetCookie()
    .map((line) => /^sessionid=([^;]*)/.exec(line)?.[1])
    .find((value) => value !== undefined) ?? null;

/** The body, parsed as JSON. */
export const json = (answer: Answer): unknown => JSON.parse(answer.text);
