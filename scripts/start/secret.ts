// The secret of local development: made at the first `npm start`, and kept.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** As long as the output of the SHA-256 that it keys (https://www.rfc-editor.org/rfc/rfc2104#section-3). */
const SECRET_BYTES = 32;

/** Only its owner reads a file that holds a secret. */
const SECRET_FILE_MODE = 0o600;

/**
 * Adds a random TOKEN_SECRET to the file of local secrets, unless it has one. What is in it stays.
 * @returns whether one was made
 */
export const ensureSecret = (path: string): boolean => {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (parseEnv(before)['TOKEN_SECRET']) return false;
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  writeFileSync(path, `${before}${gap}TOKEN_SECRET=${secret}\n`, { mode: SECRET_FILE_MODE });
  // The mode above holds for a new file only.
  chmodSync(path, SECRET_FILE_MODE);
  return true;
};
