// `manage.py dumpdata`: finds the project's user model in it, and the tokens that go with the users.
import { isRow, type Row } from '../wrangler.ts';
import { readJsonArray } from './read-json.ts';
import { type Found, InputError, type Source } from './records.ts';
import { createTokenFile } from './tokens.ts';

const TOKEN_MODEL = 'authtoken.token';

/** Every user model of Django has these two, whatever else a project gives it (AbstractBaseUser). */
const isUserModel = (fields: Row): boolean =>
  typeof fields['password'] === 'string' && Object.hasOwn(fields, 'last_login');

const modelOf = (record: Row): string => String(record['model'] ?? '').toLowerCase();

/**
 * Opens a dump. It is read once from end to end, for the user model and the tokens, before it is read for its users.
 *
 * @param wanted the user model as `app.model`, null to find it
 * @throws InputError where there is none, or more than one
 */
export const openDjangoDump = async (
  path: string,
  wanted: string | null,
  onRead: (bytes: number) => void,
  fraction: () => number,
): Promise<Source> => {
  const tokens = createTokenFile();
  const models = new Map<string, number>();
  let others = 0;

  try {
    for await (const page of readJsonArray(path, () => {})) {
      for (const found of page) {
        if (!('record' in found)) continue;
        const model = modelOf(found.record);
        const fields = isRow(found.record['fields']) ? found.record['fields'] : {};
        if (model === TOKEN_MODEL) tokens.add(fields['user'], found.record['pk']);
        else if (wanted === null ? isUserModel(fields) : model === wanted.toLowerCase())
          models.set(model, (models.get(model) ?? 0) + 1);
        else others += 1;
      }
    }
  } catch (error) {
    tokens.close();
    throw error;
  }
  const [model, ...more] = models.keys();
  if (model === undefined || more.length > 0) {
    tokens.close();
    throw new InputError(
      model === undefined
        ? `There are no users in this dump${wanted === null ? '' : ` of the model ${wanted}`}.`
        : `This dump has more than one model of users: ${[...models.keys()].join(', ')}. Say which with --model.`,
    );
  }

  /** The fields of a user with its id and its token; null where the record is none of a user. */
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
      for await (const page of readJsonArray(path, onRead)) {
        yield page.map(toUser).filter((found) => found !== null);
      }
    },
    fraction,
    remarks: () => (others > 0 ? [`records of other models passed over: ${others}`] : []),
    close: tokens.close,
  };
};
