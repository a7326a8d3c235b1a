// Making an account.
import { type Context, Hono } from 'hono';
import { guard } from '../http/auth/flood-guard.ts';
import { register } from '../http/auth/session-actions.ts';
import { registration } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { goOn } from './done.ts';
import { Actions, Faults, Field, NewPassword, PostForm } from './field.tsx';
import { check, checkPassword, type Form, formWith, readTyped, toRefusal, withoutEmpty } from './form.ts';
import { show } from './layout.tsx';
import { findPrincipal } from './session.tsx';

const showSignUp = (c: Context<AppEnv>, form: Form, status: 200 | 400 | 401 | 409 | 429 = 200): Response =>
  show(
    c,
    { title: 'Make an account', status, narrow: true, failed: form.faults.length > 0 },
    <>
      <h1>Make an account</h1>
      <Faults form={form} />
      <PostForm action="/sign-up">
        <Field form={form} name="email" type="email" autocomplete="email" first />
        <Field
          form={form}
          name="username"
          autocomplete="username"
          hint="Letters, digits and . _ + -"
          optional
        />
        <Field form={form} name="name" autocomplete="name" optional />
        <NewPassword form={form} name="password" />
        <Actions send="Make the account" />
      </PostForm>
      <p class="beside">
        Have an account? <a href="/sign-in">Sign in</a>
      </p>
    </>,
  );

const WRONG = { field: null, text: '', status: 400 } as const;

export const signUp = new Hono<AppEnv>()
  .get('/sign-up', async (c) =>
    (await findPrincipal(c)) ? c.redirect('/', 303) : showSignUp(c, formWith({})),
  )
  .post('/sign-up', guard('registration'), async (c) => {
    const typed = await readTyped(c);
    if (typed instanceof Response) return typed;
    const checked = check(registration, withoutEmpty(typed, 'username', 'name'));
    if (!checked.ok) return showSignUp(c, formWith(typed, checked.faults), 400);
    const { username = null, email, password, name = '' } = checked.data;
    const faults = await checkPassword(c, 'password', password, [username, email]);
    if (faults.length > 0) return showSignUp(c, formWith(typed, faults), 400);
    const made = await register(c, { username, email, password, name }, 'cookie');
    if (made.ok) return goOn(c, '/', 'signed-up');
    // The second click of two: the first one has made this very account and signed in.
    const principal = await findPrincipal(c);
    if (principal?.account.email === email) return goOn(c, '/', 'signed-up');
    const refusal = toRefusal(c, made.error, WRONG);
    return showSignUp(c, formWith(typed, refusal.faults), refusal.status);
  });
