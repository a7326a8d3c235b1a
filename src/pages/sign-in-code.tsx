// Signing in with a code that is mailed to the account's address.
import type { Context } from 'hono';
import * as z from 'zod/mini';
import { readIdentifier } from '../core/index.ts';
import { anyone } from '../http/auth/auth.ts';
import { requestCode, signInWithCode } from '../http/auth/session-actions.ts';
import { forgotten, mailedCode } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { respondProblem } from '../http/respond.ts';
import { continueAfterSignIn } from './after-sign-in.ts';
import { readTo, withTo } from './destination.ts';
import { Actions, ErrorSummary, Field, PostForm } from './field.tsx';
import { type Form, form, formWith, typedOf } from './form.ts';
import { show } from './layout.tsx';
import { showSecondStep } from './security/second-step.tsx';
import { Onward } from './sign-in-form.tsx';

const PATH = '/sign-in/code';
const ENTER = '/sign-in/code/enter';
const TITLE = 'Sign in with a code';

interface Step {
  status?: 200 | 400;
  to: string | undefined;
}

const typedTo = (c: Context<AppEnv>): string | undefined => readTo(typedOf(c)['to']);

const showRequest = (c: Context<AppEnv>, shown: Form, { status = 200, to }: Step): Response =>
  show(
    c,
    { title: TITLE, status, narrow: true, failed: shown.errors.length > 0 },
    <>
      <h1>{TITLE}</h1>
      <p class="lead">We send a code to the confirmed email address of your account.</p>
      <ErrorSummary form={shown} />
      <PostForm action={PATH}>
        <Onward to={to} kept={null} />
        <Field form={shown} name="identifier" autocomplete="username" first />
        <Actions send="Send the code" back={withTo('/sign-in', to)} />
      </PostForm>
    </>,
  );

const showEnter = (
  c: Context<AppEnv>,
  identifier: string,
  shown: Form,
  { status = 200, to }: Step,
): Response =>
  show(
    c,
    { title: 'Enter the code', status, narrow: true, failed: shown.errors.length > 0 },
    <>
      <h1>Enter the code</h1>
      <p class="lead">
        If there is an account of that name with a confirmed address, we sent a mail with a code. Enter it in
        this browser.
      </p>
      <ErrorSummary form={shown} />
      <PostForm action={ENTER}>
        <input type="hidden" name="identifier" value={identifier} />
        <Onward to={to} kept={null} />
        <Field
          form={shown}
          name="code"
          autocomplete="one-time-code"
          hint="8 digits. They are good for 10 minutes."
          first
        />
        <Actions send="Sign in" back={withTo('/sign-in', to)} />
      </PostForm>
    </>,
  );

const open = endpoint({
  method: 'GET',
  path: PATH,
  auth: anyone,
  handle: (c) =>
    c.var.core.emailCode
      ? showRequest(c, formWith({}), { to: readTo(c.req.query('to')) })
      : respondProblem(c, { reason: 'not_found' }),
});

const send = endpoint({
  method: 'POST',
  path: PATH,
  auth: anyone,
  limit: 'login',
  body: form(forgotten, {
    show: (c, errors) => showRequest(c, formWith(typedOf(c), errors), { status: 400, to: typedTo(c) }),
  }),
  handle: async (c) => {
    const { emailCode } = c.var.core;
    if (!emailCode) return respondProblem(c, { reason: 'not_found' });
    const { identifier } = c.req.valid('json');
    await requestCode(c, emailCode, readIdentifier(identifier));
    return showEnter(c, identifier, formWith({}), { to: typedTo(c) });
  },
});

const entered = z.extend(forgotten, mailedCode.shape);

const enter = endpoint({
  method: 'POST',
  path: ENTER,
  auth: anyone,
  limit: 'login',
  body: form(entered, {
    show: (c, errors) =>
      showEnter(c, typedOf(c)['identifier'] ?? '', formWith(typedOf(c), errors), {
        status: 400,
        to: typedTo(c),
      }),
  }),
  handle: async (c) => {
    const { emailCode } = c.var.core;
    if (!emailCode) return respondProblem(c, { reason: 'not_found' });
    const { identifier, code } = c.req.valid('json');
    const attempt = { identifier: readIdentifier(identifier), code, open: 'cookie' } as const;
    const signedIn = await signInWithCode(c, emailCode, attempt);
    if (!signedIn.ok) {
      const text = 'This code is wrong or has expired, or another browser asked for it. Ask for a new one.';
      return showEnter(c, identifier, formWith(typedOf(c), [{ field: 'code', text }]), {
        status: 400,
        to: typedTo(c),
      });
    }
    if ('secondFactor' in signedIn.value) return showSecondStep(c, signedIn.value.secondFactor);
    return continueAfterSignIn(c, signedIn.value.account);
  },
});

export const signInCode = [open, send, enter];
