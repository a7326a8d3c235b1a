// `npm run admin -- <command> …`: what an operator does to accounts from the command line.
import { runAdmin } from './admin/command-line.ts';
import { confirm, hasTerminal, print, printError } from './terminal.ts';
import { queryWithWrangler } from './wrangler.ts';

process.exitCode = await runAdmin(process.argv.slice(2), {
  query: queryWithWrangler,
  nowMs: Date.now(),
  hasTerminal: hasTerminal(),
  confirm,
  print,
  printError,
});
