// Signing in with more than a password: the second step, and a passkey alone.
import type { Context } from 'hono';
import type { FactorKind, NeededFactor } from '../../core/index.ts';
import { anyone } from '../../http/auth/auth.ts';
import { readStepCookie } from '../../http/auth/cookies.ts';
import { relyingPartyOf } from '../../http/auth/relying-party.ts';
import { finishSignIn, signInWithPasskey } from '../../http/auth/session-actions.ts';
import { factorProof, passkeyProof } from '../../http/body/schemas.ts';
import type { AppEnv } from '../../http/context.ts';
import { endpoint } from '../../http/endpoint.ts';
import { continueAfterSignIn } from '../after-sign-in.ts';
import { readTo, withTo } from '../destination.ts';
import { Actions, ErrorSummary, Field, PostForm } from '../field.tsx';
import { type FormError, form, formWith, toRefusal, typedOf } from '../form.ts';
import { show } from '../layout.tsx';
import { NeedsScript, PasskeyForm } from '../passkey-form.tsx';
import { Onward, showSignIn } from '../sign-in-form.tsx';
import { prepareProof } from './proof.ts';
import { factorError } from './words.ts';

type Status = 200 | 400 | 401 | 409 | 429;
type Step = NeededFactor['secondFactor'];

/** These steps ask for no password, so the password field has no errors. */
const NO_PASSWORD = { field: null, text: '', status: 401 } as const;

const KINDS: readonly FactorKind[] = ['passkey', 'code', 'recoveryCode'];

/** The kinds, for a hidden field. They only choose what is shown: the core checks what is sent. */
const readKinds = (text = ''): FactorKind[] => KINDS.filter((kind) => text.split(' ').includes(kind));

const TrustBrowser = ({ id }: { id: string }) => (
  <p class="field">
    <label for={id}>
      <input type="checkbox" name="trustBrowser" id={id} /> Trust this browser for 30 days
    </label>
  </p>
);

/** Asks for the second factor. The password of the first step is not kept: the token represents it. */
export const showSecondStep = async (
  c: Context<AppEnv>,
  { token, kinds }: Step,
  errors: readonly FormError[] = [],
  status: Status = 200,
): Promise<Response> => {
  const { to, kept } = typedOf(c);
  const asked = kinds.includes('passkey')
    ? await (await c.var.core.factors()).askForPasskey(token, readStepCookie(c), relyingPartyOf(c))
    : null;
  if (asked && !asked.ok) return showExpired(c);
  const shown = formWith({}, errors);
  const along = (
    <>
      <input type="hidden" name="kinds" value={kinds.join(' ')} />
      <Onward to={readTo(to)} kept={kept} />
    </>
  );
  const hasCode = kinds.includes('code');
  return show(
    c,
    { title: 'Second step', status, narrow: true, failed: errors.length > 0, usesPasskeys: asked !== null },
    <>
      <h1>Second step</h1>
      <p class="lead">This account needs a second step to sign in.</p>
      <ErrorSummary form={shown} />
      {asked && (
        <>
          <PasskeyForm
            action="/sign-in/factor"
            kind="get"
            options={asked.value.publicKey}
            token={token}
            send="Use a passkey"
          >
            {along}
            <TrustBrowser id="trust-passkey" />
          </PasskeyForm>
          <NeedsScript>
            To use a passkey, turn on JavaScript in a browser that supports passkeys. Otherwise use{' '}
            {hasCode ? 'a code' : 'a recovery code'}.
          </NeedsScript>
        </>
      )}
      {hasCode && (
        <PostForm action="/sign-in/factor">
          <input type="hidden" name="token" value={token} />
          {along}
          <Field
            form={shown}
            name="code"
            autocomplete="one-time-code"
            keys="numeric"
            hint="From your authenticator app."
            first
          />
          <TrustBrowser id="trust-code" />
          <Actions send="Sign in" />
        </PostForm>
      )}
      <details open={!hasCode && !asked}>
        <summary>Use a recovery code</summary>
        <PostForm action="/sign-in/factor">
          <input type="hidden" name="token" value={token} />
          {along}
          <Field
            form={shown}
            name="recoveryCode"
            autocomplete="off"
            hint="One of the ten that you saved. Each works once."
          />
          <Actions send="Sign in" />
        </PostForm>
      </details>
      <p class="beside">
        <a href={withTo('/sign-in', readTo(to))}>Start again</a>
      </p>
    </>,
  );
};

/** The form of the second step again, with its errors. */
const showSecondStepAgain = async (
  c: Context<AppEnv>,
  errors: readonly FormError[],
  status: Status = 400,
): Promise<Response> => {
  const { token = '', kinds } = typedOf(c);
  if (token === '') return showExpired(c);
  return showSecondStep(c, { token, kinds: readKinds(kinds) }, errors, status);
};

const showSignInAgain = (c: Context<AppEnv>, errors: readonly FormError[], status: Status): Response => {
  const { to, kept = null } = typedOf(c);
  return showSignIn(c, formWith({}, errors), { status, to: readTo(to), kept });
};

const showExpired = (c: Context<AppEnv>): Response =>
  showSignInAgain(c, [{ field: null, text: 'This took too long. Sign in again.' }], 401);

/** Opens the session of a login whose second factor is correct. */
const finish = endpoint({
  method: 'POST',
  path: '/sign-in/factor',
  auth: anyone,
  limit: 'login',
  body: form(factorProof, { show: showSecondStepAgain, prepare: prepareProof }),
  handle: async (c) => {
    const { token, trustBrowser = false, ...proof } = c.req.valid('json');
    const finished = await finishSignIn(c, token, proof, trustBrowser);
    if (finished.ok) return continueAfterSignIn(c, finished.value.account);
    const { error } = finished;
    if (error.reason === 'factor') {
      if (error.why === 'expired') return showExpired(c);
      const field = proof.recoveryCode === undefined ? 'code' : 'recoveryCode';
      return showSecondStepAgain(c, [factorError(error, field)], 401);
    }
    const { status, errors } = toRefusal(c, error, NO_PASSWORD);
    return showSecondStepAgain(c, errors, status);
  },
});

/** Signs in with a passkey alone. */
const withPasskey = endpoint({
  method: 'POST',
  path: '/sign-in/passkey',
  auth: anyone,
  limit: 'login',
  body: form(passkeyProof, {
    // Without a passkey, the form was not filled in by our script.
    show: (c) => showSignInAgain(c, [factorError({ reason: 'factor', why: 'passkey' })], 400),
    prepare: prepareProof,
  }),
  handle: async (c) => {
    const { token, passkey } = c.req.valid('json');
    const finished = await signInWithPasskey(c, token, passkey);
    if (finished.ok) return continueAfterSignIn(c, finished.value.account);
    const { error } = finished;
    if (error.reason === 'factor') return showSignInAgain(c, [factorError(error)], 401);
    const { status, errors } = toRefusal(c, error, NO_PASSWORD);
    return showSignInAgain(c, errors, status);
  },
});

export const secondStep = [finish, withPasskey];
