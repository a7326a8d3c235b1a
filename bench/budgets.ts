// The budgets: target, measured value, and whether the target is met.
import type { Report } from './report.ts';
import type { Comparison } from './rounds.ts';

export interface Verdict {
  budget: string;
  target: string;
  reached: string;
  isKept: boolean;
}

/** The worse of the two ratios: speed alone looks too good if the client is the bottleneck. */
export const worse = ({ bySpeed, byCpu }: Comparison): number =>
  Math.min(bySpeed.median, byCpu?.median ?? bySpeed.median);

interface AtLeast {
  budget: string;
  least: number;
  /** The slowest one is compared with the budget. */
  ratios: readonly number[];
}

const atLeast = ({ budget, least, ratios }: AtLeast): Verdict[] => {
  if (ratios.length === 0) return [];
  const reached = Math.min(...ratios);
  return [{ budget, target: `≥ ${least}`, reached: reached.toFixed(3), isKept: reached >= least }];
};

const atMost = (budget: string, most: number, ratios: readonly number[]): Verdict[] => {
  if (ratios.length === 0) return [];
  const reached = Math.max(...ratios);
  return [{ budget, target: `≤ ${most}`, reached: reached.toFixed(3), isKept: reached <= most }];
};

/** The ratio of the p50 of two operations, at each distance. With a cold KV the floor waits for KV, and a read does not. */
const edgeRatios = ({ edge }: Report, id: string, to: string): number[] =>
  edge
    .filter((one) => one.id === id && one.kv === 'hot')
    .flatMap(({ p50Ms, primaryMs, kv }) => {
      const other = edge.find((one) => one.id === to && one.primaryMs === primaryMs && one.kv === kv);
      return other ? [p50Ms / other.p50Ms] : [];
    });

const MOST_USERS = 1_000_000;
/** The same limit as in test/node/bundle-size.test.ts. */
const MOST_MAIN_BYTES = 100_000;

/** Compares the report with the budgets. Budgets that were not measured are left out. */
export const judge = (report: Report): Verdict[] => {
  const toFloor = (pattern: RegExp): number[] =>
    report.results.filter(({ id }) => pattern.test(id)).flatMap(({ floor }) => (floor ? [worse(floor)] : []));
  const toRival = (pattern: RegExp): number[] =>
    report.rivalries.filter(({ job, to }) => pattern.test(`${to} ${job}`)).map(worse);
  const grown = (pattern: RegExp): number[] =>
    report.growth
      .filter(({ operation, users }) => users === MOST_USERS && pattern.test(operation))
      .map(({ times }) => times);
  const sizeOf = (name: string) => report.starts.find(({ server }) => server === name)?.size;
  const [ours, theirs] = [sizeOf('latchkey'), sizeOf('better-auth')];
  return [
    ...atLeast({
      budget: 'authenticated read, to its floor',
      least: 0.9,
      ratios: toFloor(/^latchkey\/profile-/),
    }),
    ...atLeast({ budget: 'login, to its floor', least: 1, ratios: toFloor(/^latchkey\/login-/) }),
    ...atLeast({
      budget: 'unknown token, to the floor of a read',
      least: 0.85,
      ratios: toFloor(/\/unknown-token$/),
    }),
    ...atLeast({
      budget: 'malformed token, to an empty Worker',
      least: 0.6,
      ratios: toFloor(/\/malformed-token$/),
    }),
    ...atLeast({
      budget: 'JWT with a bad signature, to an empty Worker',
      least: 0.6,
      ratios: toFloor(/\/bad-jwt$/),
    }),
    ...atLeast({ budget: '404, to an empty Worker', least: 0.6, ratios: toFloor(/\/not-found$/) }),
    ...atLeast({
      budget: 'session check by KV alone, to better-auth',
      least: 1,
      ratios: toRival(/^better-auth\/read /),
    }),
    ...atLeast({
      budget: 'session check in D1, to better-auth',
      least: 1,
      ratios: toRival(/^better-auth, database sessions\/read /),
    }),
    ...atMost(
      'read with the delays of an edge, p50 to the slower of KV and D1',
      1.05,
      edgeRatios(report, 'latchkey/profile-account', 'floor/read-parallel'),
    ),
    ...atLeast({
      budget: 'login, to better-auth with an equal hash',
      least: 1,
      ratios: toRival(/^better-auth, equal hash\/login /),
    }),
    ...(ours ? atMost('bundle at the start, KB after gzip', MOST_MAIN_BYTES / 1000, [ours.main / 1000]) : []),
    ...(ours && theirs ? atMost('bundle at the start, to better-auth', 0.4, [ours.main / theirs.main]) : []),
    ...(ours && theirs ? atMost('everything deployed, to better-auth', 0.4, [ours.all / theirs.all]) : []),
    ...atMost('login at a million users, to a thousand', 1.15, grown(/^login, with the deployed hash/)),
    ...atMost('profile at a million users, to a thousand', 1.15, grown(/^profile/)),
  ];
};
