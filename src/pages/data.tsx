// The account's data as a whole: downloading it, and deleting it.
import type { Context } from 'hono';
import { clearSessionCookie } from '../http/auth/cookies.ts';
import { confirmation } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { goOn } from './done.ts';
import { Actions, ErrorSummary, PasswordAgain, PostForm, WhosePassword } from './field.tsx';
import { type FormError, form, formWith, toRefusal } from './form.ts';
import { ACCOUNT, show } from './layout.tsx';
import { askAgain, askToConfirm, owner, recentOwner } from './session.tsx';

const showDelete = (
  c: Context<AppEnv>,
  errors: readonly FormError[] = [],
  status: 200 | 400 | 401 | 409 | 429 = 200,
): Response => {
  const shown = formWith({}, errors);
  return show(
    c,
    { title: 'Delete account', here: '/', parent: ACCOUNT, status, narrow: true, failed: errors.length > 0 },
    <>
      <h1>Delete account</h1>
      <p class="lead">
        This deletes your account with its profile and sessions at once. It cannot be undone. You can{' '}
        <a href="/export">export your data</a> first.
      </p>
      <ErrorSummary form={shown} />
      <PostForm action="/delete">
        <WhosePassword account={c.var.principal.account} />
        <PasswordAgain form={shown} />
        <Actions send="Delete account" back="/" danger />
      </PostForm>
    </>,
  );
};

const LAST_ADMIN = {
  field: null,
  text: 'You are the only admin. Make another account an admin first.',
} as const;
const WRONG = { field: 'password', text: 'Wrong password.', status: 400 } as const;

const showExport = endpoint({
  method: 'GET',
  path: '/export',
  auth: recentOwner,
  handle: (c) =>
    show(
      c,
      { title: 'Export your data', here: '/', parent: ACCOUNT, narrow: true },
      <>
        <h1>Export your data</h1>
        <section class="card">
          <p>
            One JSON file with everything about your account: profile, sessions and activity. It holds no
            password.
          </p>
          <div class="actions">
            <a class="button" href="/export/file">
              Download
            </a>
          </div>
        </section>
      </>,
    ),
});

/** Asks for another proof on a page if the last one is too old: `id` could only refuse. */
const download = endpoint({
  method: 'GET',
  path: '/export/file',
  auth: recentOwner,
  handle: (c) => c.redirect('/id/export', 303),
});

const confirmDelete = endpoint({
  method: 'GET',
  path: '/delete',
  auth: owner,
  handle: (c) => showDelete(c),
});

const remove = endpoint({
  method: 'POST',
  path: '/delete',
  auth: owner,
  limit: 'login',
  body: form(confirmation, { show: (c, errors) => showDelete(c, errors, 400) }),
  handle: async (c) => {
    const { password } = c.req.valid('json');
    const { core, principal, client } = c.var;
    const removed = await core.credentials.deleteAccount(principal, password, client);
    if (removed.ok) {
      clearSessionCookie(c);
      return goOn(c, '/sign-in', 'account-deleted');
    }
    if (removed.error.reason === 'gone') return askAgain(c, {});
    if (removed.error.reason === 'reauthenticate') return askToConfirm(c);
    if (removed.error.reason === 'last_admin') return showDelete(c, [LAST_ADMIN], 409);
    const { status, errors } = toRefusal(c, removed.error, WRONG);
    return showDelete(c, errors, status);
  },
});

export const data = [showExport, download, confirmDelete, remove];
