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
  /** `server/operation`: what results are found by. */
  id: string;
  server: string;
  title: string;
  /** What every answer must have; anything else ends the bench. */
  status: number;
  /** What an answer must contain too, so that a refusal does not count as a fast success. */
  shows?: string;
  /** Requests that are sent in turn, or a function that makes each one anew. */
  requests: readonly Sent[] | (() => Sent);
  /** True if a password is hashed: so slow that a round is a number of requests, not of seconds. */
  hashes: boolean;
  /** The id of the operation that this one is measured against. */
  floor?: string;
}

export interface Measured {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU time of the server's processes for one request, its stores included; null if it is not known. */
  cpuMs: number | null;
}

export interface Dose {
  seconds: number;
  /** Requests of an operation that hashes. */
  hashes: number;
}

const CONNECTIONS = 16;
const HASHING_CONNECTIONS = 4;

/** What a Worker does after its responses is done by then, and counted with them. */
const AFTERWARDS_MS = 100;

const TIMEOUT_SECONDS = 60;

/** autocannon looks so often whether it is done; by itself once a second, which is too coarse for short rounds. */
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
 * Loads one server with one operation.
 * @throws Error if an answer has another status than the one that was expected
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
