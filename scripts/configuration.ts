// Reads wrangler.toml and the file of local secrets, and checks a deployment before anything runs.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import {
  listContradictions,
  listMissingSecrets,
  listWarnings,
  MISSING_MAIL_BINDING,
  needsMailBinding,
  readValues,
  SETTINGS,
  type Setting,
} from '../src/settings/index.ts';
import { messageOf } from './terminal.ts';
import { isRow, PROJECT } from './wrangler.ts';

/** The parts of one environment of wrangler.toml that the commands need. */
export interface Configuration {
  /** The absolute path of the file. */
  path: string;
  /** '' for the top-level environment. */
  environment: string;
  /** The name of the Worker. */
  name: string;
  vars: Readonly<Record<string, unknown>>;
  /** The ids of the bindings; null if they are missing. */
  databaseId: string | null;
  kvId: string | null;
  /** Where the migrations are, and the table in which wrangler lists those that are applied. */
  migrations: { folder: string; table: string };
  /** The names of all bindings that the Worker requires or warns about. */
  bindings: readonly string[];
}

/** The message tells the operator what is wrong and how to fix it. */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError';
}

const listOf = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isRow) : [];

const textOrNull = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/**
 * Reads one environment of wrangler.toml as wrangler does.
 * @param config the path from `--config`
 * @throws ConfigurationError if the file cannot be read, or has no such environment
 */
export const readConfiguration = async (
  config: string | undefined,
  environment: string,
): Promise<Configuration> => {
  const path = resolve(PROJECT, config ?? 'wrangler.toml');
  if (!existsSync(path)) throw new ConfigurationError(`There is no file ${path}.`);
  const { unstable_readConfig: readConfig } = await import('wrangler');
  const read = () => {
    try {
      return readConfig({ config: path, env: environment }, { hideWarnings: true });
    } catch (error) {
      throw new ConfigurationError(`${path} cannot be read: ${messageOf(error)}`);
    }
  };
  const {
    name,
    vars,
    d1_databases: databases,
    kv_namespaces: namespaces,
    ratelimits,
    assets,
    send_email: mailers,
  } = read();
  const database = listOf(databases).find(({ binding }) => binding === 'DB');
  const namespace = listOf(namespaces).find(({ binding }) => binding === 'SESSIONS');
  return {
    path,
    environment,
    name: name ?? '',
    vars: { ...vars },
    databaseId: textOrNull(database?.['database_id']),
    kvId: textOrNull(namespace?.['id']),
    migrations: {
      folder: resolve(dirname(path), textOrNull(database?.['migrations_dir']) ?? 'migrations'),
      table: textOrNull(database?.['migrations_table']) ?? 'd1_migrations',
    },
    bindings: [
      ...listOf(databases).map(({ binding }) => String(binding)),
      ...listOf(namespaces).map(({ binding }) => String(binding)),
      ...listOf(ratelimits).map(({ name: guard }) => String(guard)),
      ...listOf(mailers).map(({ name: mailer }) => String(mailer)),
      ...(assets?.binding === undefined ? [] : [assets.binding]),
    ],
  };
};

/** The file of local secrets, as in wrangler: `.dev.vars.<environment>` if it exists, otherwise `.dev.vars`. */
export const localSecretsPath = ({
  path,
  environment,
}: Pick<Configuration, 'path' | 'environment'>): string => {
  const common = join(dirname(path), '.dev.vars');
  const own = `${common}.${environment}`;
  return environment !== '' && existsSync(own) ? own : common;
};

/** One assignment in dotenv syntax. A quoted value may span several lines. */
const ASSIGNMENT =
  /^[ \t]*(?:export[ \t]+)?[\w.-]+[ \t]*=[ \t]*(?:"(?:\\.|[^"\\])*"|'[^']*'|`[^`]*`|[^\n"'`][^\n]*|)[ \t]*(?:#[^\n]*)?$/gm;
const BLANK_OR_COMMENT = /^\s*(?:#.*)?$/;

/**
 * Reads the file of local secrets.
 * @returns its values; empty if there is no file
 * @throws ConfigurationError for a line that is not an assignment, which wrangler silently ignores
 */
export const readLocalSecrets = (path: string): Record<string, string> => {
  if (!existsSync(path)) return {};
  if (!statSync(path).isFile()) throw new ConfigurationError(`${path} is not a file.`);
  const text = readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
  // Assignments are removed but their line breaks kept, so that the remaining lines keep their numbers.
  const rest = text.replace(ASSIGNMENT, (found) => found.replace(/[^\n]/g, '')).split('\n');
  const line = rest.findIndex((each) => !BLANK_OR_COMMENT.test(each));
  if (line >= 0)
    throw new ConfigurationError(
      `${path}, line ${line + 1} is not understood. Each line must be NAME=value, a comment or empty.`,
    );
  const values = parseEnv(text);
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? '']));
};

const TABLE: Readonly<Record<string, Setting<unknown>>> = SETTINGS;

const SECRETS = Object.keys(TABLE).filter((name) => TABLE[name]?.isSecret === true);

/** Required secrets. */
const REQUIRED_SECRETS = SECRETS.filter((name) => TABLE[name]?.isRequired === true);

/** The required secrets of a deployment: those of every deployment, of its mail provider, and of an old service. */
export const listNeededSecrets = ({ vars }: Configuration): string[] => {
  const read = readValues({ ...vars, ...standIn(REQUIRED_SECRETS) });
  return [...REQUIRED_SECRETS, ...('values' in read ? listMissingSecrets(read.values) : [])];
};

/** Stands for a secret of a deployment, which cannot be read. */
const UNKNOWN_SECRET = '-'.repeat(64);

const NEEDED = ['DB', 'SESSIONS', 'ASSETS'];
const FLOOD_GUARDS = ['LOGIN_LIMIT', 'REGISTRATION_LIMIT'];

/** Secrets with a required format, such as keys, are left out, because a placeholder would be invalid. */
const standIn = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names
      .filter((name) => TABLE[name]?.parse(UNKNOWN_SECRET) !== undefined)
      .map((name) => [name, UNKNOWN_SECRET]),
  );

/** Errors must be fixed before the Worker can serve; warnings should be. */
export interface Findings {
  problems: string[];
  warnings: string[];
}

/**
 * Checks an environment with the rules that the Worker applies at start.
 * @param secrets the local secrets; null for a deployment, whose secrets only Cloudflare knows
 */
export const judge = (
  configuration: Configuration,
  secrets: Readonly<Record<string, string>> | null,
): Findings => {
  const { vars, bindings } = configuration;
  const section = configuration.environment === '' ? '' : `env.${configuration.environment}.`;
  const file = basename(configuration.path);
  const published = Object.keys(vars).filter((name) => TABLE[name]?.isSecret === true);
  const read = readValues({ ...vars, ...(secrets ?? standIn(SECRETS)) });
  return {
    problems: [
      ...published.map(
        (name) =>
          `${name} is a secret: take it out of [${section}vars] in ${file} and use \`npx wrangler secret put ${name}\`.`,
      ),
      ...NEEDED.filter((name) => !bindings.includes(name)).map(
        (name) =>
          `${name} is not bound in ${file}${section === '' ? '' : ` under [${section.slice(0, -1)}]`}.`,
      ),
      ...('problems' in read ? read.problems : listContradictions(read.values)),
      ...('values' in read && needsMailBinding(read.values) && !bindings.includes('EMAIL')
        ? [MISSING_MAIL_BINDING]
        : []),
    ],
    warnings: [
      ...('values' in read ? listWarnings(read.values) : []),
      ...FLOOD_GUARDS.filter((name) => !bindings.includes(name)).map(
        (name) => `${name} is not bound: nothing bounds the hashes that one address can ask for.`,
      ),
    ],
  };
};
