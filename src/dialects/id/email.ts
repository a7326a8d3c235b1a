// `id`: what mail makes possible: proving an address, a new password for a forgotten one, confirming and undoing changes.
import type { Context } from 'hono';
import * as z from 'zod/mini';
import { readIdentifier } from '../../core/index.ts';
import { anyone } from '../../http/auth/auth.ts';
import * as field from '../../http/body/fields.ts';
import type { AppEnv } from '../../http/context.ts';
import type { Refusal, Success } from '../../http/docs.ts';
import { endpoint } from '../../http/endpoint.ts';
import { originOf } from '../../http/respond.ts';
import * as answers from './answers.ts';
import { toChange } from './auth.ts';
import * as examples from './examples.ts';
import * as fields from './fields.ts';
import { passwordRefusals, refusePassword } from './login.ts';
import { refuse, refuseError } from './refusal.ts';
import { showAccount } from './views.ts';

const TOKEN = 'q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k';

const withToken = z.object({ token: field.identifier() });
const newPassword = z.extend(withToken, { password: fields.registration.shape.password });
const forgotten = z.object({ identifier: field.identifier() });

const mailOff: Refusal = { summary: 'the service sends no mail', problem: { reason: 'mail_off' } };
const expired: Refusal = {
  summary: 'used, replaced or too old',
  problem: { reason: 'proof', why: 'expired' },
};
const invalid: Refusal = { summary: 'not one of ours', problem: { reason: 'proof', why: 'invalid' } };
const accepted: Success = {
  status: 202,
  description: 'A mail is on its way, if there is anybody to send it to.',
  schema: null,
};
const done: Success = {
  status: 200,
  description: 'The account.',
  schema: answers.one,
  example: { account: examples.account },
};

const isOff = (c: Context<AppEnv>): boolean => c.var.core.mail.settings === null;

const requestVerification = endpoint({
  method: 'POST',
  path: '/email/verification',
  auth: toChange,
  limit: 'login',
  handle: async (c) => {
    if (isOff(c)) return refuse(c, { reason: 'mail_off' });
    await c.var.core.email.requestVerification(c.var.principal.account.id, c.var.client);
    return c.body(null, 202);
  },
  docs: DOCS && {
    id: 'idRequestVerification',
    summary: 'Mail a link that proves the address',
    successes: [accepted],
    refusals: [mailOff],
  },
});

const verify = endpoint({
  method: 'POST',
  path: '/email/verification/confirm',
  auth: anyone,
  limit: 'login',
  body: { schema: withToken, numbers: 'text' },
  handle: async (c) => {
    const verified = await c.var.core.email.verify(c.req.valid('json'), c.var.client);
    if (!verified.ok) return refuseError(c, verified.error);
    return c.json({ account: showAccount(verified.value, originOf(c)) }, 200);
  },
  docs: DOCS && {
    id: 'idVerifyEmail',
    summary: 'Prove the address with the token of the link',
    sent: { token: TOKEN },
    successes: [done],
    refusals: [expired, invalid],
  },
});

const forgot = endpoint({
  method: 'POST',
  path: '/password/forgot',
  auth: anyone,
  limit: 'login',
  body: { schema: forgotten, numbers: 'text' },
  handle: async (c) => {
    if (isOff(c)) return refuse(c, { reason: 'mail_off' });
    const { identifier } = c.req.valid('json');
    await c.var.core.passwordReset.request(readIdentifier(identifier), c.var.client);
    return c.body(null, 202);
  },
  docs: DOCS && {
    id: 'idForgotPassword',
    summary: 'Mail a link that sets a new password',
    description: 'The answer and the work are the same whether there is such an account or not.',
    sent: { identifier: examples.account.email },
    successes: [accepted],
    refusals: [mailOff],
  },
});

const reset = endpoint({
  method: 'POST',
  path: '/password/reset',
  auth: anyone,
  limit: 'login',
  body: { schema: newPassword, numbers: 'text' },
  handle: async (c) => {
    const { token, password } = c.req.valid('json');
    const found = await c.var.core.passwordReset.read(token);
    if (!found.ok) return refuseError(c, found.error);
    const { username, email } = found.value;
    const refused = await refusePassword(c, 'password', password, [username, email]);
    if (refused) return refused;
    const changed = await c.var.core.passwordReset.complete(token, password, c.var.client);
    return changed.ok ? c.body(null, 204) : refuseError(c, changed.error);
  },
  docs: DOCS && {
    id: 'idResetPassword',
    summary: 'Set a new password with the token of the link',
    description: 'Ends every session and token of the account, and opens none.',
    sent: { token: TOKEN, password: examples.password },
    successes: [{ status: 204, description: 'The password is set.', schema: null }],
    refusals: [expired, invalid, ...passwordRefusals('password')],
  },
});

const withdrawChange = endpoint({
  method: 'DELETE',
  path: '/me/email/pending',
  auth: toChange,
  handle: async (c) => {
    const withdrawn = await c.var.core.email.withdrawChange(c.var.principal.account.id, c.var.client);
    return withdrawn.ok ? c.body(null, 204) : refuseError(c, withdrawn.error);
  },
  docs: DOCS && {
    id: 'idWithdrawEmail',
    summary: 'Withdraw the new email address',
    successes: [{ status: 204, description: 'The account keeps its address.', schema: null }],
  },
});

const confirmChange = endpoint({
  method: 'POST',
  path: '/email/change/confirm',
  auth: anyone,
  limit: 'login',
  body: { schema: withToken, numbers: 'text' },
  handle: async (c) => {
    const changed = await c.var.core.email.confirmChange(c.req.valid('json'), c.var.client);
    if (!changed.ok) return refuseError(c, changed.error);
    return c.json({ account: showAccount(changed.value, originOf(c)) }, 200);
  },
  docs: DOCS && {
    id: 'idConfirmEmail',
    summary: 'Confirm the new email address with the token of the link',
    sent: { token: TOKEN },
    successes: [done],
    refusals: [expired, invalid],
  },
});

export const email = [requestVerification, verify, forgot, reset, withdrawChange, confirmChange] as const;
