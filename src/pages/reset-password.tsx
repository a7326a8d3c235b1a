// Resetting a forgotten password: requesting a mail, and setting a new password by its link.
import type { Context } from 'hono';
import { readIdentifier } from '../core/index.ts';
import { anyone } from '../http/auth/auth.ts';
import { forgotten, passwordReset } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { respondProblem } from '../http/respond.ts';
import { goOn } from './done.ts';
import { Actions, ErrorSummary, Field, NewPassword, PostForm, WhosePassword } from './field.tsx';
import { checkPassword, type Form, type FormError, form, formWith, typedOf } from './form.ts';
import { show } from './layout.tsx';
import { holder, showDeadLink, tokenOf } from './mail-link.tsx';

const FORGOT = '/forgot-password';
const RESET = '/reset-password';
/** To sign-in, and then to the page that offers a passkey, which helps people who forget passwords. */
const OFFER = '/sign-in?to=%2Fsecurity%2Fpasskeys';
const NEXT = { href: FORGOT, label: 'Get a new link' };

const showForgot = (c: Context<AppEnv>, shown: Form, status: 200 | 400 = 200): Response =>
  show(
    c,
    { title: 'Forgot your password?', status, narrow: true, failed: shown.errors.length > 0 },
    <>
      <h1>Forgot your password?</h1>
      <p class="lead">We send a link by mail, with which you set a new one.</p>
      <ErrorSummary form={shown} />
      <PostForm action={FORGOT}>
        <Field form={shown} name="identifier" autocomplete="username" first />
        <Actions send="Send the link" back="/sign-in" />
      </PostForm>
    </>,
  );

const openForgot = endpoint({
  method: 'GET',
  path: FORGOT,
  auth: anyone,
  handle: (c) =>
    c.var.core.mail.settings ? showForgot(c, formWith({})) : respondProblem(c, { reason: 'mail_off' }),
});

const askForLink = endpoint({
  method: 'POST',
  path: FORGOT,
  auth: anyone,
  limit: 'login',
  body: form(forgotten, { show: (c, errors) => showForgot(c, formWith(typedOf(c), errors), 400) }),
  handle: async (c) => {
    const { core, client } = c.var;
    if (!core.mail.settings) return respondProblem(c, { reason: 'mail_off' });
    await core.passwordReset.request(readIdentifier(c.req.valid('json').identifier), client);
    // The same whether or not there is such an account.
    return goOn(c, '/sign-in', 'reset-sent');
  },
});

interface ResetForm {
  token: string;
  email: string;
  errors?: readonly FormError[];
}

const showReset = (c: Context<AppEnv>, { token, email, errors = [] }: ResetForm): Response => {
  const shown = formWith({}, errors);
  const isInvalid = errors.length > 0;
  return show(
    c,
    {
      title: 'Set a new password',
      status: isInvalid ? 400 : 200,
      narrow: true,
      failed: isInvalid,
      hidesAddress: true,
    },
    <>
      <h1>Set a new password</h1>
      <p class="lead">For the account of {email}. Every browser and app will be signed out.</p>
      <ErrorSummary form={shown} />
      <PostForm action={RESET}>
        <input type="hidden" name="token" value={token} />
        <WhosePassword account={{ email, username: null }} />
        <NewPassword form={shown} name="newPassword" />
        <Actions send="Set the password" />
      </PostForm>
    </>,
  );
};

/** The form again with its errors; for a link that no longer works, only that message. */
const showResetAgain = async (c: Context<AppEnv>, errors: readonly FormError[]): Promise<Response> => {
  const { token = '' } = typedOf(c);
  const found = await c.var.core.passwordReset.read(token);
  if (!found.ok) return showDeadLink(c, NEXT);
  return showReset(c, { token, email: found.value.email, errors });
};

const openReset = endpoint({
  method: 'GET',
  path: RESET,
  auth: holder,
  handle: async (c) => {
    const token = tokenOf(c);
    if (token === null) return c.redirect(FORGOT, 303);
    const found = await c.var.core.passwordReset.read(token);
    return found.ok ? showReset(c, { token, email: found.value.email }) : showDeadLink(c, NEXT);
  },
});

const reset = endpoint({
  method: 'POST',
  path: RESET,
  auth: holder,
  limit: 'login',
  body: form(passwordReset, { show: showResetAgain }),
  handle: async (c) => {
    const { core, client } = c.var;
    const { token, newPassword } = c.req.valid('json');
    const found = await core.passwordReset.read(token);
    if (!found.ok) return showDeadLink(c, NEXT);
    const { username, email } = found.value;
    const errors = await checkPassword(c, 'newPassword', newPassword, [username, email]);
    if (errors.length > 0) return showReset(c, { token, email, errors });
    const changed = await core.passwordReset.complete(token, newPassword, client);
    return changed.ok ? goOn(c, OFFER, 'password-reset') : showDeadLink(c, NEXT);
  },
});

/** Where password managers send people. @see https://w3c.github.io/webappsec-change-password-url/ */
const wellKnown = endpoint({
  method: 'GET',
  path: '/.well-known/change-password',
  auth: anyone,
  handle: (c) => c.redirect('/password', 302),
});

export const resetPassword = [openForgot, askForLink, openReset, reset, wellKnown];
