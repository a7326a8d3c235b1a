// Stores the names and ids of all records so far on disk. Two records with the same name are two people and must never
// become one account, wherever they are in the file.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { NewRow } from './rows.ts';

/** The positions of earlier records with the same names or id; null for none. */
export interface Claim {
  email: string | null;
  username: string | null;
  sourceId: string | null;
}

export interface Claims {
  /** Stores the names of a record and returns the first records that have them. */
  claim(at: string, row: Pick<NewRow, 'emailKey' | 'usernameKey' | 'sourceId'>): Claim;
  /** Stores another email for a record whose email belongs to an earlier one. */
  claimEmail(at: string, emailKey: string): string | null;
  close(): void;
}

export const createClaims = (): Claims => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-names-'));
  const database = new DatabaseSync(join(folder, 'names.db'));
  // A temporary file, which is removed with the process.
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE');
  database.exec('CREATE TABLE names (name TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID; BEGIN');
  const insert = database.prepare('INSERT OR IGNORE INTO names VALUES (?, ?)');
  const select = database.prepare('SELECT at FROM names WHERE name = ?');

  const claimName = (at: string, kind: string, name: string | null): string | null => {
    if (name === null) return null;
    const key = kind + name;
    if (insert.run(key, at).changes > 0) return null;
    return String(select.get(key)?.['at']);
  };

  return {
    claim: (at, { emailKey, usernameKey, sourceId }) => ({
      email: claimName(at, 'e', emailKey),
      username: claimName(at, 'u', usernameKey),
      sourceId: claimName(at, 'i', sourceId),
    }),
    claimEmail: (at, emailKey) => claimName(at, 'e', emailKey),
    close() {
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
