// POST /id/login/passkey: login with a passkey alone.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Said } from '../../support/authenticator.ts';
import { measure, NO_OPERATIONS } from '../../support/counting.ts';
import {
  addPasskey,
  askForPasskey,
  cookiesOf,
  eventsOf,
  here,
  join,
  objectOf,
  type Person,
  type Registered,
  textOf,
} from '../../support/passkeys.ts';
import { json, type Sent, send, testEnv } from '../../support/worker.ts';

let person: Person;
let registered: Registered;
beforeEach(async () => {
  person = await join();
  registered = await addPasskey(person);
});

const whole = ({ status, text }: { status: number; text: string }): string => `${status} ${text}`;
const refused = /^401 .*"code":"wrong_passkey"/;
const expired = /^401 .*"code":"challenge_expired"/;

/** A valid answer, except for what `said` changes. */
const answerOf = async (
  { token, challenge }: { token: string; challenge: string },
  said: Partial<Said> = {},
  { passkey, userHandle } = registered,
) => ({ token, passkey: await passkey.assert({ challenge, userHandle, ...here, ...said }) });

const logIn = (body: unknown, sent: Sent = {}) => send('/id/login/passkey', { ...sent, json: body });

describe('POST /id/login/passkey/options', () => {
  it('names no account, requires user verification, and costs nothing', async () => {
    const { answer, operations } = await measure('/id/login/passkey/options', { json: { session: 'token' } });
    expect(json(answer)).toEqual({
      token: expect.any(String),
      publicKey: {
        challenge: expect.stringMatching(/^[\w-]{43}$/),
        rpId: 'latchkey.test',
        timeout: 300_000,
        userVerification: 'required',
        allowCredentials: [],
      },
    });
    expect(operations).toEqual(NO_OPERATIONS);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('sets a cookie for a browser by default, even without a body', async () => {
    const answer = await send('/id/login/passkey/options', { method: 'POST' });
    expect(answer.status).toBe(200);
    expect(cookiesOf(answer)).toMatch(/^login_step=[\w-]{43}$/);
  });

  it('rejects an invalid token of a second step', async () => {
    expect(whole(await send('/id/login/passkey/options', { json: { token: 'x.y' } }))).toMatch(expired);
  });

  it('rejects a foreign page', async () => {
    const headers = { 'Sec-Fetch-Site': 'cross-site' };
    const answer = await send('/id/login/passkey/options', { method: 'POST', headers });
    expect(whole(answer)).toMatch(/^403 .*"cross_site"/);
  });
});

describe('POST /id/login/passkey', () => {
  it('logs in with two D1 round trips, one KV put and no slow hash', async () => {
    const body = await answerOf(await askForPasskey(), { counter: 1 });
    const { answer, operations, hashed } = await measure('/id/login/passkey', { json: body });
    expect(answer.status).toBe(200);
    expect(operations).toEqual({ ...NO_OPERATIONS, d1: 2, kvPuts: 1 });
    expect(hashed).toEqual([]);
    const { account, token } = objectOf(json(answer));
    expect(account).toMatchObject({ id: person.id, username: person.username });
    expect((await send('/id/me', { token: String(token) })).status).toBe(200);
    expect((await eventsOf(person.id))[0]).toBe('login');
  });

  it('sets the session cookie, but only in the browser that began', async () => {
    const asked = await send('/id/login/passkey/options', { method: 'POST' });
    const cookie = cookiesOf(asked);
    const { token, publicKey } = objectOf(json(asked));
    const body = await answerOf({ token: String(token), challenge: textOf(publicKey, 'challenge') });
    expect(whole(await logIn(body))).toMatch(expired);
    const answer = await logIn(body, { headers: { Cookie: cookie } });
    expect(json(answer)).toEqual({ account: expect.anything() });
    expect(cookiesOf(answer)).toMatch(/sessionid=/);
  });

  it('accepts an answer once', async () => {
    const body = await answerOf(await askForPasskey());
    expect((await logIn(body)).status).toBe(200);
    expect(whole(await logIn(body))).toMatch(expired);
  });

  it('opens one session if eight requests send the answer at once', async () => {
    const body = await answerOf(await askForPasskey());
    const answers = await Promise.all(Array.from({ length: 8 }, () => logIn(body)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('logs in even while wrong passwords make the account wait', async () => {
    const env = { ...testEnv, THROTTLE_FREE_FAILURES: '1', THROTTLE_FIRST_WAIT_SECONDS: '60' };
    const wrong = () =>
      send('/id/login', { env, json: { identifier: person.username, password: 'wrong password' } });
    await wrong();
    expect((await wrong()).status).toBe(429);
    expect((await logIn(await answerOf(await askForPasskey()), { env })).status).toBe(200);
  });

  it.each<[string, Partial<Said>]>([
    ['without user verification', { flags: { uv: false } }],
    ['without user presence', { flags: { up: false } }],
    ['of a foreign page', { origin: 'https://latchkey.example' }],
    ['of another RP', { rpId: 'latchkey.example' }],
    ['for another challenge', { challenge: 'A'.repeat(43) }],
    ['with the user handle of another account', { userHandle: 'A'.repeat(86) }],
    ['from a frame of another origin', { clientData: { crossOrigin: true } }],
    ['of a passkey that became eligible for backup', { flags: { be: true } }],
  ])('rejects an answer %s, and notes it in the audit log', async (_, said) => {
    expect(whole(await logIn(await answerOf(await askForPasskey(), said)))).toMatch(refused);
    expect((await eventsOf(person.id))[0]).toBe('factor_refused');
  });

  it('rejects an answer without a user handle', async () => {
    const { token, challenge } = await askForPasskey();
    const passkey = await registered.passkey.assert({ challenge, ...here });
    expect(whole(await logIn({ token, passkey }))).toMatch(refused);
  });

  it('rejects an unknown passkey', async () => {
    const other = await addPasskey(await join());
    await testEnv.DB.prepare('DELETE FROM factors WHERE id = ?').bind(other.id).run();
    expect(whole(await logIn(await answerOf(await askForPasskey(), {}, other)))).toMatch(refused);
  });

  it('rejects a passkey of a disabled account', async () => {
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE id = ?').bind(person.id).run();
    expect(whole(await logIn(await answerOf(await askForPasskey())))).toMatch(refused);
  });

  it('rejects an invalid token, and the token of another challenge', async () => {
    const { challenge } = await askForPasskey();
    expect(whole(await logIn(await answerOf({ token: 'x.y', challenge })))).toMatch(expired);
    const { token } = await askForPasskey();
    expect(whole(await logIn(await answerOf({ token, challenge })))).toMatch(refused);
  });
});

describe('RELATED_ORIGINS', () => {
  const env = { ...testEnv, PUBLIC_URL: 'https://latchkey.test', RELATED_ORIGINS: 'https://latchkey.de' };

  it('appear in /.well-known/webauthn', async () => {
    const answer = await send('/.well-known/webauthn', { env });
    expect(whole(answer)).toBe('200 {"origins":["https://latchkey.test","https://latchkey.de"]}');
    expect(answer.headers.get('Content-Type')).toBe('application/json');
    expect(whole(await send('/.well-known/webauthn'))).toBe('200 {"origins":["https://latchkey.test"]}');
  });

  it('can use the passkeys of the service', async () => {
    const body = await answerOf(await askForPasskey(), { origin: 'https://latchkey.de' });
    expect(whole(await logIn(body))).toMatch(refused);
    expect((await logIn(body, { env })).status).toBe(200);
  });
});

describe('PUBLIC_URL', () => {
  it('sets the RP id and the origin of passkeys, whatever host the request names', async () => {
    const env = { ...testEnv, PUBLIC_URL: 'https://latchkey.test' };
    const sent = { env, origin: 'https://latchkey.example' };
    const asked = await askForPasskey(undefined, sent);
    expect(asked.publicKey['rpId']).toBe('latchkey.test');
    const foreign = await answerOf(asked, { origin: 'https://latchkey.example' });
    expect(whole(await logIn(foreign, sent))).toMatch(refused);
    expect((await logIn(await answerOf(asked), sent)).status).toBe(200);
  });
});
