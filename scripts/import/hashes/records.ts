// Hashes that are stored in several fields of a record: Keycloak, Firebase, passport-local-mongoose, Meteor.
import { isRow, type Row } from '../../wrangler.ts';
import { fromBase64, fromHex, toBase64, toBytes } from './bytes.ts';
import { type FirebaseParameters, firebaseForm, pbkdf2Form } from './forms.ts';

const parseJson = (value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
};

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** The first value of Keycloak's lists, such as `{"memory":["7168"]}`. */
const firstOf = (value: unknown): string => textOf(Array.isArray(value) ? value[0] : value);

const KEYCLOAK_ARGON2_TYPES: Readonly<Record<string, string>> = {
  id: 'argon2id',
  i: 'argon2i',
  d: 'argon2d',
};
const KEYCLOAK_ARGON2_VERSIONS: Readonly<Record<string, number>> = { '1.0': 16, '1.3': 19 };

const keycloakArgon2 = (passes: string, parameters: Row, salt: string, key: string): string => {
  const type = KEYCLOAK_ARGON2_TYPES[firstOf(parameters['type'])] ?? 'argon2';
  const version = KEYCLOAK_ARGON2_VERSIONS[firstOf(parameters['version'])] ?? 0;
  const cost = `m=${firstOf(parameters['memory'])},t=${passes},p=${firstOf(parameters['parallelism'])}`;
  return `$${type}$v=${version}$${cost}$${salt}$${key}`;
};

/**
 * The hash in a user's Keycloak credentials; null if none of them is a password. The data of a credential is JSON in a
 * text. Releases before 2020 stored the parts as separate fields.
 *
 * @see https://www.keycloak.org/docs/latest/server_admin/#hashing-algorithms
 */
export const keycloakHash = (credentials: unknown): string | null => {
  const list = Array.isArray(credentials) ? credentials.filter(isRow) : [];
  const password = list.find(({ type }) => type === 'password');
  if (!password) return null;
  const secret = parseJson(password['secretData']);
  const data = parseJson(password['credentialData']);
  const [value, saltText] = isRow(secret)
    ? [textOf(secret['value']), textOf(secret['salt'])]
    : [textOf(password['hashedSaltedValue']), textOf(password['salt'])];
  const about = isRow(data) ? data : password;
  const algorithm = textOf(about['algorithm']);
  const iterations = textOf(about['hashIterations']);
  const [salt, key] = [fromBase64(saltText), fromBase64(value)];
  const parameters = about['additionalParameters'];
  if (algorithm === 'argon2' && isRow(parameters) && salt && key)
    return keycloakArgon2(iterations, parameters, toBase64(salt), toBase64(key));
  // Keycloak's name for PBKDF2 with SHA-1 is `pbkdf2`.
  const [, digest = 'sha1'] = /^pbkdf2(?:-(sha256|sha512))?$/.exec(algorithm) ?? [];
  const form = algorithm.startsWith('pbkdf2') ? pbkdf2Form(digest, iterations, salt, key) : null;
  // For algorithms of extensions, such as bcrypt, the value is the complete hash.
  return form ?? (value.startsWith('$') ? value : `$keycloak-${algorithm}$`);
};

const PLM_ITERATIONS = 25_000;
const PLM_KEY_BYTES = 512;

/**
 * `hash` and `salt` of passport-local-mongoose with its defaults: PBKDF2-SHA256 with the hex text of the salt. Null if
 * the hash has another length.
 *
 * @see https://github.com/saintedlama/passport-local-mongoose#options
 */
export const passportLocalMongooseHash = (hash: unknown, salt: unknown): string | null => {
  const key = fromHex(textOf(hash));
  if (key?.byteLength !== PLM_KEY_BYTES || textOf(salt) === '') return null;
  return pbkdf2Form('sha256', PLM_ITERATIONS, toBytes(textOf(salt)), key);
};

/** Meteor's `services.password`: bcrypt or Argon2 of the hex SHA-256 of the password. Null if it has neither. */
export const meteorHash = (services: unknown): string | null => {
  const password = isRow(services) ? services['password'] : null;
  if (!isRow(password)) return null;
  if (typeof password['bcrypt'] === 'string') return `bcrypt_sha256$${password['bcrypt']}`;
  return typeof password['argon2'] === 'string' ? `argon2_sha256${password['argon2']}` : null;
};

const FIREBASE_NAMES: Readonly<Record<string, keyof FirebaseParameters>> = {
  base64_signer_key: 'signerKey',
  base64_salt_separator: 'saltSeparator',
  rounds: 'rounds',
  mem_cost: 'memoryCost',
};

/**
 * Reads the four parameters from the Firebase console, as lines of `name: value` or as JSON.
 *
 * @returns null if one is missing or not a number
 */
export const readFirebaseParameters = (text: string): FirebaseParameters | null => {
  const found = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/["']?(\w+)["']?\s*[:=]\s*["']?([A-Za-z0-9+/_-]+={0,2})/g))
    found.set(FIREBASE_NAMES[name ?? ''] ?? '', value ?? '');
  const [signerKey, saltSeparator] = [found.get('signerKey'), found.get('saltSeparator')];
  const [rounds, memoryCost] = [Number(found.get('rounds')), Number(found.get('memoryCost'))];
  if (signerKey === undefined || saltSeparator === undefined || !(rounds > 0) || !(memoryCost > 0))
    return null;
  return { signerKey, saltSeparator, rounds, memoryCost };
};

/**
 * The hash of a record that stores it in several fields, as one text; null for other records, whose hash is in the
 * default field.
 *
 * @param firebase the parameters of the project; null if none were given
 */
export const composeHash = (record: Row, firebase: FirebaseParameters | null): ComposedHash | null => {
  const { passwordHash, salt, hash, services, credentials } = record;
  const found = (text: string | null, ...columns: string[]) => (text === null ? null : { text, columns });
  const fromParts =
    found(keycloakHash(credentials), 'credentials') ??
    found(meteorHash(services), 'services') ??
    found(passportLocalMongooseHash(hash, salt), 'hash', 'salt');
  if (fromParts !== null) return fromParts;
  const isFirebase = typeof passwordHash === 'string' && typeof salt === 'string' && passwordHash !== '';
  if (!isFirebase || !Object.hasOwn(record, 'localId')) return null;
  const text = firebase ? firebaseForm(firebase, salt, passwordHash) : FIREBASE_WITHOUT_PARAMETERS;
  return { text, columns: ['passwordHash', 'salt'] };
};

/** A hash as one text, and its columns. */
interface ComposedHash {
  text: string;
  columns: readonly string[];
}

/** Stands for a Firebase hash without the parameters of its project. */
export const FIREBASE_WITHOUT_PARAMETERS = '$firebase$';
