// What the pages of mailed links share: the button that uses a link up, and the message for a link that no longer
// works.
import type { Context } from 'hono';
import type { Child } from 'hono/jsx';
import type { PublicAuth } from '../http/auth/auth.ts';
import type { AppEnv } from '../http/context.ts';
import { Actions, ErrorSummary, Field, PostForm } from './field.tsx';
import { type Form, formWith, typedOf } from './form.ts';
import { show } from './layout.tsx';

/**
 * Anyone who has the token of a link may use it. A page with a token in its URL sends no referrer, so its form comes
 * with `Origin: null`. The check would stop nobody: a foreign page knows only its own tokens, and nothing here signs
 * anybody in.
 */
export const holder: PublicAuth = {
  via: 'none',
  csrf: { check: false, reason: 'The token of the link is proof enough, and opens no session.' },
};

interface LinkPage {
  title: string;
  /** What the button does. */
  send: string;
  action: string;
  token: string;
  danger?: boolean;
}

/**
 * A page that a link opens. Opening it uses nothing up: the scanners of mail providers follow links, but press no
 * button.
 */
export const showLink = (
  c: Context<AppEnv>,
  { title, send, action, token, danger = false }: LinkPage,
  text: Child,
): Response =>
  show(
    c,
    { title, narrow: true, hidesAddress: true },
    <>
      <h1>{title}</h1>
      <p class="lead">{text}</p>
      <PostForm action={action}>
        <input type="hidden" name="token" value={token} />
        <Actions send={send} danger={danger} />
      </PostForm>
    </>,
  );

/** The message for a link that no longer works, and where to get another. */
export const showDeadLink = (
  c: Context<AppEnv>,
  next: { href: string; label: string },
  status: 400 | 409 = 400,
): Response => {
  const title = status === 409 ? 'This address is taken' : 'This link no longer works';
  return show(
    c,
    { title, status, narrow: true, hidesAddress: true, failed: true },
    <>
      <h1>{title}</h1>
      <p class="lead">
        {status === 409
          ? 'Another account has this email address by now. Nothing was changed.'
          : 'It has expired, was used before, or was not copied whole.'}
      </p>
      <p>
        <a class="button" href={next.href}>
          {next.label}
        </a>
      </p>
    </>,
  );
};

/** The form for a mailed code, for a signed-in user. */
export const CodeForm = ({ form, action }: { form: Form; action: string }) => (
  <PostForm action={action}>
    <ErrorSummary form={form} />
    <Field
      form={form}
      name="code"
      autocomplete="one-time-code"
      hint="The 8 digits in the mail. They are good for 10 minutes."
    />
    <Actions send="Confirm" />
  </PostForm>
);

/** The form again, with a code that was refused. */
export const withWrongCode = (c: Context<AppEnv>): Form =>
  formWith(typedOf(c), [
    {
      field: 'code',
      text: 'This code is wrong or has expired. After five wrong codes, use the link in the mail.',
    },
  ]);

/** The token of the link that opened a page; null for none. */
export const tokenOf = (c: Context<AppEnv>): string | null => c.req.query('token') || null;
