// Changing the password: asks for the old one, ends all other sessions.
import { type Context, Hono } from 'hono';
import { guardFlood } from '../http/auth/flood-guard.ts';
import { renew } from '../http/auth/session-actions.ts';
import { passwordChange } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { goOn } from './done.ts';
import { Actions, Faults, Field, NewPassword, PostForm } from './field.tsx';
import { check, checkPassword, type FormFault, formWith, readTyped, toRefusal } from './form.ts';
import { show } from './layout.tsx';
import { askAgain, signedIn } from './session.tsx';

const showPassword = (
  c: Context<AppEnv>,
  faults: readonly FormFault[] = [],
  status: 200 | 400 | 401 | 409 | 429 = 200,
): Response => {
  const form = formWith({}, faults);
  const { username, email } = c.var.principal.account;
  return show(
    c,
    { title: 'Password', here: '/', status, narrow: true, failed: faults.length > 0 },
    <>
      <h1>Password</h1>
      <p class="lead">Every other browser and app will be signed out.</p>
      <Faults form={form} />
      <PostForm action="/password">
        {/* For password managers: whose password it is. */}
        <input
          type="text"
          name="username"
          autocomplete="username"
          value={username ?? email}
          hidden
          readonly
        />
        <Field form={form} name="currentPassword" type="password" autocomplete="current-password" first />
        <NewPassword form={form} name="newPassword" />
        <Actions send="Change the password" back="/" />
      </PostForm>
    </>,
  );
};

const WRONG = { field: 'currentPassword', text: 'This is not your password.', status: 400 } as const;

export const password = new Hono<AppEnv>()
  .get('/password', signedIn, (c) => showPassword(c))
  .post('/password', signedIn, guardFlood('login'), async (c) => {
    const typed = await readTyped(c);
    if (typed instanceof Response) return typed;
    const checked = check(passwordChange, typed);
    if (!checked.ok) return showPassword(c, checked.faults, 400);
    const { currentPassword: current, newPassword: next } = checked.data;
    const { core, principal, client } = c.var;
    const { username, email } = principal.account;
    const faults = await checkPassword(c, 'newPassword', next, [username, email]);
    if (faults.length > 0) return showPassword(c, faults, 400);
    const changed = await core.credentials.changePassword(principal, { current, next }, client);
    if (changed.ok) {
      renew(c, changed.value);
      return goOn(c, '/', 'password-changed');
    }
    if (changed.error.reason === 'gone') return askAgain(c, {});
    const refusal = toRefusal(c, changed.error, WRONG);
    return showPassword(c, refusal.faults, refusal.status);
  });
