// Accounts and tokens of other software, written to the tables as an import does.
import { testEnv, uniqueName } from '../../support/worker.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** The id under which the session of a token is stored. */
export const sessionId = async (token: string): Promise<string> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))).toHex();

/** Gives an account a token in the form of Django REST framework, as the import does. */
export const giveToken = async (
  accountId: number,
  expiresAtMs = Date.now() + 90 * DAY_MS,
): Promise<string> => {
  const token = crypto.getRandomValues(new Uint8Array(20)).toHex();
  await testEnv.DB.prepare(
    `INSERT INTO sessions (id, user_id, kind, nonce, created_at, last_seen_at, expires_at)
      VALUES (?1, ?2, 'imported', NULL, ?3, ?3, ?4)`,
  )
    .bind(await sessionId(token), accountId, Date.now(), expiresAtMs)
    .run();
  return token;
};

export interface ImportedPerson {
  id: number;
  username: string;
  email: string;
  password: string;
}

/** Creates an account with a hash that other software made. */
export const importPerson = async (fixture: { password: string; hash: string }): Promise<ImportedPerson> => {
  const username = uniqueName();
  const email = `${username}@test.com`;
  const id = await testEnv.DB.prepare(
    `INSERT INTO users (username, username_key, email, email_key, password_hash, created_at, updated_at, last_login_at)
      VALUES (?1, ?1, ?2, ?2, ?3, 1, 1, 1) RETURNING id`,
  )
    .bind(username, email, fixture.hash)
    .first<number>('id');
  return { id: id ?? 0, username, email, password: fixture.password };
};

/** The stored hash of an account. */
export const hashOf = async (id: number): Promise<string> =>
  (await testEnv.DB.prepare('SELECT password_hash FROM users WHERE id = ?')
    .bind(id)
    .first<string>('password_hash')) ?? '';
