// The report about single records: a file has all of them, the screen shows each reason with a count and examples.
import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { toPlainText } from '../terminal.ts';
import type { Detail, DetailKind } from './merge.ts';

/** Examples per reason. */
export const SHOWN_OF_EACH = 5;

/** The maximum number of different reasons, so that the report fits on one or two screens. */
const MAX_REASONS = 100;
const OTHER_REASON = 'other reasons';

/** Records with the same reason. */
export interface Reason {
  kind: DetailKind;
  reason: string;
  count: number;
  /** The first few, without the shared reason. */
  first: string[];
}

/** The state of a report, with which an interrupted import continues. */
export interface DetailsState {
  bytes: number;
  reasons: Reason[];
}

export const noDetails = (): DetailsState => ({ bytes: 0, reasons: [] });

export interface Details {
  add(details: readonly Detail[]): void;
  state(): DetailsState;
  path: string | null;
  close(): void;
}

const writeWho = ({ at, label }: Detail): string => toPlainText(label === '' ? at : `${at}, ${label}`);

export const writeDetail = (detail: Detail): string =>
  `${detail.kind}: ${writeWho(detail)}: ${toPlainText(detail.text ?? detail.reason)}`;

/** @param path null if records are only counted */
export const createDetails = (path: string | null, before: DetailsState): Details => {
  let { bytes } = before;
  const reasons = new Map<string, Reason>();
  const keyOf = (kind: DetailKind, reason: string) => `${kind} ${reason}`;
  for (const each of before.reasons)
    reasons.set(keyOf(each.kind, each.reason), { ...each, first: [...each.first] });
  if (path !== null && bytes === 0) rmSync(path, { force: true });
  let file: number | null = null;

  const open = (to: string): number => {
    // The rest was written after the last checkpoint and will be written again.
    const opened = openSync(to, before.bytes === 0 ? 'w' : 'r+', 0o600);
    ftruncateSync(opened, before.bytes);
    return opened;
  };

  const reasonOf = (kind: DetailKind, reason: string): Reason => {
    const known = reasons.get(keyOf(kind, reason));
    if (known) return known;
    if (reasons.size >= MAX_REASONS && reason !== OTHER_REASON) return reasonOf(kind, OTHER_REASON);
    const made: Reason = { kind, reason, count: 0, first: [] };
    reasons.set(keyOf(kind, reason), made);
    return made;
  };

  return {
    path,
    add(details) {
      if (details.length === 0) return;
      for (const detail of details) {
        const reason = reasonOf(detail.kind, toPlainText(detail.reason));
        reason.count += 1;
        if (reason.first.length >= SHOWN_OF_EACH) continue;
        const own = detail.text ?? (reason.reason === OTHER_REASON ? detail.reason : null);
        reason.first.push(own === null ? writeWho(detail) : `${writeWho(detail)}: ${toPlainText(own)}`);
      }
      if (path === null) return;
      file ??= open(path);
      const text = details.map((detail) => `${writeDetail(detail)}\n`).join('');
      bytes += writeSync(file, text, bytes);
    },
    state: () => ({ bytes, reasons: [...reasons.values()] }),
    close() {
      if (file !== null) closeSync(file);
    },
  };
};
