// The confirmation page: the owner authenticates again, and returns to the page before.
import type { Context } from 'hono';
import { relyingPartyOf } from '../../http/auth/relying-party.ts';
import { renew } from '../../http/auth/session-actions.ts';
import { confirmationAgain } from '../../http/body/schemas.ts';
import type { AppEnv } from '../../http/context.ts';
import { endpoint } from '../../http/endpoint.ts';
import { goToDestination, readTo } from '../destination.ts';
import { Actions, ErrorSummary, Field, PasswordAgain, PostForm, WhosePassword } from '../field.tsx';
import { type FormError, form, formWith, toRefusal, typedOf } from '../form.ts';
import { show } from '../layout.tsx';
import { NeedsScript, PasskeyForm } from '../passkey-form.tsx';
import { askAgain, owner } from '../session.tsx';
import { prepareProof } from './proof.ts';
import { factorError } from './words.ts';

type Status = 200 | 400 | 401 | 409 | 429;

const NOT_ENOUGH = {
  field: null,
  text: 'Your password is not enough here. Use a passkey or a code.',
} as const;

const TITLE = 'Confirm that it is you';

/** A session of an app password is never the owner's. */
const showCannot = (c: Context<AppEnv>): Response =>
  show(
    c,
    { title: TITLE, status: 403, narrow: true },
    <>
      <h1>{TITLE}</h1>
      <p class="lead">
        You signed in with an app password, which cannot be used here. Sign out, then sign in with your own
        password or a passkey.
      </p>
      <PostForm action="/sign-out">
        <Actions send="Sign out" back="/" />
      </PostForm>
    </>,
  );

/** Whether the form that was sent was one for a second factor. */
const typedFactor = (c: Context<AppEnv>): string | undefined =>
  c.req.method === 'POST' ? typedOf(c)['factor'] : undefined;

const showForms = async (
  c: Context<AppEnv>,
  to: string,
  errors: readonly FormError[],
  status: Status,
): Promise<Response> => {
  const { core, principal } = c.var;
  const { account, session } = principal;
  if (session.appPasswordId !== null) return showCannot(c);
  const factors = await core.factors();
  const known = (await factors.list(account.id)).factors;
  // An app may require a more recent sign-in than our own pages do, and one by a second factor.
  const isAlways = c.req.query('again') !== undefined;
  const asksFactor = (c.req.query('factor') ?? typedFactor(c)) !== undefined;
  // The password alone is not enough if the account has a second factor and the session was opened without one.
  const takesPassword = known.length === 0 || (session.factor !== null && !asksFactor);
  if (c.req.method === 'GET' && takesPassword && !isAlways && core.sessions.isRecent(session))
    return goToDestination(c, to);
  const hasCode = known.some(({ kind }) => kind === 'totp');
  const asked = known.some(({ kind }) => kind === 'passkey')
    ? await factors.askToConfirm(principal, relyingPartyOf(c))
    : null;
  const shown = formWith({}, errors);
  return show(
    c,
    { title: TITLE, status, narrow: true, failed: errors.length > 0, usesPasskeys: asked !== null },
    <>
      <h1>{TITLE}</h1>
      <p class="lead">You signed in a while ago. To continue, confirm that it is you.</p>
      <ErrorSummary form={shown} />
      {asked && (
        <>
          <PasskeyForm
            action="/confirm"
            kind="get"
            options={asked.publicKey}
            token={asked.token}
            send="Use a passkey"
          >
            <input type="hidden" name="to" value={to} />
            {asksFactor && <input type="hidden" name="factor" value="1" />}
          </PasskeyForm>
          <NeedsScript>To use a passkey, turn on JavaScript in a browser that supports passkeys.</NeedsScript>
        </>
      )}
      {hasCode && (
        <PostForm action="/confirm">
          <input type="hidden" name="to" value={to} />
          {asksFactor && <input type="hidden" name="factor" value="1" />}
          <Field
            form={shown}
            name="code"
            autocomplete="one-time-code"
            keys="numeric"
            hint="From your authenticator app."
          />
          <Actions send="Confirm with the code" />
        </PostForm>
      )}
      {takesPassword ? (
        <PostForm action="/confirm">
          <input type="hidden" name="to" value={to} />
          <WhosePassword account={account} />
          <PasswordAgain form={shown} />
          <Actions send="Confirm" back="/" />
        </PostForm>
      ) : (
        <p class="beside">
          If you have lost these, sign out and sign in with a recovery code. <a href="/">Cancel</a>
        </p>
      )}
    </>,
  );
};

/** The forms again, with their errors. */
const showAgain = (
  c: Context<AppEnv>,
  errors: readonly FormError[],
  status: Status = 400,
): Promise<Response> => showForms(c, readTo(typedOf(c)['to']) ?? '/', errors, status);

const WRONG = { field: 'password', text: 'Wrong password.', status: 400 } as const;

const showConfirm = endpoint({
  method: 'GET',
  path: '/confirm',
  auth: owner,
  handle: (c) => showForms(c, readTo(c.req.query('to')) ?? '/', [], 200),
});

/** Renews the session as a recent one, and returns. */
const confirm = endpoint({
  method: 'POST',
  path: '/confirm',
  auth: owner,
  limit: 'login',
  body: form(confirmationAgain, { show: showAgain, prepare: prepareProof }),
  handle: async (c) => {
    const { password = '', code, token = '', passkey } = c.req.valid('json');
    const { core, principal, client } = c.var;
    const proof = passkey ? { passkey: { token, answer: passkey } } : { code };
    const proved =
      passkey === undefined && code === undefined
        ? await core.credentials.confirm(principal, password, client)
        : await (await core.factors()).confirm(principal, proof, client, relyingPartyOf(c));
    if (proved.ok) {
      renew(c, proved.value);
      return goToDestination(c, typedOf(c)['to']);
    }
    const { error } = proved;
    if (error.reason === 'gone') return askAgain(c, {});
    if (error.reason === 'reauthenticate') return showAgain(c, [NOT_ENOUGH]);
    if (error.reason === 'factor') return showAgain(c, [factorError(error)], 401);
    const { status, errors } = toRefusal(c, error, WRONG);
    return showAgain(c, errors, status);
  },
});

export const confirmation = [showConfirm, confirm];
