// The command line of `npm run import`.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../terminal.ts';
import { PLACE_OPTIONS } from '../wrangler.ts';
import type { AccountRules } from './accounts.ts';
import { columnOf, FIELDS, type Field, isField } from './fields.ts';
import type { MergeRules } from './merge.ts';
import { FORMATS, type SourceOptions } from './source.ts';
import type { Place } from './target.ts';
import { findEncoding } from './unpack.ts';

export interface Command {
  file: string;
  source: Omit<SourceOptions, 'map' | 'onProgress'>;
  map: ReadonlyMap<string, Field>;
  rules: AccountRules;
  merge: MergeRules;
  keepIds: boolean;
  dryRun: boolean;
  restart: boolean;
  /** The path for the list of refused records; null for a file beside the input. */
  report: string | null;
  hashes: {
    weakHashes: boolean;
    plainText: boolean;
    /** The environment variable with the pepper; null for none. */
    pepperEnv: string | null;
    /** The file with the parameters of a Firebase project; null for none. */
    firebaseParams: string | null;
  };
  /** The path for the list of old and new ids; null for none. */
  writeIds: string | null;
  place: Place;
}

/** In lines of at most 100 columns. */
const FIELD_LINES = FIELDS.join(', ')
  .replaceAll(/(.{1,96})(?: |$)/g, '  $1\n')
  .trimEnd();

export const USAGE = `Usage: npm run import -- <file> [options]

The file: JSON, CSV, TSV, YAML, XML, SQLite or an SQL dump of any service, packed or not.
  --format <name>               ${FORMATS.slice(0, 8).join('|')}|<service>
  --table <name>, --model <app.model>      which table, list or Django model has the users
  --map <column>=<field>        a column by another name; <column>:<value>=active|disabled; =ignore
  --columns <names>, --encoding <name>     of a file without a header; of one that is not UTF-8
Who is taken, and as what. What is not said here is refused, and the refusal names the flag:
  --no-email placeholder        accounts without an email, to log in by username
  --shared-email placeholder    the same for the second holder of one email
  --no-password reset           accounts without a password: their owners set one by mail
  --bad-username drop           accounts whose username cannot be kept, without it
  --admins superuser|staff|none whom of a Django project to make an admin (superuser)
  --weak-hashes                 fast and unsalted hashes (MD5, SHA-1, …), wrapped in slow ones
  --plain-text-passwords        passwords in plain text, hashed
  --pepper-env <name>           the environment variable with the pepper behind every password
  --firebase-params <file>      the hash parameters of the Firebase project
Accounts that are here already:
  --on-conflict skip|update|fail, --match account|email, --grant-admin-to-existing, --revive
Ids:
  --keep-ids                    keep them, where they are free
  --write-ids <file>            write a list of old and new ids
The run:
  --dry-run                     change nothing, and report the same
  --restart                     do not take up an import that was interrupted
  --report <file>               the list of refused records (<file>.latchkey-report.txt)
  --local | --remote            which database; the local one if neither is given
  --env <name> --config <file> --persist-to <folder>       as with wrangler

Status 0: everything was taken. 3: a part. 4: nothing. 1 and 2: it could not run.
docs/migrating/ has all of it: services and their commands, hashes, importing again, and the fields:
${FIELD_LINES}`;

/** The command line is invalid. The message tells why. */
export class UsageError extends Error {
  override name = 'UsageError';
}

const OPTIONS = {
  ...PLACE_OPTIONS,
  format: { type: 'string' },
  model: { type: 'string' },
  table: { type: 'string' },
  columns: { type: 'string' },
  encoding: { type: 'string' },
  'write-ids': { type: 'string' },
  map: { type: 'string', multiple: true },
  admins: { type: 'string' },
  'bad-username': { type: 'string' },
  'no-email': { type: 'string' },
  'shared-email': { type: 'string' },
  'no-password': { type: 'string' },
  'on-conflict': { type: 'string' },
  match: { type: 'string' },
  'grant-admin-to-existing': { type: 'boolean' },
  revive: { type: 'boolean' },
  'keep-ids': { type: 'boolean' },
  'weak-hashes': { type: 'boolean' },
  'plain-text-passwords': { type: 'boolean' },
  'pepper-env': { type: 'string' },
  'firebase-params': { type: 'string' },
  'dry-run': { type: 'boolean' },
  restart: { type: 'boolean' },
  report: { type: 'string' },
} as const;

const choose = <T extends string>(
  flag: string,
  text: string | undefined,
  choices: readonly T[],
  byDefault: T,
): T => {
  const chosen = choices.find((choice) => choice === (text ?? byDefault));
  if (chosen === undefined) throw new UsageError(`--${flag} is one of ${choices.join(', ')}.`);
  return chosen;
};

const readMap = (pairs: readonly string[]): Map<string, Field> => {
  const map = new Map<string, Field>();
  for (const pair of pairs) {
    // A column may have `=` in its name. Fields do not.
    const at = pair.lastIndexOf('=');
    const [column, field] = [pair.slice(0, Math.max(at, 0)), pair.slice(at + 1)];
    if (column === '' || !isField(field) || columnOf(column, field) === '')
      throw new UsageError(`--map ${pair}: it must be column=field, with one of the fields below.`);
    map.set(column, field);
  }
  return map;
};

const parse = (args: string[]) => {
  try {
    return parseArgs({ args, allowPositionals: true, options: OPTIONS });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
};

/**
 * @param folder the base of relative paths: the folder where npm was called
 * @throws UsageError
 */
export const readCommand = (args: string[], folder: string): Command => {
  const { values, positionals } = parse(args);
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError('Give one file to import.');
  if (values.local === true && values.remote === true)
    throw new UsageError('Give --local or --remote, not both.');
  const encoding = values.encoding === undefined ? null : findEncoding(values.encoding);
  if (values.encoding !== undefined && encoding === null)
    throw new UsageError(
      `--encoding ${values.encoding}: no such encoding is known here. There are utf-8, utf-16le, windows-1252, windows-1251, shift_jis, gbk and the others of the web.`,
    );
  return {
    file: resolve(folder, file),
    source: {
      format: values.format === undefined ? null : choose('format', values.format, FORMATS, 'django'),
      model: values.model ?? null,
      table: values.table ?? null,
      columns: values.columns?.split(',').map((column) => column.trim()) ?? null,
      encoding,
    },
    map: readMap(values.map ?? []),
    rules: {
      admins: choose('admins', values.admins, ['superuser', 'staff', 'none'], 'superuser'),
      badUsername: choose('bad-username', values['bad-username'], ['refuse', 'drop'], 'refuse'),
      noEmail: choose('no-email', values['no-email'], ['refuse', 'placeholder'], 'refuse'),
      noPassword: choose('no-password', values['no-password'], ['refuse', 'reset'], 'refuse'),
      keepIds: values['keep-ids'] === true,
    },
    merge: {
      onConflict: choose('on-conflict', values['on-conflict'], ['skip', 'update', 'fail'], 'skip'),
      match: choose('match', values.match, ['account', 'email'], 'account'),
      grantAdminToExisting: values['grant-admin-to-existing'] === true,
      revive: values.revive === true,
      sharedEmail: choose('shared-email', values['shared-email'], ['conflict', 'placeholder'], 'conflict'),
    },
    keepIds: values['keep-ids'] === true,
    dryRun: values['dry-run'] === true,
    restart: values.restart === true,
    report: values.report === undefined ? null : resolve(folder, values.report),
    hashes: {
      weakHashes: values['weak-hashes'] === true,
      plainText: values['plain-text-passwords'] === true,
      pepperEnv: values['pepper-env'] ?? null,
      firebaseParams:
        values['firebase-params'] === undefined ? null : resolve(folder, values['firebase-params']),
    },
    writeIds: values['write-ids'] === undefined ? null : resolve(folder, values['write-ids']),
    place: {
      remote: values.remote,
      'persist-to': values['persist-to'],
      config: values.config,
      env: values.env,
    },
  };
};
