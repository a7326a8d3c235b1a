// Maps the fields of a record to the fields of an account, for the names that different services use.
import type { Row } from '../wrangler.ts';
import {
  isVerifiedName,
  STATE_FIELDS,
  type StateColumn,
  type StateField,
  stateFieldOf,
  type ValueRule,
} from './account-state.ts';
import { valueAt } from './values.ts';

/**
 * The fields of an import with their possible names, the most likely first. Names are compared without case, `_`, `-`
 * and spaces: `createdAt`, `created_at` and `Created At` are equal.
 */
const NAMES = {
  id: ['id', 'pk', 'userid', 'uid', 'localid'],
  username: ['username', 'userlogin', 'loginname'],
  email: ['email', 'emailaddress', 'mail', 'useremail', 'primaryemail', 'primaryemailaddress'],
  password_hash: [
    'passwordhash',
    'password',
    'hashedpassword',
    'encryptedpassword',
    'passworddigest',
    'userpass',
    'passwd',
    'hash',
  ],
  name: ['name', 'fullname', 'displayname'],
  first_name: ['firstname', 'givenname'],
  last_name: ['lastname', 'familyname', 'surname'],
  address: ['address'],
  site_url: ['siteurl', 'website', 'userurl'],
  description: ['description', 'bio'],
  picture_id: ['pictureid'],
  is_admin: ['isadmin', 'admin'],
  is_superuser: ['issuperuser'],
  is_staff: ['isstaff'],
  created_at: [
    'createdat',
    'datejoined',
    'dateadded',
    'created',
    'createdon',
    'userregistered',
    'registeredat',
    'createdtimestamp',
  ],
  updated_at: ['updatedat', 'updated', 'updatedon'],
  last_login_at: ['lastloginat', 'lastlogin', 'lastsigninat', 'lastsignedinat'],
  auth_token: ['authtoken'],
  totp: ['otpauth', 'otpauthuri', 'otpauthurl', 'totpuri', 'totpsecret', 'totp'],
} as const;

/** Fields that are read from one column. */
export type NamedField = keyof typeof NAMES;

/** Further targets of `--map`. Several columns may have the same one. */
const OTHER_FIELDS = [...STATE_FIELDS, 'email_verified', 'ignore'] as const;

export type Field = NamedField | StateField | 'email_verified' | 'ignore' | ValueRule;

/** The fields for `--map column=field`. */
export const FIELDS: readonly string[] = [...Object.keys(NAMES), ...OTHER_FIELDS];

const VALUE_RULES: readonly string[] = ['active', 'disabled'] satisfies ValueRule[];

/** Whether a text is the name of a field. */
export const isField = (name: string): name is Field => FIELDS.includes(name) || VALUE_RULES.includes(name);

const isValueRule = (field: Field | undefined): field is ValueRule =>
  field !== undefined && VALUE_RULES.includes(field);

const isNamedField = (name: string): name is NamedField => Object.hasOwn(NAMES, name);

const isStateField = (field: Field): field is StateField => STATE_FIELDS.some((each) => each === field);

const fold = (name: string): string => name.toLowerCase().replaceAll(/[_\s-]/g, '');

/** The fields of one record. */
export interface Fields {
  get(field: NamedField): unknown;
  /** Whether the record has a column for the field, even if it is empty. */
  has(field: NamedField): boolean;
  /** The column of the field; the name of the field if there is none. */
  columnOf(field: NamedField): string;
  /** The columns that tell whether the account may log in. */
  state: readonly StateColumn[];
  /** The columns that tell whether the email is verified. */
  verified: readonly string[];
  /** The columns that are not imported. */
  others: readonly string[];
}

/** Reads the fields of a record with any column names. */
export type FieldReader = (record: Row) => Fields;

/** Looks up values from `--map column:value=…`. */
export const createValueRules =
  (map: ReadonlyMap<string, Field>) =>
  (column: string, value: string): ValueRule | undefined => {
    const rule = map.get(`${column}:${value}`);
    return isValueRule(rule) ? rule : undefined;
  };

/** The column of a key of `--map`, which is `column` or `column:value`. */
export const columnOf = (key: string, field: Field): string =>
  isValueRule(field) ? key.slice(0, Math.max(key.lastIndexOf(':'), 0)) : key;

/** How many plans are cached. Documents in one file may have different columns. */
const MAX_PLANS = 1_000;

/** The column in which a path starts. */
const headOf = (path: string): string => path.split('.', 1)[0] ?? path;

interface Plan {
  byField: ReadonlyMap<NamedField, string>;
  state: StateColumn[];
  verified: string[];
  others: string[];
}

/**
 * @param map columns from `--map`. They have precedence over all other names of their field
 * @param onUnknown called once for each column that is not imported
 */
export const createFieldReader = (
  map: ReadonlyMap<string, Field>,
  onUnknown: (column: string) => void,
): FieldReader => {
  const plans = new Map<string, Plan>();
  const unknown = new Set<string>();
  const byHand = [...map].filter(([, field]) => !isValueRule(field));

  const planOf = (columns: readonly string[]): Plan => {
    const byField = new Map<NamedField, string>();
    const state: StateColumn[] = [];
    const verified: string[] = [];
    const others: string[] = [];
    for (const [column, field] of byHand) {
      if (!columns.includes(column) && !columns.includes(headOf(column))) continue;
      if (isStateField(field)) state.push({ column, field });
      else if (field === 'email_verified') verified.push(column);
      else if (isNamedField(field)) byField.set(field, column);
    }
    const named = new Set(byHand.flatMap(([column]) => [column, headOf(column)]));
    const free = columns.filter((column) => !named.has(column));
    for (const [field, names] of Object.entries(NAMES)) {
      if (!isNamedField(field) || byField.has(field)) continue;
      const column = names
        .map((name) => free.find((other) => fold(other) === name))
        .find((name) => name !== undefined);
      if (column !== undefined) byField.set(field, column);
    }
    const used = new Set(byField.values());
    for (const column of free) {
      if (used.has(column)) continue;
      const field = stateFieldOf(column);
      if (field !== null) state.push({ column, field });
      else if (isVerifiedName(column)) verified.push(column);
      else {
        others.push(column);
        if (unknown.has(column)) continue;
        unknown.add(column);
        onUnknown(column);
      }
    }
    return { byField, state, verified, others };
  };

  return (record) => {
    const columns = Object.keys(record);
    // Most records have the same columns, so this is computed a few times, not once per record.
    const shape = columns.join('\0');
    const plan = plans.get(shape) ?? planOf(columns);
    if (plans.size >= MAX_PLANS) plans.clear();
    plans.set(shape, plan);
    const { byField, state, verified, others } = plan;
    return {
      get(field) {
        const column = byField.get(field);
        return column === undefined ? undefined : valueAt(record, column);
      },
      has: (field) => byField.has(field),
      columnOf: (field) => byField.get(field) ?? field,
      state,
      verified,
      others,
    };
  };
};
