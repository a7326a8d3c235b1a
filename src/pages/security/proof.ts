// The fields of a proof as a form sends them.
import type { Typed } from '../form.ts';

/** The fields as they are validated: the script's hidden field is JSON, and a checked box is `on`. */
export const prepareProof = ({ passkey = '', trustBrowser, ...typed }: Typed): Record<string, unknown> => ({
  ...typed,
  ...(passkey !== '' && { passkey: parseOrKeep(passkey) }),
  ...(trustBrowser !== undefined && { trustBrowser: true }),
});

const parseOrKeep = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // A text is not a passkey: the schema refuses it.
    return text;
  }
};
