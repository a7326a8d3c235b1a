// `id`: the second step of a login, passkeys alone, and authenticating again.
import type { Context } from 'hono';
import { anyone } from '../../http/auth/auth.ts';
import { setStepCookie, stepHolder } from '../../http/auth/cookies.ts';
import { relyingPartyOf } from '../../http/auth/relying-party.ts';
import { finishSignIn, renew, signInWithPasskey } from '../../http/auth/session-actions.ts';
import type { AppEnv } from '../../http/context.ts';
import type { Refusal as DocumentedRefusal } from '../../http/docs.ts';
import { endpoint } from '../../http/endpoint.ts';
import { originOf } from '../../http/respond.ts';
import * as answers from './answers.ts';
import { toChange } from './auth.ts';
import * as examples from './examples.ts';
import * as fields from './fields.ts';
import { type Refusal, refuse, refuseError } from './refusal.ts';
import { showAccount } from './views.ts';

/** What handlers refuse, for the reference. */
export const factorRefusals = {
  code: { summary: 'a code that is wrong or was used', problem: { reason: 'factor', why: 'code' } },
  passkey: { summary: 'a passkey that is not accepted', problem: { reason: 'factor', why: 'passkey' } },
  expired: { summary: 'too late, or done before', problem: { reason: 'factor', why: 'expired' } },
  inUse: { summary: 'there is one already', problem: { reason: 'factor', why: 'in_use' } },
  tooMany: { summary: 'as many as there can be', problem: { reason: 'factor', why: 'too_many' } },
} as const satisfies Readonly<Record<string, DocumentedRefusal>>;

const tooManyTries: DocumentedRefusal = {
  summary: 'too many tries',
  problem: { reason: 'throttled', retryAfterSeconds: 16 },
};

/** Refuses a body that has none of the alternative fields. */
const refuseMissing = (c: Context<AppEnv>, field: string): Refusal =>
  refuse(c, { reason: 'fields', errors: [{ field, code: 'required', limit: null, value: undefined }] });

const loggedIn = {
  status: 200,
  description:
    'The account, and its session: a cookie, or a token where one was asked for at the first step.',
  schema: answers.loggedIn,
  headers: ['Set-Cookie'],
  example: { account: examples.account },
} as const;

const finish = endpoint({
  method: 'POST',
  path: '/login/factor',
  auth: anyone,
  limit: 'login',
  body: { schema: fields.factorProof, numbers: 'refuse' },
  handle: async (c) => {
    const { token, trustBrowser = false, ...proof } = c.req.valid('json');
    if (Object.values(proof).every((value) => value === undefined)) return refuseMissing(c, 'code');
    const finished = await finishSignIn(c, token, proof, trustBrowser);
    if (!finished.ok) return refuseError(c, finished.error);
    const { account, ...more } = finished.value;
    return c.json({ account: showAccount(account, originOf(c)), ...more }, 200);
  },
  docs: DOCS && {
    id: 'idLoginFactor',
    summary: 'Log in: the second factor',
    description:
      'With the token of a login that answered `secondFactor`: a `code` of the authenticator app, a `recoveryCode`, or ' +
      'a `passkey` for the options of `login/passkey/options`. The token is good for five minutes, in the browser that ' +
      'logged in. `trustBrowser`: for 30 days, the password is enough in this browser.',
    sent: { token: examples.stepToken, code: '123456' },
    successes: [loggedIn],
    refusals: [factorRefusals.code, factorRefusals.passkey, factorRefusals.expired, tooManyTries],
  },
});

const passkeyOptions = endpoint({
  method: 'POST',
  path: '/login/passkey/options',
  auth: anyone,
  limit: 'login',
  body: { schema: fields.passkeyRequest, numbers: 'text' },
  handle: async (c) => {
    const { token, session = 'cookie' } = c.req.valid('json');
    const factors = await c.var.core.factors();
    const holder = stepHolder(c);
    if (token !== undefined) {
      const asked = await factors.askForPasskey(token, holder, relyingPartyOf(c));
      return asked.ok ? c.json(asked.value, 200) : refuseError(c, asked.error);
    }
    const isBrowser = session === 'cookie';
    if (isBrowser) setStepCookie(c, holder);
    const open = isBrowser ? 'cookie' : 'jwt';
    return c.json(await factors.askToSignIn(open, isBrowser ? holder : null, relyingPartyOf(c)), 200);
  },
  docs: DOCS && {
    id: 'idLoginPasskeyOptions',
    summary: 'Log in: what a browser needs to ask for a passkey',
    description:
      'For `navigator.credentials.get()`. Without a body, any passkey of the service logs in alone (`login/passkey`). ' +
      'With the token of a login that answered `secondFactor`, one of that account’s is its second factor ' +
      '(`login/factor`). `session` as for logging in.',
    sent: {},
    successes: [
      {
        status: 200,
        description: 'The options, and the token that goes with the answer. Good for five minutes.',
        schema: answers.passkeyRequest,
        headers: ['Set-Cookie'],
        example: { token: examples.stepToken, publicKey: examples.requestOptions },
      },
    ],
    refusals: [factorRefusals.expired],
  },
});

const withPasskey = endpoint({
  method: 'POST',
  path: '/login/passkey',
  auth: anyone,
  limit: 'login',
  body: { schema: fields.passkeyProof, numbers: 'refuse' },
  handle: async (c) => {
    const { token, passkey } = c.req.valid('json');
    const finished = await signInWithPasskey(c, token, passkey);
    if (!finished.ok) return refuseError(c, finished.error);
    const { account, ...more } = finished.value;
    return c.json({ account: showAccount(account, originOf(c)), ...more }, 200);
  },
  docs: DOCS && {
    id: 'idLoginPasskey',
    summary: 'Log in with a passkey alone',
    description:
      'A passkey that checks a PIN or a biometric is two factors in one. `passkey` is what ' +
      '`PublicKeyCredential.toJSON()` gives.',
    sent: { token: examples.stepToken, passkey: examples.assertion },
    successes: [loggedIn],
    refusals: [factorRefusals.passkey, factorRefusals.expired],
  },
});

const confirmOptions = endpoint({
  method: 'POST',
  path: '/reauthenticate/options',
  auth: toChange,
  handle: async (c) => {
    const factors = await c.var.core.factors();
    return c.json(await factors.askToConfirm(c.var.principal, relyingPartyOf(c)), 200);
  },
  docs: DOCS && {
    id: 'idReauthenticateOptions',
    summary: 'What a browser needs to ask for a passkey again',
    successes: [
      {
        status: 200,
        description: 'The options, and the token that goes with the answer. Good for five minutes.',
        schema: answers.passkeyRequest,
        example: { token: examples.stepToken, publicKey: examples.requestOptions },
      },
    ],
  },
});

const confirm = endpoint({
  method: 'POST',
  path: '/reauthenticate',
  auth: toChange,
  limit: 'login',
  body: { schema: fields.confirmationAgain, numbers: 'refuse' },
  handle: async (c) => {
    const { password, code, token, passkey } = c.req.valid('json');
    const { core, principal, client } = c.var;
    if (password !== undefined) {
      const confirmed = await core.credentials.confirm(principal, password, client);
      return confirmed.ok ? c.json(renew(c, confirmed.value), 200) : refuseError(c, confirmed.error);
    }
    if (code === undefined && !passkey) return refuseMissing(c, 'password');
    if (passkey && token === undefined) return refuseMissing(c, 'token');
    const proof = passkey && token !== undefined ? { passkey: { token, answer: passkey } } : { code };
    const factors = await core.factors();
    const confirmed = await factors.confirm(principal, proof, client, relyingPartyOf(c));
    return confirmed.ok ? c.json(renew(c, confirmed.value), 200) : refuseError(c, confirmed.error);
  },
  docs: DOCS && {
    id: 'idReauthenticate',
    summary: 'Prove again that it is you',
    description:
      'What a stolen session must not do asks for a proof that is not older than ten minutes, with 403 and the code ' +
      '`reauthenticate`. A login is one; later, send the `password`, a `code` of the authenticator app, or a `passkey` ' +
      'with the token of its options. Sessions of app passwords cannot do this.',
    sent: { password: examples.password },
    successes: [
      {
        status: 200,
        description: 'The new credential of the session: a cookie, or a token for a client that uses one.',
        schema: answers.renewed,
        headers: ['Set-Cookie'],
        example: {},
      },
    ],
    refusals: [
      {
        summary: 'a wrong password',
        problem: { reason: 'wrong_credentials', known: true, email: undefined },
      },
      factorRefusals.code,
      factorRefusals.passkey,
      factorRefusals.expired,
      { summary: 'not by this session', problem: { reason: 'reauthenticate' } },
      tooManyTries,
    ],
  },
});

export const secondFactor = [finish, passkeyOptions, withPasskey, confirmOptions, confirm] as const;
