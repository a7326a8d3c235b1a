// Converts a record to an account, or refuses it by the rules for accounts.
import { createHash } from 'node:crypto';
import { findPicture } from '../../src/core/accounts/pictures.ts';
import { canBeEmail, isMatchable, isPlaceholderEmail, isWebUrl } from '../../src/core/formats.ts';
import { emailKey, usernameKey } from '../../src/core/identity.ts';
import { NEVER_LOGGED_IN_MS } from '../../src/core/model.ts';
import type { Row } from '../wrangler.ts';
import { readAccountState, readVerified, type Unread, type ValueRule } from './account-state.ts';
import type { FieldReader, Fields, NamedField } from './fields.ts';
import { composeHash, type FirebaseParameters, type HashCheck, type HashVerdict } from './hashes.ts';
import { type IdentityRules, type Remark, readIdentity, withoutEmail } from './identity.ts';
import type { NewRow, Sent } from './rows.ts';
import { holdsBytes } from './text.ts';
import { readTotp } from './totp.ts';
import { readFlag, readNumber, readText, readTime, unwrap, valueAt } from './values.ts';

export interface AccountRules extends IdentityRules {
  /** Which columns make an account an admin. `is_admin` always does, unless no admins are imported. */
  admins: 'superuser' | 'staff' | 'none';
  /** How to treat an account without a password: refuse it, or import it, so that its owner sets one by mail. */
  noPassword: 'refuse' | 'reset';
  /** Whether ids are kept. If so, an id that is too high for further accounts is refused. */
  keepIds: boolean;
}

export type Reading =
  | {
      ok: true;
      label: string;
      row: NewRow;
      sent: Sent;
      algorithm: string;
      /** The column because of which it is disabled; null if it is enabled. */
      disabledBy: string | null;
      notes: Remark[];
    }
  | ({ ok: false; label: string } & Remark);

const MAX_EMAIL = 256;
const MAX_NAME = 255;
const MAX_ADDRESS = 200;
const MAX_DESCRIPTION = 1023;
/** The default maximum of Django's URLField. */
const MAX_URL = 200;
const TOKEN = /^[0-9a-f]{40}$/;

const CONTROL = /\p{Cc}/u;
/** Line ends may be LF or CR LF, and are kept. */
const CONTROL_BUT_LINES = /[^\P{Cc}\n\t\r]|\r(?!\n)/u;

/** Counts code points only if necessary: a text has at most as many as UTF-16 units. */
const isLonger = (text: string, max: number): boolean => text.length > max && [...text].length > max;

export interface AccountReaderOptions {
  readField: FieldReader;
  checkHash: HashCheck;
  /** The hash parameters of the Firebase project; null if none were given. */
  firebase: FirebaseParameters | null;
  rules: AccountRules;
  /** Called for each unusual column from which a hash was read. */
  onHashColumn: (column: string) => void;
  /** The meaning of a value of a column, from `--map column:value=…`. */
  ruleOf: (column: string, value: string) => ValueRule | undefined;
  /** The default for missing times of creation, change or disabling. */
  nowMs: number;
}

export const createAccountReader = ({
  readField,
  checkHash,
  firebase,
  rules,
  onHashColumn,
  ruleOf,
  nowMs,
}: AccountReaderOptions) => {
  return (record: Row): Reading => {
    const fields = readField(record);
    const { get } = fields;
    const faults: Remark[] = [];
    const notes: Remark[] = [];
    /** Reports an invalid value. The account is imported without it. */
    const refuseValue = (field: NamedField, fault: string) =>
      faults.push({ reason: `${field} ${fault}: --map ${fields.columnOf(field)}=ignore takes it without.` });

    const text = (field: NamedField, max: number, severalLines = false): string => {
      const value = readText(get(field));
      const fault = value === null ? 'is no text' : findFault(value, max, severalLines);
      if (fault) refuseValue(field, fault);
      return value ?? '';
    };
    const time = (field: NamedField): number | null => {
      const value = readTime(get(field));
      if (value === undefined) refuseValue(field, 'is no time');
      return value ?? null;
    };
    const flag = (field: NamedField, byDefault: boolean): boolean => {
      const value = readFlag(get(field));
      if (value === undefined) refuseValue(field, 'is neither true nor false');
      return value ?? byDefault;
    };

    const named = text('username', MAX_EMAIL);
    const mailed = text('email', MAX_EMAIL);
    const note = (remark: Remark) => notes.push(remark);
    const { email, username, fault } = readIdentity(named, mailed, rules, note, () =>
      findOtherName(record, fields),
    );
    if (fault) faults.push(fault);

    const composed = composeHash(record, firebase);
    composed?.columns.forEach(onHashColumn);
    const hash = composed?.text ?? unwrap(get('password_hash'));
    const verdict = typeof hash === 'string' && hash !== '' ? checkHash(hash) : withoutPassword(rules);
    if (!verdict.ok) faults.push({ reason: `password: ${verdict.reason}` });

    const id = readNumber(get('id')) ?? null;
    if (rules.keepIds && leavesNoRoom(get('id')))
      faults.push({
        reason: 'The id leaves no room for further accounts: without --keep-ids it gets a new one.',
      });
    const pictureId = readNumber(get('picture_id'));
    if (pictureId === undefined || (pictureId !== null && !findPicture(pictureId)))
      refuseValue('picture_id', 'is not the id of a picture');
    const siteUrl = text('site_url', MAX_URL);
    if (siteUrl !== '' && !isWebUrl(siteUrl)) refuseValue('site_url', 'is no address of the web');

    const createdAtMs = time('created_at') ?? nowMs;
    const state = readAccountState(record, fields.state, ruleOf, nowMs);
    faults.push(...state.unread.map((unread) => ({ reason: explainUnread(unread) })));
    const row: NewRow = {
      id,
      sourceId: readSourceId(get('id')),
      username,
      usernameKey: username === null ? null : usernameKey(username),
      email,
      // Longer values are already refused.
      emailKey: isMatchable(email) ? emailKey(email) : '',
      passwordHash: (verdict.ok && verdict.hash) || '',
      makeHash: verdict.ok ? verdict.make : null,
      name: text('name', MAX_NAME),
      firstName: text('first_name', MAX_NAME),
      lastName: text('last_name', MAX_NAME),
      address: text('address', MAX_ADDRESS, true),
      siteUrl,
      description: text('description', MAX_DESCRIPTION, true),
      pictureId: pictureId ?? null,
      isAdmin: isAdmin(rules.admins, flag),
      disabledAtMs: state.disabledAtMs,
      emailVerifiedAtMs: readVerifiedAt(record, fields, nowMs),
      createdAtMs,
      updatedAtMs: time('updated_at') ?? nowMs,
      lastLoginAtMs: time('last_login_at') ?? NEVER_LOGGED_IN_MS,
      tokenId: tokenIdOf(get('auth_token'), notes),
      totp: readTotp(get('totp'), notes),
    };
    const label = (isPlaceholderEmail(email) ? named : email || named) || (id === null ? '' : `id ${id}`);
    if (!verdict.ok || faults.length > 0) return { ok: false, label, ...join(faults) };
    const { algorithm } = verdict;
    const account = { row, sent: whatIsSent(fields, rules) };
    const own = username !== null && isPlaceholderEmail(email) ? withoutEmail(account, username) : account;
    return { ok: true, label, ...own, algorithm, disabledBy: state.because, notes };
  };
};

/** The end of the error for a record without an email and a username: which flag imports it. */
const findOtherName = (record: Row, { get, has, others, columnOf }: Fields): string => {
  const mail = others.find((column) => canBeEmail(readText(valueAt(record, column)) ?? ''));
  if (mail !== undefined && !has('email')) return `: --map ${quoteArgument(`${mail}=email`)} takes it.`;
  if (has('username')) return '.';
  const byId = readText(get('id'))
    ? ` --map ${quoteArgument(`${columnOf('id')}=username`)} keeps it under its id.`
    : '';
  return `. If it logs in by another column: --map <column>=username.${byId}`;
};

/** Django's mark for an unusable password. */
const UNUSABLE = '!';

const withoutPassword = ({ noPassword }: AccountRules): HashVerdict =>
  noPassword === 'reset'
    ? { ok: true, algorithm: 'unusable', hash: UNUSABLE, make: null }
    : {
        ok: false,
        reason:
          'There is no password hash: --no-password reset takes the account, whose owner then sets one by mail.',
      };

/**
 * Ids above 2^52 are not kept. The next account gets the id after the highest one, and above 2^53 numbers in JavaScript
 * and JSON are no longer exact. So half of the range is left.
 */
export const MAX_KEPT_ID = 2 ** 52;

const leavesNoRoom = (id: unknown): boolean => {
  const text = readText(id) ?? '';
  return /^\d{16,}$/.test(text) && BigInt(text) > MAX_KEPT_ID;
};

/** Joins the errors of one record. */
const join = (faults: readonly Remark[]): Remark => {
  const reason = faults.map((fault) => fault.reason).join(' ');
  if (faults.every(({ text }) => text === undefined)) return { reason };
  return { reason, text: faults.map((fault) => fault.text ?? fault.reason).join(' ') };
};

/** The fields that are plain columns of an account. An email may be used as the username. */
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
] as const satisfies NamedField[];

const whatIsSent = ({ has, state }: Fields, { admins }: AccountRules): Sent => {
  const columns = OWN_COLUMNS.filter(has);
  return {
    columns: new Set<string>(has('email') ? [...columns, 'email'] : columns),
    createdAt: has('created_at'),
    admin:
      admins !== 'none' &&
      (has('is_admin') || has('is_superuser') || (admins === 'staff' && has('is_staff'))),
    disabled: state.length > 0,
  };
};

/** An argument for a shell, in quotes if necessary. */
const quoteArgument = (text: string): string => (/^[\w:=@.+-]+$/.test(text) ? text : JSON.stringify(text));

/** The error for an unknown value of a state column. Also used by the check before the import. */
export const explainUnread = ({ column, value }: Unread): string =>
  `${column} is ${value}, which is not understood: --map ${quoteArgument(`${column}:${value}=active`)}, =disabled, or --map ${column}=ignore.`;

/** The latest time of verification in the record; null if there is none. */
const readVerifiedAt = (record: Row, { verified }: Fields, nowMs: number): number | null => {
  const times = verified
    .map((column) => readVerified(valueAt(record, column), nowMs))
    .filter((atMs) => typeof atMs === 'number');
  return times.length === 0 ? null : Math.max(...times);
};

/** Longer than the ids of any database. */
const MAX_SOURCE_ID = 128;

/** The id of the account in the file, as text: a number, a UUID or an ObjectId. */
const readSourceId = (value: unknown): string | null => {
  const text = readText(value) ?? '';
  return text === '' || text.length > MAX_SOURCE_ID || !text.isWellFormed() || CONTROL.test(text)
    ? null
    : text;
};

/** The error of a text, as the end of a sentence; null if it is valid. */
const findFault = (text: string, max: number, severalLines: boolean): string | null => {
  if (holdsBytes(text)) return 'is not UTF-8 (--encoding windows-1252, or another, reads it)';
  if (!text.isWellFormed()) return 'holds half of a character';
  if ((severalLines ? CONTROL_BUT_LINES : CONTROL).test(text)) return 'holds a control character';
  return isLonger(text, max) ? `is longer than ${max} characters` : null;
};

const isAdmin = (
  admins: AccountRules['admins'],
  flag: (field: NamedField, byDefault: boolean) => boolean,
): boolean => {
  const [said, superuser, staff] = [
    flag('is_admin', false),
    flag('is_superuser', false),
    flag('is_staff', false),
  ];
  if (admins === 'none') return false;
  return said || superuser || (admins === 'staff' && staff);
};

/** The id of a session: the SHA-256 of its token. The token is not stored. */
const tokenIdOf = (value: unknown, notes: Remark[]): string | null => {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'string' && TOKEN.test(value)) return createHash('sha256').update(value).digest('hex');
  notes.push({ reason: 'its token is not of 40 hexadecimal digits and will not be known' });
  return null;
};
