// The curl examples in README.md and docs/dialects, run against the built Worker: each response is the documented one.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations } from './support-openapi.ts';
import { type Service, startService } from './support-service.ts';

/** The time for the Worker to start on a busy machine. */
const STARTS_WITHIN_MS = 60_000;

const ROOT = join(import.meta.dirname, '../..');
const PAGES = 'docs/dialects';
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

let service: Service;

beforeAll(async () => {
  service = await startService({});
}, STARTS_WITHIN_MS);

afterAll(() => service?.close());

interface Step {
  command: string;
  /** What it prints; empty for an assignment. */
  answer: string;
}

/** The commands of a page: the block that sets `B`. */
const stepsOf = (page: string): Step[] => {
  const [, block = ''] = /^```sh\n(B=[\s\S]*?)^```$/m.exec(page) ?? [];
  const steps: Step[] = [];
  for (const line of block.split('\n').filter((each) => each !== '')) {
    const last = steps.at(-1);
    if (!line.startsWith('# ')) steps.push({ command: line, answer: '' });
    else if (last) last.answer += `${last.answer === '' ? '' : '\n'}${line.slice(2)}`;
  }
  return steps;
};

/** What differs from run to run: tokens, ids and times. */
const VARYING: readonly [RegExp, string][] = [
  [/eyJ[\w-]+\.[\w-]+\.[\w-]{43}/g, '<jwt>'],
  [/"[0-9a-f]{40}"/g, '"<token>"'],
  [/\d{4}-\d{2}-\d{2}T[\d:]{8}\.\d{3}Z/g, '<ms>'],
  [/\d{4}-\d{2}-\d{2}T[\d:]{8}\.\d{6}\+00:00/g, '<µs>'],
  [/"\d{2}-\d{2}-\d{4}"/g, '"<date>"'],
  [/("(?:id|uid|user_id)":"?)\d+/g, '$1<id>'],
];

const steady = (text: string): string =>
  VARYING.reduce((all, [form, name]) => all.replaceAll(form, name), text.trimEnd());

/** Separates the outputs of the commands: no response contains it. */
const END = '\u001e';

const walk = (steps: readonly Step[]): string[] => {
  const folder = mkdtempSync(join(tmpdir(), 'walk-'));
  const script = steps.map(({ command }) => `${command}\nprintf '${END}'`).join('\n');
  try {
    const printed = execFileSync('bash', ['-eu', '-c', script.replace(/^B=.*$/m, `B=${service.origin}`)], {
      cwd: folder,
      encoding: 'utf8',
    });
    return printed.replaceAll(service.origin, 'http://127.0.0.1:8787').split(END).slice(0, -1);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const pages = readdirSync(join(ROOT, PAGES)).filter((name) => name !== 'README.md');

/** The paths of each dialect, by its name. `/health` is no dialect, and apps have their own page. */
const NO_DIALECTS = new Set(['service', 'oidc']);
const pathsOf = Map.groupBy(
  operations.filter(({ operation }) => !NO_DIALECTS.has(String(operation['tags']))),
  ({ operation }) => String(operation['tags']),
);

it('has a page for each dialect, linked from the overview', () => {
  expect(pages.toSorted()).toEqual([...pathsOf.keys()].map((name) => `${name}.md`).toSorted());
  for (const page of pages) expect(read(`${PAGES}/README.md`)).toContain(`](${page})`);
});

it.each([...pathsOf])('names every path on the page of %s', (name, ofDialect) => {
  const text = read(`${PAGES}/${name}.md`);
  const [, basePath = '?'] = /^# `[\w-]+`, at `(\S+)`$/m.exec(text) ?? [];
  const missing = ofDialect
    .map(({ path }) => path.replace(`${basePath}/`, '').replaceAll(/\{\w+\}/g, '<id>'))
    .filter((path) => !text.includes(path));
  expect(missing).toEqual([]);
});

describe.each(['README.md', ...pages.map((name) => `${PAGES}/${name}`)])('%s', (path) => {
  it('documents the real responses to its curl commands', () => {
    const steps = stepsOf(read(path));
    expect(steps.filter(({ answer }) => answer !== '').length).toBeGreaterThan(3);
    expect(walk(steps).map(steady)).toEqual(steps.map(({ answer }) => steady(answer)));
  });
});
