// The fixtures of foreign hashes, and functions that damage one.
import argon2Cffi from '../../../fixtures/foreign-hashes/argon2-cffi.json';
import betterAuth from '../../../fixtures/foreign-hashes/better-auth.json';
import cryptTools from '../../../fixtures/foreign-hashes/crypt.json';
import devise from '../../../fixtures/foreign-hashes/devise.json';
import django3 from '../../../fixtures/foreign-hashes/django-3.2.25.json';
import django5 from '../../../fixtures/foreign-hashes/django-5.2.18.json';
import java from '../../../fixtures/foreign-hashes/java.json';
import node from '../../../fixtures/foreign-hashes/node.json';
import nodeKinds from '../../../fixtures/foreign-hashes/node-kinds.json';
import passlib from '../../../fixtures/foreign-hashes/passlib.json';
import php from '../../../fixtures/foreign-hashes/php.json';
import published from '../../../fixtures/foreign-hashes/published.json';
import werkzeug2 from '../../../fixtures/foreign-hashes/werkzeug-2.2.2.json';
import werkzeug3 from '../../../fixtures/foreign-hashes/werkzeug-3.1.9.json';
import wordpress6 from '../../../fixtures/foreign-hashes/wordpress-6.1.9.json';
import wordpress7 from '../../../fixtures/foreign-hashes/wordpress-7.1.4.json';

export interface Fixture {
  kind: string;
  password: string;
  hash: string;
}

/** Hashes by each tool, at a low cost (`hashes`) and at the tool's own (`costly`). */
export const FILES: Readonly<Record<string, { hashes: readonly Fixture[]; costly: readonly Fixture[] }>> = {
  'argon2-cffi': argon2Cffi,
  'better-auth': betterAuth,
  'Django 3.2': django3,
  'Django 5.2': django5,
  Node: node,
  passlib,
  PHP: php,
};

interface Made {
  hashes: readonly Fixture[];
  costly: readonly Fixture[];
  /** Fast hashes, which the import wraps. */
  weak?: readonly Fixture[];
  /** Hashes in several fields of a record. */
  records?: readonly { kind: string; password: string; record: Record<string, unknown> }[];
}

/** Hashes in the forms of their makers, which the import translates. */
export const MAKERS: Readonly<Record<string, Made>> = {
  'crypt tools': cryptTools,
  Devise: devise,
  Java: java,
  'Node services': nodeKinds,
  'published vectors': published,
  'Werkzeug 2.2': werkzeug2,
  'Werkzeug 3.1': werkzeug3,
  'WordPress 6.1': wordpress6,
  'WordPress 7.1': wordpress7,
};

/** Devise's hashes of the password and a pepper. */
export const PEPPERED: { pepper: string; peppered: readonly Fixture[] } = devise;

/** The parameters of the Firebase project whose hashes are in the fixtures. */
export const FIREBASE = {
  signerKey: nodeKinds.firebase.signerKey,
  saltSeparator: nodeKinds.firebase.saltSeparator,
  rounds: nodeKinds.firebase.rounds,
  memoryCost: nodeKinds.firebase.memCost,
};

export const TRIMMED: readonly { password: string; hash: string }[] = [
  ...wordpress6.trimmed,
  ...wordpress7.trimmed,
];

export const UNUSABLE: readonly string[] = [...django3.unusable, ...django5.unusable];

/** The first fixture of a file with this beginning and password. */
export const fixture = (file: string, beginning: string, password: string): Fixture => {
  const { hashes, costly } = FILES[file] ?? { hashes: [], costly: [] };
  const found = [...hashes, ...costly].find(
    (each) => each.hash.startsWith(beginning) && each.password === password,
  );
  if (!found) throw new Error(`${file} has no fixture that begins with ${beginning}.`);
  return found;
};

/** The text with another character of the same class at an index: the next digit, letter or hex digit. */
export const changeAt = (text: string, index: number): string => {
  const old = text.charAt(index);
  const next = String.fromCharCode(old.charCodeAt(0) + 1);
  const changed = { '9': '8', z: 'y', Z: 'Y', f: 'e', '/': 'A', '.': 'A', '+': 'A', $: '!' }[old] ?? next;
  return text.slice(0, index) + changed + text.slice(index + 1);
};

/** Where salt and hash begin, and how long they are. */
const partsOf = (hash: string): { salt: [number, number]; key: [number, number] } => {
  if (/\$2[aby]\$\d\d\$/.test(hash)) return { salt: [hash.length - 53, 22], key: [hash.length - 31, 31] };
  const fields = hash.split(/[$:]/);
  const starts = fields.map((_, index) => fields.slice(0, index).join('$').length + (index === 0 ? 0 : 1));
  // In Django's scrypt the salt comes before the block size.
  const saltIndex = hash.startsWith('scrypt$') ? 2 : fields.length - 2;
  const part = (index: number): [number, number] => [starts[index] ?? 0, fields[index]?.length ?? 0];
  return { salt: part(saltIndex), key: part(fields.length - 1) };
};

/** The hash with one character of its salt changed, and with one of its key; the index chooses which. */
export const damage = (hash: string, index: number): { badSalt: string; badKey: string } => {
  const { salt, key } = partsOf(hash);
  return {
    // Not the last characters: some of their bits are unused.
    badSalt: changeAt(hash, salt[0] + (index % (salt[1] - 1))),
    badKey: changeAt(hash, key[0] + (index % (key[1] - 3))),
  };
};
