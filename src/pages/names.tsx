// Changing what one signs in with: the email and the username. Both ask for the password.
import type { Context } from 'hono';
import type { AccountError, Renewed, Result } from '../core/index.ts';
import { renew } from '../http/auth/session-actions.ts';
import { emailChange, usernameChange } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { goOn } from './done.ts';
import { Actions, Faults, Field, PasswordAgain, PostForm, WhosePassword } from './field.tsx';
import { type Form, form, formWith, toRefusal, typedOf } from './form.ts';
import { LABELS } from './labels.ts';
import { show } from './layout.tsx';
import { askAgain, owner } from './session.tsx';

type Name = 'email' | 'username';

const showName = (
  c: Context<AppEnv>,
  name: Name,
  shown: Form,
  status: 200 | 400 | 401 | 409 | 429 = 200,
): Response =>
  show(
    c,
    { title: LABELS[name], here: '/', status, narrow: true, failed: shown.faults.length > 0 },
    <>
      <h1>{LABELS[name]}</h1>
      <p class="lead">You sign in with your email or your username.</p>
      <Faults form={shown} />
      <PostForm action={`/${name}`}>
        {name === 'email' ? (
          <Field form={shown} name="email" type="email" autocomplete="username" first />
        ) : (
          <Field form={shown} name="username" autocomplete="off" hint="Letters, digits and . _ + -" first />
        )}
        {name === 'username' && <WhosePassword email={c.var.principal.account.email} />}
        <PasswordAgain form={shown} />
        <Actions send="Save" back="/" />
      </PostForm>
    </>,
  );

const WRONG = { field: 'password', text: 'This is not your password.', status: 400 } as const;

type Refused = Extract<AccountError, { reason: 'gone' | 'taken' | 'throttled' | 'wrong_credentials' }>;

/** Goes on after a change, or shows the form again with what the core refused. */
const answer = (c: Context<AppEnv>, name: Name, changed: Result<Renewed, Refused>): Response => {
  if (changed.ok) {
    renew(c, changed.value);
    return goOn(c, '/', `${name}-changed`);
  }
  const { error } = changed;
  if (error.reason === 'gone') return askAgain(c, {});
  const { status, faults } = toRefusal(c, error, WRONG);
  return showName(c, name, formWith(typedOf(c), faults), status);
};

const showEmail = endpoint({
  method: 'GET',
  path: '/email',
  auth: owner,
  handle: (c) => showName(c, 'email', formWith({ email: c.var.principal.account.email })),
});

const saveEmail = endpoint({
  method: 'POST',
  path: '/email',
  auth: owner,
  limit: 'login',
  body: form(emailChange, {
    show: (c, faults) => showName(c, 'email', formWith(typedOf(c), faults), 400),
  }),
  handle: async (c) => {
    const { core, principal, client } = c.var;
    return answer(c, 'email', await core.credentials.changeEmail(principal, c.req.valid('json'), client));
  },
});

const showUsername = endpoint({
  method: 'GET',
  path: '/username',
  auth: owner,
  handle: (c) => showName(c, 'username', formWith({ username: c.var.principal.account.username ?? '' })),
});

const saveUsername = endpoint({
  method: 'POST',
  path: '/username',
  auth: owner,
  limit: 'login',
  body: form(usernameChange, {
    show: (c, faults) => showName(c, 'username', formWith(typedOf(c), faults), 400),
  }),
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const changed = await core.credentials.changeUsername(principal, c.req.valid('json'), client);
    return answer(c, 'username', changed);
  },
});

export const names = [showEmail, saveEmail, showUsername, saveUsername];
