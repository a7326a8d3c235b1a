// `npm run bench`: compares Latchkey with its floor and its peers, prints the tables and saves the results.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../scripts/wrangler.ts';
import { drawRatios } from './chart.ts';
import { costOfMillion, countOperations } from './counts.ts';
import { measureEdge } from './edge.ts';
import { measureGrowth, SIZES } from './growth.ts';
import { describeMachine } from './machine.ts';
import { isFull, type Options, readOptions } from './options.ts';
import { pinClient } from './processes.ts';
import type { Counted, Report } from './report.ts';
import { compareRivals } from './rivals.ts';
import { runRounds, summarize } from './rounds.ts';
import { bootBetterAuth } from './servers/better-auth.ts';
import { bootDjango } from './servers/django.ts';
import { bootEmptyFloor, bootLoginFloor, bootReadFloor } from './servers/floor.ts';
import { bootLatchkey } from './servers/latchkey.ts';
import type { Boot, Booted, Server } from './servers/server.ts';
import { measureStarts } from './start.ts';
import * as tables from './tables.ts';

const WORKERS = [
  bootReadFloor,
  bootLoginFloor,
  bootEmptyFloor,
  bootLatchkey('nearest'),
  bootLatchkey('cached'),
  bootBetterAuth('own'),
  bootBetterAuth('database'),
  bootBetterAuth('equal'),
];

const STARTS = { quick: 3, full: 15 };
/** Requests per operation at each distance. */
const EDGE = { quick: { requests: 40, hashes: 6 }, full: { requests: 200, hashes: 24 } };
const QUICK_SIZES = SIZES.slice(0, 2);

const say = (text: string): void => console.error(`  ${text}`);

const stopAll = async (servers: readonly Server[]): Promise<void> => {
  for (const server of servers) await server.stop();
};

/** Boots the servers in turn, runs `work` with the available ones, and always stops them. */
const withServers = async <T>(
  boots: readonly ((boot: Boot) => Promise<Booted>)[],
  boot: Boot,
  work: (servers: readonly Server[], skipped: readonly string[]) => Promise<T>,
): Promise<T> => {
  const servers: Server[] = [];
  const skipped: string[] = [];
  try {
    for (const start of boots) {
      const booted = await start(boot);
      if ('server' in booted) servers.push(booted.server);
      else skipped.push(booted.skipped);
    }
    for (const why of new Set(skipped)) say(`SKIPPED: ${why}`);
    return await work(servers, skipped);
  } finally {
    await stopAll(servers);
  }
};

const measureSpeed = (options: Options, report: Report): Promise<void> =>
  withServers([...WORKERS, bootDjango], { counts: false }, async (servers, skipped) => {
    const dose = { seconds: options.seconds, hashes: options.hashes };
    const rounds = await runRounds(servers, { rounds: options.rounds, dose, onVisit: say });
    report.skipped.push(...new Set(skipped));
    report.results = summarize(servers, rounds);
    report.rivalries = compareRivals(rounds);
  });

const measureCounts = (report: Report): Promise<void> =>
  withServers(WORKERS, { counts: true }, async (servers) => {
    for (const server of servers) {
      say(`counting: ${server.name}`);
      const counted = await countOperations(server);
      report.counts.push(
        ...[...counted].map(([id, counts]): Counted => {
          const cpu = report.results.find((result) => result.id === id)?.cpuMs ?? null;
          return { id, counts, costOfMillion: cpu && costOfMillion(counts, cpu.median) };
        }),
      );
    }
  });

const run = async (options: Options): Promise<Report> => {
  const report: Report = {
    startedAt: new Date().toISOString(),
    machine: describeMachine(),
    pinned: pinClient(),
    rounds: options.rounds,
    seconds: options.seconds,
    skipped: [],
    results: [],
    rivalries: [],
    counts: [],
    growth: [],
    starts: [],
    edge: [],
  };
  const asks = (part: Options['only'][number]): boolean => options.only.includes(part);
  if (asks('speed')) await measureSpeed(options, report);
  if (asks('counts')) await measureCounts(report);
  if (asks('growth')) {
    const dose = { seconds: options.seconds, hashes: options.hashes };
    const sizes = options.quick ? QUICK_SIZES : SIZES;
    report.growth = await measureGrowth({ sizes, rounds: options.rounds, dose, onVisit: say });
  }
  if (asks('edge')) {
    const { results, skipped } = await measureEdge({
      ...(options.quick ? EDGE.quick : EDGE.full),
      onVisit: say,
    });
    report.edge = results;
    report.skipped = [...new Set([...report.skipped, ...skipped])];
  }
  if (asks('start')) report.starts = await measureStarts(options.quick ? STARTS.quick : STARTS.full, say);
  return report;
};

const print = (report: Report): void => {
  const sections: [string, string, number][] = [
    ['Speed', tables.speedTable(report), report.results.length],
    ['Beside the peers', tables.rivalTable(report), report.rivalries.length],
    ['What is asked of D1 and KV', tables.countTable(report), report.counts.length],
    ['Growth', tables.growthTable(report), report.growth.length],
    ['Start and size', tables.startTable(report), report.starts.length],
    ['With the delays of an edge', tables.edgeTable(report), report.edge.length],
    ['Budgets', tables.budgetTable(report), 1],
  ];
  console.log(`\n${tables.describeMachine(report)}`);
  for (const [head, table, rows] of sections) if (rows > 0) console.log(`\n## ${head}\n\n${table}`);
};

const RESULTS = join(import.meta.dirname, 'results');
const DOCUMENT = join(PROJECT, 'docs', 'performance.md');
const MEASURED = /(<!-- measured: begin -->\n)[\s\S]*(<!-- measured: end -->)/;

/** Saves the report. Only a full run replaces the committed files. */
const write = (report: Report, isCommitted: boolean): void => {
  mkdirSync(RESULTS, { recursive: true });
  const json = `${JSON.stringify(report, null, 2)}\n`;
  writeFileSync(join(RESULTS, isCommitted ? 'latest.json' : 'quick.json'), json);
  writeFileSync(join(RESULTS, isCommitted ? 'ratios.svg' : 'quick.svg'), drawRatios(report));
  if (!isCommitted) return;
  const document = readFileSync(DOCUMENT, 'utf8');
  const measured = tables.readmeTables(report);
  writeFileSync(
    DOCUMENT,
    document.replace(MEASURED, (_, begin, end) => `${begin}${measured}\n${end}`),
  );
};

const options = readOptions(process.argv.slice(2));
if (options === null) process.exitCode = 1;
else {
  const report = await run(options);
  print(report);
  write(report, isFull(options));
}
