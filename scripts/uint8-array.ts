// Importing this adds the base64 and hex methods of Uint8Array that Node 24 lacks and the Worker's code uses.
// https://tc39.es/proposal-arraybuffer-base64/

interface Base64Options {
  alphabet?: 'base64' | 'base64url';
  omitPadding?: boolean;
}

const define = (target: object, name: string, value: unknown): void => {
  if (!(name in target)) Object.defineProperty(target, name, { configurable: true, writable: true, value });
};

define(Uint8Array, 'fromBase64', (text: string, options: Base64Options = {}) =>
  Uint8Array.from(Buffer.from(text, options.alphabet ?? 'base64')),
);
define(Uint8Array, 'fromHex', (text: string) => Uint8Array.from(Buffer.from(text, 'hex')));
define(Uint8Array.prototype, 'toHex', function (this: Uint8Array) {
  return Buffer.from(this).toString('hex');
});
define(Uint8Array.prototype, 'toBase64', function (this: Uint8Array, options: Base64Options = {}) {
  const text = Buffer.from(this).toString(options.alphabet ?? 'base64');
  return options.omitPadding ? text.replace(/=+$/, '') : text;
});
