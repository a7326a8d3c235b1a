// Changing the email and the username. Both need the password.
import type { Context } from 'hono';
import type { Child } from 'hono/jsx';
import type { Account, AccountError, Renewed, Result } from '../core/index.ts';
import { renew } from '../http/auth/session-actions.ts';
import { emailChange, usernameChange } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { goOn } from './done.ts';
import { Actions, ErrorSummary, Field, PasswordAgain, PostForm, WhosePassword } from './field.tsx';
import { type Form, form, formWith, toRefusal, typedOf } from './form.ts';
import { LABELS } from './labels.ts';
import { ACCOUNT, show } from './layout.tsx';
import { CodeForm } from './mail-link.tsx';
import { askAgain, askToConfirm, owner } from './session.tsx';

type Name = 'email' | 'username';

/** What a page of the address shows besides the form: the error of a code that was typed. */
interface EmailPage {
  form?: Form;
  code?: Form;
  status?: 200 | 400 | 401 | 409 | 429;
}

/** The new address that is not confirmed yet, how to confirm it, and how to cancel it. */
const Pending = ({ email, form: shown }: { email: string; form: Form }) => (
  <section aria-labelledby="pending">
    <h2 id="pending">Waiting for you to confirm {email}</h2>
    <p class="lead">We sent a mail there. Open the link in it, or enter the code here.</p>
    <CodeForm form={shown} action="/change-email/code" />
    <form method="post" action="/email/withdraw">
      <div class="actions">
        <button type="submit" class="quiet">
          Keep the old address
        </button>
      </div>
    </form>
  </section>
);

export const showEmail = (c: Context<AppEnv>, { form: shown, code, status = 200 }: EmailPage): Response => {
  const { email, pendingEmail } = c.var.principal.account;
  const pending = pendingEmail === null ? null : <Pending email={pendingEmail} form={code ?? formWith({})} />;
  const isFailed = (code?.errors.length ?? 0) > 0;
  return showName(c, 'email', shown ?? formWith({ email }), { status, pending, isFailed });
};

interface NamePage {
  status?: 200 | 400 | 401 | 409 | 429;
  pending?: Child;
  isFailed?: boolean;
}

const showName = (
  c: Context<AppEnv>,
  name: Name,
  shown: Form,
  { status = 200, pending = null, isFailed = false }: NamePage = {},
): Response =>
  show(
    c,
    {
      title: LABELS[name],
      here: '/',
      parent: ACCOUNT,
      status,
      narrow: true,
      failed: isFailed || shown.errors.length > 0,
    },
    <>
      <h1>{LABELS[name]}</h1>
      <p class="lead">You sign in with your email or your username.</p>
      {pending}
      <ErrorSummary form={shown} />
      <PostForm action={`/${name}`}>
        {name === 'email' ? (
          <Field form={shown} name="email" type="email" autocomplete="username" first />
        ) : (
          <Field form={shown} name="username" autocomplete="off" hint="Letters, digits and . _ + -" first />
        )}
        {name === 'username' && <WhosePassword account={c.var.principal.account} />}
        <PasswordAgain form={shown} />
        <Actions send="Save" back="/" />
      </PostForm>
    </>,
  );

const WRONG = { field: 'password', text: 'Wrong password.', status: 400 } as const;

type Refused = Extract<
  AccountError,
  { reason: 'gone' | 'reauthenticate' | 'taken' | 'throttled' | 'wrong_credentials' }
>;

/** Continues after a change, or shows the form again with the refusal of the core. */
const answer = (
  c: Context<AppEnv>,
  name: Name,
  changed: Result<Renewed & { account: Account }, Refused>,
): Response => {
  if (changed.ok) {
    renew(c, changed.value);
    const isPending = name === 'email' && changed.value.account.pendingEmail !== null;
    return isPending ? goOn(c, '/email', 'email-pending') : goOn(c, '/', `${name}-changed`);
  }
  const { error } = changed;
  if (error.reason === 'reauthenticate') return askToConfirm(c);
  if (error.reason === 'gone') return askAgain(c, {});
  const { status, errors } = toRefusal(c, error, WRONG);
  const form = formWith(typedOf(c), errors);
  return name === 'email' ? showEmail(c, { form, status }) : showName(c, name, form, { status });
};

const openEmail = endpoint({
  method: 'GET',
  path: '/email',
  auth: owner,
  handle: (c) => showEmail(c, {}),
});

const saveEmail = endpoint({
  method: 'POST',
  path: '/email',
  auth: owner,
  limit: 'login',
  body: form(emailChange, {
    show: (c, errors) => showEmail(c, { form: formWith(typedOf(c), errors), status: 400 }),
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
    show: (c, errors) => showName(c, 'username', formWith(typedOf(c), errors), { status: 400 }),
  }),
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const changed = await core.credentials.changeUsername(principal, c.req.valid('json'), client);
    return answer(c, 'username', changed);
  },
});

export const names = [openEmail, saveEmail, showUsername, saveUsername];
