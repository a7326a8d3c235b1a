// `amr` and `acr`: by what the owner signed in. https://www.rfc-editor.org/rfc/rfc8176#section-2
import { decodeJwt } from 'jose';
import * as oauth from 'oauth4webapi';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FirstFactor, SessionFactor } from '../../src/core/model.ts';
import { methodsOf } from '../../src/core/provider/authentication.ts';
import { giveToken } from '../core/credentials/imported-support.ts';
import { codeIn, createMailbox, type Mailbox } from '../support/mail.ts';
import { addTotp, cookiesOf, objectOf, textOf } from '../support/passkeys.ts';
import { ISSUER, signingEnv } from '../support/signing.ts';
import { json, type Sent, send, sessionCookie, testEnv } from '../support/worker.ts';
import {
  addApp,
  exchange,
  join,
  PASSWORD,
  type Person,
  refresh,
  signIn,
  type TestApp,
} from './support-oidc.ts';

let app: TestApp;
let person: Person;
let mailbox: Mailbox;

beforeEach(async () => {
  mailbox = createMailbox({ EMAIL_SIGN_IN: 'true', PUBLIC_URL: ISSUER }, signingEnv());
  app = await addApp();
  person = await join();
  await testEnv.DB.prepare('UPDATE users SET email_verified_at = 1 WHERE id = ?').bind(person.id).run();
});

const post = (path: string, body: object, sent: Sent = {}) =>
  send(path, { json: body, env: mailbox.env, origin: ISSUER, ...sent });

const logInByCode = async () => {
  const { email: identifier } = person;
  const asked = await post('/id/login/code', { identifier });
  const code = codeIn(mailbox.last(identifier));
  return post('/id/login', { identifier, code }, { headers: { Cookie: cookiesOf(asked) } });
};

const methodsIn = (jwt: string): unknown => decodeJwt(jwt)['amr'];

/** What an app and its servers are told about a browser with this session. */
const tellApp = async (cookie: string | null) => {
  const tokens = await exchange(app, await signIn(app, { ...person, cookie: cookie ?? expect.fail() }));
  const { acr, amr } = oauth.getValidatedIdTokenClaims(tokens) ?? expect.fail('no ID token');
  expect(methodsIn(tokens.access_token)).toEqual(amr);
  return { acr, amr, refreshToken: tokens.refresh_token ?? expect.fail('no refresh token') };
};

describe('a sign-in with a mailed code', () => {
  it('is told to apps as a one-time password, not as a password', async () => {
    const cookie = sessionCookie(await logInByCode());
    expect(await tellApp(cookie)).toMatchObject({ acr: 'urn:latchkey:acr:1', amr: ['otp'] });
    const token = await post('/id/token', {}, { cookie: cookie ?? '' });
    expect(methodsIn(textOf(json(token), 'accessToken'))).toEqual(['otp']);
  });

  it('becomes a sign-in with the password once that is confirmed, but not for an app that it signed in to', async () => {
    const cookie = sessionCookie(await logInByCode()) ?? '';
    const { refreshToken } = await tellApp(cookie);
    const confirmed = await post('/id/reauthenticate', { password: PASSWORD }, { cookie });
    expect(await tellApp(sessionCookie(confirmed))).toMatchObject({ amr: ['pwd'] });
    const refreshed = await refresh(app, refreshToken);
    expect(oauth.getValidatedIdTokenClaims(refreshed)?.['amr']).toEqual(['otp']);
  });

  it('has two factors with the second one', async () => {
    const opened = await post('/id/login', {
      identifier: person.email,
      password: PASSWORD,
      session: 'token',
    });
    const totp = await addTotp({ id: person.id, token: textOf(json(opened), 'token') });
    const started = await logInByCode();
    const step = objectOf(json(started), 'secondFactor');
    expect(step).toMatchObject({ kinds: ['code', 'recoveryCode'] });
    const finished = await post(
      '/id/login/factor',
      { token: textOf(step, 'token'), code: await totp.fresh() },
      { headers: { Cookie: cookiesOf(started) } },
    );
    expect(await tellApp(sessionCookie(finished))).toMatchObject({
      acr: 'urn:latchkey:acr:2',
      amr: ['otp', 'mfa'],
    });
  });
});

it('names no method for a token that another service issued', async () => {
  const token = await giveToken(person.id);
  const answer = await post('/id/token', {}, { token });
  expect(methodsIn(textOf(json(answer), 'accessToken'))).toEqual([]);
});

it.each<[FirstFactor | null, SessionFactor | null, string]>([
  [null, null, 'pwd'],
  [null, 'totp', 'pwd otp mfa'],
  [null, 'recovery_code', 'pwd otp mfa'],
  [null, 'trusted_browser', 'pwd'],
  [null, 'passkey', 'pop user mfa'],
  ['email_code', null, 'otp'],
  ['email_code', 'totp', 'otp mfa'],
  ['email_code', 'recovery_code', 'otp mfa'],
  ['email_code', 'trusted_browser', 'otp'],
  ['email_code', 'passkey', 'pop user mfa'],
])('a session of %s and %s has the methods %s', (firstFactor, factor, methods) => {
  expect(methodsOf({ createdAtMs: 1, firstFactor, factor }).join(' ')).toBe(methods);
});
