// Which password hashes Latchkey can verify, as the Worker's own code judges them.

export type HashVerdict = { ok: true; algorithm: string } | { ok: false; reason: string };
export type HashCheck = (stored: string) => HashVerdict;

type Judge = (stored: string) => unknown;

/** The core is typed for the Worker, not for Node: it is loaded by its path, and what it gives is checked. */
const loadJudge = async (file: string, name: string): Promise<Judge> => {
  const url = new URL(`../../src/core/${file}`, import.meta.url);
  const module: unknown = await import(url.href);
  const found: unknown = typeof module === 'object' && module !== null ? Reflect.get(module, name) : null;
  if (typeof found !== 'function') throw new Error(`${url.pathname} has no ${name}.`);
  return (stored) => found(stored);
};

/** Node 24 has not what the Worker's runtime has. https://tc39.es/proposal-arraybuffer-base64/ */
const addBase64 = (): void => {
  const bytes: object = Uint8Array;
  if ('fromBase64' in bytes) return;
  Object.defineProperty(bytes, 'fromBase64', {
    value: (text: string) => new Uint8Array(Buffer.from(text, 'base64')),
  });
  Object.defineProperty(Uint8Array.prototype, 'toBase64', {
    value(this: Uint8Array, options?: { omitPadding?: boolean }) {
      const text = Buffer.from(this).toString('base64');
      return options?.omitPadding === true ? text.replace(/=+$/, '') : text;
    },
  });
};

const readVerdict = (value: unknown): HashVerdict => {
  if (typeof value === 'object' && value !== null && 'ok' in value) {
    if (value.ok === true && 'algorithm' in value) return { ok: true, algorithm: String(value.algorithm) };
    if (value.ok === false && 'reason' in value) return { ok: false, reason: String(value.reason) };
  }
  throw new Error('The check of a foreign hash gave no verdict.');
};

/** Loads the check. It looks at the text alone and costs next to nothing. */
export const loadHashCheck = async (): Promise<HashCheck> => {
  addBase64();
  const parseOwn = await loadJudge('credentials/passwords.ts', 'parseHash');
  const describeForeign = await loadJudge('credentials/foreign/index.ts', 'describeForeignHash');
  return (stored) =>
    parseOwn(stored) === null
      ? readVerdict(describeForeign(stored))
      : { ok: true, algorithm: "Latchkey's own" };
};
