// Creating an account.
import type { Context } from 'hono';
import { anyone, findPrincipal, identifyByCookie } from '../http/auth/auth.ts';
import { register } from '../http/auth/session-actions.ts';
import { registration } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { goOn } from './done.ts';
import { Actions, ErrorSummary, Field, NewPassword, PostForm } from './field.tsx';
import { checkPassword, type Form, form, formWith, toRefusal, typedOf } from './form.ts';
import { show } from './layout.tsx';
import { visitor } from './session.tsx';

const showSignUp = (c: Context<AppEnv>, shown: Form, status: 200 | 400 | 401 | 409 | 429 = 200): Response =>
  show(
    c,
    { title: 'Create account', status, narrow: true, failed: shown.errors.length > 0 },
    <>
      <h1>Create account</h1>
      <ErrorSummary form={shown} />
      <PostForm action="/sign-up">
        <Field form={shown} name="email" type="email" autocomplete="username" first />
        <Field form={shown} name="username" autocomplete="off" hint="Letters, digits and . _ + -" optional />
        <Field form={shown} name="name" autocomplete="name" optional />
        <NewPassword form={shown} name="password" />
        <Actions send="Create account" />
      </PostForm>
      <p class="beside">
        Have an account? <a href="/sign-in">Sign in</a>
      </p>
    </>,
  );

const WRONG = { field: null, text: '', status: 400 } as const;

const showForm = endpoint({
  method: 'GET',
  path: '/sign-up',
  auth: visitor,
  handle: (c) => (findPrincipal(c) ? c.redirect('/', 303) : showSignUp(c, formWith({}))),
});

const submit = endpoint({
  method: 'POST',
  path: '/sign-up',
  auth: anyone,
  limit: 'registration',
  body: form(registration, {
    show: (c, errors) => showSignUp(c, formWith(typedOf(c), errors), 400),
    optional: ['username', 'name'],
    checkMore: (c, { username, email, password = '' }) =>
      checkPassword(c, 'password', password, [username, email]),
  }),
  handle: async (c) => {
    const { username = null, email, password, name = '' } = c.req.valid('json');
    const errors = await checkPassword(c, 'password', password, [username, email]);
    if (errors.length > 0) return showSignUp(c, formWith(typedOf(c), errors), 400);
    const made = await register(c, { username, email, password, name }, 'cookie');
    if (made.ok) return goOn(c, '/', 'signed-up');
    // The second click of a double click: the first one has created this account and signed in.
    const principal = await identifyByCookie(c, 'primary');
    if (principal?.account.email === email) return goOn(c, '/', 'signed-up');
    const refusal = toRefusal(c, made.error, WRONG);
    return showSignUp(c, formWith(typedOf(c), refusal.errors), refusal.status);
  },
});

export const signUp = [showForm, submit];
