// The import's check of hashes for tests: the same code, with a cheap hash of our own.
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

/** The algorithm that an import with these options reports for a text, and what it stores; null if it refuses the text. */
export const importHash = async (
  text: string,
  options: Partial<HashOptions> = {},
): Promise<{ algorithm: string; stored: string } | null> => {
  const verdict = (await loadHashCheck({ ...NO_HASH_OPTIONS, ...options }, core))(text);
  if (!verdict.ok) return null;
  return { algorithm: verdict.algorithm, stored: verdict.hash ?? (await verdict.make?.()) ?? '' };
};

/** The reason why an import with these options refuses a text; null if it accepts it. */
export const refusalOf = async (text: string, options: Partial<HashOptions> = {}): Promise<string | null> => {
  const verdict = (await loadHashCheck({ ...NO_HASH_OPTIONS, ...options }, core))(text);
  return verdict.ok ? null : verdict.reason;
};
