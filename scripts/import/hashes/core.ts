// Loads the Worker's code for hashes. It is loaded by path, because it is typed for the Worker's runtime.
import '../../uint8-array.ts';

type Callable = (...args: readonly unknown[]) => unknown;

const isCallable = (value: unknown): value is Callable => typeof value === 'function';

const load = async (file: string, name: string): Promise<Callable> => {
  const url = new URL(`../../../src/core/${file}`, import.meta.url);
  const module: unknown = await import(url.href);
  const found: unknown = typeof module === 'object' && module !== null ? Reflect.get(module, name) : null;
  if (!isCallable(found)) throw new Error(`${url.pathname} has no ${name}.`);
  return found;
};

export type Description = { ok: true; algorithm: string } | { ok: false; reason: string };

const readDescription = (value: unknown): Description => {
  if (typeof value === 'object' && value !== null && 'ok' in value) {
    if (value.ok === true && 'algorithm' in value) return { ok: true, algorithm: String(value.algorithm) };
    if (value.ok === false && 'reason' in value) return { ok: false, reason: String(value.reason) };
  }
  throw new Error('The check of a foreign hash gave no verdict.');
};

export interface CoreHashes {
  /** Whether a text is a hash in Latchkey's own format. */
  isOwn(text: string): boolean;
  describe(text: string): Description;
  /** Creates a hash in Latchkey's own format, at the default cost. */
  hash(password: string): Promise<string>;
  pepperId(pepper: string): Promise<string>;
}

/** The defaults of PASSWORD_ITERATIONS and PASSWORD_ROUNDS. Deployments with other values rehash at the first login. */
const DEFAULT_COST = { iterations: 75_000, rounds: 3 };

const asText = (value: unknown): string => {
  if (typeof value !== 'string') throw new Error('The core gave no text.');
  return value;
};

/** @param cost of new hashes. Tests pass a cheap one */
export const loadCoreHashes = async (cost = DEFAULT_COST): Promise<CoreHashes> => {
  const parseHash = await load('credentials/own-hash.ts', 'parseHash');
  const createPasswords = await load('credentials/passwords.ts', 'createPasswords');
  const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
  const passwords = createPasswords(cost, random);
  const hash: unknown =
    typeof passwords === 'object' && passwords !== null ? Reflect.get(passwords, 'hash') : null;
  if (!isCallable(hash)) throw new Error('createPasswords gave no hash().');
  const describe = await load('credentials/foreign/index.ts', 'describeForeignHash');
  const pepperId = await load('credentials/foreign/pepper.ts', 'pepperId');
  return {
    isOwn: (text) => parseHash(text) !== null,
    describe: (text) => readDescription(describe(text)),
    hash: async (password) => asText(await hash(password)),
    pepperId: async (pepper) => asText(await pepperId(pepper)),
  };
};
