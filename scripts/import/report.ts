// The report at the end of an import.
import type { Counts } from './checkpoint.ts';
import type { Details, Reason } from './details.ts';
import type { DetailKind } from './merge.ts';
import { writeCount } from './progress.ts';

export interface ReportOptions {
  title: string;
  counts: Counts;
  details: Details;
  /** Columns that are not imported. */
  unknown: readonly string[];
  remarks: readonly string[];
  keepIds: boolean;
}

const LABEL_WIDTH = 16;
const COUNT_WIDTH = 12;

const parts = (...counted: [count: number, what: string][]): string => {
  const told = counted.filter(([count]) => count > 0).map(([count, what]) => `${what}: ${writeCount(count)}`);
  return told.length > 0 ? `  (${told.join(', ')})` : '';
};

/** Sorts the most frequent first. */
const writeCounts = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort(([, left], [, right]) => right - left)
    .map(([name, count]) => `${name} ${writeCount(count)}`)
    .join(', ');

const writeLine = (label: string, count: number, more = ''): string =>
  `  ${label.padEnd(LABEL_WIDTH)}${writeCount(count).padStart(COUNT_WIDTH)}${more}`;

/** What the operator should look at comes first. */
const KINDS: readonly DetailKind[] = ['refused', 'conflict', 'deleted', 'admin', 'note', 'updated', 'kept'];

const writeReason = ({ kind, reason, count, first }: Reason): string[] => [
  '',
  `${kind}: ${reason.replace(/[.:]$/, '')}: ${writeCount(count)}`,
  ...first.map((line) => `  ${line}`),
  ...(count > first.length ? ['  …'] : []),
];

export const writeReport = ({ title, counts, details, unknown, remarks, keepIds }: ReportOptions): string => {
  const seconds = counts.tookMs / 1000;
  const perSecond = seconds > 0 ? Math.round(counts.read / seconds) : 0;
  const kept: [number, string][] = keepIds ? [[counts.idsKept, 'with their own id']] : [];
  const made = parts(
    ...kept,
    [counts.admins, 'admins'],
    [counts.disabled, 'disabled'],
    [counts.tokens, 'with a token'],
  );
  const [hashes, disabledBy] = [writeCounts(counts.hashes), writeCounts(counts.disabledBy)];
  const { bytes, reasons } = details.state();
  return [
    title,
    '',
    writeLine('read', counts.read),
    writeLine('imported', counts.imported, made),
    writeLine('updated', counts.updated),
    writeLine('already there', counts.alreadyThere),
    writeLine('in conflict', counts.conflicts),
    writeLine('refused', counts.refused),
    ...(counts.deleted > 0 ? [writeLine('deleted here', counts.deleted)] : []),
    '',
    `  ${seconds.toFixed(1)} s, ${writeCount(perSecond)} records a second`,
    ...(hashes.length > 0 ? [`  hashes: ${hashes}`] : []),
    ...(disabledBy.length > 0 ? [`  disabled by: ${disabledBy}`] : []),
    ...(counts.withoutEmail > 0
      ? [
          `  without an email: ${writeCount(counts.withoutEmail)}. They log in by username. Until they enter an email on the account page, no mail reaches them, not even for a forgotten password.`,
        ]
      : []),
    ...(counts.hashes['unusable'] === undefined
      ? []
      : [
          `  without a password: ${writeCount(counts.hashes['unusable'])}. They set one by "Forgot your password?", which needs an email and mail to be set up (docs/settings.md).`,
        ]),
    ...(unknown.length > 0 ? [`  passed over: ${unknown.join(', ')}`] : []),
    ...remarks.map((remark) => `  ${remark}`),
    ...KINDS.flatMap((kind) => reasons.filter((each) => each.kind === kind)).flatMap(writeReason),
    ...(details.path !== null && bytes > 0 ? ['', `All of these are in ${details.path}`] : []),
  ].join('\n');
};
