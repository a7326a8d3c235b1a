// Reads the output of `manage.py dumpdata` in any format: finds the user model of the project, and the users' tokens.
import { isRow, type Row } from '../wrangler.ts';
import { createFieldReader, type Field, type FieldReader } from './fields.ts';
import { type Found, InputError, type OnProgress, type Records, type Source } from './records.ts';
import { createTokenFile } from './tokens.ts';

const TOKEN_MODEL = 'authtoken.token';
const USUAL_MODEL = 'auth.user';

/** Fields of every user model of Django (AbstractBaseUser). */
const isUserModel = (fields: Row): boolean =>
  typeof fields['password'] === 'string' && Object.hasOwn(fields, 'last_login');

/** Fields that users have even in handwritten fixtures. Not a proof: the model of a mail server may have both. */
const canBeUser = (fields: Row, readField: FieldReader): boolean => {
  if (typeof fields['password'] !== 'string') return false;
  const { has } = readField(fields);
  return has('email') || has('username');
};

const modelOf = (record: Row): string => String(record['model'] ?? '').toLowerCase();

export const isDjangos = ({ columns }: Pick<Records, 'columns'>): boolean =>
  columns.includes('model') && columns.includes('fields');

/** How many models the error lists if the user model is ambiguous. */
const MAX_MODELS = 500;

interface Models {
  /** The number of records of each model. */
  all: Map<string, number>;
  /** Models with the fields of every user model. */
  users: Set<string>;
  /** Models with a password and a name for login. */
  possible: Set<string>;
}

const chooseModel = ({ all, users, possible }: Models, wanted: string | null): string => {
  if (wanted !== null) {
    if (all.has(wanted.toLowerCase())) return wanted.toLowerCase();
    throw new InputError(`There are no users in this dump of the model ${wanted}.${listOf(all)}`);
  }
  // A handwritten fixture may lack required fields, but it has the usual name of the model.
  if (users.size === 0 && all.has(USUAL_MODEL)) return USUAL_MODEL;
  const [model, ...more] = users;
  if (model === undefined) {
    const named = possible.size === 1 ? ` ${[...possible].join('')}` : '';
    throw new InputError(
      `There are no users in this dump.${listOf(all)} Name the one of the users: --model${named}.`,
    );
  }
  if (more.length > 0)
    throw new InputError(
      `This dump has more than one model of users: ${[...users].join(', ')}. Choose one with --model.`,
    );
  return model;
};

const listOf = (all: ReadonlyMap<string, number>): string =>
  all.size === 0
    ? ''
    : ` Its models are: ${[...all].map(([model, count]) => `${model} (${count})`).join(', ')}.`;

/**
 * Opens a dump. It is first read completely to find the user model and the tokens, then for the users.
 *
 * @param wanted the user model as `app.model`, null to find it
 * @throws InputError if there is none, or more than one
 */
export const openDjangoDump = async (
  records: Records,
  wanted: string | null,
  map: ReadonlyMap<string, Field>,
  onProgress: OnProgress,
): Promise<Source> => {
  const tokens = createTokenFile();
  const models: Models = { all: new Map(), users: new Set(), possible: new Set() };
  const readField = createFieldReader(map, () => {});
  let seen = 0;
  let model: string;

  try {
    for await (const page of records.read()) {
      for (const found of page) {
        if (!('record' in found)) continue;
        seen += 1;
        const name = modelOf(found.record);
        const fields = isRow(found.record['fields']) ? found.record['fields'] : {};
        if (name === TOKEN_MODEL) tokens.add(fields['user'], found.record['pk']);
        else if (models.all.size < MAX_MODELS || models.all.has(name))
          models.all.set(name, (models.all.get(name) ?? 0) + 1);
        if (name === TOKEN_MODEL) continue;
        if (isUserModel(fields)) models.users.add(name);
        else if (models.all.has(name) && canBeUser(fields, readField)) models.possible.add(name);
      }
      onProgress(seen, records.fraction(), 'records looked through');
    }
    model = chooseModel(models, wanted);
  } catch (error) {
    tokens.close();
    throw error;
  }
  const others = [...models.all].reduce((sum, [name, count]) => (name === model ? sum : sum + count), 0);

  /** The fields of a user with id and token; null if the record is not a user. */
  const toUser = (found: Found): Found | null => {
    if (!('record' in found)) return found;
    const { pk, fields } = found.record;
    if (modelOf(found.record) !== model || !isRow(fields)) return null;
    const token = tokens.find([pk ?? '', [fields['username']]]);
    return { at: found.at, record: { id: pk ?? null, ...fields, auth_token: token } };
  };

  return {
    about: `Django's dumpdata, users of the model ${model}`,
    async *read() {
      for await (const page of records.read()) yield page.map(toUser).filter((found) => found !== null);
    },
    fraction: records.fraction,
    remarks: () => (others > 0 ? [`records of other models passed over: ${others}`] : []),
    close() {
      tokens.close();
      records.close();
    },
  };
};
