// What the commands print, and ask: the one place that writes to the terminal, so that no strange text can command it.
import { createInterface } from 'node:readline/promises';

/**
 * Characters that a terminal obeys or that change how a line is read: C0 and C1 controls, marks of direction and other
 * invisible marks, line and paragraph separators, half surrogates. The two joiners are part of scripts and emoji.
 * @see https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */
const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const escapeUnits = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');

/** A text of somebody else's, such as a name, for one line: every unsafe character is written as JSON escapes it. */
export const toPlainText = (text: string): string => text.replace(UNSAFE, escapeUnits);

/** The same, for texts of several lines. JSON stays the same JSON. */
export const toPlainLines = (text: string): string =>
  text.replace(UNSAFE, (character) =>
    character === '\n' || character === '\t' ? character : escapeUnits(character),
  );

/** Prints what a command answers. */
export const print = (text: string): void => {
  process.stdout.write(`${toPlainLines(text)}\n`);
};

/** Prints what is no answer: a refusal, a warning, a note. */
export const printError = (text: string): void => {
  process.stderr.write(`${toPlainLines(text)}\n`);
};

/** Writes data to the standard output. Resolves when its reader has taken it, so that a slow one is waited for. */
export const writeData = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(toPlainLines(text), (error) => (error ? reject(error) : resolve()));
  });

/** Whether somebody is there to answer a question. */
export const hasTerminal = (): boolean => process.stdin.isTTY === true;

/** Asks a question that is answered with yes or no. Anything but `y` and `yes` is a no. */
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
