// Formats tables for the terminal and for Markdown.
import stringWidth from 'string-width';
import { toPlainText } from './terminal.ts';

export type Cell = string | number;

const ELLIPSIS = '…';

/** Formats a cell: numbers with separators, texts without control characters. */
const writeCell = (cell: Cell): string =>
  typeof cell === 'number' ? cell.toLocaleString('en-US') : toPlainText(cell);

const characters = new Intl.Segmenter();

/** Cuts a text to a width, at the boundary of a visible character. */
const cut = (text: string, width: number): string => {
  if (stringWidth(text) <= width) return text;
  let kept = '';
  for (const { segment } of characters.segment(text)) {
    if (stringWidth(kept + segment) > width - 1) break;
    kept += segment;
  }
  return kept + ELLIPSIS;
};

/** Pads a cell to the width of its column. Some characters, such as Chinese ones, are two columns wide. */
export const fitCell = (cell: Cell, width: number, align: 'left' | 'right' = 'left'): string => {
  const text = cut(writeCell(cell), width);
  const gap = ' '.repeat(width - stringWidth(text));
  return align === 'left' ? text + gap : gap + text;
};

/** The width of each column: the width of its widest cell. */
const measure = (rows: readonly (readonly Cell[])[], minWidth: number): number[] => {
  const columns = Math.max(...rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, column) =>
    Math.max(minWidth, ...rows.map((row) => stringWidth(writeCell(row[column] ?? '')))),
  );
};

/** A table for the terminal. A column is right-aligned if its first cell is a number. */
export const writeTable = (head: readonly string[], rows: readonly (readonly Cell[])[]): string => {
  const widths = measure([head, ...rows], 0);
  const aligns = head.map((_, column) => (typeof rows[0]?.[column] === 'number' ? 'right' : 'left'));
  const write = (row: readonly Cell[]): string =>
    widths
      .map((width, column) => fitCell(row[column] ?? '', width, aligns[column]))
      .join('  ')
      .trimEnd();
  return [write(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(write)].join('\n');
};

/** The minimum width of a cell in Markdown's delimiter row, with its colon. */
const MIN_MARKDOWN_WIDTH = 4;

/** A table in Markdown that is also readable as text. All columns except the first are right-aligned. */
export const writeMarkdownTable = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = measure([head, ...rows], MIN_MARKDOWN_WIDTH);
  const write = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => fitCell(row[column] ?? '', width, column === 0 ? 'left' : 'right')).join(' | ')} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [write(head), `| ${rule.join(' | ')} |`, ...rows.map(write)].join('\n');
};

/** A time in UTC, to the minute. */
export const writeTime = (ms: unknown): string =>
  typeof ms === 'number' ? new Date(ms).toISOString().slice(0, 16).replace('T', ' ') : '';
