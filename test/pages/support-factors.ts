// Test helpers for second factors on the pages: a browser that keeps cookies, and the data that the script uses.
import { cookiesOf } from '../support/passkeys.ts';
import type { Answer } from '../support/worker.ts';
import { open, post } from './support-pages.ts';

/** A browser: it keeps the cookies that answers set. */
export interface Browser {
  cookies: () => string;
  open: (path: string) => Promise<Answer>;
  post: (path: string, form?: Record<string, string>) => Promise<Answer>;
}

export const createBrowser = (): Browser => {
  let cookies = '';
  const keep = (answer: Answer): Answer => {
    cookies = cookiesOf(answer, cookies);
    return answer;
  };
  return {
    cookies: () => cookies,
    open: async (path) => keep(await open(path, null, { headers: { Cookie: cookies } })),
    post: async (path, form = {}) => keep(await post(path, form, null, { headers: { Cookie: cookies } })),
  };
};

const decode = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&');

/** The value of the first hidden field of that name. */
export const hiddenOf = ({ text }: Answer, name: string): string =>
  decode(new RegExp(`<input type="hidden" name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? '');

/** The options that a page passes to the script. */
export const optionsOf = ({ text }: Answer): { challenge: string; [name: string]: unknown } =>
  JSON.parse(decode(/data-options="([^"]*)"/.exec(text)?.[1] ?? '{}'));

/** The token in the form of the passkey. */
export const passkeyTokenOf = ({ text }: Answer): string =>
  decode(/data-passkey="[^"]*"[^>]*><input type="hidden" name="token" value="([^"]*)"/.exec(text)?.[1] ?? '');
