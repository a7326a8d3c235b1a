// Changing what one signs in with: the email and the username. Both ask for the password.
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import type * as z from 'zod/mini';
import type { Client, Core, Principal } from '../core/index.ts';
import { guardFlood } from '../http/auth/flood-guard.ts';
import { renew } from '../http/auth/session-actions.ts';
import { emailChange, usernameChange } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { goOn } from './done.ts';
import { Actions, Faults, Field, PasswordAgain, PostForm } from './field.tsx';
import { check, type Form, formWith, readTyped, toRefusal } from './form.ts';
import { LABELS } from './labels.ts';
import { show } from './layout.tsx';
import { askAgain, signedIn } from './session.tsx';

type Name = 'email' | 'username';

const showName = (
  c: Context<AppEnv>,
  name: Name,
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
        <PasswordAgain form={form} />
        <Actions send="Save" back="/" />
      </PostForm>
    </>,
  );

const WRONG = { field: 'password', text: 'This is not your password.', status: 400 } as const;

/** Saves a name that was typed, with what the core has for it. */
const save =
  <T extends { password: string }>(
    name: Name,
    schema: z.ZodMiniType<T>,
    changeOf: (
      credentials: Core['credentials'],
    ) => (principal: Principal, change: T, client: Client) => ReturnType<Core['credentials']['changeEmail']>,
  ): MiddlewareHandler<AppEnv> =>
  async (c) => {
    const typed = await readTyped(c);
    if (typed instanceof Response) return typed;
    const checked = check(schema, typed);
    if (!checked.ok) return showName(c, name, formWith(typed, checked.faults), 400);
    const { core, principal, client } = c.var;
    const changed = await changeOf(core.credentials)(principal, checked.data, client);
    if (changed.ok) {
      renew(c, changed.value);
      return goOn(c, '/', `${name}-changed`);
    }
    if (changed.error.reason === 'gone') return askAgain(c, {});
    const { status, faults } = toRefusal(c, changed.error, WRONG);
    return showName(c, name, formWith(typed, faults), status);
  };

const saveEmail = save('email', emailChange, ({ changeEmail }) => changeEmail);
const saveUsername = save('username', usernameChange, ({ changeUsername }) => changeUsername);

export const names = new Hono<AppEnv>()
  .get('/email', signedIn, (c) => showName(c, 'email', formWith({ email: c.var.principal.account.email })))
  .post('/email', signedIn, guardFlood('login'), saveEmail)
  .get('/username', signedIn, (c) =>
    showName(c, 'username', formWith({ username: c.var.principal.account.username ?? '' })),
  )
  .post('/username', signedIn, guardFlood('login'), saveUsername);
