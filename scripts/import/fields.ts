// Which field of a record is which of an account, whatever the service that wrote it calls it.
import type { Row } from '../wrangler.ts';

/**
 * The fields that an import knows, each with the names that it goes by, the likeliest first. Names are compared
 * without regard to case, `_`, `-` and spaces: `createdAt`, `created_at` and `Created At` are one.
 */
const NAMES = {
  id: ['id', 'pk'],
  username: ['username'],
  email: ['email', 'emailaddress', 'mail'],
  password_hash: [
    'passwordhash',
    'password',
    'hashedpassword',
    'encryptedpassword',
    'passworddigest',
    'hash',
  ],
  name: ['name', 'fullname', 'displayname'],
  first_name: ['firstname', 'givenname'],
  last_name: ['lastname', 'familyname', 'surname'],
  address: ['address'],
  site_url: ['siteurl', 'website'],
  description: ['description', 'bio'],
  picture_id: ['pictureid'],
  is_admin: ['isadmin', 'admin'],
  is_superuser: ['issuperuser'],
  is_staff: ['isstaff'],
  is_active: ['isactive', 'active', 'enabled'],
  disabled_at: ['disabledat'],
  created_at: ['createdat', 'datejoined', 'dateadded', 'created'],
  updated_at: ['updatedat', 'updated'],
  last_login_at: ['lastloginat', 'lastlogin'],
  auth_token: ['authtoken'],
} as const;

export type Field = keyof typeof NAMES;

export const FIELDS: readonly string[] = Object.keys(NAMES);

export const isField = (name: string): name is Field => Object.hasOwn(NAMES, name);

const fold = (name: string): string => name.toLowerCase().replaceAll(/[_\s-]/g, '');

/** The fields of one record. */
export interface Fields {
  get(field: Field): unknown;
  /** Whether the record has a column for the field, empty or not. */
  has(field: Field): boolean;
}

/** Reads the fields of a record that has them under any name. */
export type FieldReader = (record: Row) => Fields;

/**
 * @param map columns that are named by hand; they count before every other name of their field
 * @param onUnknown told once of each column that is none of an account's
 */
export const createFieldReader = (
  map: ReadonlyMap<string, Field>,
  onUnknown: (column: string) => void,
): FieldReader => {
  const plans = new Map<string, ReadonlyMap<Field, string>>();
  const unknown = new Set<string>();

  const plan = (columns: readonly string[]): ReadonlyMap<Field, string> => {
    const byField = new Map<Field, string>();
    for (const [column, field] of map) if (columns.includes(column)) byField.set(field, column);
    const free = columns.filter((column) => !map.has(column));
    for (const [field, names] of Object.entries(NAMES)) {
      if (!isField(field) || byField.has(field)) continue;
      const column = names
        .map((name) => free.find((other) => fold(other) === name))
        .find((name) => name !== undefined);
      if (column !== undefined) byField.set(field, column);
    }
    const used = new Set(byField.values());
    for (const column of columns) {
      if (used.has(column) || unknown.has(column)) continue;
      unknown.add(column);
      onUnknown(column);
    }
    return byField;
  };

  return (record) => {
    const columns = Object.keys(record);
    // Records of one kind have the same columns, so this is computed a few times, not a million times.
    const shape = columns.join('\0');
    const known = plans.get(shape) ?? plan(columns);
    plans.set(shape, known);
    return {
      get(field) {
        const column = known.get(field);
        return column === undefined ? undefined : record[column];
      },
      has: (field) => known.has(field),
    };
  };
};
