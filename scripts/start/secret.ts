// The secrets of local development. The first `npm start` creates them.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createSigningKeys, writeSigningKeys } from '../keys/signing-keys.ts';

/** As long as the output of HMAC-SHA-256 (https://www.rfc-editor.org/rfc/rfc2104#section-3). */
const SECRET_BYTES = 32;

/** Readable by its owner only, because it contains secrets. */
const SECRET_FILE_MODE = 0o600;

type Secrets = Readonly<Record<string, string>>;

/**
 * Creates the secrets that the file of local secrets lacks: a random TOKEN_SECRET, and keys for access tokens and OpenID
 * Connect. An empty `SIGNING_KEYS=` is kept: it disables both.
 */
export const makeMissingSecrets = async (known: Secrets, nowMs: number): Promise<Secrets> => ({
  ...(known['TOKEN_SECRET'] ? {} : { TOKEN_SECRET: randomBytes(SECRET_BYTES).toString('base64url') }),
  ...(known['SIGNING_KEYS'] === undefined
    ? { SIGNING_KEYS: writeSigningKeys(await createSigningKeys(nowMs)) }
    : {}),
});

/** Appends secrets to the file. */
export const addSecrets = (path: string, secrets: Secrets): void => {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  // In single quotes, because JSON contains double quotes. No secret contains a single quote.
  const lines = Object.entries(secrets).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(path, `${before}${gap}${lines.join('')}`, { mode: SECRET_FILE_MODE });
  // The mode above applies only to a new file.
  chmodSync(path, SECRET_FILE_MODE);
};
