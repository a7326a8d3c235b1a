// Prints the rows of the tour as they come, and what differs beneath the row in full.
import { fitCell } from '../table.ts';
import { toPlainText } from '../terminal.ts';
import type { Row } from './check.ts';

const DIALECT_WIDTH = 14;
const REQUEST_WIDTH = 46;
const VERDICT_WIDTH = 7;
const GAP = '  ';
/** Three gaps to the left of the two answers' columns, one between them. */
const GAPS_WIDTH = 4 * GAP.length;

/** Where the output is no terminal, and the least that leaves something to read of an answer. */
const DEFAULT_WIDTH = 132;
const MIN_ANSWER_WIDTH = 12;

const GREEN = 32;
const RED = 31;

/** A table on the given stream; colours on a terminal only (and not where NO_COLOR is set: https://no-color.org). */
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
