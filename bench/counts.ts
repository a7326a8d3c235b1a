// Counts the requests of each operation to D1 and KV by wrapping the bindings, and computes their cost at list prices.
import type { Sent } from './load.ts';
import { type Server, send, tryOperation } from './servers/server.ts';

export interface Counts {
  /** Round trips to D1. A batch counts as one. */
  roundTrips: number;
  rowsRead: number;
  rowsWritten: number;
  kvReads: number;
  /** Includes deletions. */
  kvWrites: number;
}

/**
 * Dollars, beyond the included amounts of the paid plan. Check that they are current before you quote a cost.
 * @see https://developers.cloudflare.com/workers/platform/pricing/ also for D1 and KV
 */
export const PRICES = {
  asOf: '2026-08-03',
  perMillion: {
    requests: 0.3,
    cpuMs: 0.02,
    rowsRead: 0.001,
    rowsWritten: 1,
    kvReads: 0.5,
    kvWrites: 5,
  },
} as const;

/** Dollars for a million calls of an operation. `cpuMs` is an upper bound: it includes the simulators of D1 and KV. */
export const costOfMillion = (counts: Counts, cpuMs: number): number => {
  const { perMillion } = PRICES;
  return (
    perMillion.requests +
    perMillion.cpuMs * cpuMs +
    perMillion.rowsRead * counts.rowsRead +
    perMillion.rowsWritten * counts.rowsWritten +
    perMillion.kvReads * counts.kvReads +
    perMillion.kvWrites * counts.kvWrites
  );
};

const COUNTS_REQUEST: Sent = { method: 'GET', path: '/__counts' };

const readCounts = async (origin: string): Promise<Counts> => {
  const told: unknown = JSON.parse((await send(origin, COUNTS_REQUEST)).text);
  const read = (name: keyof Counts): number => {
    const value: unknown = typeof told === 'object' && told !== null ? Reflect.get(told, name) : null;
    if (typeof value !== 'number') throw new Error(`The counts have no ${name}.`);
    return value;
  };
  return {
    roundTrips: read('roundTrips'),
    rowsRead: read('rowsRead'),
    rowsWritten: read('rowsWritten'),
    kvReads: read('kvReads'),
    kvWrites: read('kvWrites'),
  };
};

/** Sends each operation twice to a server that counts, and returns the counts of the second one. */
export const countOperations = async ({ origin, operations }: Server): Promise<Map<string, Counts>> => {
  const counted = new Map<string, Counts>();
  for (const operation of operations) {
    await tryOperation(origin, operation);
    await readCounts(origin);
    await tryOperation(origin, operation);
    counted.set(operation.id, await readCounts(origin));
  }
  return counted;
};
