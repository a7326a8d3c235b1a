// The texts of refusals on pages: a title, a sentence, and a link back.
import type { Context } from 'hono';
import type { AppEnv } from '../http/context.ts';
import type { Problem, Reply } from '../http/problem.ts';
import { show } from './layout.tsx';

const worded = (status: Reply['status'], title: string, text: string): Reply => ({
  status,
  body: { title, text },
});

/** Words a refusal. Pure and total, as for every dialect. */
export const problem = (refused: Problem): Reply => {
  switch (refused.reason) {
    case 'not_found':
      return worded(404, 'There is nothing here', 'The address may be mistyped, or what was here is gone.');
    case 'method_not_allowed':
      return worded(405, 'This cannot be done here', 'Open the page and use the form on it.');
    case 'forbidden':
      return worded(403, 'This is for admins', 'Your account may not see this page.');
    case 'reauthenticate':
      return worded(403, 'Confirm that it is you', 'You signed in a while ago. Sign in again to go on.');
    case 'factor_required':
      return worded(
        403,
        'Admins need a second factor',
        'Add a passkey or codes on your Security page, then sign in with them.',
      );
    case 'factor':
      return worded(400, 'This was not accepted', 'Go back and try again.');
    case 'cookie_blocked':
      return worded(403, 'This came from another site', 'Open the page here, and try again.');
    case 'https_required':
      return worded(403, 'Use https', 'Open this page with https:// in front.');
    case 'unverified_email':
      return worded(
        403,
        'Confirm your email address',
        'Open the link in the mail that we sent you, then sign in.',
      );
    case 'proof':
      return worded(
        400,
        'This link no longer works',
        'It has expired, was used before, or was not copied whole. Ask for a new one.',
      );
    case 'mail_off':
    case 'access_tokens_off':
    case 'oauth':
      return worded(404, 'There is nothing here', 'This service sends no mail.');
    case 'cross_site':
      return worded(
        403,
        'This came from another site',
        'Nothing was changed. Open the page here, and try again.',
      );
    case 'last_admin':
      return worded(
        409,
        'This is the last admin',
        'Nobody could look after the accounts any more. Make another account an admin first.',
      );
    case 'throttled':
      return worded(429, 'Too many tries', `Wait ${refused.retryAfterSeconds} seconds, then try again.`);
    case 'unavailable':
      return worded(
        503,
        'One moment, please',
        'The service cannot be reached. Nothing was lost: try again soon.',
      );
    case 'too_large':
      return worded(413, 'The request is too large', 'The request is larger than any form of this service.');
    case 'unsupported_media_type':
    case 'malformed':
    case 'not_an_object':
    // Forms show their errors themselves; only forms of other pages get here.
    case 'fields':
    case 'taken':
    case 'wrong_credentials':
      return worded(
        400,
        'This cannot be read',
        'The request is not a form of this page. Open the page, and try again.',
      );
    case 'credentials':
      return worded(401, 'You are not signed in', 'Sign in to go on.');
    case 'internal_error':
      return worded(500, 'Something went wrong here', 'The error was logged. Try again, or come back later.');
  }
};

const textOf = (body: Reply['body'], name: 'title' | 'text'): string => {
  const value: unknown = Reflect.get(Object(body), name);
  return typeof value === 'string' ? value : '';
};

/** Shows a refusal as a page. */
export const sendPage = (c: Context<AppEnv>, { status, body, headers = {} }: Reply): Response => {
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  const title = textOf(body, 'title');
  return show(
    c,
    { title, status, narrow: true },
    <>
      <h1>{title}</h1>
      <p class="lead">{textOf(body, 'text')}</p>
      <p>
        <a class="button" href="/">
          Go to your account
        </a>
      </p>
    </>,
  );
};
