// Runs the rounds: each measures every operation of every server once, in random order.
import { type Dose, type Measured, measure, type Operation } from './load.ts';
import { type Server, tryOperation } from './servers/server.ts';
import { type Spread, shuffle, spreadOf } from './stats.ts';

/** One operation over all rounds. */
export interface Result {
  id: string;
  server: string;
  title: string;
  hashes: boolean;
  requestsPerSecond: Spread;
  p50Ms: Spread;
  p99Ms: Spread;
  /** CPU time of the server per request, including D1 and KV; null if the machine does not report it. */
  cpuMs: Spread | null;
  /** The comparison with its floor, round by round; null if it has none. */
  floor: Comparison | null;
}

/** The speed of one operation relative to another: 1 is as fast, 0.5 half as fast. */
export interface Comparison {
  to: string;
  /** By requests per second. */
  bySpeed: Spread;
  /** By CPU time per request; null if the machine does not report it. */
  byCpu: Spread | null;
}

export type Round = ReadonlyMap<string, Measured>;

interface Visit {
  server: Server;
  operation: Operation;
}

const WARM_UP = { seconds: 0.5, hashes: 4 };

/** Runs the rounds after a warm-up, which is not counted. */
export const runRounds = async (
  servers: readonly Server[],
  plan: { rounds: number; dose: Dose; onVisit: (text: string) => void },
): Promise<Round[]> => {
  const visits = servers.flatMap((server) => server.operations.map((operation) => ({ server, operation })));
  const visit = ({ server, operation }: Visit, dose: Dose, label: string): Promise<Measured> => {
    plan.onVisit(`${label}: ${server.name}, ${operation.title}`);
    return measure(server.origin, server.processIds, operation, dose);
  };
  for (const { server, operation } of visits) await tryOperation(server.origin, operation);
  for (const one of visits) await visit(one, WARM_UP, 'warming up');
  const rounds: Round[] = [];
  for (let number = 1; number <= plan.rounds; number += 1) {
    const round = new Map<string, Measured>();
    for (const one of shuffle(visits))
      round.set(one.operation.id, await visit(one, plan.dose, `round ${number} of ${plan.rounds}`));
    rounds.push(round);
  }
  return rounds;
};

const gather = (rounds: readonly Round[], pick: (round: Round) => number | null): Spread | null => {
  const values = rounds.map(pick);
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : spreadOf(known);
};

const present = (spread: Spread | null, id: string): Spread => {
  if (spread === null) throw new Error(`${id} was not measured.`);
  return spread;
};

/** Compares two operations within each round, because the speed of a machine changes over time. */
export const compare = (rounds: readonly Round[], id: string, to: string): Comparison | null => {
  const bySpeed = gather(rounds, (round) => {
    const [mine, theirs] = [round.get(id), round.get(to)];
    return mine && theirs ? mine.requestsPerSecond / theirs.requestsPerSecond : null;
  });
  const byCpu = gather(rounds, (round) => {
    const [mine, theirs] = [round.get(id)?.cpuMs ?? null, round.get(to)?.cpuMs ?? null];
    return mine === null || theirs === null ? null : theirs / mine;
  });
  return bySpeed && { to, bySpeed, byCpu };
};

export const summarize = (servers: readonly Server[], rounds: readonly Round[]): Result[] =>
  servers
    .flatMap(({ operations }) => operations)
    .map(({ id, server, title, hashes, floor }) => {
      const of = (pick: (measured: Measured) => number | null) =>
        gather(rounds, (round) => {
          const measured = round.get(id);
          return measured ? pick(measured) : null;
        });
      return {
        id,
        server,
        title,
        hashes,
        requestsPerSecond: present(
          of((one) => one.requestsPerSecond),
          id,
        ),
        p50Ms: present(
          of((one) => one.p50Ms),
          id,
        ),
        p99Ms: present(
          of((one) => one.p99Ms),
          id,
        ),
        cpuMs: of((one) => one.cpuMs),
        floor: floor === undefined ? null : compare(rounds, id, floor),
      };
    });
