// The command line of `npm run admin`: the command, the database and the confirmation.
import { createCommand, statusOf, USAGE_STATUS, withoutSeparator } from '../command-line.ts';
import { messageOf } from '../terminal.ts';
import { environmentOf, type Row, targetFlags } from '../wrangler.ts';
import type { Query } from './account.ts';
import { addApp, describeRemoval, listApps, removeApp } from './apps.ts';
import { type Command, commands, type Outcome } from './commands.ts';
import {
  addWebhook,
  listWebhooks,
  type Place,
  removeWebhook,
  replayWebhook,
  switchWebhook,
} from './webhooks.ts';

const REFUSED_STATUS = 1;

export interface AdminTools {
  /** Runs statements in one transaction on the database that wrangler's flags select. */
  query: (flags: readonly string[], statements: readonly string[]) => Promise<Row[][]>;
  nowMs: number;
  /** The origin of the service's pages; null if unknown. */
  findOrigin: (place: {
    config?: string | undefined;
    env: string;
    isRemote: boolean;
  }) => Promise<string | null>;
  /** Whether the terminal is interactive. */
  hasTerminal: boolean;
  confirm: (question: string) => Promise<boolean>;
  print: (text: string) => void;
  printError: (text: string) => void;
}

const createParser = ({ print, printError }: AdminTools) =>
  createCommand('npm run admin --', print, printError)
    .usage('<command> [account] [flags]')
    .option('--json', 'prints JSON')
    .option('-y, --yes', 'does not ask for confirmation')
    .option('--local', 'the database on this machine; the default')
    .option('--remote', 'the deployed database')
    .option('-e, --env <name>', 'the environment of wrangler.toml')
    .option('-c, --config <file>', 'another wrangler.toml')
    .option('--persist-to <folder>', 'where the database on this machine is')
    .option('--url <origin>', 'where the pages are, for a link; PUBLIC_URL if it is not given')
    .addHelpText(
      'after',
      '\nAn account is given by its email, its username or its id; id:, username: or email: before it says which.',
    );

/**
 * Shows the account and asks for confirmation of the command.
 * @returns the operand that finds the same account again; null if the operator declines
 */
const makeSure = async (
  { ask }: Command,
  operand: string,
  query: Query,
  { nowMs, confirm, printError }: AdminTools,
): Promise<string | null> => {
  if (ask === undefined) return operand;
  const { id, text } = await ask(operand, query, nowMs);
  if (await confirm(text)) return `id:${id}`;
  printError('Nothing was done.');
  return null;
};

/**
 * Runs a command line.
 * @returns the status of the process: 0, 1 if the command was refused or failed, 2 for an invalid command line
 */
export const runAdmin = async (args: readonly string[], tools: AdminTools): Promise<number> => {
  const { print, printError, hasTerminal, nowMs } = tools;
  const parser = createParser(tools);
  let status = USAGE_STATUS;

  /** Throws if the origin of the pages is unknown. */
  const findOrigin = async (): Promise<string> => {
    const { url, config, remote, ...flags } = parser.opts();
    if (url !== undefined && !URL.canParse(url))
      parser.error('error: --url takes an origin such as https://id.example.com');
    if (url !== undefined) return new URL(url).origin;
    const origin = await tools.findOrigin({ config, env: environmentOf(flags), isRemote: remote === true });
    return (
      origin ??
      parser.error('error: PUBLIC_URL is not set. Set it, or give the origin of the pages with --url')
    );
  };

  /** Queries the database that the flags select. */
  const openQuery = (): Query => {
    const flags = parser.opts();
    if (flags.local && flags.remote) parser.error('error: give --local or --remote, not both');
    const place = [
      flags.remote ? '--remote' : '--local',
      ...targetFlags({ ...flags, 'persist-to': flags.persistTo }),
    ];
    return (statements) => tools.query(place, statements);
  };

  const openPlace = (): Place => ({
    query: openQuery(),
    isRemote: parser.opts().remote === true,
    nowMs,
  });

  const tell = ({ text, json, status: left = 0 }: Outcome): number => {
    print(parser.opts().json ? JSON.stringify(json, null, 2) : text);
    return left;
  };

  /** Throws if the terminal is not interactive. */
  const requireTerminal = (name: string): void => {
    if (!hasTerminal)
      parser.error(
        `error: \`${name}\` asks before it is done, and there is no terminal: add --yes if you are sure`,
      );
  };

  const run = async (name: string, command: Command, operand: string | null): Promise<number> => {
    const flags = parser.opts();
    const query = openQuery();
    const mustAsk = command.ask !== undefined && !flags.yes;
    if (mustAsk) requireTerminal(name);
    const sure = mustAsk && operand !== null ? await makeSure(command, operand, query, tools) : operand;
    if (mustAsk && sure === null) return REFUSED_STATUS;
    const origin = command.takesOrigin ? await findOrigin() : '';
    return tell(await command.run(sure ?? '', query, nowMs, origin));
  };

  for (const [name, command] of Object.entries(commands)) {
    const added = parser.command(name).description(command.does).allowExcessArguments(false);
    if (command.takesAccount)
      added.argument('<account>').action(async (operand) => {
        status = await run(name, command, operand);
      });
    else
      added.action(async () => {
        status = await run(name, command, null);
      });
  }

  const client = parser.command('client').description('OpenID Connect apps: add, list, remove');
  client
    .command('add')
    .description('registers an app and shows its id, and its secret once')
    .argument('<name>', 'the name that people see')
    .requiredOption('--redirect <uri...>', 'where people return after login (redirect_uri)')
    .option('--sign-out <uri...>', 'where people may return after logout (post_logout_redirect_uri)')
    .option('--back-channel-logout <uri>', 'the URL that receives back-channel logout tokens')
    .option('--public', 'the app cannot keep a secret, because it runs in a browser or on a phone')
    .option('--trusted', 'your own app: people are not asked for consent')
    .action(async (name, flags) => {
      const {
        redirect,
        signOut = [],
        backChannelLogout = null,
        public: isPublic = false,
        trusted = false,
      } = flags;
      const uris = { redirectUris: redirect, signOutUris: signOut, logoutUri: backChannelLogout };
      status = tell(await addApp({ name, ...uris, isPublic, asksConsent: !trusted }, openPlace()));
    });
  client
    .command('list')
    .description('shows all apps')
    .action(async () => {
      status = tell(await listApps(openQuery()));
    });
  client
    .command('remove')
    .description('removes an app; nobody can sign in to it any more')
    .argument('<client-id>')
    .action(async (id) => {
      const query = openQuery();
      if (!parser.opts().yes) {
        requireTerminal('client remove');
        if (!(await tools.confirm(await describeRemoval(id, query)))) {
          printError('Nothing was done.');
          status = REFUSED_STATUS;
          return;
        }
      }
      status = tell(await removeApp(id, query));
    });

  const webhook = parser
    .command('webhook')
    .description('services that receive events: add, list, remove, disable, enable, replay');
  webhook
    .command('add')
    .description('registers a webhook and shows its signing secret once')
    .argument('<url>')
    .option('--events <type...>', 'the event types to send; all if none is given')
    .action(async (url, { events = null }) => {
      const eventTypes = events?.flatMap((each) => each.split(',')) ?? null;
      status = tell(await addWebhook({ url, eventTypes }, openPlace()));
    });
  webhook
    .command('list')
    .description('lists webhooks with the messages that wait, were sent or failed in the last week')
    .action(async () => {
      status = tell(await listWebhooks(openPlace()));
    });
  webhook
    .command('remove')
    .description('removes a webhook and its waiting messages')
    .argument('<id>')
    .action(async (id) => {
      status = tell(await removeWebhook(id, openPlace()));
    });
  for (const [name, isOn] of [
    ['disable', false],
    ['enable', true],
  ] as const)
    webhook
      .command(name)
      .description(
        isOn ? 'turns a webhook on again' : 'turns a webhook off; events in the meantime are not sent later',
      )
      .argument('<id>')
      .action(async (id) => {
        status = tell(await switchWebhook(id, isOn, openPlace()));
      });
  webhook
    .command('replay')
    .description('sends messages of the last week again')
    .argument('<id>')
    .option('--since <time>', 'all messages since then, such as 2026-11-25T08:00:00Z')
    .option('--message <id>', 'one message, by its webhook-id')
    .option('--undelivered', 'only those that were never delivered')
    .action(async (id, { since = null, message = null, undelivered = false }) => {
      status = tell(await replayWebhook(id, { since, message, undelivered }, openPlace()));
    });

  try {
    await parser.parseAsync([...withoutSeparator(args)], { from: 'user' });
    return status;
  } catch (error) {
    const known = statusOf(error);
    if (known !== null) return known;
    printError(messageOf(error));
    return REFUSED_STATUS;
  }
};
