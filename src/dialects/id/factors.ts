// `id`: passkeys, codes, recovery codes and app passwords of an account.
import { relyingPartyOf } from '../../http/auth/relying-party.ts';
import type { Success } from '../../http/docs.ts';
import { endpoint, type PathParameter } from '../../http/endpoint.ts';
import * as answers from './answers.ts';
import { toProtect, toRead } from './auth.ts';
import * as examples from './examples.ts';
import * as fields from './fields.ts';
import { noSuch, refuse, refuseError } from './refusal.ts';
import { factorRefusals } from './second-factor.ts';
import { showAppPassword, showFactor, showProtection } from './views.ts';

/** At most fifteen digits, which JavaScript represents exactly. */
const idOf = (description: string): { id: PathParameter } => ({
  id: { pattern: '[0-9]{1,15}', description, schema: { type: 'integer', minimum: 0 }, example: 3 },
});
const factorId = idOf('The id of a passkey or an authenticator app.');
const appPasswordId = idOf('The id of an app password.');

const added = (status: number): Success => ({
  status,
  description: 'What was added, and ten recovery codes if the account had none. They are not shown again.',
  schema: answers.added,
  example: { factor: examples.factor, recoveryCodes: examples.recoveryCodes },
});

const list = endpoint({
  method: 'GET',
  path: '/factors',
  auth: toRead,
  handle: async (c) => {
    const factors = await c.var.core.factors();
    const protection = await factors.list(c.var.principal.account.id);
    return c.json(showProtection(protection, relyingPartyOf(c).id), 200);
  },
  docs: DOCS && {
    id: 'idFactors',
    summary: 'What protects the account besides its password',
    description: '`passkeys` is for `PublicKeyCredential.signalAllAcceptedCredentials()`.',
    successes: [
      {
        status: 200,
        description: 'Passkeys and authenticator app, and how many recovery codes are left.',
        schema: answers.protection,
        example: { factors: [examples.factor], recoveryCodesLeft: 10, passkeys: examples.knownPasskeys },
      },
    ],
  },
});

const startTotp = endpoint({
  method: 'POST',
  path: '/factors/totp',
  auth: toProtect,
  handle: async (c) => {
    const factors = await c.var.core.factors();
    const started = await factors.startTotp(c.var.principal, relyingPartyOf(c));
    return started.ok ? c.json(started.value, 201) : refuseError(c, started.error);
  },
  docs: DOCS && {
    id: 'idAddTotp',
    summary: 'Add an authenticator app: its secret',
    description: 'Show `uri` as a QR code. Nothing is asked for until `factors/totp/confirm`.',
    successes: [
      {
        status: 201,
        description: 'The secret, which is not shown again.',
        schema: answers.totpSecret,
        example: examples.totp,
      },
    ],
    refusals: [factorRefusals.inUse],
  },
});

const confirmTotp = endpoint({
  method: 'POST',
  path: '/factors/totp/confirm',
  auth: toProtect,
  limit: 'login',
  body: { schema: fields.firstCode, numbers: 'refuse' },
  handle: async (c) => {
    const factors = await c.var.core.factors();
    const { principal, client } = c.var;
    const confirmed = await factors.confirmTotp(principal, c.req.valid('json').code, client);
    if (!confirmed.ok) return refuseError(c, confirmed.error);
    const { factor, recoveryCodes } = confirmed.value;
    return c.json({ factor: showFactor(factor), recoveryCodes }, 200);
  },
  docs: DOCS && {
    id: 'idConfirmTotp',
    summary: 'Add an authenticator app: its first code',
    description: 'From now on, a login needs a code.',
    sent: { code: '123456' },
    successes: [added(200)],
    refusals: [factorRefusals.code, factorRefusals.expired],
  },
});

const startPasskey = endpoint({
  method: 'POST',
  path: '/factors/passkeys/options',
  auth: toProtect,
  handle: async (c) => {
    const factors = await c.var.core.factors();
    const started = await factors.startPasskey(c.var.principal, relyingPartyOf(c));
    return started.ok ? c.json(started.value, 200) : refuseError(c, started.error);
  },
  docs: DOCS && {
    id: 'idPasskeyOptions',
    summary: 'Add a passkey: what a browser needs',
    description: 'For `navigator.credentials.create()`.',
    successes: [
      {
        status: 200,
        description: 'The options, and the token that goes with the answer. Good for five minutes.',
        schema: answers.passkeyCreation,
        example: { token: examples.stepToken, publicKey: examples.creationOptions },
      },
    ],
  },
});

const addPasskey = endpoint({
  method: 'POST',
  path: '/factors/passkeys',
  auth: toProtect,
  body: { schema: fields.newPasskey, numbers: 'refuse' },
  handle: async (c) => {
    const { name = 'Passkey', ...answered } = c.req.valid('json');
    const factors = await c.var.core.factors();
    const { principal, client } = c.var;
    const result = await factors.addPasskey(principal, { name, ...answered }, relyingPartyOf(c), client);
    if (!result.ok) return refuseError(c, result.error);
    const { factor, recoveryCodes } = result.value;
    return c.json({ factor: showFactor(factor), recoveryCodes }, 201);
  },
  docs: DOCS && {
    id: 'idAddPasskey',
    summary: 'Add a passkey',
    description:
      '`passkey` is what `PublicKeyCredential.toJSON()` gives. From now on, a login needs a second factor.',
    sent: { token: examples.stepToken, passkey: examples.registration, name: 'My phone' },
    successes: [added(201)],
    refusals: [factorRefusals.passkey, factorRefusals.expired, factorRefusals.inUse, factorRefusals.tooMany],
  },
});

const renewRecoveryCodes = endpoint({
  method: 'POST',
  path: '/factors/recovery-codes',
  auth: toProtect,
  handle: async (c) => {
    const factors = await c.var.core.factors();
    const renewed = await factors.renewRecoveryCodes(c.var.principal, c.var.client);
    // Without a factor, recovery codes cannot be used.
    return renewed.ok ? c.json({ recoveryCodes: renewed.value }, 201) : refuse(c, { reason: 'not_found' });
  },
  docs: DOCS && {
    id: 'idRenewRecoveryCodes',
    summary: 'Make new recovery codes',
    description: 'The codes before them are void. An account without passkey or authenticator app has none.',
    successes: [
      {
        status: 201,
        description: 'Ten codes, each valid for one login. They are not shown again.',
        schema: answers.recoveryCodes,
        example: { recoveryCodes: examples.recoveryCodes },
      },
    ],
    refusals: [noSuch],
  },
});

const rename = endpoint({
  method: 'PATCH',
  path: '/factors/:id',
  params: factorId,
  auth: toProtect,
  body: { schema: fields.renaming, numbers: 'text' },
  handle: async (c) => {
    const factors = await c.var.core.factors();
    const { principal, client } = c.var;
    const { name } = c.req.valid('json');
    const renamed = await factors.rename(principal, Number(c.req.param('id')), name, client);
    return renamed ? c.json({ factor: showFactor(renamed) }, 200) : refuse(c, { reason: 'not_found' });
  },
  docs: DOCS && {
    id: 'idRenameFactor',
    summary: 'Rename a passkey or authenticator app',
    sent: { name: 'My phone' },
    successes: [
      { status: 200, description: 'It.', schema: answers.factor, example: { factor: examples.factor } },
    ],
    refusals: [noSuch],
  },
});

const remove = endpoint({
  method: 'DELETE',
  path: '/factors/:id',
  params: factorId,
  auth: toProtect,
  handle: async (c) => {
    const factors = await c.var.core.factors();
    const { principal, client } = c.var;
    const isRemoved = await factors.remove(principal, Number(c.req.param('id')), client);
    return isRemoved ? c.body(null, 204) : refuse(c, { reason: 'not_found' });
  },
  docs: DOCS && {
    id: 'idRemoveFactor',
    summary: 'Remove a passkey or the authenticator app',
    description:
      'Removing the last one also removes the recovery codes. Then a login needs the password only.',
    successes: [{ status: 204, description: 'It is gone.', schema: null }],
    refusals: [noSuch],
  },
});

const listAppPasswords = endpoint({
  method: 'GET',
  path: '/app-passwords',
  auth: toRead,
  handle: async (c) => {
    const factors = await c.var.core.factors();
    const { appPasswords } = await factors.list(c.var.principal.account.id);
    return c.json({ appPasswords: appPasswords.map(showAppPassword) }, 200);
  },
  docs: DOCS && {
    id: 'idAppPasswords',
    summary: 'App passwords',
    successes: [
      {
        status: 200,
        description: 'Without the passwords themselves.',
        schema: answers.appPasswords,
        example: { appPasswords: [examples.appPassword] },
      },
    ],
  },
});

const addAppPassword = endpoint({
  method: 'POST',
  path: '/app-passwords',
  auth: toProtect,
  body: { schema: fields.newAppPassword, numbers: 'text' },
  handle: async (c) => {
    const { name, dialect: wanted = null } = c.req.valid('json');
    const { core, principal, client, dialectNames } = c.var;
    const dialect = wanted === '' ? null : wanted;
    if (dialect !== null && !dialectNames.includes(dialect))
      return refuse(c, {
        reason: 'fields',
        errors: [{ field: 'dialect', code: 'not_a_choice', limit: null, value: dialect }],
      });
    const factors = await core.factors();
    const made = await factors.addAppPassword(principal, { name, dialect }, client);
    if (!made.ok) return refuseError(c, made.error);
    const { appPassword, password } = made.value;
    return c.json({ appPassword: showAppPassword(appPassword), password }, 201);
  },
  docs: DOCS && {
    id: 'idAddAppPassword',
    summary: 'Create app password',
    description:
      'For clients that can ask for nothing but a password. `dialect` names the one in which it is good; without it, ' +
      'it is good in all.',
    sent: { name: 'Old phone', dialect: 'account' },
    successes: [
      {
        status: 201,
        description: 'The password, which is not shown again. Spaces and case do not matter in it.',
        schema: answers.newAppPassword,
        example: { appPassword: examples.appPassword, password: examples.appPasswordText },
      },
    ],
    refusals: [factorRefusals.tooMany],
  },
});

const removeAppPassword = endpoint({
  method: 'DELETE',
  path: '/app-passwords/:id',
  params: appPasswordId,
  auth: toProtect,
  handle: async (c) => {
    const factors = await c.var.core.factors();
    const { principal, client } = c.var;
    const isRemoved = await factors.removeAppPassword(principal, Number(c.req.param('id')), client);
    return isRemoved ? c.body(null, 204) : refuse(c, { reason: 'not_found' });
  },
  docs: DOCS && {
    id: 'idRemoveAppPassword',
    summary: 'Remove an app password',
    description: 'Every session that it opened ends.',
    successes: [{ status: 204, description: 'It is gone.', schema: null }],
    refusals: [noSuch],
  },
});

export const factors = [
  list,
  startTotp,
  confirmTotp,
  startPasskey,
  addPasskey,
  renewRecoveryCodes,
  rename,
  remove,
  listAppPasswords,
  addAppPassword,
  removeAppPassword,
] as const;
