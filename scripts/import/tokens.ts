// The tokens of Django REST framework by user, on disk: a dump may have a million of them, before or after the users.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface TokenFile {
  /** A user is referenced by its primary key, or by its natural key, which dumpdata writes as a list. */
  add(user: unknown, key: unknown): void;
  /** The token of the user with one of these keys; null if there is none. */
  find(names: readonly unknown[]): string | null;
  close(): void;
}

const nameOf = (user: unknown): string => (Array.isArray(user) ? JSON.stringify(user) : String(user));

export const createTokenFile = (): TokenFile => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-tokens-'));
  const database = new DatabaseSync(join(folder, 'tokens.db'));
  // A temporary file that does not outlive the process.
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE');
  database.exec('CREATE TABLE tokens (user TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID; BEGIN');
  const insert = database.prepare('INSERT OR REPLACE INTO tokens VALUES (?, ?)');
  const select = database.prepare('SELECT key FROM tokens WHERE user = ?');
  let isEmpty = true;

  return {
    add(user, key) {
      if (typeof key !== 'string') return;
      insert.run(nameOf(user), key);
      isEmpty = false;
    },
    find(names) {
      if (isEmpty) return null;
      for (const name of names) {
        const key = select.get(nameOf(name))?.['key'];
        if (typeof key === 'string') return key;
      }
      return null;
    },
    close() {
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
