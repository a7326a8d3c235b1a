// The only place that writes to the terminal, so that no foreign text can control it; and questions to the operator.
import { createInterface } from 'node:readline/promises';

/**
 * Characters that control a terminal or change how a line is read: C0 and C1 controls, marks of direction and other
 * invisible marks, line and paragraph separators, half surrogates. The two joiners are part of scripts and emoji.
 * @see https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */
const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const escapeUnits = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');

/** A foreign text, such as a name, for one line: unsafe characters are written as JSON escapes. */
export const toPlainText = (text: string): string => text.replace(UNSAFE, escapeUnits);

/** The same, for texts of several lines. JSON stays the same JSON. */
export const toPlainLines = (text: string): string =>
  text.replace(UNSAFE, (character) =>
    character === '\n' || character === '\t' ? character : escapeUnits(character),
  );

/** Prints the output of a command. */
export const print = (text: string): void => {
  process.stdout.write(`${toPlainLines(text)}\n`);
};

/** Prints a refusal, a warning or a note. */
export const printError = (text: string): void => {
  process.stderr.write(`${toPlainLines(text)}\n`);
};

/** Writes data to the standard output. Resolves when its reader has taken it, so that a slow one is waited for. */
export const writeData = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(toPlainLines(text), (error) => (error ? reject(error) : resolve()));
  });

/** Whether somebody can answer a question. */
export const hasTerminal = (): boolean => process.stdin.isTTY === true;

/** Asks a yes or no question. Everything but `y` and `yes` means no. */
export const confirm = async (question: string): Promise<boolean> => {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${toPlainLines(question)} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
};

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
