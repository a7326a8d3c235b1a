// A new email address: confirming it by link or code, withdrawing it, and undoing the change from the old address.
import type { Context } from 'hono';
import { linkToken, mailedCode } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { goOn } from './done.ts';
import { form, formWith, typedOf } from './form.ts';
import { holder, showDeadLink, showLink, tokenOf, withWrongCode } from './mail-link.tsx';
import { showEmail } from './names.tsx';
import { askAgain, owner } from './session.tsx';

const CONFIRM = '/change-email';
const UNDO = '/undo-email-change';

const AGAIN = { href: '/email', label: 'Ask for the change again' };
const SIGN_IN = { href: '/', label: 'Go to your account' };

const openConfirm = endpoint({
  method: 'GET',
  path: CONFIRM,
  auth: holder,
  handle: async (c) => {
    const token = tokenOf(c);
    // Without a token, only a code can confirm, and its form is on the page of the address.
    if (token === null) return c.redirect('/email', 303);
    const found = await c.var.core.email.read('change_email', token);
    if (!found.ok) return showDeadLink(c, AGAIN);
    const page = {
      title: 'Confirm your new email address',
      send: 'Confirm new address',
      action: CONFIRM,
      token,
    };
    return showLink(c, page, `From then on your account has the address ${found.value.pendingEmail}.`);
  },
});

const confirm = endpoint({
  method: 'POST',
  path: CONFIRM,
  auth: holder,
  limit: 'login',
  body: form(linkToken, { show: (c) => showDeadLink(c, AGAIN) }),
  handle: async (c) => {
    const changed = await c.var.core.email.confirmChange(c.req.valid('json'), c.var.client);
    if (changed.ok) return goOn(c, '/', 'email-changed');
    return showDeadLink(c, AGAIN, changed.error.reason === 'taken' ? 409 : 400);
  },
});

const confirmByCode = endpoint({
  method: 'POST',
  path: `${CONFIRM}/code`,
  auth: owner,
  limit: 'login',
  body: form(mailedCode, {
    show: (c, errors) => showEmail(c, { code: formWith(typedOf(c), errors), status: 400 }),
  }),
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const proof = { code: c.req.valid('json').code, accountId: principal.account.id };
    const changed = await core.email.confirmChange(proof, client);
    if (changed.ok) return goOn(c, '/', 'email-changed');
    if (changed.error.reason === 'taken') return showDeadLink(c, AGAIN, 409);
    return showEmail(c, { code: withWrongCode(c), status: 400 });
  },
});

const keepOldEmail = endpoint({
  method: 'POST',
  path: '/email/withdraw',
  auth: owner,
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const withdrawn = await core.email.withdrawChange(principal.account.id, client);
    return withdrawn.ok ? goOn(c, '/email', 'email-withdrawn') : askAgain(c, {});
  },
});

const openUndo = endpoint({
  method: 'GET',
  path: UNDO,
  auth: holder,
  handle: async (c) => {
    const token = tokenOf(c);
    const found = token === null ? null : await c.var.core.email.read('undo_email_change', token);
    if (token === null || !found?.ok) return showDeadLink(c, SIGN_IN);
    const page = { title: 'Undo the change of your email address', send: 'Undo', action: UNDO, token };
    return showLink(
      c,
      { ...page, danger: true },
      'Your account gets its old address back, all devices are signed out, and you choose a new password.',
    );
  },
});

/** Leads to the form for a new password: the old password no longer works. */
const undo = endpoint({
  method: 'POST',
  path: UNDO,
  auth: holder,
  limit: 'login',
  body: form(linkToken, { show: (c: Context<AppEnv>) => showDeadLink(c, SIGN_IN) }),
  handle: async (c) => {
    const undone = await c.var.core.email.undoChange(c.req.valid('json').token, c.var.client);
    if (!undone.ok) return showDeadLink(c, SIGN_IN, undone.error.reason === 'taken' ? 409 : 400);
    return c.redirect(`/reset-password?token=${undone.value.resetToken}`, 303);
  },
});

export const changeEmail = [openConfirm, confirm, confirmByCode, keepOldEmail, openUndo, undo];
