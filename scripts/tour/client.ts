// A plain HTTP client for the tour: no browser headers, and redirects are not followed.
import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

const TIMEOUT_MS = 10_000;

/** How often a throttled request is sent again, and the longest wait. */
const MAX_RETRIES = 3;
const MAX_WAIT_SECONDS = 60;
const TOO_MANY_REQUESTS = 429;

export type Request = {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  body?: Record<string, unknown>;
  headers?: Record<string, string>;
};

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string };

/** Rejects with an Error if the response is not complete within the time limit. */
export type Send = (request: Request) => Promise<Answer>;

const TIMED_OUT = `no whole answer within ${TIMEOUT_MS / 1000} s`;

const readAll = async (response: IncomingMessage): Promise<Answer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString('utf8'),
  };
};

/** Does not use `fetch`: Node adds Sec-Fetch-Mode, so a server may take the tour for a browser. */
const sendOnce = (origin: string, { method, path, body, headers }: Request): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const payload = body === undefined ? null : Buffer.from(JSON.stringify(body));
    const open = origin.startsWith('https:') ? requestHttps : requestHttp;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const fail = (error: Error) => reject(signal.aborted ? new Error(TIMED_OUT) : error);
    const outgoing = open(
      new URL(path, origin).href,
      {
        method,
        // A new connection for each request, because the server may close idle ones.
        agent: false,
        signal,
        headers: {
          accept: 'application/json',
          'user-agent': 'latchkey-tour',
          ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
          ...headers,
        },
      },
      (response) => readAll(response).then(resolve, fail),
    );
    outgoing.on('error', fail);
    outgoing.end(payload ?? undefined);
  });

const waitSeconds = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** A client for one server. `onWait` is called for each wait after a 429. */
export const createSend =
  (origin: string, onWait: (seconds: number) => void): Send =>
  async (request) => {
    let answer = await sendOnce(origin, request);
    for (let retries = 0; answer.status === TOO_MANY_REQUESTS && retries < MAX_RETRIES; retries += 1) {
      const seconds = Number(answer.headers['retry-after']);
      if (!(seconds > 0 && seconds <= MAX_WAIT_SECONDS)) break;
      onWait(seconds);
      await waitSeconds(seconds);
      answer = await sendOnce(origin, request);
    }
    return answer;
  };

export const get = (path: string, headers?: Record<string, string>): Request => ({
  method: 'GET',
  path,
  ...(headers && { headers }),
});

export const post = (
  path: string,
  body?: Record<string, unknown>,
  headers?: Record<string, string>,
): Request => ({ method: 'POST', path, ...(body && { body }), ...(headers && { headers }) });

export const put = (
  path: string,
  body: Record<string, unknown>,
  headers?: Record<string, string>,
): Request => ({
  method: 'PUT',
  path,
  body,
  ...(headers && { headers }),
});
