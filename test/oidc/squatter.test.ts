// A squatter registers with another person's email address and keeps every credential. The owner's password reset ends them all.
import { beforeEach, expect, it } from 'vitest';
import { createMailbox, type Mailbox, tokenIn } from '../support/mail.ts';
import {
  addAppPassword,
  addPasskey,
  addTotp,
  askForPasskey,
  type Generator,
  type Registered,
  textOf,
} from '../support/passkeys.ts';
import { ISSUER, signingEnv } from '../support/signing.ts';
import { type Answer, json, type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';
import { addApp, exchange, PASSWORD, refresh, signIn, type TestApp, userInfo } from './support-oidc.ts';

const OWNERS_PASSWORD = 'seven doors and a wall';
const here = { origin: ISSUER, rpId: new URL(ISSUER).hostname };

let mailbox: Mailbox;
beforeEach(() => {
  mailbox = createMailbox({}, signingEnv());
});

const call = (path: string, body: object, sent: Sent = {}): Promise<Answer> =>
  send(path, { json: body, env: mailbox.env, origin: ISSUER, ...sent });

interface Squat {
  id: number;
  username: string;
  email: string;
  cookie: string;
  token: string;
  passkey: Registered;
  totp: Generator;
  appPassword: string;
  app: TestApp;
  tokens: Awaited<ReturnType<typeof exchange>>;
}

/** An account with another person's address, and every credential that its creator can leave in it. */
const squat = async (): Promise<Squat> => {
  const username = uniqueName();
  const email = `${username}@test.com`;
  const registered = await call('/id/register', { username, email, password: PASSWORD });
  const cookie = sessionCookie(registered) ?? expect.fail(registered.text);
  const login = await call('/id/login', { identifier: email, password: PASSWORD, session: 'token' });
  const token = textOf(json(login), 'token');
  const id = await testEnv.DB.prepare('SELECT id FROM users WHERE email = ?').bind(email).first<number>('id');
  const person = { id: id ?? 0, username, email, token };
  const app = await addApp();
  const tokens = await exchange(app, await signIn(app, { ...person, cookie }));
  const { password: appPassword } = await addAppPassword(person, {}, { env: mailbox.env });
  const passkey = await addPasskey(person, here, 'mine', { env: mailbox.env });
  return {
    ...person,
    cookie,
    app,
    tokens,
    appPassword,
    passkey,
    totp: await addTotp(person, { env: mailbox.env }),
  };
};

/** The names of the credentials that still work. */
const workingCredentials = async (it: Squat): Promise<string[]> => {
  const { username, email, cookie, token, passkey, totp, appPassword, app, tokens } = it;
  const me = async (sent: Sent) => (await send('/id/me', { ...sent, env: mailbox.env })).status === 200;
  const asked = await askForPasskey({ session: 'token' }, { env: mailbox.env });
  const assertion = await passkey.passkey.assert({
    challenge: asked.challenge,
    userHandle: passkey.userHandle,
    ...here,
  });
  const recoveryCode = [...(passkey.recoveryCodes ?? []), ...totp.recoveryCodes][0] ?? '';
  const secondStep = async (password: string, proof: object) => {
    const first = await call('/id/login', { identifier: email, password, session: 'token' });
    if (!first.text.includes('secondFactor')) return false;
    const step = textOf(json(first), 'secondFactor', 'token');
    return (await call('/id/login/factor', { token: step, ...proof })).status === 200;
  };
  const tries: [string, () => Promise<boolean>][] = [
    ['cookie', () => me({ cookie })],
    ['token', () => me({ token })],
    [
      'passkey',
      async () =>
        (await call('/id/login/passkey', { token: asked.token, passkey: assertion })).status === 200,
    ],
    ['password and code', async () => secondStep(PASSWORD, { code: await totp.fresh() })],
    ['password and recovery code', () => secondStep(PASSWORD, { recoveryCode })],
    [
      'app password',
      async () => (await call('/account/login', { username, password: appPassword })).status === 200,
    ],
    ['access token of an app', async () => (await userInfo(tokens.access_token)).status === 200],
    [
      'refresh token of an app',
      () =>
        refresh(app, tokens.refresh_token ?? '').then(
          () => true,
          () => false,
        ),
    ],
  ];
  const open: string[] = [];
  for (const [name, works] of tries) if (await works()) open.push(name);
  return open;
};

const ALL = [
  'cookie',
  'token',
  'passkey',
  'password and code',
  'password and recovery code',
  'app password',
  'access token of an app',
  'refresh token of an app',
];

const reset = async (email: string): Promise<void> => {
  await call('/id/password/forgot', { identifier: email });
  const body = { token: tokenIn(mailbox.last(email)), password: OWNERS_PASSWORD };
  expect((await call('/id/password/reset', body)).status).toBe(204);
};

it("ends every credential of a squatter when the address's owner resets the password", async () => {
  const squatter = await squat();
  expect(await workingCredentials(squatter)).toEqual(ALL);
  await reset(squatter.email);
  expect(await workingCredentials(squatter)).toEqual([]);
  // The owner has the account, without a factor or a consent that is not theirs.
  const login = await call('/id/login', { identifier: squatter.email, password: OWNERS_PASSWORD });
  const cookie = sessionCookie(login) ?? expect.fail(login.text);
  expect(json(login)).toMatchObject({ account: { emailVerified: true } });
  const factors = await send('/id/factors', { cookie, env: mailbox.env });
  expect(json(factors)).toMatchObject({ factors: [], recoveryCodesLeft: 0 });
  expect((await send('/apps', { cookie, env: mailbox.env, origin: ISSUER })).text).not.toContain(
    squatter.app.id,
  );
});

it('keeps factors at a reset if the address was verified: mail does not replace the second factor', async () => {
  const owner = await squat();
  const verify = mailbox.to(owner.email).find(({ subject }) => subject.startsWith('Confirm'));
  await call('/id/email/verification/confirm', { token: tokenIn(verify ?? expect.fail('no mail')) });
  await reset(owner.email);
  expect(await workingCredentials(owner)).toEqual(['passkey', 'app password']);
});
