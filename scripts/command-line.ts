// Command lines with commander. An invalid one is reported the same way everywhere: the error and status 2.
import { Command, CommanderError } from '@commander-js/extra-typings';
import { printError, toPlainLines } from './terminal.ts';

/** The exit status for an invalid command line. */
export const USAGE_STATUS = 2;

/** A command that suggests the nearest known name for an unknown one, and never ends the process. */
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

/** The exit status of an error that commander threw; null for other errors. */
export const statusOf = (error: unknown): number | null => {
  if (!(error instanceof CommanderError)) return null;
  return error.exitCode === 0 ? 0 : USAGE_STATUS;
};

/** The arguments without a leading `--`, which npm requires before arguments of a script. */
export const withoutSeparator = (args: readonly string[]): readonly string[] =>
  args[0] === '--' ? args.slice(1) : args;
