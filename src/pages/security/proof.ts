// The fields of a proof as a form sends them.
import type { Typed } from '../form.ts';

/** The fields as they are checked: what the script puts into a hidden field is JSON, and a checked box is `on`. */
export const prepareProof = ({ passkey = '', trustBrowser, ...typed }: Typed): Record<string, unknown> => ({
  ...typed,
  ...(passkey !== '' && { passkey: parseOrKeep(passkey) }),
  ...(trustBrowser !== undefined && { trustBrowser: true }),
});

const parseOrKeep = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // A text is no passkey: the schema refuses it.
    return text;
  }
};
