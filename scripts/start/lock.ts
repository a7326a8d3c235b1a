// A lock for the preparation of `npm start`: two at once would create two secrets and apply each migration twice.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';

/** Short compared with migrations, which take seconds. */
const RETRY_MS = 100;

/** SQLITE_BUSY: https://www.sqlite.org/rescode.html#busy */
const BUSY = 5;

/**
 * Runs `work` while holding the lock. Waits until it is free.
 * The lock is SQLite's, so the operating system releases it when the process ends, even after a crash.
 * @param path a file that is used only for the lock
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
