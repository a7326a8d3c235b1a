// The flags of `npm run bench -- …`.
import { parseArgs } from 'node:util';

export const PARTS = ['speed', 'counts', 'growth', 'start', 'edge'] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  quick: boolean;
  rounds: number;
  seconds: number;
  /** Requests per round for operations that hash a password. */
  hashes: number;
  only: readonly Part[];
}

const USAGE = `Usage: npm run bench -- [flags]
  --quick         two short rounds, and growth to 100,000 users only
  --rounds <n>    rounds (7)
  --seconds <n>   seconds an operation and round (2)
  --hashes <n>    requests a round of what hashes a password (24)
  --only <parts>  of ${PARTS.join(', ')}: which to run, between commas
A full run writes bench/results/latest.json, ratios.svg and the tables of docs/performance.md; any other one quick.json.`;

const FULL = { rounds: '7', seconds: '2', hashes: '24' };
const QUICK = { rounds: '2', seconds: '0.7', hashes: '8' };

const isPart = (text: string): text is Part => PARTS.some((part) => part === text);

/** Reads the flags. Prints the usage and returns null if it was requested or a flag is invalid. */
export const readOptions = (args: readonly string[]): Options | null => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      hashes: { type: 'string' },
      only: { type: 'string', default: PARTS.join(',') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const byDefault = values.quick ? QUICK : FULL;
  const only = values.only.split(',').filter(isPart);
  const rounds = Number(values.rounds ?? byDefault.rounds);
  const seconds = Number(values.seconds ?? byDefault.seconds);
  const hashes = Number(values.hashes ?? byDefault.hashes);
  const isUsable =
    Number.isInteger(rounds) && rounds > 0 && seconds > 0 && Number.isInteger(hashes) && hashes > 0;
  if (!isUsable || only.length === 0 || values.help) {
    console.log(USAGE);
    return null;
  }
  return { quick: values.quick, rounds, seconds, hashes, only };
};

/** Whether a run measures everything. Only such a run replaces the committed results. */
export const isFull = ({ quick, only }: Options): boolean => !quick && only.length === PARTS.length;
