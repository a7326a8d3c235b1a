// All output to the terminal and all questions to the operator. Untrusted texts are escaped, so that they cannot control
// the terminal.
import { createInterface } from 'node:readline/promises';

/**
 * Characters that control a terminal or change how a line is read: C0 and C1 controls, direction marks and other
 * invisible marks, line and paragraph separators, lone surrogates. The two joiners are allowed, for scripts and emoji.
 * @see https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */
const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const escapeUnits = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');

/** An untrusted text, such as a name, for one line. Unsafe characters become JSON escapes. */
export const toPlainText = (text: string): string => text.replace(UNSAFE, escapeUnits);

/** The same for texts with several lines. JSON keeps its meaning. */
export const toPlainLines = (text: string): string =>
  text.replace(UNSAFE, (character) =>
    character === '\n' || character === '\t' ? character : escapeUnits(character),
  );

/** Prints the output of a command. */
export const print = (text: string): void => {
  process.stdout.write(`${toPlainLines(text)}\n`);
};

/** Prints an error, a warning or a note. */
export const printError = (text: string): void => {
  process.stderr.write(`${toPlainLines(text)}\n`);
};

/** Writes data to the standard output. Resolves when the reader has taken it, so that a slow reader is not overrun. */
export const writeData = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(toPlainLines(text), (error) => (error ? reject(error) : resolve()));
  });

/** Whether the terminal is interactive. */
export const hasTerminal = (): boolean => process.stdin.isTTY === true;

/** Asks a yes or no question. Everything except `y` and `yes` means no. */
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
