// Changing what one signs in with: the email and the username. Both ask for the password.
import { type Context, Hono } from 'hono';
import { renew } from '../http/account.ts';
import type { AppEnv } from '../http/context.ts';
import { guard } from '../http/guard.ts';
import { emailChange, usernameChange } from '../http/own-fields.ts';
import { goOn } from './done.ts';
import { Actions, Faults, Field, PostForm } from './field.tsx';
import { check, type Form, formWith, readTyped, toRefusal } from './form.ts';
import { LABELS } from './labels.ts';
import { show } from './layout.tsx';
import { askAgain, signedIn } from './session.tsx';

const showName = (
  c: Context<AppEnv>,
  name: 'email' | 'username',
  form: Form,
  status: 200 | 400 | 401 | 409 | 429 = 200,
): Response =>
  show(
    c,
    { title: LABELS[name], here: '/', status, narrow: true, failed: form.faults.length > 0 },
    <>
      <h1>{LABELS[name]}</h1>
      <p class="lead">You sign in with your email or your username.</p>
      <Faults form={form} />
      <PostForm action={`/${name}`}>
        {name === 'email' ? (
          <Field form={form} name="email" type="email" autocomplete="email" first />
        ) : (
          <Field
            form={form}
            name="username"
            autocomplete="username"
            hint="Letters, digits and . _ + -"
            first
          />
        )}
        <Field
          form={form}
          name="password"
          type="password"
          autocomplete="current-password"
          hint="Your password, to be sure that it is you."
        />
        <Actions send="Save" back="/" />
      </PostForm>
    </>,
  );

const WRONG = { field: 'password', text: 'This is not your password.', status: 400 } as const;

export const names = new Hono<AppEnv>()
  .get('/email', signedIn, (c) => showName(c, 'email', formWith({ email: c.var.principal.account.email })))
  .post('/email', signedIn, guard('login'), async (c) => {
    const typed = await readTyped(c);
    if (typed instanceof Response) return typed;
    const checked = check(emailChange, typed);
    if (!checked.ok) return showName(c, 'email', formWith(typed, checked.faults), 400);
    const changed = await c.var.core.changeEmail(c.var.principal, checked.data, c.var.client);
    if (changed.ok) {
      renew(c, changed.value);
      return goOn(c, '/', 'email-changed');
    }
    if (changed.error.reason === 'gone') return askAgain(c, {});
    const { status, faults } = toRefusal(c, changed.error, WRONG);
    return showName(c, 'email', formWith(typed, faults), status);
  })
  .get('/username', signedIn, (c) =>
    showName(c, 'username', formWith({ username: c.var.principal.account.username ?? '' })),
  )
  .post('/username', signedIn, guard('login'), async (c) => {
    const typed = await readTyped(c);
    if (typed instanceof Response) return typed;
    const checked = check(usernameChange, typed);
    if (!checked.ok) return showName(c, 'username', formWith(typed, checked.faults), 400);
    const changed = await c.var.core.changeUsername(c.var.principal, checked.data, c.var.client);
    if (changed.ok) {
      renew(c, changed.value);
      return goOn(c, '/', 'username-changed');
    }
    if (changed.error.reason === 'gone') return askAgain(c, {});
    const { status, faults } = toRefusal(c, changed.error, WRONG);
    return showName(c, 'username', formWith(typed, faults), status);
  });
