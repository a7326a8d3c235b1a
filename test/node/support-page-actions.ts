// Actions of a page in a browser, and their results: requests, elements, forms, links.
import type { Page } from 'playwright-core';

/** What a script gets from a request: the response, or an error. */
export type Told = { status: number; type: string; text: string; id: string | null } | { thrown: string };

/** What a script gets if the browser hides the response from it. */
export const NOTHING: Told = { thrown: 'TypeError' };
export const OPAQUE: Told = { status: 0, type: 'opaque', text: '', id: null };

/** `fetch` with the browser's cookies, as a script of the page calls it. */
export interface Asked {
  method?: string;
  mode?: 'cors' | 'no-cors';
  headers?: Record<string, string>;
  body?: string;
}

/** A call of a function that support-pages.ts gives to its pages. */
const call = (name: string, ...values: unknown[]): string =>
  `${name}(${values.map((value) => JSON.stringify(value)).join(', ')})`;

/** Makes a script of the page send a request. */
export const tell = (page: Page, url: string, asked: Asked = {}): Promise<Told> =>
  page.evaluate<Told>(call('tell', url, asked));

/** Makes an element of the page load an address: an image, a script, a frame. Returns its event. */
export const embed = (page: Page, tag: string, attribute: string, url: string): Promise<string> =>
  page.evaluate<string>(call('embed', tag, attribute, url));

/** Calls `navigator.sendBeacon` in the page. Returns the status, which the page does not get. */
export const beacon = async (page: Page, url: string, body: string): Promise<number> => {
  const answered = page.waitForResponse((response) => response.url() === url);
  await page.evaluate(call('beacon', url, body));
  return (await answered).status();
};

/** What the browser shows after it left the page. */
export interface Shown {
  status: number;
  text: string;
}

const leave = async (page: Page, url: string, script: string): Promise<Shown> => {
  const answered = page.waitForResponse((response) => response.url() === url);
  const shown = page.waitForEvent('load');
  await page.evaluate(script);
  const response = await answered;
  const text = await response.text();
  // The page may open another address next, which must not be interrupted by this one.
  await shown;
  return { status: response.status(), text };
};

/** Sends a form, as a script can without a click. */
export const submit = (
  page: Page,
  method: string,
  url: string,
  fields: Record<string, string>,
): Promise<Shown> => leave(page, url, call('submit', method, url, fields));

/** Follows a link. */
export const follow = (page: Page, url: string): Promise<Shown> => leave(page, url, call('follow', url));
