// Requests that make each operation of the document succeed, dialect by dialect.
import '../../scripts/uint8-array.ts';
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { Json } from '../../src/http/problem.ts';
import { createSoftPasskey } from '../support/authenticator.ts';
import { currentCode } from '../support/codes.ts';
import { awaitMail, MAIL_ON, tokenIn } from './support-mailbox.ts';
import { isObject, objectAt, operations } from './support-openapi.ts';
import { type Ask, textIn } from './support-openapi-live.ts';
import { NO_SESSION, NOBODY, type Visit } from './support-openapi-people.ts';

/** An authenticator's response as JSON. */
const toJson = (answer: object): Json => JSON.parse(JSON.stringify(answer));

type Story = (visit: Visit) => Promise<void>;

const users: Story = async ({ ask, expectStatus, someone, service }) => {
  const body = { ...someone(), password: 'test1234' };
  await expectStatus(200, 'usersRegister', { body });
  const { cookie } = await expectStatus(200, 'usersLogin', { body });
  await expectStatus(200, 'usersMe', { cookie });
  const profile = { address: 'Lane 1', site_url: 'https://example.com', description: 'Two\nlines.' };
  const changed = await expectStatus(200, 'usersChangeMe', { cookie, body: profile });
  expect(changed.body).toMatchObject(profile);
  const passwords = { old: body.password, new1: 'another1234', new2: 'another1234' };
  const renewed = await expectStatus(200, 'usersChangePassword', { cookie, body: passwords });
  await expectStatus(200, 'usersLogout', { cookie: renewed.cookie });
  const again = await ask('usersLogin', { body: { ...body, password: passwords.new1 } });
  await expectStatus(200, 'usersLogoutByGet', { cookie: again.cookie });
  await expectStatus(404, 'usersMe', { cookie: again.cookie });

  const lookup = new URLSearchParams({ lookup: body.email, callback: 'https://elsewhere.example.com/' });
  await expectStatus(200, 'usersRequestReset', { query: `?${lookup}` });
  await expectStatus(400, 'usersRequestReset');
  const sign = tokenIn(await awaitMail(service.origin, body.email, 'Set a new password'));
  const reset = { sign, new_password: 'third1234' };
  await expectStatus(400, 'usersResetPassword', { body: { ...reset, new_password: 'short' } });
  await expectStatus(200, 'usersResetPassword', { body: reset });
  for (const wrong of [sign, 'x'])
    await expectStatus(400, 'usersResetPassword', { body: { ...reset, sign: wrong } });
};

const userV1: Story = async ({ expectStatus, someone }) => {
  const body = { ...someone(), username: 'visitor-of-001', password: '12345678' };
  await expectStatus(200, 'userV1Register', { body });
  const { cookie } = await expectStatus(200, 'userV1Login', { body });
  await expectStatus(200, 'userV1Logout', { cookie });
};

const conjugator: Story = async ({ ask, expectStatus, joinAsAdmin, someone }) => {
  const { email } = someone();
  const body = { first_name: 'Peter', last_name: 'Griffin', email, password: 'Tom Brady' };
  const registered = await expectStatus(201, 'conjugatorRegister', { body });
  const id = Number(objectAt(registered.body)['id']);
  await expectStatus(500, 'conjugatorRegister', { body });
  await expectStatus(200, 'conjugatorLogin', { body: { username: email, password: body.password } });
  const token = textIn(await ask('conjugatorLogin', { body }), 'token');
  await expectStatus(200, 'conjugatorUser', { token });
  await expectStatus(200, 'conjugatorChangeUser', { token, body: { first_name: 'Lois' } });
  await expectStatus(200, 'conjugatorAccount', { token, id });
  await expectStatus(404, 'conjugatorAccount', { token, id: NOBODY });
  const admin = await joinAsAdmin();
  const page = await expectStatus(200, 'conjugatorUsers', { token: admin.token, query: '?limit=1' });
  expect(page.link).toMatch(/rel="next"$/);
  await expectStatus(200, 'conjugatorUsers', { token: admin.token });
};

const account: Story = async ({ ask, expectStatus, service, someone }) => {
  const body = someone();
  await expectStatus(200, 'accountRegister', { body });
  const first = `Token ${textIn(await expectStatus(200, 'accountLogin', { body }), 'token')}`;
  await expectStatus(200, 'accountProfile', { token: first });
  await expectStatus(200, 'accountPictures', { token: first });
  await expectStatus(200, 'accountSetPicture', { token: first, body: { id: 2 } });
  await expectStatus(200, 'accountSetPictureMisspelt', { token: first, body: { id: '3' } });
  const { body: shown } = await expectStatus(200, 'accountProfile', { token: first });
  expect(objectAt(shown, 'data')['picture']).toBe(`${service.origin}/pictures/3.svg`);
  await expectStatus(200, 'accountLogout', { token: first });
  const second = `Token ${textIn(await ask('accountLogin', { body }), 'token')}`;
  await expectStatus(200, 'accountDelete', { token: second });
};

const auth: Story = async ({ expectStatus, someone }) => {
  const body = { ...someone(), name: 'example name' };
  await expectStatus(200, 'authRegister', { body });
  await expectStatus(200, 'authLogin', { body });
};

const owners: Story = async ({ ask, expectStatus, join, someone }) => {
  const person = await join();
  const { token, cookie, password } = person;
  await expectStatus(201, 'idRegister', { body: someone() });
  await expectStatus(200, 'idMe', { cookie });
  const profile = { name: 'Mary', siteUrl: 'https://example.com', pictureId: 2 };
  await expectStatus(200, 'idChangeMe', { token, body: profile });
  const { username, email } = someone();
  const renewed = await expectStatus(200, 'idChangeEmail', { cookie, body: { email, password } });
  const now = { cookie: renewed.cookie || cookie };
  const named = await expectStatus(200, 'idChangeUsername', { ...now, body: { username, password } });
  const then = { cookie: named.cookie || now.cookie };
  const newPassword = 'seven doors and a wall';
  const change = { currentPassword: password, newPassword };
  const changed = await expectStatus(200, 'idChangePassword', { ...then, body: change });
  const mine = { cookie: changed.cookie || then.cookie };
  const body = { identifier: email, password: newPassword, session: 'token' };
  const other = `Token ${textIn(await expectStatus(200, 'idLogin', { body }), 'token')}`;
  const back = await ask('idChangePassword', {
    token: other,
    body: { currentPassword: newPassword, newPassword: password },
  });
  const token2 = `Bearer ${textIn(back, 'token')}`;
  expect(back.status).toBe(200);

  const again = { identifier: email, password, session: 'token' };
  await ask('idLogin', { body: again });
  const live = await expectStatus(200, 'idSessions', { token: token2 });
  const sessions = objectAt(live.body)['sessions'];
  const others = (Array.isArray(sessions) ? sessions : []).filter(
    (each) => isObject(each) && each['current'] === false,
  );
  await expectStatus(204, 'idEndSession', { token: token2, id: String(objectAt(others[0])['id']) });
  await expectStatus(404, 'idEndSession', { token: token2, id: NO_SESSION });
  await expectStatus(200, 'idEndOtherSessions', { token: token2 });
  const page = await expectStatus(200, 'idEvents', { token: token2, query: '?limit=1' });
  expect(page.link).toMatch(/rel="next"$/);
  await expectStatus(200, 'idEvents', { token: token2 });
  await expectStatus(200, 'idExport', { token: token2 });
  await expectStatus(401, 'idMe', mine);
  await expectStatus(204, 'idLogout', { token: token2 });
  const last = await expectStatus(200, 'idLogin', { body: { identifier: email, password } });
  await expectStatus(204, 'idDeleteMe', { cookie: last.cookie, body: { password } });
};

const admins: Story = async ({ expectStatus, join, joinAsAdmin, service }) => {
  const [admin, person] = [await joinAsAdmin(), await join()];
  const mine = { token: admin.token };
  const his = { ...mine, id: person.id };
  const page = await expectStatus(200, 'idSearchAccounts', {
    ...mine,
    query: '?limit=1',
    body: { search: 'visitor' },
  });
  expect(page.link).toMatch(/rel="next"$/);
  await expectStatus(200, 'idAccounts', mine);
  await expectStatus(200, 'idAccount', his);
  await expectStatus(200, 'idEventsOf', his);
  await expectStatus(200, 'idSessionsOf', his);
  await expectStatus(200, 'idDisable', his);
  await expectStatus(200, 'idEnable', his);
  await expectStatus(200, 'idGrantAdmin', his);
  await expectStatus(200, 'idRevokeAdmin', his);
  await expectStatus(202, 'idSendReset', his);
  await expectStatus(202, 'idSendVerification', his);
  await expectStatus(200, 'idVerifyEmailOf', his);
  await expectStatus(200, 'idEndSessionsOf', his);
  await expectStatus(204, 'idDeleteAccount', his);

  await service.execute('UPDATE users SET is_admin = (id = ?)', admin.id);
  for (const id of ['idDisable', 'idRevokeAdmin', 'idDeleteAccount'])
    await expectStatus(409, id, { ...mine, id: admin.id });
  await expectStatus(409, 'idDeleteMe', { ...mine, body: { password: admin.password } });
  for (const id of operations
    .map((each) => each.id)
    .filter((each) => /^id\w*(Account|Of|able|Admin|SendReset|SendVerification)$/.test(each)))
    await expectStatus(404, id, { ...mine, id: NOBODY });
};

const mails: Story = async ({ expectStatus, join, someone, service: { origin } }) => {
  const person = await join();
  const { token, password } = person;
  const next = someone().email;
  const wrong = { token: 'A'.repeat(43) };
  for (const id of ['idVerifyEmail', 'idConfirmEmail'] as const) {
    await expectStatus(400, id, { body: wrong });
    await expectStatus(400, id, { body: { code: '00000000' }, token });
    await expectStatus(401, id, { body: { code: '00000000' } });
  }
  await expectStatus(400, 'idUndoEmail', { body: wrong });
  await expectStatus(400, 'idResetPassword', { body: { ...wrong, password } });

  await expectStatus(202, 'idRequestVerification', { token });
  const proof = await awaitMail(origin, person.email, 'Confirm your email');
  await expectStatus(200, 'idVerifyEmail', { body: { token: tokenIn(proof) } });
  const asked = await expectStatus(202, 'idChangeEmail', { token, body: { email: next, password } });
  const renewed = `Bearer ${textIn(asked, 'token')}`;
  await expectStatus(204, 'idWithdrawEmail', { token: renewed });
  const again = await expectStatus(202, 'idChangeEmail', { token: renewed, body: { email: next, password } });
  expect(objectAt(again.body, 'account')['pendingEmail']).toBe(next);
  const confirm = await awaitMail(origin, next, 'Confirm your new');
  await expectStatus(200, 'idConfirmEmail', { body: { token: tokenIn(confirm) } });
  const undo = await awaitMail(origin, person.email, 'was changed');
  const undone = await expectStatus(200, 'idUndoEmail', { body: { token: tokenIn(undo) } });
  const reset = { token: textIn(undone, 'resetToken'), password };
  for (const bad of ['password', person.username])
    await expectStatus(400, 'idResetPassword', { body: { ...reset, password: bad } });
  await expectStatus(204, 'idResetPassword', { body: reset });
  await expectStatus(202, 'idForgotPassword', { body: { identifier: person.email } });
  await expectStatus(202, 'idRequestLoginCode', { body: { identifier: person.email } });
  await expectStatus(400, 'idLogin', { body: { identifier: person.email, code: '00000000' } });
};

/** An email that somebody else takes before it is confirmed, and one that cannot be restored. */
const contested: Story = async ({ ask, expectStatus, join, someone, service: { origin, execute } }) => {
  const person = await join();
  const { token, password } = person;
  const next = someone().email;
  const proof = await awaitMail(origin, person.email, 'Confirm your email');
  await ask('idVerifyEmail', { body: { token: tokenIn(proof) } });
  const asked = await ask('idChangeEmail', { token, body: { email: next, password } });
  const taken = { ...someone(), email: next };
  await expectStatus(201, 'idRegister', { body: taken });
  const confirm = { token: tokenIn(await awaitMail(origin, next, 'Confirm your new')) };
  await expectStatus(409, 'idConfirmEmail', { body: confirm });
  await expectStatus(400, 'idConfirmEmail', { body: confirm });

  const other = someone().email;
  const renewed = `Bearer ${textIn(asked, 'token')}`;
  await expectStatus(202, 'idChangeEmail', { token: renewed, body: { email: other, password } });
  const second = await awaitMail(origin, other, 'Confirm your new');
  await expectStatus(200, 'idConfirmEmail', { body: { token: tokenIn(second) } });
  const undo = await awaitMail(origin, person.email, 'was changed');
  // Nobody can register an email that can still be restored, so this writes it to the database.
  await execute('UPDATE users SET email = ?1, email_key = ?1 WHERE email = ?2', person.email, taken.email);
  await expectStatus(409, 'idUndoEmail', { body: { token: tokenIn(undo) } });
};

/** Operations that need mail, at a service without mail. */
const mailOff: Story = async ({ expectStatus, join }) => {
  const { token, email } = await join();
  await expectStatus(404, 'idRequestVerification', { token });
  await expectStatus(404, 'idForgotPassword', { body: { identifier: email } });
  await expectStatus(404, 'idRequestLoginCode', { body: { identifier: email } });
  await expectStatus(404, 'usersRequestReset', { query: '?lookup=a&callback=https://a.test/' });
  await expectStatus(404, 'usersResetPassword', { body: { sign: 'x', new_password: 'third1234' } });
};

/** Operations that need SIGNING_KEYS, at a service without them. */
const keysOff: Story = async ({ expectStatus, join }) => {
  const { token } = await join();
  await expectStatus(404, 'idToken', { token });
  for (const id of [
    'publicKeys',
    'openidConfiguration',
    'oauthMetadata',
    'oidcUserInfo',
    'oidcUserInfoByPost',
  ])
    await expectStatus(404, id);
  for (const id of ['oidcToken', 'oidcIntrospect', 'oidcRevoke']) await expectStatus(404, id);
};

/** Second factors: codes, and passkeys of a software authenticator. */
const factors: Story = async ({ ask, expectStatus, join, joinAsAdmin, service }) => {
  const person = await join();
  const { token, password } = person;
  const mine = { token };
  const rp = { origin: MAIL_ON.PUBLIC_URL, rpId: new URL(MAIL_ON.PUBLIC_URL).hostname };
  const logIn = async () => {
    const { body } = await expectStatus(200, 'idLogin', {
      body: { identifier: person.email, password, session: 'token' },
    });
    return String(objectAt(body, 'secondFactor')['token']);
  };

  await expectStatus(200, 'idFactors', mine);
  await expectStatus(404, 'idRenewRecoveryCodes', mine);
  const secret = textIn(await expectStatus(201, 'idAddTotp', mine), 'secret');
  await expectStatus(401, 'idConfirmTotp', { ...mine, body: { code: '000000' } });
  await expectStatus(200, 'idConfirmTotp', { ...mine, body: { code: await currentCode(secret) } });
  await expectStatus(409, 'idAddTotp', mine);
  await expectStatus(201, 'idRenewRecoveryCodes', mine);

  const passkey = await createSoftPasskey();
  const answerTo = async (id: string, sent: Ask, make: (challenge: string) => Promise<Json>) => {
    const { body } = await expectStatus(200, id, sent);
    const challenge = String(objectAt(body, 'publicKey')['challenge']);
    return { token: String(objectAt(body)['token']), passkey: await make(challenge) };
  };
  const register = (challenge: string) => passkey.register({ challenge, ...rp }).then(toJson);
  const added = await answerTo('idPasskeyOptions', mine, register);
  const { body } = await expectStatus(201, 'idAddPasskey', { ...mine, body: added });
  await expectStatus(401, 'idAddPasskey', { ...mine, body: added });
  const again = await answerTo('idPasskeyOptions', mine, register);
  await expectStatus(409, 'idAddPasskey', { ...mine, body: again });
  const factor = { ...mine, id: Number(objectAt(body, 'factor')['id']) };
  const none = { ...mine, id: NOBODY };
  await expectStatus(200, 'idRenameFactor', { ...factor, body: { name: 'My phone' } });
  await expectStatus(404, 'idRenameFactor', { ...none, body: { name: 'My phone' } });
  const { body: listed } = await expectStatus(200, 'idFactors', mine);
  const userHandle = String(objectAt(listed, 'passkeys')['userHandle']);

  const made = await expectStatus(201, 'idAddAppPassword', { ...mine, body: { name: 'Old phone' } });
  await expectStatus(200, 'idAppPasswords', mine);
  for (let count = 1; count < 50; count += 1)
    await service.execute(
      'INSERT INTO app_passwords (user_id, name, hash, created_at) VALUES (?, ?, ?, 0)',
      person.id,
      'x',
      `hash ${count}`,
    );
  await expectStatus(409, 'idAddAppPassword', { ...mine, body: { name: 'One more' } });
  const app = { ...mine, id: Number(objectAt(made.body, 'appPassword')['id']) };
  await expectStatus(204, 'idRemoveAppPassword', app);
  await expectStatus(404, 'idRemoveAppPassword', app);

  await service.execute('UPDATE factors SET last_step = 0 WHERE user_id = ?', person.id);
  const code = await currentCode(secret);
  await expectStatus(200, 'idLoginFactor', { body: { token: await logIn(), code } });
  const assert = (challenge: string) => passkey.assert({ challenge, userHandle, ...rp }).then(toJson);
  const step = await logIn();
  const second = await answerTo('idLoginPasskeyOptions', { body: { token: step } }, assert);
  await expectStatus(200, 'idLoginFactor', { body: second });
  await expectStatus(401, 'idLoginPasskeyOptions', { body: { token: 'x.y' } });
  const alone = await answerTo('idLoginPasskeyOptions', { body: { session: 'token' } }, assert);
  await expectStatus(200, 'idLoginPasskey', { body: alone });
  await expectStatus(401, 'idLoginPasskey', { body: alone });

  await expectStatus(200, 'idReauthenticateOptions', mine);
  const confirmed = await expectStatus(200, 'idReauthenticate', { ...mine, body: { password } });
  const now = { token: `Bearer ${textIn(confirmed, 'token')}` };
  await expectStatus(204, 'idRemoveFactor', { ...now, id: factor.id });
  await expectStatus(404, 'idRemoveFactor', { ...now, id: factor.id });

  const wrong = { body: { token: await logIn(), code: '000000' } };
  await expectStatus(401, 'idLoginFactor', wrong);
  await expectStatus(429, 'idLoginFactor', wrong);

  await service.execute('UPDATE sessions SET authenticated_at = 0 WHERE user_id = ?', person.id);
  await expectStatus(403, 'idExport', now);
  const admin = await joinAsAdmin();
  await expectStatus(204, 'idRemoveFactorsOf', { token: admin.token, id: person.id });
  expect((await ask('idMe', now)).status).toBe(401);
};

/** A proxy asks who sent a request to an app at the service's own host name. */
const forwardAuth: Story = async ({ expectStatus, join, service }) => {
  const { cookie } = await join();
  const app = { 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': new URL(service.origin).host };
  await expectStatus(200, 'idForwardAuth', { cookie, headers: app });
  await expectStatus(303, 'idForwardAuth', { opensPage: true, headers: app });
  await expectStatus(401, 'idForwardAuth', { headers: app });
  await expectStatus(400, 'idForwardAuth', { cookie, headers: app, query: '?group=all' });
  await expectStatus(403, 'idForwardAuth', { cookie, headers: app, query: '?group=admin' });
  await expectStatus(403, 'idForwardAuth', { cookie, headers: { 'X-Forwarded-Host': 'evil.example' } });
};

const relatedOrigins: Story = async ({ expectStatus }) => {
  const { body } = await expectStatus(200, 'relatedOrigins');
  expect(body).toEqual({ origins: [MAIL_ON.PUBLIC_URL] });
};

const service: Story = async ({ expectStatus, join }) => {
  await expectStatus(200, 'health');
  await expectStatus(200, 'publicKeys');
  const { token } = await join();
  await expectStatus(200, 'idToken', { token });
  await expectStatus(401, 'idToken');
};

const FORM = 'application/x-www-form-urlencoded';
const VERIFIER = 'a'.repeat(43);
const SECRET = 'the secret of an app';
const CALLBACK = 'https://app.example.org/callback';

/** An authorization code for an app, issued to the browser of a person. */
const codeFor = async (origin: string, cookie: string, scope = 'openid offline_access'): Promise<string> => {
  const query = new URLSearchParams({
    client_id: 'app',
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope,
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const answer = await fetch(`${origin}/oidc/authorize?${query}`, {
    redirect: 'manual',
    headers: { Cookie: cookie },
  });
  await answer.body?.cancel();
  return new URL(answer.headers.get('Location') ?? '').searchParams.get('code') ?? '';
};

const apps: Story = async ({ ask, expectStatus, join, service }) => {
  await expectStatus(200, 'openidConfiguration');
  await expectStatus(200, 'oauthMetadata');
  await service.execute(
    "INSERT INTO apps (id, name, secret_hash, redirect_uris, sign_out_uris, asks_consent, created_at) VALUES ('app', 'App', ?, ?, '[]', 0, 1)",
    createHash('sha256').update(SECRET).digest('hex'),
    JSON.stringify([CALLBACK]),
  );
  const { cookie } = await join();
  const form = (fields: Record<string, string>) => ({
    raw: { type: FORM, text: String(new URLSearchParams(fields)) },
  });
  const app = { client_id: 'app', client_secret: SECRET };
  const exchange = {
    grant_type: 'authorization_code',
    code: await codeFor(service.origin, cookie),
    redirect_uri: CALLBACK,
    code_verifier: VERIFIER,
  };
  for (const id of ['oidcToken', 'oidcIntrospect', 'oidcRevoke']) {
    await expectStatus(400, id, { body: {} });
    await expectStatus(401, id, form({ ...exchange, token: 'none', client_id: 'nobody' }));
  }
  const tokens = await expectStatus(200, 'oidcToken', form({ ...exchange, ...app }));
  const token = textIn(tokens, 'access_token');
  for (const id of ['oidcUserInfo', 'oidcUserInfoByPost']) {
    await expectStatus(200, id, { token: `Bearer ${token}` });
    await expectStatus(401, id);
    await expectStatus(401, id, { token: 'Bearer nothing' });
  }
  const narrow = { ...exchange, code: await codeFor(service.origin, cookie, 'email') };
  const narrowToken = textIn(await ask('oidcToken', form({ ...narrow, ...app })), 'access_token');
  for (const id of ['oidcUserInfo', 'oidcUserInfoByPost'])
    await expectStatus(403, id, { token: `Bearer ${narrowToken}` });
  await expectStatus(200, 'oidcIntrospect', form({ token, ...app }));
  await ask('oidcRevoke', form({ token, ...app }));
  await expectStatus(200, 'oidcIntrospect', form({ token, ...app }));
  await expectStatus(400, 'oidcToken', form({ ...exchange, ...app }));
};

/** The stories by topic. Together they make every operation succeed. */
export const stories: readonly (readonly [string, Story])[] = [
  ['users', users],
  ['user-v1', userV1],
  ['conjugator', conjugator],
  ['account', account],
  ['auth', auth],
  ['id, second factors', factors],
  ['related origins', relatedOrigins],
  ['id, for admins', admins],
  ['id, mail', mails],
  ['id, contested addresses', contested],
  ['service', service],
  ['oidc', apps],
];

/** The same for a service with neither mail nor keys. */
export const storiesOfTheLeast: typeof stories = [
  ['id, mail', mailOff],
  ['access tokens', keysOff],
  ['id, for owners', owners],
  ['id, for a proxy', forwardAuth],
];
