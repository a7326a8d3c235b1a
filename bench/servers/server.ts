// A server in the benchmark: its address, processes and operations, and how to send requests to it.
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Operation, Sent } from '../load.ts';
import type { Delays } from '../workerd.ts';

export interface Server {
  name: string;
  origin: string;
  processIds: readonly number[];
  operations: readonly Operation[];
  stop(): Promise<void>;
}

/** Either a server, or why it is not available. */
export type Booted = { server: Server } | { skipped: string };

/** How a Worker is booted. With `counts`, it counts its requests to D1 and KV and is not timed. */
export interface Boot {
  counts: boolean;
  /** Delays the responses of its stores as at an edge location. */
  delays?: Delays | null;
}

/** The deployed cost of Latchkey's hash. */
export const HASH_COST = { ITERATIONS: '75000', ROUNDS: '3' } as const;

export const PASSWORD = 'violet7harbour';

export interface Person {
  username: string;
  email: string;
  password: string;
}

const personOf = (username: string): Person => ({
  username,
  email: `${username}@bench.test`,
  password: PASSWORD,
});

/** Accounts that log in. Several, so that concurrent requests use different rows. */
export const PEOPLE: readonly Person[] = Array.from({ length: 8 }, (_, at) => personOf(`person-${at}`));

/** Accounts whose sessions are read at Latchkey. They do not log in, because logins beyond the limit end old sessions. */
export const READERS: readonly Person[] = Array.from({ length: 8 }, (_, at) => personOf(`reader-${at}`));

let made = 0;

/** An account that does not exist yet. */
export const newcomer = (): Person => {
  made += 1;
  return personOf(`new-${made.toString(36).padStart(6, '0')}`);
};

const JSON_HEADERS = { 'Content-Type': 'application/json' };

export const post = (path: string, body: object): Sent => ({
  method: 'POST',
  path,
  headers: JSON_HEADERS,
  body: JSON.stringify(body),
});

export const get = (path: string, headers: Record<string, string> = {}): Sent => ({
  method: 'GET',
  path,
  headers,
});

/** A complete response. */
export interface Answer {
  status: number;
  /** The cookies of its Set-Cookie headers, as `name=value`. */
  cookies: string[];
  text: string;
}

/**
 * Sends one request. It does not use `fetch`, because Miniflare replaces Node's HTTP client with its own, and the two
 * are incompatible for bodies.
 */
export const send = async (origin: string, { method, path, headers, body = '' }: Sent): Promise<Answer> => {
  const length = body === '' ? {} : { 'Content-Length': Buffer.byteLength(body) };
  const sent = request(origin + path, { method, headers: { ...headers, ...length }, agent: false });
  sent.end(body);
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (!response) throw new Error(`${method} ${path} was not answered.`);
  const cookies = (response.headers['set-cookie'] ?? []).map((line) => line.split(';')[0] ?? '');
  return { status: response.statusCode ?? 0, cookies, text: await text(response) };
};

/** Sends one request during the setup of a server. @throws Error if the status is 400 or above */
export const ask = async (origin: string, sent: Sent): Promise<Answer> => {
  const answer = await send(origin, sent);
  if (answer.status < 400) return answer;
  throw new Error(`${sent.method} ${sent.path}: ${answer.status} ${answer.text}`);
};

/** The first request of an operation. */
export const requestOf = ({ requests }: Operation): Sent => {
  const sent = typeof requests === 'function' ? requests() : requests[0];
  if (!sent) throw new Error('An operation has no request.');
  return sent;
};

/** Sends one request of an operation. @throws Error if the response is not the expected one */
export const tryOperation = async (origin: string, operation: Operation): Promise<void> => {
  const answer = await send(origin, requestOf(operation));
  if (answer.status === operation.status && answer.text.includes(operation.shows ?? '')) return;
  throw new Error(`${operation.id} was answered with ${answer.status} ${answer.text}`);
};

/** A string in the JSON object of a response. @throws Error if there is none */
export const textOf = (answer: Answer, name: string): string => {
  const body: unknown = JSON.parse(answer.text);
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  if (typeof value !== 'string') throw new Error(`An answer has no ${name}: ${answer.text}`);
  return value;
};
