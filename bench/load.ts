// Sends requests with autocannon and measures the requests per second and the CPU time of the server.
import autocannon from 'autocannon';
import { readCpuMs } from './processes.ts';

export interface Sent {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

/** One operation of one server. */
export interface Operation {
  /** `server/operation`: the key of the results. */
  id: string;
  server: string;
  title: string;
  /** The expected status of every response. Any other status ends the benchmark. */
  status: number;
  /** A text that the response must contain, so that a refusal does not count as a fast success. */
  shows?: string;
  /** Requests that are sent in turn, or a function that creates each request. */
  requests: readonly Sent[] | (() => Sent);
  /** Whether a password is hashed. This is slow, so a round is a number of requests instead of seconds. */
  hashes: boolean;
  /** The id of the operation that this one is compared with. */
  floor?: string;
}

export interface Measured {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU time of the server processes per request, including D1 and KV; null if unknown. */
  cpuMs: number | null;
}

export interface Dose {
  seconds: number;
  /** Requests per operation that hashes a password. */
  hashes: number;
}

const CONNECTIONS = 16;
const HASHING_CONNECTIONS = 4;

/** Waits for the work after the responses (`waitUntil`), so that its CPU time is included. */
const AFTERWARDS_MS = 100;

const TIMEOUT_SECONDS = 60;

/** How often autocannon checks whether the run has ended. Its default of one second is too coarse for short rounds. */
const END_CHECK_MS = 10;

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const toOptions = (origin: string, { requests, hashes }: Operation, dose: Dose): autocannon.Options => ({
  url: origin,
  connections: hashes ? HASHING_CONNECTIONS : CONNECTIONS,
  timeout: TIMEOUT_SECONDS,
  sampleInt: END_CHECK_MS,
  ...(hashes ? { amount: dose.hashes } : { duration: dose.seconds }),
  requests:
    typeof requests === 'function'
      ? [{ setupRequest: (request) => ({ ...request, ...requests() }) }]
      : requests.map((request) => ({ ...request })),
});

/**
 * Measures one operation of one server under load.
 * @throws Error if a response has an unexpected status
 */
export const measure = async (
  origin: string,
  processIds: readonly number[],
  operation: Operation,
  dose: Dose,
): Promise<Measured> => {
  const cpuBefore = readCpuMs(processIds);
  const startedAt = performance.now();
  const result = await autocannon(toOptions(origin, operation, dose));
  const seconds = (performance.now() - startedAt) / 1000;
  await pause(AFTERWARDS_MS);
  const cpuAfter = readCpuMs(processIds);

  const wrong = Object.entries(result.statusCodeStats).filter(([code]) => Number(code) !== operation.status);
  if (result.errors > 0 || wrong.length > 0) {
    const told = JSON.stringify(result.statusCodeStats);
    throw new Error(
      `${operation.server}, ${operation.title}: expected ${operation.status}, got ${told}, ${result.errors} errors.`,
    );
  }
  const answered = result.requests.total;
  return {
    requestsPerSecond: answered / seconds,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    cpuMs: cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / answered,
  };
};
