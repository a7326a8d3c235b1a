// The sign-in form, also shown if a session has ended in the meantime.
import type { Context } from 'hono';
import type { AppEnv } from '../http/context.ts';
import { withTo } from './destination.ts';
import { Actions, ErrorSummary, Field, PostForm } from './field.tsx';
import type { Form } from './form.ts';
import { show } from './layout.tsx';
import { NeedsScript, PasskeyForm } from './passkey-form.tsx';

export interface SignIn {
  status?: 200 | 400 | 401 | 409 | 429;
  /** Where to continue: `readTo`. */
  to?: string | undefined;
  /** What was typed elsewhere and must not be lost. */
  kept?: string | null;
}

export const showSignIn = (c: Context<AppEnv>, form: Form, { status = 200, to, kept }: SignIn): Response => {
  // A 401 must name a way to authenticate. https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2
  if (status === 401) c.header('WWW-Authenticate', 'Cookie form-action="/sign-in"');
  return show(
    c,
    { title: 'Sign in', status, narrow: true, failed: form.errors.length > 0, usesPasskeys: true },
    <>
      <h1>Sign in</h1>
      <ErrorSummary form={form} />
      <PostForm action="/sign-in">
        <Onward to={to} kept={kept} />
        {/* A browser that knows a passkey of ours offers it here. https://www.w3.org/TR/webauthn-3/#enum-mediation-requirement */}
        <Field form={form} name="identifier" autocomplete="username webauthn" first />
        <Field form={form} name="password" type="password" autocomplete="current-password" />
        <Actions send="Sign in" />
      </PostForm>
      <PasskeyForm
        action="/sign-in/passkey"
        kind="sign-in"
        url="/id/login/passkey/options"
        send="Sign in with a passkey"
      >
        <Onward to={to} kept={kept} />
      </PasskeyForm>
      <NeedsScript>
        To sign in with a passkey, turn on JavaScript in a browser that supports passkeys.
      </NeedsScript>
      {c.var.core.emailCode && (
        <p class="beside">
          <a href={withTo('/sign-in/code', to)}>Sign in with a code by mail</a>
        </p>
      )}
      {c.var.core.mail.settings && (
        <p class="beside">
          <a href="/forgot-password">Forgot password?</a>
        </p>
      )}
      <p class="beside">
        New here? <a href={withTo('/sign-up', to)}>Create account</a>
      </p>
    </>,
  );
};

/** What every step of signing in carries along: the page to continue at, and what was typed before. */
export const Onward = ({ to, kept }: { to: string | undefined; kept: string | null | undefined }) => (
  <>
    {to !== undefined && <input type="hidden" name="to" value={to} />}
    {kept && <input type="hidden" name="kept" value={kept} />}
  </>
);
