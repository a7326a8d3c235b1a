// What the source expects of its runtime when Node loads it.

// The descriptions that the Worker leaves out: src/http/docs.ts.
Object.assign(globalThis, { DOCS: true });

// Node 24 has no `Uint8Array.prototype.toBase64`, which the source writes a constant with as it is loaded.

/** Only what loading needs. https://tc39.es/proposal-arraybuffer-base64/ */
if (!('toBase64' in Uint8Array.prototype))
  Object.defineProperty(Uint8Array.prototype, 'toBase64', {
    configurable: true,
    value(this: Uint8Array) {
      return Buffer.from(this).toString('base64url');
    },
  });
