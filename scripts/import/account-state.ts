// Reads from a record whether its account is disabled, and whether its email is verified, in all the ways in which files
// say so. Unknown values are never guessed: the import stops until --map defines them.
import type { Row } from '../wrangler.ts';
import { readFlag, readText, readTime, valueAt } from './values.ts';

/**
 * What a column says about the state of an account.
 *
 * - `is_active`: a flag; an account of which it is false is disabled
 * - `is_disabled`: a flag; an account of which it is true is disabled
 * - `disabled_at`: a time or a flag; an account that has one is disabled
 * - `disabled_until`: a time or a flag; an account is disabled until then
 * - `status`: a word
 */
export const STATE_FIELDS = ['is_active', 'is_disabled', 'disabled_at', 'disabled_until', 'status'] as const;
export type StateField = (typeof STATE_FIELDS)[number];

/** The names that columns go by, compared without regard to case, `_`, `-` and spaces. */
const NAMES: Readonly<Record<StateField, RegExp>> = {
  is_active: /^(?:is|user|account)?(?:active|enabled|activated|approved)$|^cognito:enabled$/,
  is_disabled:
    /^(?:is|user|account)?(?:disabled|inactive|blocked|banned|suspended|locked|lockedout|deleted|softdeleted|removed|deactivated|archived|revoked|closed)$/,
  disabled_at:
    /^(?:disabled|blocked|banned|suspended|locked|deleted|removed|deactivated|archived|revoked|closed)(?:at|on|date|time|timestamp)$|^(?:date|time)(?:disabled|blocked|banned|suspended|locked|deleted|removed|deactivated|archived)$/,
  disabled_until:
    /^(?:disabled|blocked|banned|suspended|locked|lockedout|locke?dout)(?:until|till|to|expires|expiresat)$|^(?:ban|block|lock|lockout|suspension)(?:end|ends|endsat|enddate|enddateutc|expires|expiresat|expiry|until)$/,
  status: /^(?:user|account|cognito:user|member|membership)?status$|^(?:account|user)state$/,
};

const fold = (name: string): string => name.toLowerCase().replaceAll(/[_\s-]/g, '');

/** The state field that a column has by its name; null if it has none. */
export const stateFieldOf = (column: string): StateField | null =>
  STATE_FIELDS.find((field) => NAMES[field].test(fold(column))) ?? null;

/** Words of a status. Those that can mean either, such as `pending`, are not among them. */
const ACTIVE = new Set(
  'active activated enabled approved confirmed verified registered normal ok online offline live current valid unblocked unlocked reset_required force_change_password external_provider'.split(
    ' ',
  ),
);
const DISABLED = new Set(
  'inactive disabled deactivated suspended banned blocked locked deleted removed archived closed terminated revoked rejected denied expired cancelled canceled frozen spam bot compromised staged_delete'.split(
    ' ',
  ),
);

/** What stands for "for ever" where a time is expected. https://www.postgresql.org/docs/current/datatype-datetime.html */
const FOREVER = new Set(['infinity', 'forever', 'permanent', 'never']);

/** A value that is not understood. */
export interface Unread {
  column: string;
  value: string;
}

export interface AccountState {
  /** When it was disabled; null if it is not. */
  disabledAtMs: number | null;
  /** The column that says that it is disabled; null if none does. */
  because: string | null;
  unread: Unread[];
}

/** The meaning that `--map column:value=…` gives a value. */
export type ValueRule = 'active' | 'disabled';

export interface StateColumn {
  column: string;
  field: StateField;
}

type Judgement = { disabledAtMs: number | null } | 'unread';

const GOOD: Judgement = { disabledAtMs: null };

const judgeFlag = (value: unknown, whenDisabled: boolean, nowMs: number): Judgement => {
  const flag = readFlag(value);
  if (flag === undefined) return 'unread';
  return flag === whenDisabled ? { disabledAtMs: nowMs } : GOOD;
};

const judgeTime = (value: unknown, nowMs: number): Judgement => {
  // Some keep a flag in such a column: `deleted_at` of 0 means that it is not deleted.
  const flag = readFlag(value);
  if (flag === null || flag === false) return GOOD;
  if (flag === true) return { disabledAtMs: nowMs };
  const atMs = readTime(value);
  if (atMs === undefined) return 'unread';
  return { disabledAtMs: atMs };
};

const judgeUntil = (value: unknown, nowMs: number): Judgement => {
  const text = readText(value)?.toLowerCase();
  if (text !== undefined && FOREVER.has(text)) return { disabledAtMs: nowMs };
  const judged = judgeTime(value, nowMs);
  if (judged === 'unread' || judged.disabledAtMs === null) return judged;
  // A flag was read as now; a time that is over ends nothing.
  return judged.disabledAtMs >= nowMs ? { disabledAtMs: nowMs } : GOOD;
};

const judgeStatus = (value: unknown, nowMs: number): Judgement => {
  if (typeof value === 'boolean') return judgeFlag(value, false, nowMs);
  const word = readText(value)?.toLowerCase().replaceAll(/[\s-]/g, '_');
  if (word === undefined) return 'unread';
  if (word === '' || ACTIVE.has(word)) return GOOD;
  return DISABLED.has(word) ? { disabledAtMs: nowMs } : 'unread';
};

const judge = (field: StateField, value: unknown, nowMs: number): Judgement => {
  if (field === 'is_active') return judgeFlag(value, false, nowMs);
  if (field === 'is_disabled') return judgeFlag(value, true, nowMs);
  if (field === 'disabled_at') return judgeTime(value, nowMs);
  return field === 'disabled_until' ? judgeUntil(value, nowMs) : judgeStatus(value, nowMs);
};

/** A value as an error may show it: short, and of a word only. A long one may be anything. */
const MAX_SHOWN = 40;
export const showValue = (value: unknown): string => {
  const text = readText(value) ?? JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
};

/**
 * @param columns the columns of the record with a state field
 * @param ruleOf how --map defines a value; undefined if it does not
 * @param nowMs when an account is disabled whose time of it the file does not know
 */
export const readAccountState = (
  record: Row,
  columns: readonly StateColumn[],
  ruleOf: (column: string, value: string) => ValueRule | undefined,
  nowMs: number,
): AccountState => {
  const state: AccountState = { disabledAtMs: null, because: null, unread: [] };
  for (const { column, field } of columns) {
    const value = valueAt(record, column);
    const rule = ruleOf(column, readText(value) ?? '');
    if (rule === 'active') continue;
    const judged = rule === 'disabled' ? { disabledAtMs: nowMs } : judge(field, value, nowMs);
    if (judged === 'unread') {
      state.unread.push({ column, value: showValue(value) });
      continue;
    }
    if (judged.disabledAtMs === null) continue;
    // Of two columns, the one that knows the time says more.
    state.because ??= column;
    state.disabledAtMs = Math.min(state.disabledAtMs ?? judged.disabledAtMs, judged.disabledAtMs);
  }
  return state;
};

/** Columns that say whether the owner of the email has proven it. */
const VERIFIED =
  /^(?:is)?email(?:is)?(?:verified|confirmed|verification|validated)(?:at|on)?$|^(?:is)?(?:verified|confirmed)(?:at)?$|^emailconfirmationat$/;

export const isVerifiedName = (column: string): boolean => VERIFIED.test(fold(column));

/**
 * When the email was proven: a time, or a flag that means now; null if it was not. Undefined if the value cannot be
 * read: then the email counts as unproven, which its owner mends with one click.
 */
export const readVerified = (value: unknown, nowMs: number): number | null | undefined => {
  const flag = readFlag(value);
  if (flag !== undefined) return flag === true ? nowMs : null;
  const atMs = readTime(value);
  return atMs === undefined ? undefined : atMs === null ? null : Math.min(atMs, nowMs);
};
