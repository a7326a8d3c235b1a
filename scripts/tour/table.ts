// Prints each row of the tour as soon as it is complete, with all differences below the row.
import { fitCell } from '../table.ts';
import { toPlainText } from '../terminal.ts';
import type { Row } from './check.ts';

const DIALECT_WIDTH = 14;
const REQUEST_WIDTH = 46;
const VERDICT_WIDTH = 7;
const GAP = '  ';
/** Three gaps to the left of the two response columns and one between them. */
const GAPS_WIDTH = 4 * GAP.length;

/** The width if the output is not a terminal, and the minimum width. */
const DEFAULT_WIDTH = 132;
const MIN_ANSWER_WIDTH = 12;

const GREEN = 32;
const RED = 31;

/** A table on the given stream. Colours only on a terminal and without NO_COLOR: https://no-color.org. */
export const createTable = (stream: NodeJS.WriteStream, noColor: boolean) => {
  const fixed = DIALECT_WIDTH + REQUEST_WIDTH + VERDICT_WIDTH + GAPS_WIDTH;
  const answerWidth = Math.max(MIN_ANSWER_WIDTH, Math.floor(((stream.columns || DEFAULT_WIDTH) - fixed) / 2));
  const print = (line: string) => stream.write(`${line}\n`);
  const paint = (text: string, colour: number) =>
    stream.isTTY && !noColor ? `\u001b[${colour}m${text}\u001b[39m` : text;
  const cells = (dialect: string, request: string, expected: string, got: string, verdict: string) =>
    [
      fitCell(dialect, DIALECT_WIDTH),
      fitCell(request, REQUEST_WIDTH),
      fitCell(expected, answerWidth),
      fitCell(got, answerWidth),
      verdict,
    ].join(GAP);

  return {
    printHead: () => {
      print(cells('dialect', 'request', 'expected', 'got', 'verdict'));
      print('-'.repeat(fixed + 2 * answerWidth));
    },
    printRow: (row: Row) => {
      const kept = row.differences.length === 0;
      const verdict = kept ? paint('kept', GREEN) : paint('DIFFERS', RED);
      print(cells(row.dialect, row.request, row.expected, row.got, verdict));
      for (const { part, expected, got } of row.differences) {
        print(`    ${part}`);
        print(`      expected  ${toPlainText(expected)}`);
        print(`      got       ${toPlainText(got)}`);
      }
      if (!kept && row.hint !== null) print(`    ${row.hint}`);
    },
    printLine: print,
  };
};
