// `id` with mail: confirm an address, reset a forgotten password, confirm and undo a change of the address.
import type { Context } from 'hono';
import * as z from 'zod/mini';
import { type EmailProof, readIdentifier } from '../../core/index.ts';
import { anyone, findPrincipal, type RequiredAuth } from '../../http/auth/auth.ts';
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
import { type Refusal as RefusalAnswer, refuse, refuseError } from './refusal.ts';
import { showAccount } from './views.ts';

const TOKEN = 'q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k';

const newPassword = z.extend(fields.linkToken, { password: fields.registration.shape.password });
/** One of the two. */
const proof = z.object({ token: z.optional(field.identifier()), code: z.optional(field.identifier()) });

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

/** A link works for its holder, a code for the signed-in account. */
const holder = { ...toChange, optional: true } satisfies RequiredAuth;

const neither: Refusal = {
  summary: 'neither a token nor a code',
  problem: {
    reason: 'fields',
    errors: [{ field: 'token', code: 'required', limit: null, value: undefined }],
  },
};

/** The proof in the body; a refusal if there is none, or a code without an account. */
const readProof = (
  c: Context<AppEnv>,
  { token, code }: { token?: string | undefined; code?: string | undefined },
): EmailProof | RefusalAnswer => {
  if (token !== undefined) return { token };
  if (code === undefined) return refuse(c, neither.problem);
  const principal = findPrincipal(c);
  return principal
    ? { code, accountId: principal.account.id }
    : refuse(c, { reason: 'credentials', why: 'missing' });
};

const wrongCode: Refusal = { summary: 'a wrong code', problem: { reason: 'proof', why: 'wrong_code' } };
const addressTaken: Refusal = {
  summary: 'another account has it by now',
  problem: {
    reason: 'taken',
    fields: ['email'],
    ownerId: null,
    errors: [{ field: 'email', code: 'taken', limit: null, value: undefined }],
  },
};

const BY_CODE =
  '`code` is the one of the same mail: log in to the account, then send it in place of `token`.';

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
  auth: holder,
  limit: 'login',
  body: { schema: proof, numbers: 'text' },
  handle: async (c) => {
    const shown = readProof(c, c.req.valid('json'));
    if (shown instanceof Response) return shown;
    const verified = await c.var.core.email.verify(shown, c.var.client);
    if (!verified.ok) return refuseError(c, verified.error);
    return c.json({ account: showAccount(verified.value, originOf(c)) }, 200);
  },
  docs: DOCS && {
    id: 'idVerifyEmail',
    summary: 'Prove the address with the token of the link, or with the code',
    description: BY_CODE,
    sent: { token: TOKEN },
    successes: [done],
    refusals: [neither, expired, invalid, wrongCode],
  },
});

const forgot = endpoint({
  method: 'POST',
  path: '/password/forgot',
  auth: anyone,
  limit: 'login',
  body: { schema: fields.forgotten, numbers: 'text' },
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
  auth: holder,
  limit: 'login',
  body: { schema: proof, numbers: 'text' },
  handle: async (c) => {
    const shown = readProof(c, c.req.valid('json'));
    if (shown instanceof Response) return shown;
    const changed = await c.var.core.email.confirmChange(shown, c.var.client);
    if (!changed.ok) return refuseError(c, changed.error);
    return c.json({ account: showAccount(changed.value, originOf(c)) }, 200);
  },
  docs: DOCS && {
    id: 'idConfirmEmail',
    summary: 'Confirm the new email address with the token of the link, or with the code',
    description: BY_CODE,
    sent: { token: TOKEN },
    successes: [done],
    refusals: [neither, expired, invalid, wrongCode, addressTaken],
  },
});

const undoChange = endpoint({
  method: 'POST',
  path: '/email/change/undo',
  auth: anyone,
  limit: 'login',
  body: { schema: fields.linkToken, numbers: 'text' },
  handle: async (c) => {
    const undone = await c.var.core.email.undoChange(c.req.valid('json').token, c.var.client);
    return undone.ok ? c.json({ resetToken: undone.value.resetToken }, 200) : refuseError(c, undone.error);
  },
  docs: DOCS && {
    id: 'idUndoEmail',
    summary: 'Bring the old email address back, with the token of the link that was sent there',
    description:
      'Ends every session and token of the account. No password is good until a new one is set: send `resetToken` to `/id/password/reset`.',
    sent: { token: TOKEN },
    successes: [
      {
        status: 200,
        description: 'The account has its old address.',
        schema: answers.undone,
        example: { resetToken: TOKEN },
      },
    ],
    refusals: [expired, invalid, addressTaken],
  },
});

export const email = [
  requestVerification,
  verify,
  forgot,
  reset,
  withdrawChange,
  confirmChange,
  undoChange,
] as const;
