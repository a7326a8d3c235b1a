// The form to sign in, also shown where a session has ended meanwhile.
import type { Context } from 'hono';
import type { AppEnv } from '../http/context.ts';
import { Actions, Faults, Field, PostForm } from './field.tsx';
import type { Form } from './form.ts';
import { show } from './layout.tsx';

export interface SignIn {
  status?: 200 | 400 | 401 | 409 | 429;
  /** The page to go on to. */
  to?: string;
  /** What was typed elsewhere and is not to be lost. */
  kept?: string | null;
}

export const showSignIn = (c: Context<AppEnv>, form: Form, { status = 200, to, kept }: SignIn): Response => {
  // A 401 must name a way in. https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2
  if (status === 401) c.header('WWW-Authenticate', 'Cookie form-action="/sign-in"');
  return show(
    c,
    { title: 'Sign in', status, narrow: true, failed: form.faults.length > 0 },
    <>
      <h1>Sign in</h1>
      <Faults form={form} />
      <PostForm action="/sign-in">
        {to !== undefined && <input type="hidden" name="to" value={to} />}
        {kept && <input type="hidden" name="kept" value={kept} />}
        <Field form={form} name="identifier" autocomplete="username" first />
        <Field form={form} name="password" type="password" autocomplete="current-password" />
        <Actions send="Sign in" />
      </PostForm>
      {c.var.core.mail.settings && (
        <p class="beside">
          <a href="/forgot-password">Forgot password?</a>
        </p>
      )}
      <p class="beside">
        No account yet? <a href="/sign-up">Make one</a>
      </p>
    </>,
  );
};
