// Handles a password hash at import: keeps it, converts it to a format of the Worker, wraps it or refuses it.
import { toBase64, toHex } from './hashes/bytes.ts';
import { type CoreHashes, loadCoreHashes } from './hashes/core.ts';
import { FIREBASE_WITHOUT_PARAMETERS } from './hashes/records.ts';
import { translateHash } from './hashes/translate.ts';
import { nameUnknownHash } from './hashes/unknown.ts';
import { readWeakHash, type WeakHash } from './hashes/weak.ts';

export type { FirebaseParameters } from './hashes/forms.ts';
export { composeHash, readFirebaseParameters } from './hashes/records.ts';

export interface HashOptions {
  /** `--weak-hashes`: accepts fast and unsalted hashes, and wraps them in a slow one. */
  weakHashes: boolean;
  /** `--plain-text-passwords`: hashes values that look like passwords in plain text. */
  plainText: boolean;
  /** `--pepper-env`: the text that the service appended to every password before hashing; null for none. */
  pepper: string | null;
}

export const NO_HASH_OPTIONS: HashOptions = { weakHashes: false, plainText: false, pepper: null };

/**
 * `hash` is the value for the database. If a fast hash or a plain text must be hashed, which takes about 0.1 s, `make` is
 * set instead. It returns the same hash on every call.
 */
export type HashVerdict =
  | { ok: true; algorithm: string; hash: string; make: null }
  | { ok: true; algorithm: string; hash: null; make: () => Promise<string> }
  | { ok: false; reason: string };

export type HashCheck = (text: string) => HashVerdict;

/** The maximum length of a password at login. */
const MAX_PASSWORD_BYTES = 1024;

/** Django's exact marks for an unusable password. A password in plain text may also begin with `!`. */
const UNUSABLE = /^!(?:[A-Za-z0-9]{40})?$/;

const once = (work: () => Promise<string>): (() => Promise<string>) => {
  let made: Promise<string> | null = null;
  return () => {
    made ??= work();
    return made;
  };
};

const refuse = (reason: string): HashVerdict => ({ ok: false, reason });

/** Loads the check, which is cheap. Only `make` is expensive. */
export const loadHashCheck = async (
  options: HashOptions = NO_HASH_OPTIONS,
  core?: CoreHashes,
): Promise<HashCheck> => {
  const { isOwn, describe, hash, pepperId } = core ?? (await loadCoreHashes());
  const { weakHashes, plainText, pepper } = options;
  const mark = pepper === null ? '' : `pepper$${await pepperId(pepper)}$`;

  const keep = (text: string, algorithm: string): HashVerdict => ({
    ok: true,
    algorithm,
    hash: algorithm === 'unusable' ? text : mark + text,
    make: null,
  });

  const wrap = ({ name, recipes, salt, key }: WeakHash): HashVerdict => ({
    ok: true,
    algorithm: `${name}, wrapped`,
    hash: null,
    make: once(async () => `${mark}wrapped$${recipes}$${toBase64(salt)}${await hash(toHex(key))}`),
  });

  const hashPlainText = (text: string): HashVerdict => {
    if (!text.isWellFormed()) return refuse('It is a plain text with half of a character.');
    if (new TextEncoder().encode(text).byteLength > MAX_PASSWORD_BYTES)
      return refuse(`It is a plain text of more than ${MAX_PASSWORD_BYTES} bytes.`);
    return { ok: true, algorithm: 'plain text, hashed', hash: null, make: once(() => hash(text)) };
  };

  return (raw) => {
    // Columns of fixed width are padded with spaces. Spaces of a password in plain text are kept.
    const text = raw.trim();
    if (isOwn(text)) return { ok: true, algorithm: "Latchkey's own", hash: text, make: null };
    if (text === FIREBASE_WITHOUT_PARAMETERS)
      return refuse("It is Firebase's, which needs the project's parameters: --firebase-params takes it.");
    const weak = readWeakHash(text);
    if (weak && (weak.isUsual || weakHashes)) return wrap(weak);
    if (weak)
      return refuse(`It is a fast hash (${weak.name}): --weak-hashes takes it, wrapped in a slow one.`);
    if (plainText && text.startsWith('!') && !UNUSABLE.test(text)) return hashPlainText(raw);
    // Formats that the Worker supports are kept.
    const stored = describe(text).ok ? text : translateHash(text);
    const described = describe(stored);
    if (described.ok) return keep(stored, described.algorithm);
    if (described.reason !== UNKNOWN_FORM) return described;
    const bare = raw.replace(/^\{noop\}/, '');
    const looks = nameUnknownHash(bare.trim());
    if (!looks.isPlainText) return refuse(`It looks like ${looks.name}.`);
    if (plainText) return hashPlainText(bare);
    return refuse('It looks like a password in plain text: --plain-text-passwords takes it, hashed.');
  };
};

/** The message of the Worker's code for an unknown format. */
const UNKNOWN_FORM = 'Its form is not one that is known here.';
