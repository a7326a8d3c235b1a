// The command line of `npm run import`.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PLACE_OPTIONS } from '../wrangler.ts';
import type { AccountRules } from './accounts.ts';
import { columnOf, FIELDS, type Field, isField } from './fields.ts';
import type { MergeRules } from './merge.ts';
import { FORMATS, type Format } from './source.ts';
import type { Place } from './target.ts';

export interface Command {
  file: string;
  format: Format | null;
  model: string | null;
  map: ReadonlyMap<string, Field>;
  rules: AccountRules;
  merge: MergeRules;
  keepIds: boolean;
  dryRun: boolean;
  restart: boolean;
  /** Where the list of refused records goes; null for beside the file. */
  report: string | null;
  hashes: {
    weakHashes: boolean;
    plainText: boolean;
    /** The environment variable that holds the pepper; null for none. */
    pepperEnv: string | null;
    /** The file with the parameters of a Firebase project; null for none. */
    firebaseParams: string | null;
  };
  place: Place;
}

export const USAGE = `Usage: npm run import -- <file> [options]

  --format django|csv|jsonl|better-auth   what the file is; found out where it is not said
  --model app.model                       Django's user model, where there is more than one
  --map column=field                      a column by another name; may be given several times
  --admins superuser|staff|none           whom of a Django project to make an admin (superuser)
  --bad-username refuse|drop              usernames that Latchkey cannot have: refuse the account, or
                                          import it without its username (refuse)
  --no-email refuse|placeholder           accounts without an email: refuse them, or keep them to log in by
                                          username (refuse)
  --shared-email conflict|placeholder     the second holder of one email: a conflict, or kept without it (conflict)
  --no-password refuse|reset              accounts without a password: refuse them, or let their owners set one
                                          by mail (refuse)
  --on-conflict skip|update|fail          accounts that are there already: leave them, bring them up to date,
                                          or stop at the first that is in conflict (skip)
  --match account|email                   which account is the same one: that of the username and the email, or
                                          of the id that it was imported under; or that of the email (account)
  --grant-admin-to-existing               make admins of accounts that were made here, too
  --revive                                create accounts again that were deleted here
  --keep-ids                              keep the ids, where they are free
  --weak-hashes                           take fast and unsalted hashes (MD5, SHA-1, …), wrapped in slow ones
  --plain-text-passwords                  take passwords in plain text, and store their hashes
  --pepper-env <name>                     the environment variable with the pepper behind every password
  --firebase-params <file>                the hash parameters of the Firebase project
  --dry-run                               change nothing, and report the same
  --restart                               do not take up an import that was interrupted
  --report <file>                         the list of refused records (<file>.latchkey-report.txt)
  --local | --remote                      which database; the local one where neither is given
  --env <name> --config <file> --persist-to <folder>   as with wrangler

Fields: ${FIELDS.join(', ')}`;

/** The command line is none. The message says what is wrong with it. */
export class UsageError extends Error {
  override name = 'UsageError';
}

const OPTIONS = {
  ...PLACE_OPTIONS,
  format: { type: 'string' },
  model: { type: 'string' },
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
    // A column may have `=` in its name; no field has.
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
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

/**
 * @param folder what paths are relative to: where the person is, which npm has left
 * @throws UsageError
 */
export const readCommand = (args: string[], folder: string): Command => {
  const { values, positionals } = parse(args);
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError('Say one file.');
  if (values.local === true && values.remote === true)
    throw new UsageError('Say --local or --remote, not both.');
  const format = values.format === undefined ? null : choose('format', values.format, FORMATS, 'django');
  return {
    file: resolve(folder, file),
    format,
    model: values.model ?? null,
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
    place: {
      remote: values.remote,
      'persist-to': values['persist-to'],
      config: values.config,
      env: values.env,
    },
  };
};
