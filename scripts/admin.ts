// `npm run admin -- <command> …`: administration of accounts from the command line.
import { runAdmin } from './admin/command-line.ts';
import { readConfiguration } from './configuration.ts';
import { confirm, hasTerminal, print, printError } from './terminal.ts';
import { queryWithWrangler } from './wrangler.ts';

/** The default address of `npm start`. */
const LOCAL_ORIGIN = 'http://127.0.0.1:8787';

process.exitCode = await runAdmin(process.argv.slice(2), {
  query: queryWithWrangler,
  nowMs: Date.now(),
  findOrigin: async ({ config, env, isRemote }) => {
    if (!isRemote) return LOCAL_ORIGIN;
    const { vars } = await readConfiguration(config, env);
    const origin = vars['PUBLIC_URL'];
    return typeof origin === 'string' && origin !== '' ? origin : null;
  },
  hasTerminal: hasTerminal(),
  confirm,
  print,
  printError,
});
