// The whole result of a run, as it is written to a file: every figure that a table shows.
import type { Counts } from './counts.ts';
import type { EdgeResult } from './edge.ts';
import type { Grown } from './growth.ts';
import type { Machine } from './machine.ts';
import type { Comparison, Result } from './rounds.ts';
import type { Start } from './start.ts';

/** Latchkey beside another server at the same job. */
export interface Rivalry extends Comparison {
  job: string;
  /** The id of Latchkey's operation. */
  mine: string;
}

export interface Counted {
  id: string;
  counts: Counts;
  /** Dollars for a million; null if the CPU time is not known. */
  costOfMillion: number | null;
}

export interface Report {
  startedAt: string;
  machine: Machine;
  /** True if servers and client had a core each. */
  pinned: boolean;
  rounds: number;
  seconds: number;
  /** Servers that were not there, and why. */
  skipped: string[];
  results: Result[];
  rivalries: Rivalry[];
  counts: Counted[];
  growth: Grown[];
  starts: Start[];
  /** With the delays of an edge. */
  edge: EdgeResult[];
}
