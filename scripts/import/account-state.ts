// Reads whether the account of a record is disabled and whether its email is verified, from all common columns. Unknown
// values are never guessed: the import stops until --map defines them.
import type { Row } from '../wrangler.ts';
import { readFlag, readText, readTime, valueAt } from './values.ts';

/**
 * What a column tells about the state of an account.
 *
 * - `is_active`: a flag; if false, the account is disabled
 * - `is_disabled`: a flag; if true, the account is disabled
 * - `disabled_at`: a time or a flag; if set, the account is disabled
 * - `disabled_until`: a time or a flag; the account is disabled until then
 * - `status`: a word
 */
export const STATE_FIELDS = ['is_active', 'is_disabled', 'disabled_at', 'disabled_until', 'status'] as const;
export type StateField = (typeof STATE_FIELDS)[number];

/** The names of columns, compared without case, `_`, `-` and spaces. */
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

/** The state field of a column name; null if there is none. */
export const stateFieldOf = (column: string): StateField | null =>
  STATE_FIELDS.find((field) => NAMES[field].test(fold(column))) ?? null;

/** Words for a status. Ambiguous ones, such as `pending`, are not included. */
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

/** Values that mean "forever" in a column of times. https://www.postgresql.org/docs/current/datatype-datetime.html */
const FOREVER = new Set(['infinity', 'forever', 'permanent', 'never']);

/** An unknown value. */
export interface Unread {
  column: string;
  value: string;
}

export interface AccountState {
  /** When the account was disabled; null if it is enabled. */
  disabledAtMs: number | null;
  /** The column because of which it is disabled; null if it is enabled. */
  because: string | null;
  unread: Unread[];
}

/** The meaning of a value, from `--map column:value=…`. */
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
  // Some services store a flag in such a column: `deleted_at` of 0 means not deleted.
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
  // A flag was read as now. A time in the past has no effect.
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

/** A value for an error message, only if it is a short word. Longer values may be sensitive. */
const MAX_SHOWN = 40;
export const showValue = (value: unknown): string => {
  const text = readText(value) ?? JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
};

/**
 * @param columns the columns of the record with a state field
 * @param ruleOf the rule of --map for a value; undefined if there is none
 * @param nowMs the time for accounts that were disabled at an unknown time
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
    // If two columns say so, the one with a time is preferred.
    state.because ??= column;
    state.disabledAtMs = Math.min(state.disabledAtMs ?? judged.disabledAtMs, judged.disabledAtMs);
  }
  return state;
};

/** Columns that tell whether the email was verified. */
const VERIFIED =
  /^(?:is)?email(?:is)?(?:verified|confirmed|verification|validated)(?:at|on)?$|^(?:is)?(?:verified|confirmed)(?:at)?$|^emailconfirmationat$/;

export const isVerifiedName = (column: string): boolean => VERIFIED.test(fold(column));

/**
 * When the email was verified: a time, or now for a flag; null if it was not. Undefined if the value cannot be read:
 * then the email counts as unverified, and its owner can verify it again.
 */
export const readVerified = (value: unknown, nowMs: number): number | null | undefined => {
  const flag = readFlag(value);
  if (flag !== undefined) return flag === true ? nowMs : null;
  const atMs = readTime(value);
  return atMs === undefined ? undefined : atMs === null ? null : Math.min(atMs, nowMs);
};
