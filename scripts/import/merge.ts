// Decides what to do with each account of a batch, given the content of the database. Pure, so that it can be repeated.
import { isPlaceholderEmail } from '../../src/core/formats.ts';
import type { Row } from '../wrangler.ts';
import type { Claim } from './claims.ts';
import type { IdPair } from './ids.ts';
import { digest, type NewRow, type Sent } from './rows.ts';

export type OnConflict = 'skip' | 'update' | 'fail';

export interface MergeRules {
  onConflict: OnConflict;
  /** `email`: the operator confirms that the same email means the same person. */
  match: 'account' | 'email';
  /** Whether accounts that were created in Latchkey, or lost their rights there, also get rights. */
  grantAdminToExisting: boolean;
  /** Whether accounts that were deleted in Latchkey are created again. */
  revive: boolean;
  /** How to treat the second holder of an email: as a conflict, or as an account without an email. */
  sharedEmail: 'conflict' | 'placeholder';
}

/** An account of the input: its position and its displayed name. */
export interface Incoming {
  at: string;
  label: string;
  row: NewRow;
  sent: Sent;
  claim: Claim;
}

export type DetailKind = 'refused' | 'conflict' | 'deleted' | 'admin' | 'updated' | 'kept' | 'note';

/** An entry of the report about one record. */
export interface Detail {
  kind: DetailKind;
  at: string;
  label: string;
  /** A reason that many records share, in one sentence. The report counts by it. */
  reason: string;
  /** The details of this record, if any. */
  text?: string;
}

/** What the database contains for the names and ids of a batch. */
export interface Known {
  /** Rows of `findHolders`. */
  holders: readonly Row[];
  /** Ids of deleted accounts. They are not reused, because their audit log belongs to another person. */
  deletedIds: ReadonlySet<number>;
  /** If ids are kept: the highest id that the database ever assigned or the input has. Otherwise null. */
  lastId: number | null;
  /** Enabled admins. */
  adminIds: ReadonlySet<number>;
  /** Whether an imported account with these names was deleted in Latchkey. */
  wasDeleted: (row: NewRow) => boolean;
  /** When this import started. Marks the accounts that it has written. */
  startedAtMs: number;
}

export interface Update {
  id: number;
  row: NewRow;
  /** The columns that get the value of the record. */
  columns: string[];
  /** The names of the account when it was read. It is written only if they are unchanged. */
  emailKey: string;
  usernameKey: string | null;
  setsPassword: boolean;
  /** Whether the account was created in Latchkey. With the password of the file, it may get another owner. */
  takesOver: boolean;
  admin: 'gains' | 'loses' | null;
  disables: boolean;
  /** The values in the file, for the next import. */
  saidAdmin: boolean;
  saidDisabled: boolean;
}

/** Whether the update changes the password, the rights or the state. If so, the account's sessions and tokens end. */
export const endsSessions = ({ setsPassword, admin, disables }: Update): boolean =>
  setsPassword || admin !== null || disables;

export interface Merged {
  inserts: NewRow[];
  updates: Update[];
  kept: number;
  /** Records of existing accounts, which were updated or kept. */
  known: IdPair[];
  /** Ids of the input with the accounts that have them in Latchkey. */
  idsKept: number;
  details: Detail[];
}

interface Holder {
  id: number;
  emailKey: string;
  usernameKey: string | null;
  isAdmin: boolean;
  isDisabled: boolean;
  createdAtMs: number;
  /** The values of the last import; null if the account was created in Latchkey. */
  imported: {
    sourceId: string | null;
    emailDigest: string;
    passwordDigest: string;
    isAdmin: boolean;
    isDisabled: boolean;
    atMs: number;
  } | null;
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const readHolder = (row: Row): Holder => ({
  id: Number(row['id']),
  emailKey: String(row['email_key']),
  usernameKey: textOrNull(row['username_key']),
  isAdmin: row['is_admin'] === 1,
  isDisabled: row['disabled_at'] !== null,
  createdAtMs: Number(row['created_at']),
  imported:
    row['imported_at'] === null
      ? null
      : {
          sourceId: textOrNull(row['source_id']),
          emailDigest: String(row['email_digest']),
          passwordDigest: String(row['password_digest']),
          isAdmin: row['was_admin'] === 1,
          isDisabled: row['was_disabled'] === 1,
          atMs: Number(row['imported_at']),
        },
});

/** An account is in conflict, and the import was started with the option to stop then. */
export class ConflictStop extends Error {
  override name = 'ConflictStop';
}

/**
 * Whether an account of the database belongs to a record: both username and email match, or the imported id together
 * with one of the names or the time of creation (an id alone proves nothing, because every service counts from 1). The
 * email alone is enough only if the account was imported with that email.
 */
const isSame = (holder: Holder, { row, sent }: Incoming, { match }: MergeRules): boolean => {
  const sameEmail = holder.emailKey === row.emailKey;
  if (sameEmail && match === 'email') return true;
  const sameUsername = row.usernameKey !== null && holder.usernameKey === row.usernameKey;
  if (sameEmail && sameUsername) return true;
  const { imported } = holder;
  if (imported === null) return false;
  const isWithoutUsername = row.usernameKey === null || holder.usernameKey === null;
  if (sameEmail && isWithoutUsername && imported.emailDigest === digest(row.emailKey)) return true;
  const sameTime = sent.createdAt && holder.createdAtMs === row.createdAtMs;
  const sameId = row.sourceId !== null && imported.sourceId === row.sourceId;
  return sameId && (sameEmail || sameUsername || sameTime);
};

/** Columns that an update never overwrites. */
const KEPT_BY_UPDATE = new Set(['id', 'is_admin', 'disabled_at', 'created_at', 'updated_at']);

export const mergeBatch = (batch: readonly Incoming[], known: Known, rules: MergeRules): Merged => {
  const byEmail = new Map<string, Holder>();
  const byUsername = new Map<string, Holder>();
  const bySourceId = new Map<string, Holder[]>();
  const ids = new Set<number>();
  const merged: Merged = { inserts: [], updates: [], kept: 0, known: [], idsKept: 0, details: [] };
  const written = new Map<number, string>();
  const admins = new Set(known.adminIds);
  let lastId = known.lastId;

  for (const holder of known.holders.map(readHolder)) {
    if (ids.has(holder.id)) continue;
    ids.add(holder.id);
    byEmail.set(holder.emailKey, holder);
    if (holder.usernameKey !== null) byUsername.set(holder.usernameKey, holder);
    const sourceId = holder.imported?.sourceId ?? null;
    if (sourceId !== null) bySourceId.set(sourceId, [...(bySourceId.get(sourceId) ?? []), holder]);
  }

  const tell = (kind: DetailKind, { at, label }: Incoming, reason: string, text?: string) => {
    if (kind === 'conflict' && rules.onConflict === 'fail')
      throw new ConflictStop(`${at}, ${label}: ${text ?? reason}`);
    merged.details.push({ kind, at, label, reason, ...(text === undefined ? {} : { text }) });
  };

  /** The id of a new account: its old one if ids are kept and it is free, otherwise a new one. */
  const chooseId = (incoming: Incoming): number | null => {
    const { row } = incoming;
    if (lastId === null) return null;
    const isTaken = row.id !== null && ids.has(row.id);
    if (row.id !== null && !isTaken && !known.deletedIds.has(row.id)) {
      merged.idsKept += 1;
      ids.add(row.id);
      return row.id;
    }
    lastId += 1;
    ids.add(lastId);
    const why = isTaken ? `${row.id} is taken` : `${row.id} was that of an account that is deleted`;
    const text = `got the id ${lastId}: ${row.id === null ? 'it has none' : why}`;
    tell('note', incoming, 'got a new id', text);
    return lastId;
  };

  const insert = (incoming: Incoming) => {
    const { row } = incoming;
    if (!rules.revive && known.wasDeleted(row)) {
      tell('deleted', incoming, 'The account was deleted here. Create it again: --revive.');
      return;
    }
    merged.inserts.push({ ...row, id: chooseId(incoming) });
    if (row.isAdmin) tell('admin', incoming, 'is an admin');
  };

  /** Whether the account gets or loses admin rights. */
  const judgeAdmin = (holder: Holder, incoming: Incoming): Update['admin'] => {
    const { row, sent } = incoming;
    if (!sent.admin) return null;
    if (row.isAdmin && !holder.isAdmin) {
      if (!rules.grantAdminToExisting && (holder.imported === null || holder.imported.isAdmin)) {
        const what =
          holder.imported === null
            ? 'The file calls it an admin, but the account was made here'
            : 'The file calls it an admin, but the account lost that right here';
        tell('admin', incoming, `${what}: it is not made one. Make it one: --grant-admin-to-existing.`);
        return null;
      }
      tell('admin', incoming, 'became an admin');
      return 'gains';
    }
    // The file does not revoke rights that were granted in Latchkey.
    if (row.isAdmin || !holder.isAdmin || holder.imported?.isAdmin !== true) return null;
    if (admins.has(holder.id) && admins.size === 1) {
      tell(
        'admin',
        incoming,
        'The file does not call it an admin, but it is the last one here: it stays one.',
      );
      return null;
    }
    admins.delete(holder.id);
    tell('admin', incoming, 'is no longer an admin');
    return 'loses';
  };

  const judgeDisabled = (holder: Holder, incoming: Incoming): boolean => {
    const { row, sent } = incoming;
    if (!sent.disabled) return false;
    const isDisabled = row.disabledAtMs !== null;
    if (!isDisabled && holder.isDisabled)
      tell('note', incoming, 'It is disabled here, though not in the file: it stays disabled.');
    if (!isDisabled || holder.isDisabled) return false;
    if (holder.imported?.isDisabled === true) {
      tell('note', incoming, 'It is disabled in the file, but was enabled here since: it stays enabled.');
      return false;
    }
    if (admins.has(holder.id) && admins.size === 1) {
      tell('note', incoming, 'It is disabled in the file, but is the last admin here: it stays enabled.');
      return false;
    }
    admins.delete(holder.id);
    return true;
  };

  const update = (holder: Holder, incoming: Incoming) => {
    const { row, sent } = incoming;
    const { imported } = holder;
    const isOfThisFile =
      imported?.atMs === known.startedAtMs && imported.emailDigest !== digest(row.emailKey);
    const before = written.get(holder.id) ?? (isOfThisFile ? 'a record before it in the file' : null);
    if (before !== null) {
      const reason = 'Another record of the file is that account already.';
      tell('conflict', incoming, reason, `account ${holder.id} was updated from ${before}`);
      return;
    }
    written.set(holder.id, incoming.at);
    // A password that was changed in Latchkey is kept, unless the file has another one than at the last import. An account
    // that was imported at a login has no digest of a hash: its password is from the old service or was changed since.
    const setsPassword =
      sent.columns.has('password_hash') &&
      imported?.passwordDigest !== '' &&
      imported?.passwordDigest !== digest(row.passwordHash);
    const admin = judgeAdmin(holder, incoming);
    const disables = judgeDisabled(holder, incoming);
    const columns = [...sent.columns].filter(
      (column) => !KEPT_BY_UPDATE.has(column) && (column !== 'password_hash' || setsPassword),
    );
    if (row.sourceId !== null) merged.known.push({ sourceId: row.sourceId, id: holder.id });
    merged.updates.push({
      id: holder.id,
      row: { ...row, id: holder.id },
      columns,
      emailKey: holder.emailKey,
      usernameKey: holder.usernameKey,
      setsPassword,
      takesOver: setsPassword && imported === null,
      admin,
      disables,
      saidAdmin: sent.admin ? row.isAdmin : imported?.isAdmin === true,
      saidDisabled: sent.disabled ? row.disabledAtMs !== null : imported?.isDisabled === true,
    });
    const text = `account ${holder.id}${setsPassword ? ', with the password of the file' : ''}`;
    tell('updated', incoming, 'was brought up to date', text);
  };

  for (const incoming of batch) {
    const { row, claim } = incoming;
    if (claim.email !== null || claim.username !== null) {
      tell('conflict', incoming, ...sharedInFile(incoming));
      continue;
    }
    const mailHolder = byEmail.get(row.emailKey);
    const nameHolder = row.usernameKey === null ? undefined : byUsername.get(row.usernameKey);
    const idHolder = findBySourceId(bySourceId, incoming, rules);
    const holders = [...new Set([nameHolder, mailHolder, idHolder].filter((one) => one !== undefined))];
    const [holder, other] = holders;
    if (holder === undefined) insert(incoming);
    else if (other !== undefined || !isSame(holder, incoming, rules)) {
      const isThere = other === undefined && mailHolder !== undefined && row.usernameKey === null;
      if (isThere && rules.onConflict !== 'update') keep(merged, incoming, holder);
      else tell('conflict', incoming, ...explain(incoming, mailHolder, nameHolder, idHolder, rules));
    } else if (rules.onConflict === 'update') update(holder, incoming);
    else keep(merged, incoming, holder);
  }
  return merged;
};

const keep = (merged: Merged, { at, label, row }: Incoming, { id }: Holder): void => {
  merged.kept += 1;
  if (row.sourceId !== null) merged.known.push({ sourceId: row.sourceId, id });
  merged.details.push({ kind: 'kept', at, label, reason: 'is there already', text: `account ${id}` });
};

const findBySourceId = (
  bySourceId: ReadonlyMap<string, readonly Holder[]>,
  incoming: Incoming,
  rules: MergeRules,
): Holder | undefined => {
  const { row, claim } = incoming;
  // An id that occurs twice in the file is ambiguous.
  if (row.sourceId === null || claim.sourceId !== null) return undefined;
  return bySourceId.get(row.sourceId)?.find((holder) => isSame(holder, incoming, rules));
};

const sharedInFile = ({ row, claim }: Incoming): [reason: string, text: string] =>
  claim.email === null
    ? [
        isPlaceholderEmail(row.email)
          ? 'Another record of the file has the same username.'
          : 'Another record of the file has the same username: --bad-username drop takes it without, to log in by email.',
        `${claim.username} has the username ${row.username} too`,
      ]
    : [
        row.username === null
          ? 'Another record of the file has the same email.'
          : 'Another record of the file has the same email: --shared-email placeholder takes it, to log in by username.',
        `${claim.email} has the same email`,
      ];

const explain = (
  { row }: Incoming,
  mailHolder: Holder | undefined,
  nameHolder: Holder | undefined,
  idHolder: Holder | undefined,
  { onConflict }: MergeRules,
): [reason: string, text: string] => {
  if (mailHolder !== undefined && idHolder !== undefined && mailHolder !== idHolder)
    return [
      'The email is taken by another account.',
      `the email is taken by account ${mailHolder.id}, and the id is that of account ${idHolder.id}`,
    ];
  if (nameHolder !== undefined && nameHolder !== (mailHolder ?? idHolder))
    return [
      'The username is taken by another account.',
      `the username ${row.username} is taken by account ${nameHolder.id}`,
    ];
  const id = mailHolder?.id;
  const flag = onConflict === 'update' ? ' If it is the same person: --match email.' : '';
  if (mailHolder?.usernameKey === row.usernameKey)
    return [
      `The email is taken by an account that was made here.${flag}`,
      `the email is taken by account ${id}`,
    ];
  const name =
    mailHolder?.usernameKey === null ? 'no username' : `the username ${mailHolder?.usernameKey ?? ''}`;
  return [
    `The email is taken by an account with another username.${flag}`,
    `the email is taken by account ${id}, with ${name}`,
  ];
};
