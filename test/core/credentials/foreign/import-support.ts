// The import's check of hashes as the tests use it: the same code, with cheap hashes of our own.
import { type HashOptions, loadHashCheck, NO_HASH_OPTIONS } from '../../../../scripts/import/hashes.ts';
import { describeForeignHash } from '../../../../src/core/credentials/foreign/index.ts';
import { pepperId } from '../../../../src/core/credentials/foreign/pepper.ts';
import { parseHash } from '../../../../src/core/credentials/own-hash.ts';
import { createPasswords } from '../../../../src/core/credentials/passwords.ts';
import { cryptoRandom } from '../../../../src/core/secrets.ts';

const { hash } = createPasswords({ iterations: 100, rounds: 2 }, cryptoRandom);
const core = {
  isOwn: (text: string) => parseHash(text) !== null,
  describe: describeForeignHash,
  hash,
  pepperId,
};

/** What an import with these options says of a text, and stores for it; null if it refuses it. */
export const importHash = async (
  text: string,
  options: Partial<HashOptions> = {},
): Promise<{ algorithm: string; stored: string } | null> => {
  const verdict = (await loadHashCheck({ ...NO_HASH_OPTIONS, ...options }, core))(text);
  if (!verdict.ok) return null;
  return { algorithm: verdict.algorithm, stored: verdict.hash ?? (await verdict.make?.()) ?? '' };
};

/** Why an import with these options refuses a text; null if it does not. */
export const refusalOf = async (text: string, options: Partial<HashOptions> = {}): Promise<string | null> => {
  const verdict = (await loadHashCheck({ ...NO_HASH_OPTIONS, ...options }, core))(text);
  return verdict.ok ? null : verdict.reason;
};
