// `id`: requests that require a proof of the last ten minutes, and POST /id/reauthenticate.
import { beforeEach, describe, expect, it } from 'vitest';
import { createTimedCore } from '../../support/clock.ts';
import {
  addAppPassword,
  addPasskey,
  addTotp,
  cookiesOf,
  eventsOf,
  finishLogin,
  here,
  join,
  letTimePass,
  objectOf,
  PASSWORD,
  type Person,
  startLogin,
  stepToken,
  textOf,
} from '../../support/passkeys.ts';
import { json, type Sent, send, testEnv } from '../../support/worker.ts';

let person: Person;
beforeEach(async () => {
  person = await join();
});

const whole = ({ status, text }: { status: number; text: string }): string => `${status} ${text}`;
const STALE =
  '403 {"type":"urn:latchkey:problem:reauthenticate","title":"Authenticate again.","status":403,' +
  '"detail":"POST /id/reauthenticate with the password, a code or a passkey, then send the request again.",' +
  '"code":"reauthenticate"}';
const WRONG = /^401 .*"wrong_credentials"/;

const confirm = (body: object, token = person.token, sent: Sent = {}) =>
  send('/id/reauthenticate', { ...sent, token, json: body });
/** A request that requires a recent session. */
const download = (token = person.token) => send('/id/export', { token });

const guarded: readonly (readonly [method: string, path: string, body: object | null])[] = [
  ['POST', '/id/factors/totp', null],
  ['POST', '/id/factors/totp/confirm', { code: '123456' }],
  ['POST', '/id/factors/passkeys/options', null],
  ['POST', '/id/factors/passkeys', { token: 'x', passkey: {} }],
  ['POST', '/id/factors/recovery-codes', null],
  ['PATCH', '/id/factors/1', { name: 'x' }],
  ['DELETE', '/id/factors/1', null],
  ['POST', '/id/app-passwords', { name: 'x' }],
  ['DELETE', '/id/app-passwords/1', null],
  ['DELETE', '/id/sessions', null],
  ['DELETE', `/id/sessions/${'0'.repeat(64)}`, null],
  ['GET', '/id/export', null],
];
const ofAdmins: typeof guarded = [
  ['GET', '/id/admin/accounts', null],
  ['GET', '/id/admin/accounts/1', null],
  ['GET', '/id/admin/accounts/1/events', null],
  ['POST', '/id/admin/accounts/1/disable', null],
  ['POST', '/id/admin/accounts/1/enable', null],
  ['POST', '/id/admin/accounts/1/grant-admin', null],
  ['POST', '/id/admin/accounts/1/revoke-admin', null],
  ['DELETE', '/id/admin/accounts/1/sessions', null],
  ['DELETE', '/id/admin/accounts/1/factors', null],
  ['DELETE', '/id/admin/accounts/1', null],
];

const makeAdmin = () =>
  testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(person.id).run();

describe('a session with a proof from ten minutes ago', () => {
  it.each(guarded)('gets 403 reauthenticate from %s %s', async (method, path, body) => {
    await letTimePass(person.id);
    const answer = await send(path, { method, token: person.token, ...(body ? { json: body } : {}) });
    expect(whole(answer)).toBe(STALE);
  });

  it.each(ofAdmins)('gets 403 reauthenticate from %s %s as an admin', async (method, path) => {
    await makeAdmin();
    await letTimePass(person.id);
    expect(whole(await send(path, { method, token: person.token }))).toBe(STALE);
  });

  it('can still read the account, sessions, events, factors and app passwords', async () => {
    await letTimePass(person.id);
    for (const path of ['/id/me', '/id/sessions', '/id/events', '/id/factors', '/id/app-passwords'])
      expect((await send(path, { token: person.token })).status).toBe(200);
  });

  it('becomes recent by the password, under a new token', async () => {
    await letTimePass(person.id);
    const answer = await confirm({ password: PASSWORD });
    const token = textOf(json(answer), 'token');
    expect((await download(token)).status).toBe(200);
    expect((await send('/id/me', { token: person.token })).status).toBe(401);
    expect((await eventsOf(person.id))[0]).toBe('reauthenticated');
  });

  it('becomes recent by the password, under a new cookie in a browser', async () => {
    const login = await send('/id/login', { json: { identifier: person.username, password: PASSWORD } });
    await letTimePass(person.id);
    const headers = { Cookie: cookiesOf(login) };
    expect(whole(await send('/id/export', { headers }))).toBe(STALE);
    const answer = await send('/id/reauthenticate', { headers, json: { password: PASSWORD } });
    expect(whole(answer)).toBe('200 {}');
    const again = await send('/id/export', { headers: { Cookie: cookiesOf(answer, headers.Cookie) } });
    expect(again.status).toBe(200);
  });

  it('stays old after a wrong password, which counts as a failed login', async () => {
    const env = { ...testEnv, THROTTLE_FREE_FAILURES: '1', THROTTLE_FIRST_WAIT_SECONDS: '60' };
    await letTimePass(person.id);
    expect(whole(await confirm({ password: 'wrong password' }, person.token, { env }))).toMatch(WRONG);
    expect((await confirm({ password: PASSWORD }, person.token, { env })).status).toBe(429);
    expect(whole(await download())).toBe(STALE);
  });

  it.each([
    ['an empty body', {}],
    [
      'a passkey without its token',
      {
        passkey: {
          id: 'x',
          rawId: 'x',
          type: 'x',
          response: { clientDataJSON: 'x', authenticatorData: 'x', signature: 'x' },
        },
      },
    ],
  ])('gets 400 for %s', async (_, body) => {
    expect(whole(await confirm(body))).toMatch(/^400 .*"required"/);
  });
});

it('requires no further proof at login and nine minutes later', async () => {
  expect((await download()).status).toBe(200);
  await letTimePass(person.id, 9);
  expect((await download()).status).toBe(200);
});

it('counts a session as recent for ten minutes, to the millisecond', async () => {
  const timed = createTimedCore();
  const { token } = await timed.register('jwt');
  const isRecent = async () => {
    const principal = await timed.core.sessions.authenticate(token, 'header', 'primary');
    return principal && timed.core.sessions.isRecent(principal.session);
  };
  expect(await isRecent()).toBe(true);
  timed.advance(10 * 60_000 - 1);
  expect(await isRecent()).toBe(true);
  timed.advance(1);
  expect(await isRecent()).toBe(false);
});

it('never counts an imported token, which has no time of authentication, as recent', async () => {
  await testEnv.DB.prepare('UPDATE sessions SET authenticated_at = NULL WHERE user_id = ?')
    .bind(person.id)
    .run();
  expect(whole(await download())).toBe(STALE);
});

describe('POST /id/reauthenticate with a second factor', () => {
  it('accepts a code once', async () => {
    const totp = await addTotp(person);
    await letTimePass(person.id);
    const code = await totp.fresh();
    const token = textOf(json(await confirm({ code })), 'token');
    expect((await download(token)).status).toBe(200);
    expect(whole(await confirm({ code }, token))).toMatch(/^401 .*"wrong_code"/);
  });

  it('accepts a passkey once, and only with user verification', async () => {
    const { passkey, userHandle } = await addPasskey(person);
    await letTimePass(person.id);
    const prove = async (uv: boolean) => {
      const asked = json(await send('/id/reauthenticate/options', { method: 'POST', token: person.token }));
      expect(objectOf(asked, 'publicKey')).toMatchObject({
        userVerification: 'required',
        allowCredentials: [{ id: passkey.credentialId }],
      });
      const challenge = textOf(asked, 'publicKey', 'challenge');
      const answer = await passkey.assert({ challenge, userHandle, ...here, flags: { uv } });
      return { token: textOf(asked, 'token'), passkey: answer };
    };
    expect(whole(await confirm(await prove(false)))).toMatch(/^401 .*"wrong_passkey"/);
    const body = await prove(true);
    const token = textOf(json(await confirm(body)), 'token');
    expect((await download(token)).status).toBe(200);
    expect(whole(await confirm(body, token))).toMatch(/^401 .*"challenge_expired"/);
  });

  it('accepts the password in a session that the factor opened', async () => {
    const totp = await addTotp(person);
    const finished = await finishLogin({ token: await stepToken(person), code: await totp.fresh() });
    const { token } = objectOf(json(finished));
    await letTimePass(person.id);
    expect((await confirm({ password: PASSWORD }, String(token))).status).toBe(200);
  });

  it('rejects the password in an older session: an old token must not take over the account', async () => {
    const old = textOf(json(await startLogin(person)), 'token');
    const totp = await addTotp(person);
    await letTimePass(person.id);
    expect(whole(await confirm({ password: PASSWORD }, old))).toBe(STALE);
    const change = (path: string, body: object) =>
      send(`/id/me${path}`, { method: 'PUT', token: old, json: { password: PASSWORD, ...body } });
    expect(whole(await change('/email', { email: 'new@test.com' }))).toBe(STALE);
    expect(whole(await change('/username', { username: 'new.name' }))).toBe(STALE);
    expect(
      whole(await change('/password', { currentPassword: PASSWORD, newPassword: 'seven doors and a wall' })),
    ).toBe(STALE);
    const token = textOf(json(await confirm({ code: await totp.fresh() }, old)), 'token');
    const answer = await send('/id/me/username', {
      method: 'PUT',
      token,
      json: { username: `${person.username}.x`, password: PASSWORD },
    });
    expect(answer.status).toBe(200);
  });
});

describe('a session of an app password', () => {
  const open = async (): Promise<string> => {
    const { password } = await addAppPassword(person);
    return textOf(json(await startLogin(person, password)), 'token');
  };

  it('never becomes recent, whatever the proof', async () => {
    const token = await open();
    expect((await send('/id/me', { token })).status).toBe(200);
    expect(whole(await download(token))).toBe(STALE);
    expect(whole(await confirm({ password: PASSWORD }, token))).toBe(STALE);
    const totp = await addTotp(person);
    expect(whole(await confirm({ code: await totp.fresh() }, token))).toBe(STALE);
  });

  it('cannot change the password or delete the account, even with the password', async () => {
    const token = await open();
    const changed = await send('/id/me/password', {
      method: 'PUT',
      token,
      json: { currentPassword: PASSWORD, newPassword: 'seven doors and a wall' },
    });
    expect(whole(changed)).toBe(STALE);
    const deleted = await send('/id/me', { method: 'DELETE', token, json: { password: PASSWORD } });
    expect(whole(deleted)).toBe(STALE);
  });
});

describe('REQUIRE_ADMIN_FACTOR', () => {
  const env = { ...testEnv, REQUIRE_ADMIN_FACTOR: 'true' };
  const accounts = (token: string) => send('/id/admin/accounts', { env, token });

  it('rejects an admin in a session that the password alone opened', async () => {
    await makeAdmin();
    expect(whole(await accounts(person.token))).toMatch(/^403 .*"code":"factor_required"/);
    const old = await send('/api/admin/users', { env, token: person.token });
    expect(whole(old)).toBe('403 {"detail":"You do not have permission to perform this action."}');
    expect((await send('/id/admin/accounts', { token: person.token })).status).toBe(200);
  });

  it('accepts an admin who logged in with a factor, until the factor is removed', async () => {
    await makeAdmin();
    const totp = await addTotp(person);
    const finished = await finishLogin({ token: await stepToken(person), code: await totp.fresh() });
    const token = textOf(json(finished), 'token');
    expect((await accounts(token)).status).toBe(200);
    // Without the factor, the session counts as opened by the password alone.
    await send(`/id/factors/${totp.id}`, { method: 'DELETE', token });
    expect(whole(await accounts(token))).toMatch(/^403 .*"code":"factor_required"/);
  });

  it('requires no factor of other users', async () => {
    expect((await send('/id/me', { env, token: person.token })).status).toBe(200);
    expect(whole(await accounts(person.token))).toMatch(/^403 .*"code":"forbidden"/);
  });
});
