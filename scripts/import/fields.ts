// Maps the fields of a record to those of an account, whatever the original service called them.
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
 * The fields that an import knows, each with the names that it goes by, the likeliest first. Names are compared
 * without regard to case, `_`, `-` and spaces: `createdAt`, `created_at` and `Created At` are one.
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

/** Fields of one column each. */
export type NamedField = keyof typeof NAMES;

/** What else a column can be by `--map`: several columns may be one of these. */
const OTHER_FIELDS = [...STATE_FIELDS, 'email_verified', 'ignore'] as const;

export type Field = NamedField | StateField | 'email_verified' | 'ignore' | ValueRule;

/** What `--map column=field` takes. */
export const FIELDS: readonly string[] = [...Object.keys(NAMES), ...OTHER_FIELDS];

const VALUE_RULES: readonly string[] = ['active', 'disabled'] satisfies ValueRule[];

/** Whether a name is that of a field. */
export const isField = (name: string): name is Field => FIELDS.includes(name) || VALUE_RULES.includes(name);

const isValueRule = (field: Field | undefined): field is ValueRule =>
  field !== undefined && VALUE_RULES.includes(field);

const isNamedField = (name: string): name is NamedField => Object.hasOwn(NAMES, name);

const isStateField = (field: Field): field is StateField => STATE_FIELDS.some((each) => each === field);

const fold = (name: string): string => name.toLowerCase().replaceAll(/[_\s-]/g, '');

/** The fields of one record. */
export interface Fields {
  get(field: NamedField): unknown;
  /** Whether the record has a column for the field, empty or not. */
  has(field: NamedField): boolean;
  /** The column that it is read from; its own name if there is none. */
  columnOf(field: NamedField): string;
  /** The columns that say whether the account may log in. */
  state: readonly StateColumn[];
  /** The columns that say whether its email is proven. */
  verified: readonly string[];
  /** The columns that are none of an account's. */
  others: readonly string[];
}

/** Reads the fields of a record that has them under any name. */
export type FieldReader = (record: Row) => Fields;

/** Looks up values that were mapped by hand. */
export const createValueRules =
  (map: ReadonlyMap<string, Field>) =>
  (column: string, value: string): ValueRule | undefined => {
    const rule = map.get(`${column}:${value}`);
    return isValueRule(rule) ? rule : undefined;
  };

/** The column that a key of `--map` speaks of: all of it, or of `column:value` what stands before the value. */
export const columnOf = (key: string, field: Field): string =>
  isValueRule(field) ? key.slice(0, Math.max(key.lastIndexOf(':'), 0)) : key;

/** Documents may each have other columns than the one before: of so many kinds of records the plan is kept. */
const MAX_PLANS = 1_000;

/** The column that a path begins in. */
const headOf = (path: string): string => path.split('.', 1)[0] ?? path;

interface Plan {
  byField: ReadonlyMap<NamedField, string>;
  state: StateColumn[];
  verified: string[];
  others: string[];
}

/**
 * @param map columns that are named by hand; they count before every other name of their field
 * @param onUnknown called once for each column that an account does not have
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
    // Records of one kind have the same columns, so this is computed a few times, not a million times.
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
