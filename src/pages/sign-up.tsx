// Creating an account.
import type { Context } from 'hono';
import { anyone, findPrincipal, identifyByCookie } from '../http/auth/auth.ts';
import { register } from '../http/auth/session-actions.ts';
import { registration } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { goToDestination, readTo, withTo } from './destination.ts';
import { goOn } from './done.ts';
import { Actions, ErrorSummary, Field, NewPassword, PostForm } from './field.tsx';
import { checkPassword, type Form, form, formWith, type Refusal, toRefusal, typedOf } from './form.ts';
import { show } from './layout.tsx';
import { visitor } from './session.tsx';
import { Onward } from './sign-in-form.tsx';

const showSignUp = (
  c: Context<AppEnv>,
  shown: Form,
  { status = 200, to }: { status?: 200 | 400 | 401 | 409 | 429; to: string | undefined },
): Response =>
  show(
    c,
    { title: 'Create account', status, narrow: true, failed: shown.errors.length > 0 },
    <>
      <h1>Create account</h1>
      <ErrorSummary form={shown} />
      <PostForm action="/sign-up">
        <Onward to={to} kept={null} />
        <Field form={shown} name="email" type="email" autocomplete="username" first />
        <Field form={shown} name="username" autocomplete="off" hint="Letters, digits and . _ + -" optional />
        <Field form={shown} name="name" autocomplete="name" optional />
        <NewPassword form={shown} name="password" />
        <Actions send="Create account" />
      </PostForm>
      <p class="beside">
        Have an account? <a href={withTo('/sign-in', to)}>Sign in</a>
      </p>
    </>,
  );

const WRONG = { field: null, text: '', status: 400 } as const;

const showAgain = (c: Context<AppEnv>, { status, errors }: Refusal): Response => {
  const typed = typedOf(c);
  return showSignUp(c, formWith(typed, errors), { status, to: readTo(typed['to']) });
};

/** Goes on to where the form says, or to the new account, which says what was done. */
const welcome = (c: Context<AppEnv>): Response | Promise<Response> => {
  const to = readTo(typedOf(c)['to']);
  return to === undefined || to === '/' ? goOn(c, '/', 'signed-up') : goToDestination(c, to);
};

const showForm = endpoint({
  method: 'GET',
  path: '/sign-up',
  auth: visitor,
  handle: (c) => {
    const to = readTo(c.req.query('to'));
    return findPrincipal(c) ? goToDestination(c, to) : showSignUp(c, formWith({}), { to });
  },
});

const submit = endpoint({
  method: 'POST',
  path: '/sign-up',
  auth: anyone,
  limit: 'registration',
  body: form(registration, {
    show: (c, errors) => showAgain(c, { status: 400, errors }),
    optional: ['username', 'name'],
    checkMore: (c, { username, email, password = '' }) =>
      checkPassword(c, 'password', password, [username, email]),
  }),
  handle: async (c) => {
    const { username = null, email, password, name = '' } = c.req.valid('json');
    const errors = await checkPassword(c, 'password', password, [username, email]);
    if (errors.length > 0) return showAgain(c, { status: 400, errors });
    const made = await register(c, { username, email, password, name }, 'cookie');
    if (made.ok) return welcome(c);
    // The second click of a double click: the first one has created this account and signed in.
    const principal = await identifyByCookie(c, 'primary');
    if (principal?.account.email === email) return welcome(c);
    return showAgain(c, toRefusal(c, made.error, WRONG));
  },
});

export const signUp = [showForm, submit];
