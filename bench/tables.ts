// The tables of a run in Markdown, for the terminal and for docs/performance.md.
import { writeMarkdownTable } from '../scripts/table.ts';
import { judge, worse } from './budgets.ts';
import { PRICES } from './counts.ts';
import type { Report } from './report.ts';
import type { Comparison } from './rounds.ts';
import type { Spread } from './stats.ts';

type Row = readonly string[];

const MANY = 100;
const number = (value: number): string =>
  value >= MANY ? Math.round(value).toString() : value.toPrecision(3);
const spread = ({ median, min, max }: Spread): string => `${number(median)} (${number(min)}–${number(max)})`;
const ratio = (value: Spread | null | undefined): string =>
  value ? `${value.median.toFixed(2)} (${value.min.toFixed(2)}–${value.max.toFixed(2)})` : '';
const ratios = (comparison: Comparison | null): Row => [ratio(comparison?.bySpeed), ratio(comparison?.byCpu)];

export const speedTable = ({ results }: Report): string =>
  writeMarkdownTable(
    ['operation', 'a second', 'p50 ms', 'p99 ms', 'CPU ms', 'to its floor, by speed', 'by CPU'],
    results.map((result) => [
      `${result.server}: ${result.title}`,
      spread(result.requestsPerSecond),
      number(result.p50Ms.median),
      number(result.p99Ms.median),
      result.cpuMs ? spread(result.cpuMs) : '',
      ...ratios(result.floor),
    ]),
  );

export const rivalTable = ({ rivalries }: Report): string =>
  writeMarkdownTable(
    ['Latchkey beside', 'job', 'by speed', 'by CPU'],
    rivalries.map((rivalry) => [rivalry.to.split('/')[0] ?? '', rivalry.job, ...ratios(rivalry)]),
  );

const titleOf = (report: Report, id: string): string => {
  const result = report.results.find((one) => one.id === id);
  return result ? `${result.server}: ${result.title}` : id;
};

const dollars = (value: number | null): string => (value === null ? '' : `$${value.toFixed(2)}`);

export const countTable = (report: Report): string =>
  writeMarkdownTable(
    ['operation', 'D1 trips', 'rows read', 'rows written', 'KV reads', 'KV writes', 'a million cost'],
    report.counts.map(({ id, counts, costOfMillion }) => [
      titleOf(report, id),
      ...[counts.roundTrips, counts.rowsRead, counts.rowsWritten, counts.kvReads, counts.kvWrites].map(
        String,
      ),
      dollars(costOfMillion),
    ]),
  );

const users = (count: number): string => count.toLocaleString('en-US');

export const growthTable = ({ growth }: Report): string => {
  const sizes = [...new Set(growth.map((one) => one.users))];
  const operations = [...new Set(growth.map((one) => one.operation))];
  const of = (operation: string, size: number) =>
    growth.find((one) => one.operation === operation && one.users === size);
  return writeMarkdownTable(
    [
      'operation',
      ...sizes.map((size, at) => (at === 0 ? `p50 ms at ${users(size)}` : `${users(size)}, times`)),
    ],
    operations.map((operation) => [
      operation,
      ...sizes.map((size, at) => {
        const one = of(operation, size);
        if (!one) return '';
        return at === 0 ? number(one.ms.median) : one.times.toFixed(2);
      }),
    ]),
  );
};

const BYTES_PER_KB = 1000;
const kilobytes = (bytes: number): string => (bytes / BYTES_PER_KB).toFixed(1);

export const startTable = ({ starts }: Report): string =>
  writeMarkdownTable(
    ['Worker', 'gzip KB at the start', 'all KB', 'evaluation ms', 'first request ms', 'later ms', 'boot ms'],
    starts.map(({ server, size, ...times }) => [
      server,
      kilobytes(size.main),
      kilobytes(size.all),
      spread(times.evaluationMs),
      spread(times.firstMs),
      number(times.laterMs.median),
      spread(times.bootMs),
    ]),
  );

/** p50 and p95 of each operation, with a column for each delay of the primary and each state of KV. */
export const edgeTable = ({ edge }: Report): string => {
  const places = [
    ...new Map(edge.map(({ primaryMs, kv }) => [`${primaryMs} ms, KV ${kv}`, { primaryMs, kv }])),
  ];
  const ids = [...new Set(edge.map(({ id }) => id))];
  return writeMarkdownTable(
    ['operation: p50 and p95, ms', ...places.map(([title]) => title)],
    ids.map((id) => {
      const own = edge.filter((one) => one.id === id);
      const cells = places.map(([, place]) => {
        const one = own.find(({ primaryMs, kv }) => primaryMs === place.primaryMs && kv === place.kv);
        return one ? `${number(one.p50Ms)}, ${number(one.p95Ms)}` : '';
      });
      return [`${own[0]?.server}: ${own[0]?.title}`, ...cells];
    }),
  );
};

export const budgetTable = (report: Report): string =>
  writeMarkdownTable(
    ['budget', 'target', 'reached', 'kept'],
    judge(report).map(({ budget, target, reached, isKept }) => [
      budget,
      target,
      reached,
      isKept ? 'yes' : 'no',
    ]),
  );

export const describeMachine = ({ machine, pinned, rounds, seconds, startedAt }: Report): string => {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const cores = pinned ? 'servers on one, client on the other' : 'nothing pinned';
  return [
    `${machine.cpu}, ${machine.cores} cores (${cores}), ${machine.memoryGiB} GiB, ${machine.platform}.`,
    `${versions.join(', ')}.`,
    `${startedAt.slice(0, 10)}, ${rounds} rounds of ${seconds} s: medians, and the lowest and highest round.`,
  ].join(' ');
};

/** The operations whose cost is shown in docs/performance.md. */
const SHOWN_COSTS: ReadonlyMap<string, string> = new Map([
  ['latchkey/profile-account', 'authenticated read'],
  ['latchkey/login-account', 'login, by token'],
  ['latchkey/login-users', 'login, by cookie'],
  ['latchkey/register-users', 'registration'],
  ['latchkey/unknown-token', 'unknown token'],
  ['latchkey/malformed-token', 'malformed token'],
]);

/** The tables of docs/performance.md: ratios, costs and growth. */
export const readmeTables = (report: Report): string => {
  const shown = report.results.filter(({ id, floor }) => /\/(profile|login)-/.test(id) && floor);
  const slowest = (pattern: RegExp): string => {
    const found = shown
      .filter(({ id }) => pattern.test(id))
      .flatMap(({ floor }) => (floor ? [worse(floor)] : []));
    return found.length === 0 ? '' : Math.min(...found).toFixed(2);
  };
  const { perMillion, asOf } = PRICES;
  const costs = report.counts.flatMap(({ id, counts, costOfMillion }) => {
    const name = SHOWN_COSTS.get(id);
    if (name === undefined) return [];
    const { roundTrips, rowsRead, rowsWritten, kvReads, kvWrites } = counts;
    const cells = [roundTrips, rowsRead, rowsWritten, kvReads, kvWrites].map(String);
    return [[name, ...cells, dollars(costOfMillion)]];
  });
  return [
    `An authenticated read reaches ${slowest(/profile/)} of its floor and a login ${slowest(/login/)}, the slowest dialect of each.`,
    `${describeMachine(report)}`,
    '',
    writeMarkdownTable(
      ['operation', 'D1 trips', 'rows read', 'written', 'KV reads', 'writes', 'a million'],
      costs,
    ),
    '',
    `A million at list prices beyond what the paid plan includes, as of ${asOf}: $${perMillion.requests} a million requests,`,
    `$${perMillion.cpuMs} a million CPU ms, D1 $${perMillion.rowsRead} a million rows read and $${perMillion.rowsWritten} written, KV $${perMillion.kvReads} a million reads and $${perMillion.kvWrites}`,
    'writes. The CPU time holds the simulators of D1 and KV too: an upper bound.',
    '',
    growthTable(report),
  ].join('\n');
};
