// The requests of each operation to D1 and KV, counted in front of the bindings, and their cost at list prices.
import type { Sent } from './load.ts';
import { type Server, send, tryOperation } from './servers/server.ts';

export interface Counts {
  /** Round trips to D1: a batch is one. */
  roundTrips: number;
  rowsRead: number;
  rowsWritten: number;
  kvReads: number;
  /** Deletions too. */
  kvWrites: number;
}

/**
 * Dollars, beyond what the paid plan includes. Before you quote a cost, look whether they still hold.
 * @see https://developers.cloudflare.com/workers/platform/pricing/ which has the prices of D1 and KV too
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

/** Dollars for a million of an operation. `cpuMs` is an upper bound: the simulators of D1 and KV are in it. */
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

/** Sends each operation twice to a server that counts, and returns what the second one cost. */
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
