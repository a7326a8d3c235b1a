// The complete result of a run, as it is written to a file.
import type { Counts } from './counts.ts';
import type { EdgeResult } from './edge.ts';
import type { Grown } from './growth.ts';
import type { Machine } from './machine.ts';
import type { Comparison, Result } from './rounds.ts';
import type { Start } from './start.ts';

/** A comparison of Latchkey with another server for the same task. */
export interface Rivalry extends Comparison {
  job: string;
  /** The id of the operation of Latchkey. */
  mine: string;
}

export interface Counted {
  id: string;
  counts: Counts;
  /** Dollars for a million calls; null if the CPU time is unknown. */
  costOfMillion: number | null;
}

export interface Report {
  startedAt: string;
  machine: Machine;
  /** Whether the servers and the client ran on separate cores. */
  pinned: boolean;
  rounds: number;
  seconds: number;
  /** Why servers were skipped. */
  skipped: string[];
  results: Result[];
  rivalries: Rivalry[];
  counts: Counted[];
  growth: Grown[];
  starts: Start[];
  /** Results with the delays of an edge location. */
  edge: EdgeResult[];
}
