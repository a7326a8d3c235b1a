// The account's data as a whole: taking it along, and deleting it.
import { type Context, Hono } from 'hono';
import { clearSessionCookie } from '../http/auth/cookies.ts';
import { guardFlood } from '../http/auth/flood-guard.ts';
import { confirmation } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { goOn } from './done.ts';
import { Actions, Faults, PasswordAgain, PostForm } from './field.tsx';
import { check, type FormFault, formWith, readTyped, toRefusal } from './form.ts';
import { show } from './layout.tsx';
import { askAgain, signedIn } from './session.tsx';

const showDelete = (
  c: Context<AppEnv>,
  faults: readonly FormFault[] = [],
  status: 200 | 400 | 401 | 409 | 429 = 200,
): Response => {
  const form = formWith({}, faults);
  return show(
    c,
    { title: 'Delete the account', here: '/', status, narrow: true, failed: faults.length > 0 },
    <>
      <h1>Delete the account</h1>
      <p class="lead">
        Your profile, your sessions and your names go at once, and nobody can bring them back. You may want to{' '}
        <a href="/export">take your data along</a> first.
      </p>
      <Faults form={form} />
      <PostForm action="/delete">
        <PasswordAgain form={form} />
        <Actions send="Delete my account" back="/" danger />
      </PostForm>
    </>,
  );
};

const LAST_ADMIN = {
  field: null,
  text: 'You are the only admin. Make another account an admin first.',
} as const;
const WRONG = { field: 'password', text: 'This is not your password.', status: 400 } as const;

export const data = new Hono<AppEnv>()
  .get('/export', signedIn, (c) =>
    show(
      c,
      { title: 'Your data', here: '/', narrow: true },
      <>
        <h1>Your data</h1>
        <p class="lead">
          Everything that is held about your account, in one JSON file: the profile, the sessions and the
          activity. It holds no password.
        </p>
        <div class="actions">
          <a class="button" href="/id/export" download>
            Download
          </a>
          <a class="cancel" href="/">
            Back
          </a>
        </div>
      </>,
    ),
  )
  .get('/delete', signedIn, (c) => showDelete(c))
  .post('/delete', signedIn, guardFlood('login'), async (c) => {
    const typed = await readTyped(c);
    if (typed instanceof Response) return typed;
    const checked = check(confirmation, typed);
    if (!checked.ok) return showDelete(c, checked.faults, 400);
    const { core, principal, client } = c.var;
    const confirmed = await core.credentials.checkPassword(principal, checked.data.password, client);
    const removed = confirmed.ok
      ? await core.accounts.remove(principal.account.id, client, { keepsLastAdmin: true })
      : confirmed;
    if (removed.ok) {
      clearSessionCookie(c);
      return goOn(c, '/sign-in', 'account-deleted');
    }
    if (removed.error.reason === 'gone') return askAgain(c, {});
    if (removed.error.reason === 'last_admin') return showDelete(c, [LAST_ADMIN], 409);
    const { status, faults } = toRefusal(c, removed.error, WRONG);
    return showDelete(c, faults, status);
  });
