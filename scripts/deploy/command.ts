// The steps of a deployment, ordered so that a failure leaves the deployed service working.
import { createCommand, statusOf, withoutSeparator } from '../command-line.ts';
import { type Configuration, ConfigurationError, judge, listNeededSecrets } from '../configuration.ts';
import { messageOf } from '../terminal.ts';
import { environmentOf, isRow } from '../wrangler.ts';

const REFUSED_STATUS = 1;

export interface DeploymentTools {
  /** Runs a wrangler command in the terminal and returns its exit status. */
  run: (args: readonly string[]) => Promise<number>;
  /** Runs a wrangler command and captures its output. */
  capture: (args: readonly string[]) => Promise<{ status: number; stdout: string; stderr: string }>;
  readConfiguration: (config: string | undefined, environment: string) => Promise<Configuration>;
  print: (text: string) => void;
  printError: (text: string) => void;
}

/** The placeholder ids of wrangler.toml. */
const PLACEHOLDER_ID = /^[0-]*[01]$/;

const collect = (value: string, before: string[]): string[] => [...before, value];

const createParser = ({ print, printError }: DeploymentTools) =>
  createCommand('npm run deploy --', print, printError)
    .description(
      'Checks the settings, applies the migrations to the deployed database, then deploys the Worker.',
    )
    .option('-e, --env <name>', 'the environment of wrangler.toml; without it, the one at the top')
    .option('-c, --config <file>', 'another wrangler.toml')
    .option('--env-file <file>', 'as with wrangler; may be given several times', collect, [])
    .option('--profile <name>', 'as with wrangler')
    .option('--dry-run', 'changes nothing: checks the settings and builds the Worker')
    .option('--keep-vars', 'keeps the variables that were set in the dashboard')
    .option('--strict', 'refuses to overwrite what was changed in the dashboard')
    .option('--message <text>', 'what is said of this version')
    .option('--tag <tag>', 'a tag of this version')
    .option('--secrets-file <file>', 'secrets to set with this version')
    .allowExcessArguments(false);

type Flags = ReturnType<ReturnType<typeof createParser>['opts']>;

/** The flags that select the environment. All commands get them, so that migrations and Worker use the same one. */
const placeFlags = (flags: Flags): string[] => [
  ...(flags.config === undefined ? [] : ['--config', flags.config]),
  ...(flags.profile === undefined ? [] : ['--profile', flags.profile]),
  ...flags.envFile.flatMap((file) => ['--env-file', file]),
  `--env=${environmentOf(flags)}`,
];

/** The flags that only `wrangler deploy` accepts. */
const deployFlags = (flags: Flags): string[] => [
  ...(flags.dryRun ? ['--dry-run'] : []),
  ...(flags.keepVars ? ['--keep-vars'] : []),
  ...(flags.strict ? ['--strict'] : []),
  ...(flags.message === undefined ? [] : ['--message', flags.message]),
  ...(flags.tag === undefined ? [] : ['--tag', flags.tag]),
  ...(flags.secretsFile === undefined ? [] : ['--secrets-file', flags.secretsFile]),
];

/** Reports placeholder ids and a database that another environment also uses. */
const findWrongIds = (configuration: Configuration, top: Configuration): string[] => {
  const { environment, databaseId, kvId } = configuration;
  const suffix = environment === '' ? '' : `-${environment}`;
  const flag = environment === '' ? '' : ` --env ${environment}`;
  const isOther = environment !== '';
  return [
    ...(databaseId !== null && PLACEHOLDER_ID.test(databaseId)
      ? [
          `database_id is a placeholder: put in the id that \`npx wrangler d1 create latchkey${suffix}\` prints.`,
        ]
      : []),
    ...(kvId !== null && PLACEHOLDER_ID.test(kvId)
      ? [
          `The id of SESSIONS is a placeholder: put in the one that \`npx wrangler kv namespace create SESSIONS${flag}\` prints.`,
        ]
      : []),
    ...(isOther && databaseId !== null && databaseId === top.databaseId
      ? [`${environment} has the database of the environment at the top. Give it one of its own.`]
      : []),
    ...(isOther && kvId !== null && kvId === top.kvId
      ? [`${environment} has the SESSIONS of the environment at the top. Give it a namespace of its own.`]
      : []),
  ];
};

/** The secrets that the deployed Worker lacks. Throws wrangler's message if they cannot be listed. */
const findMissingSecrets = async (
  { capture }: DeploymentTools,
  place: readonly string[],
  needed: readonly string[],
): Promise<string[]> => {
  const { status, stdout, stderr } = await capture(['secret', 'list', '--format', 'json', ...place]);
  // A Worker that was never deployed has no secrets. The API reports it with code 10007.
  const isNew = status !== 0 && /10007|does not exist/.test(stdout + stderr);
  if (status !== 0 && !isNew) throw new Error(`${stdout}${stderr}`.trim());
  const listed: unknown = isNew ? [] : JSON.parse(stdout);
  const names = Array.isArray(listed) ? listed.filter(isRow).map(({ name }) => name) : [];
  return needed.filter((name) => !names.includes(name));
};

/**
 * Creates the command.
 * @returns a function of the arguments that returns the exit status: 0, 1 if a step was refused or failed, 2 for an
 *   invalid command line
 */
export const createDeployment =
  (tools: DeploymentTools) =>
  async (args: readonly string[]): Promise<number> => {
    const { run, readConfiguration, print, printError } = tools;
    try {
      const flags = createParser(tools)
        .parse([...withoutSeparator(args)], { from: 'user' })
        .opts();
      const configuration = await readConfiguration(flags.config, environmentOf(flags));
      const top = await readConfiguration(flags.config, '');
      const { problems, warnings } = judge(configuration, null);
      const wrong = [...problems, ...(flags.dryRun ? [] : findWrongIds(configuration, top))];
      for (const warning of warnings) printError(`Warning: ${warning}`);
      if (wrong.length > 0) {
        printError(['Nothing was deployed:', ...wrong.map((each) => `- ${each}`)].join('\n'));
        return REFUSED_STATUS;
      }
      const place = placeFlags(flags);
      if (flags.dryRun) return await run(['deploy', ...place, ...deployFlags(flags)]);
      const missing =
        flags.secretsFile === undefined
          ? await findMissingSecrets(tools, place, listNeededSecrets(configuration))
          : [];
      const flag = configuration.environment === '' ? '' : ` --env ${configuration.environment}`;
      if (missing.length > 0) {
        const told = missing.map(
          (name) => `- ${name} is not set: \`npx wrangler secret put ${name}${flag}\``,
        );
        printError(['Nothing was deployed:', ...told].join('\n'));
        return REFUSED_STATUS;
      }
      print(`Deploying ${configuration.name}.`);
      // Migrations first: the old Worker runs on the new schema.
      const migrated = await run(['d1', 'migrations', 'apply', 'DB', '--remote', ...place]);
      if (migrated !== 0) {
        printError('The migrations failed, so the Worker was not deployed.');
        return migrated;
      }
      const deployed = await run(['deploy', ...place, ...deployFlags(flags)]);
      if (deployed !== 0)
        printError('The migrations are applied, and the Worker before this one still runs. Deploy again.');
      return deployed;
    } catch (error) {
      const status = statusOf(error);
      if (status !== null) return status;
      printError(
        error instanceof ConfigurationError ? error.message : `Nothing was deployed: ${messageOf(error)}`,
      );
      return REFUSED_STATUS;
    }
  };
