// Redirects a browser to another origin.
import type { Context } from 'hono';
import type { AppEnv } from '../http/context.ts';
import { show } from './layout.tsx';

/**
 * Sends the browser to an address that the caller has checked. After one of our forms this cannot be a redirect:
 * browsers apply `form-action` to every address that a form leads to.
 * @see https://www.w3.org/TR/CSP3/#directive-form-action
 */
export const redirectTo = (c: Context<AppEnv>, url: string): Response => {
  const isAfterForm = c.req.method === 'POST' || c.req.header('Sec-Fetch-Site') === 'same-origin';
  if (!isAfterForm) {
    c.header('Referrer-Policy', 'no-referrer');
    return c.redirect(url, 303);
  }
  const { host } = new URL(url);
  return show(
    c,
    { title: 'Continue', narrow: true, hidesAddress: true, goesTo: url },
    <>
      <h1>Continue to {host === '' ? 'the app' : host}</h1>
      <p>
        <a class="button" href={url}>
          Continue
        </a>
      </p>
    </>,
  );
};
