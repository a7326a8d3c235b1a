// Globals that the source needs when Node loads it.

// Includes the descriptions, which the Worker's bundle leaves out: src/http/docs.ts.
Object.assign(globalThis, { DOCS: true });

// Node 24 has no `Uint8Array.prototype.toBase64`, which the source uses for a constant when it is loaded.

/** Implements only what loading needs. https://tc39.es/proposal-arraybuffer-base64/ */
if (!('toBase64' in Uint8Array.prototype))
  Object.defineProperty(Uint8Array.prototype, 'toBase64', {
    configurable: true,
    value(this: Uint8Array) {
      return Buffer.from(this).toString('base64url');
    },
  });
