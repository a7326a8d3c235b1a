// Changing the password: asks for the old one, ends all other sessions.
import type { Context } from 'hono';
import { renew } from '../http/auth/session-actions.ts';
import { passwordChange } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { goOn } from './done.ts';
import { Actions, ErrorSummary, Field, NewPassword, PostForm, WhosePassword } from './field.tsx';
import { checkPassword, type FormError, form, formWith, toRefusal } from './form.ts';
import { SECURITY, show } from './layout.tsx';
import { askAgain, askToConfirm, owner } from './session.tsx';

const showPassword = (
  c: Context<AppEnv>,
  errors: readonly FormError[] = [],
  status: 200 | 400 | 401 | 409 | 429 = 200,
): Response => {
  const shown = formWith({}, errors);
  return show(
    c,
    {
      title: 'Change password',
      here: '/security',
      parent: SECURITY,
      status,
      narrow: true,
      failed: errors.length > 0,
    },
    <>
      <h1>Change password</h1>
      <p class="lead">Every other browser and app is signed out.</p>
      <ErrorSummary form={shown} />
      <PostForm action="/password">
        <WhosePassword account={c.var.principal.account} />
        <Field form={shown} name="currentPassword" type="password" autocomplete="current-password" first />
        <NewPassword form={shown} name="newPassword" />
        <Actions send="Change password" back="/security" />
      </PostForm>
    </>,
  );
};

const WRONG = { field: 'currentPassword', text: 'Wrong password.', status: 400 } as const;

const showForm = endpoint({
  method: 'GET',
  path: '/password',
  auth: owner,
  handle: (c) => showPassword(c),
});

const save = endpoint({
  method: 'POST',
  path: '/password',
  auth: owner,
  limit: 'login',
  body: form(passwordChange, {
    show: (c, errors) => showPassword(c, errors, 400),
    checkMore: (c, { newPassword = '' }) => {
      const { username, email } = c.var.principal.account;
      return checkPassword(c, 'newPassword', newPassword, [username, email]);
    },
  }),
  handle: async (c) => {
    const { currentPassword: current, newPassword: next } = c.req.valid('json');
    const { core, principal, client } = c.var;
    const { username, email } = principal.account;
    const errors = await checkPassword(c, 'newPassword', next, [username, email]);
    if (errors.length > 0) return showPassword(c, errors, 400);
    const changed = await core.credentials.changePassword(principal, { current, next }, client);
    if (changed.ok) {
      renew(c, changed.value);
      return goOn(c, '/security', 'password-changed');
    }
    if (changed.error.reason === 'gone') return askAgain(c, {});
    if (changed.error.reason === 'reauthenticate') return askToConfirm(c);
    const refusal = toRefusal(c, changed.error, WRONG);
    return showPassword(c, refusal.errors, refusal.status);
  },
});

export const password = [showForm, save];
