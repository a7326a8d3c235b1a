// What becomes of each account of a batch, given what the database holds: pure, so that it can be done again.
import type { Row } from '../wrangler.ts';
import type { NewRow } from './rows.ts';

export type OnConflict = 'skip' | 'update' | 'fail';

/** An account of the input, by where it stands there and by what a person knows it as. */
export interface Incoming {
  at: string;
  label: string;
  row: NewRow;
}

/** A line of the report about one record. */
export interface Detail {
  kind: 'refused' | 'conflict' | 'note';
  at: string;
  label: string;
  text: string;
}

/** What the database says about the names and ids of a batch. */
export interface Known {
  /** Rows of `id`, `username_key`, `email_key`. */
  holders: readonly Row[];
  /** Ids whose accounts were deleted: their trail is another's. */
  deletedIds: ReadonlySet<number>;
  /** Where ids are kept: the highest that the database ever gave or the input has; else null. */
  lastId: number | null;
}

export interface Merged {
  inserts: NewRow[];
  updates: NewRow[];
  alreadyThere: number;
  /** Ids of the input that accounts have here too. */
  idsKept: number;
  details: Detail[];
}

interface Holder {
  /** Null for an account of this batch that the database is to number. */
  id: number | null;
  usernameKey: string | null;
  /** Where it stands among the inserts, null for one that was there before. */
  insert: number | null;
}

/** An account could not be imported as it is, and the import was told to stop then. */
export class ConflictStop extends Error {
  override name = 'ConflictStop';
}

export const mergeBatch = (batch: readonly Incoming[], known: Known, onConflict: OnConflict): Merged => {
  const byEmail = new Map<string, Holder>();
  const byUsername = new Map<string, Holder>();
  const ids = new Set<number>();
  /** By id: where the input has an account twice, its last record counts. */
  const updates = new Map<number, NewRow>();
  const merged: Merged = { inserts: [], updates: [], alreadyThere: 0, idsKept: 0, details: [] };
  let lastId = known.lastId;

  const hold = (emailKey: string, holder: Holder) => {
    byEmail.set(emailKey, holder);
    if (holder.usernameKey !== null) byUsername.set(holder.usernameKey, holder);
    if (holder.id !== null) ids.add(holder.id);
  };
  for (const { id, username_key: name, email_key: email } of known.holders) {
    const usernameKey = typeof name === 'string' ? name : null;
    hold(String(email), { id: Number(id), usernameKey, insert: null });
  }

  /** The id that a new account gets: its own where it is kept and free, else a new one. */
  const chooseId = ({ at, label, row }: Incoming): number | null => {
    if (lastId === null) return null;
    if (row.id !== null && !ids.has(row.id) && !known.deletedIds.has(row.id)) {
      merged.idsKept += 1;
      return row.id;
    }
    lastId += 1;
    const why = row.id !== null && !ids.has(row.id) ? 'was that of an account that is deleted' : 'is taken';
    const text =
      row.id === null ? `got the id ${lastId}: it has none` : `got the id ${lastId}: ${row.id} ${why}`;
    merged.details.push({ kind: 'note', at, label, text });
    return lastId;
  };

  const conflict = ({ at, label }: Incoming, text: string) => {
    if (onConflict === 'fail') throw new ConflictStop(`${at}, ${label}: ${text}`);
    merged.details.push({ kind: 'conflict', at, label, text });
  };

  const update = (holder: Holder, row: NewRow) => {
    if (holder.insert !== null) {
      const before = merged.inserts[holder.insert];
      if (before) merged.inserts[holder.insert] = { ...row, id: before.id };
      merged.alreadyThere += 1;
    } else if (holder.id !== null) updates.set(holder.id, { ...row, id: holder.id });
    hold(row.emailKey, { ...holder, usernameKey: row.usernameKey ?? holder.usernameKey });
  };

  for (const incoming of batch) {
    const { row } = incoming;
    const mailHolder = byEmail.get(row.emailKey);
    const nameHolder = row.usernameKey === null ? undefined : byUsername.get(row.usernameKey);
    if (!mailHolder && !nameHolder) {
      const id = chooseId(incoming);
      hold(row.emailKey, { id, usernameKey: row.usernameKey, insert: merged.inserts.length });
      merged.inserts.push({ ...row, id });
    } else if (nameHolder && nameHolder !== mailHolder) {
      conflict(incoming, `the username ${row.username} is taken by ${describe(nameHolder)}`);
    } else if (mailHolder && onConflict === 'update') {
      update(mailHolder, row);
    } else if (mailHolder && row.usernameKey !== null && mailHolder.usernameKey !== row.usernameKey) {
      const name = mailHolder.usernameKey === null ? 'no username' : `the username ${mailHolder.usernameKey}`;
      conflict(incoming, `the email is taken by ${describe(mailHolder)}, with ${name}`);
    } else merged.alreadyThere += 1;
  }
  return { ...merged, updates: [...updates.values()] };
};

const describe = ({ id, insert }: Holder): string =>
  insert === null ? `account ${id}` : 'an account before it in the file';
