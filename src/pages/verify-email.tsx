// Confirming the email address of an account: by the link of a mail, or by the code in it.
import type { Context } from 'hono';
import { findPrincipal } from '../http/auth/auth.ts';
import { linkToken, mailedCode } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { respondProblem } from '../http/respond.ts';
import { goOn } from './done.ts';
import { type Form, form, formWith, typedOf } from './form.ts';
import { show } from './layout.tsx';
import { CodeForm, holder, showDeadLink, showLink, tokenOf, withWrongCode } from './mail-link.tsx';
import { onAnonymous, owner, visitor } from './session.tsx';

const PATH = '/verify-email';
const TITLE = 'Confirm your email address';
const NEXT = { href: PATH, label: 'Get a new link' };

const showCode = (c: Context<AppEnv>, shown: Form, status: 200 | 400 = 200): Response =>
  show(
    c,
    { title: TITLE, here: '/', status, narrow: true, failed: shown.errors.length > 0 },
    <>
      <h1>{TITLE}</h1>
      <p class="lead">
        We sent a mail with a link and a code to {c.var.principal.account.email}. Open the link, or enter the
        code here.
      </p>
      <CodeForm form={shown} action={`${PATH}/code`} />
      <form method="post" action={`${PATH}/send`}>
        <div class="actions">
          <button type="submit" class="quiet">
            Send a new mail
          </button>
        </div>
      </form>
    </>,
  );

const open = endpoint({
  method: 'GET',
  path: PATH,
  auth: visitor,
  handle: async (c) => {
    const token = tokenOf(c);
    const principal = findPrincipal(c);
    if (token === null) {
      if (!principal) return onAnonymous(c);
      if (!c.var.core.mail.settings) return respondProblem(c, { reason: 'mail_off' });
      if (principal.account.email === '') return c.redirect('/email', 303);
      return principal.account.emailVerifiedAtMs === null
        ? showCode(c, formWith({}))
        : goOn(c, '/', 'email-verified');
    }
    const found = await c.var.core.email.read('verify_email', token);
    if (!found.ok) return showDeadLink(c, NEXT);
    const page = { title: TITLE, send: 'Confirm address', action: PATH, token };
    return showLink(c, page, `Confirm that ${found.value.email} is your address.`);
  },
});

const confirm = endpoint({
  method: 'POST',
  path: PATH,
  auth: holder,
  limit: 'login',
  body: form(linkToken, { show: (c) => showDeadLink(c, NEXT) }),
  handle: async (c) => {
    const verified = await c.var.core.email.verify(c.req.valid('json'), c.var.client);
    return verified.ok ? goOn(c, '/', 'email-verified') : showDeadLink(c, NEXT);
  },
});

const confirmByCode = endpoint({
  method: 'POST',
  path: `${PATH}/code`,
  auth: owner,
  limit: 'login',
  body: form(mailedCode, { show: (c, errors) => showCode(c, formWith(typedOf(c), errors), 400) }),
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const proof = { code: c.req.valid('json').code, accountId: principal.account.id };
    const verified = await core.email.verify(proof, client);
    return verified.ok ? goOn(c, '/', 'email-verified') : showCode(c, withWrongCode(c), 400);
  },
});

const sendAgain = endpoint({
  method: 'POST',
  path: `${PATH}/send`,
  auth: owner,
  limit: 'login',
  handle: async (c) => {
    const { core, principal, client } = c.var;
    if (!core.mail.settings) return respondProblem(c, { reason: 'mail_off' });
    await core.email.requestVerification(principal.account.id, client);
    return goOn(c, PATH, 'verification-sent');
  },
});

export const verifyEmail = [open, confirm, confirmByCode, sendAgain];
