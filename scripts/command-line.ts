// Command lines by commander, with the same answer to a wrong one everywhere: what is wrong, and status 2.
import { Command, CommanderError } from '@commander-js/extra-typings';
import { printError, toPlainLines } from './terminal.ts';

/** A command line that is none. */
export const USAGE_STATUS = 2;

/** A command that names what it does not know, with the nearest name that it does know, and never ends the process. */
export const createCommand = (
  name: string,
  out: (text: string) => void,
  err: (text: string) => void = printError,
): Command =>
  new Command(name)
    .exitOverride()
    .showHelpAfterError('Add --help for the list of flags.')
    .configureOutput({
      writeOut: (text) => out(toPlainLines(text.trimEnd())),
      writeErr: (text) => err(toPlainLines(text.trimEnd())),
    });

/** The status that a thrown refusal of commander's stands for; null if it is none. */
export const statusOf = (error: unknown): number | null => {
  if (!(error instanceof CommanderError)) return null;
  return error.exitCode === 0 ? 0 : USAGE_STATUS;
};

/** The arguments without the `--` that people type who are used to npm's. */
export const withoutSeparator = (args: readonly string[]): readonly string[] =>
  args[0] === '--' ? args.slice(1) : args;
