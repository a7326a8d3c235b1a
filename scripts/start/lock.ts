// One `npm start` at a time prepares: two first ones at once would make two secrets and apply each migration twice.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';

/** Short beside what is waited for, the seconds that migrations take. */
const RETRY_MS = 100;

/** SQLITE_BUSY: https://www.sqlite.org/rescode.html#busy */
const BUSY = 5;

/**
 * Does work while no other process does work under the same lock, and waits for its turn.
 * The lock is SQLite's: the operating system lets go of it when its process ends, however that happens.
 * @param path a file for the lock alone
 * @param onWait called once if another process holds the lock
 */
export const withLock = async <T>(path: string, work: () => Promise<T>, onWait: () => void): Promise<T> => {
  mkdirSync(dirname(path), { recursive: true });
  const lock = new DatabaseSync(path, { timeout: 0 });
  const take = (): boolean => {
    try {
      lock.exec('BEGIN EXCLUSIVE');
      return true;
    } catch (error) {
      if (error instanceof Error && 'errcode' in error && error.errcode === BUSY) return false;
      throw error;
    }
  };
  try {
    if (!take()) {
      onWait();
      while (!take()) await wait(RETRY_MS);
    }
    return await work();
  } finally {
    lock.close();
  }
};
