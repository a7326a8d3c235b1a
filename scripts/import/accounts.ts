// A record becomes an account, or is refused: the rules that hold for accounts, however they come.
import { createHash } from 'node:crypto';
import { findPicture } from '../../src/core/accounts/pictures.ts';
import { canBeEmail, isMatchable, isUsername, isWebUrl } from '../../src/core/formats.ts';
import { emailKey, usernameKey } from '../../src/core/identity.ts';
import { NEVER_LOGGED_IN_MS } from '../../src/core/model.ts';
import type { Row } from '../wrangler.ts';
import type { Field, FieldReader } from './fields.ts';
import type { HashCheck } from './hashes.ts';
import type { NewRow, Sent } from './rows.ts';
import { readFlag, readNumber, readText, readTime, unwrap } from './values.ts';

export interface AccountRules {
  /** Whom the file calls an admin: `is_admin` always counts, unless nobody is to be one. */
  admins: 'superuser' | 'staff' | 'none';
  /** What becomes of an account whose username Latchkey cannot have: refused, or imported without it. */
  badUsername: 'refuse' | 'drop';
}

export type Reading =
  | { ok: true; label: string; row: NewRow; sent: Sent; algorithm: string; notes: string[] }
  | { ok: false; label: string; reason: string };

/** Django's own limit, wider than that of any dialect: it holds at registration, not at login. */
const MAX_USERNAME = 150;
const MAX_EMAIL = 256;
const MAX_NAME = 255;
const MAX_ADDRESS = 200;
const MAX_DESCRIPTION = 1023;
/** As long as Django lets a URLField be. */
const MAX_URL = 200;
const TOKEN = /^[0-9a-f]{40}$/;

const CONTROL = /\p{Cc}/u;
/** A line ends with LF or with CR LF, and is imported as it is. */
const CONTROL_BUT_LINES = /[^\P{Cc}\n\t\r]|\r(?!\n)/u;

/** Counts code points, where there may be too many: a text has at most as many as it has units of UTF-16. */
const isLonger = (text: string, max: number): boolean => text.length > max && [...text].length > max;

export interface AccountReaderOptions {
  readField: FieldReader;
  checkHash: HashCheck;
  rules: AccountRules;
  /** For what the file does not say: when an account was made, changed or disabled. */
  nowMs: number;
}

export const createAccountReader = ({ readField, checkHash, rules, nowMs }: AccountReaderOptions) => {
  return (record: Row): Reading => {
    const { get, has } = readField(record);
    const faults: string[] = [];
    const notes: string[] = [];

    const text = (field: Field, max: number, severalLines = false): string => {
      const value = readText(get(field));
      const fault = value === null ? 'is no text' : findFault(value, max, severalLines);
      if (fault) faults.push(`${field} ${fault}.`);
      return value ?? '';
    };
    const time = (field: Field): number | null => {
      const value = readTime(get(field));
      if (value === undefined) faults.push(`${field} is no time.`);
      return value ?? null;
    };
    const flag = (field: Field, byDefault: boolean): boolean => {
      const value = readFlag(get(field));
      if (value === undefined) faults.push(`${field} is neither true nor false.`);
      return value ?? byDefault;
    };

    const named = text('username', MAX_EMAIL);
    const mailed = text('email', MAX_EMAIL);
    const { email, username, fault } = readIdentity(named, mailed, rules, notes);
    if (fault) faults.push(fault);

    const hash = unwrap(get('password_hash'));
    const verdict =
      typeof hash === 'string' && hash !== ''
        ? checkHash(hash)
        : { ok: false as const, reason: 'There is no password hash.' };
    if (!verdict.ok) faults.push(`password: ${verdict.reason}`);

    const id = readNumber(get('id')) ?? null;
    const pictureId = readNumber(get('picture_id'));
    if (pictureId === undefined || (pictureId !== null && !findPicture(pictureId)))
      faults.push('picture_id is none of a picture.');
    const siteUrl = text('site_url', MAX_URL);
    if (siteUrl !== '' && !isWebUrl(siteUrl)) faults.push('site_url is no address of the web.');

    const createdAtMs = time('created_at') ?? nowMs;
    const isActive = flag('is_active', true);
    const row: NewRow = {
      id,
      sourceId: readSourceId(get('id')),
      username,
      usernameKey: username === null ? null : usernameKey(username),
      email,
      // One that is longer is refused: it has a fault already.
      emailKey: isMatchable(email) ? emailKey(email) : '',
      passwordHash: typeof hash === 'string' ? hash : '',
      name: text('name', MAX_NAME),
      firstName: text('first_name', MAX_NAME),
      lastName: text('last_name', MAX_NAME),
      address: text('address', MAX_ADDRESS, true),
      siteUrl,
      description: text('description', MAX_DESCRIPTION, true),
      pictureId: pictureId ?? null,
      isAdmin: isAdmin(rules.admins, flag),
      disabledAtMs: time('disabled_at') ?? (isActive ? null : nowMs),
      createdAtMs,
      updatedAtMs: time('updated_at') ?? nowMs,
      lastLoginAtMs: time('last_login_at') ?? NEVER_LOGGED_IN_MS,
      tokenId: tokenIdOf(get('auth_token'), notes),
    };
    const label = email || named || (id === null ? '' : `id ${id}`);
    if (!verdict.ok || faults.length > 0) return { ok: false, label, reason: faults.join(' ') };
    return { ok: true, label, row, sent: whatIsSent(has, rules), algorithm: verdict.algorithm, notes };
  };
};

/** The fields that are columns of an account and nothing else; an email may stand in the username's place. */
const OWN_COLUMNS = [
  'username',
  'password_hash',
  'name',
  'first_name',
  'last_name',
  'address',
  'site_url',
  'description',
  'picture_id',
  'last_login_at',
] as const satisfies Field[];

const whatIsSent = (has: (field: Field) => boolean, { admins }: AccountRules): Sent => {
  const columns = OWN_COLUMNS.filter(has);
  return {
    columns: new Set<string>(has('email') ? [...columns, 'email'] : columns),
    createdAt: has('created_at'),
    admin:
      admins !== 'none' &&
      (has('is_admin') || has('is_superuser') || (admins === 'staff' && has('is_staff'))),
    disabled: has('is_active') || has('disabled_at'),
  };
};

/** Longer than any id that a database makes. */
const MAX_SOURCE_ID = 128;

/** The id that the account has in the file, as text: a number, a UUID, an ObjectId. */
const readSourceId = (value: unknown): string | null => {
  const text = readText(value) ?? '';
  return text === '' || text.length > MAX_SOURCE_ID || !text.isWellFormed() || CONTROL.test(text)
    ? null
    : text;
};

/** What is wrong with a text, as the end of a sentence; null where nothing is. */
const findFault = (text: string, max: number, severalLines: boolean): string | null => {
  if (!text.isWellFormed()) return 'holds half of a character';
  if ((severalLines ? CONTROL_BUT_LINES : CONTROL).test(text)) return 'holds a control character';
  return isLonger(text, max) ? `is longer than ${max} characters` : null;
};

interface Identity {
  email: string;
  username: string | null;
  fault: string | null;
}

/** Many services put the email where the username goes: there it is no name besides it. */
const readIdentity = (named: string, mailed: string, rules: AccountRules, notes: string[]): Identity => {
  const email = mailed === '' && canBeEmail(named) ? named : mailed;
  if (email === '') return { email, username: null, fault: 'There is no email.' };
  if (!canBeEmail(email)) return { email, username: null, fault: 'The email is none.' };
  if (named === '' || (isMatchable(named) && emailKey(named) === emailKey(email)))
    return { email, username: null, fault: null };
  if (isUsername(named) && named.length <= MAX_USERNAME) return { email, username: named, fault: null };
  if (rules.badUsername === 'drop') {
    notes.push(`imported without its username ${named}`);
    return { email, username: null, fault: null };
  }
  return {
    email,
    username: null,
    fault: isUsername(named)
      ? `The username is longer than ${MAX_USERNAME} characters.`
      : `The username ${named} has characters other than letters, digits and _ . + -`,
  };
};

const isAdmin = (
  admins: AccountRules['admins'],
  flag: (field: Field, byDefault: boolean) => boolean,
): boolean => {
  const [said, superuser, staff] = [
    flag('is_admin', false),
    flag('is_superuser', false),
    flag('is_staff', false),
  ];
  if (admins === 'none') return false;
  return said || superuser || (admins === 'staff' && staff);
};

/** What a session is found by: the SHA-256 of its token, which is itself stored nowhere. */
const tokenIdOf = (value: unknown, notes: string[]): string | null => {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'string' && TOKEN.test(value)) return createHash('sha256').update(value).digest('hex');
  notes.push('its token is not of 40 hexadecimal digits and will not be known');
  return null;
};
