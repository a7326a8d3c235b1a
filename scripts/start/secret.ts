// The secrets of local development: made at the first `npm start`, and kept.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createSigningKeys, writeSigningKeys } from '../keys/signing-keys.ts';

/** As long as the output of the SHA-256 that it keys (https://www.rfc-editor.org/rfc/rfc2104#section-3). */
const SECRET_BYTES = 32;

/** Only its owner reads a file that holds a secret. */
const SECRET_FILE_MODE = 0o600;

type Secrets = Readonly<Record<string, string>>;

/**
 * Makes the secrets that the file of local secrets does not have: a random TOKEN_SECRET, and keys for access tokens and
 * OpenID Connect. An empty `SIGNING_KEYS=` counts as there: it turns both off.
 */
export const makeMissingSecrets = async (known: Secrets, nowMs: number): Promise<Secrets> => ({
  ...(known['TOKEN_SECRET'] ? {} : { TOKEN_SECRET: randomBytes(SECRET_BYTES).toString('base64url') }),
  ...(known['SIGNING_KEYS'] === undefined
    ? { SIGNING_KEYS: writeSigningKeys(await createSigningKeys(nowMs)) }
    : {}),
});

/** Adds secrets at the end of the file. What is in it stays. */
export const addSecrets = (path: string, secrets: Secrets): void => {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  // In single quotes, because JSON holds double ones. No secret that is made here holds a single one.
  const lines = Object.entries(secrets).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(path, `${before}${gap}${lines.join('')}`, { mode: SECRET_FILE_MODE });
  // The mode above holds for a new file only.
  chmodSync(path, SECRET_FILE_MODE);
};
