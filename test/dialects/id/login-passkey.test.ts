// `id`: logging in with a passkey alone.
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

/** A right answer, unless it says otherwise. */
const answerOf = async (
  { token, challenge }: { token: string; challenge: string },
  said: Partial<Said> = {},
  { passkey, userHandle } = registered,
) => ({ token, passkey: await passkey.assert({ challenge, userHandle, ...here, ...said }) });

const logIn = (body: unknown, sent: Sent = {}) => send('/id/login/passkey', { ...sent, json: body });

describe('the options', () => {
  it('name no account, want a PIN or a biometric, and cost nothing', async () => {
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

  it('are for a browser unless they say otherwise, also without a body', async () => {
    const answer = await send('/id/login/passkey/options', { method: 'POST' });
    expect(answer.status).toBe(200);
    expect(cookiesOf(answer)).toMatch(/^login_step=[\w-]{43}$/);
  });

  it('for a second factor need the token of a login', async () => {
    expect(whole(await send('/id/login/passkey/options', { json: { token: 'x.y' } }))).toMatch(expired);
  });

  it('are not given to a foreign page', async () => {
    const headers = { 'Sec-Fetch-Site': 'cross-site' };
    const answer = await send('/id/login/passkey/options', { method: 'POST', headers });
    expect(whole(answer)).toMatch(/^403 .*"cross_site"/);
  });
});

describe('a passkey alone', () => {
  it('logs in, in two round trips and without a slow hash', async () => {
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

  it('gives a browser its cookie, and only the browser that began', async () => {
    const asked = await send('/id/login/passkey/options', { method: 'POST' });
    const cookie = cookiesOf(asked);
    const { token, publicKey } = objectOf(json(asked));
    const body = await answerOf({ token: String(token), challenge: textOf(publicKey, 'challenge') });
    expect(whole(await logIn(body))).toMatch(expired);
    const answer = await logIn(body, { headers: { Cookie: cookie } });
    expect(json(answer)).toEqual({ account: expect.anything() });
    expect(cookiesOf(answer)).toMatch(/sessionid=/);
  });

  it('is good once', async () => {
    const body = await answerOf(await askForPasskey());
    expect((await logIn(body)).status).toBe(200);
    expect(whole(await logIn(body))).toMatch(expired);
  });

  it('of which many come at once opens one session', async () => {
    const body = await answerOf(await askForPasskey());
    const answers = await Promise.all(Array.from({ length: 8 }, () => logIn(body)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('is enough where wrong passwords made the account wait', async () => {
    const env = { ...testEnv, THROTTLE_FREE_FAILURES: '1', THROTTLE_FIRST_WAIT_SECONDS: '60' };
    const wrong = () =>
      send('/id/login', { env, json: { identifier: person.username, password: 'wrong password' } });
    await wrong();
    expect((await wrong()).status).toBe(429);
    expect((await logIn(await answerOf(await askForPasskey()), { env })).status).toBe(200);
  });

  it.each<[string, Partial<Said>]>([
    ['without a PIN or a biometric', { flags: { uv: false } }],
    ['without a person', { flags: { up: false } }],
    ['of a foreign page', { origin: 'https://latchkey.example' }],
    ['of another RP', { rpId: 'latchkey.example' }],
    ['for another challenge', { challenge: 'A'.repeat(43) }],
    ['that names another account', { userHandle: 'A'.repeat(86) }],
    ['within a frame', { clientData: { crossOrigin: true } }],
    ['that can be backed up now, and could not before', { flags: { be: true } }],
  ])('%s is refused, and noted', async (_, said) => {
    expect(whole(await logIn(await answerOf(await askForPasskey(), said)))).toMatch(refused);
    expect((await eventsOf(person.id))[0]).toBe('factor_refused');
  });

  it('that names no account is refused', async () => {
    const { token, challenge } = await askForPasskey();
    const passkey = await registered.passkey.assert({ challenge, ...here });
    expect(whole(await logIn({ token, passkey }))).toMatch(refused);
  });

  it('of which nobody knows is refused', async () => {
    const other = await addPasskey(await join());
    await testEnv.DB.prepare('DELETE FROM factors WHERE id = ?').bind(other.id).run();
    expect(whole(await logIn(await answerOf(await askForPasskey(), {}, other)))).toMatch(refused);
  });

  it('of a disabled account is refused', async () => {
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE id = ?').bind(person.id).run();
    expect(whole(await logIn(await answerOf(await askForPasskey())))).toMatch(refused);
  });

  it('with the token of another step is refused', async () => {
    const { challenge } = await askForPasskey();
    expect(whole(await logIn(await answerOf({ token: 'x.y', challenge })))).toMatch(expired);
    const { token } = await askForPasskey();
    expect(whole(await logIn(await answerOf({ token, challenge })))).toMatch(refused);
  });
});

describe('related origins', () => {
  const env = { ...testEnv, PUBLIC_URL: 'https://latchkey.test', RELATED_ORIGINS: 'https://latchkey.de' };

  it('are served to browsers', async () => {
    const answer = await send('/.well-known/webauthn', { env });
    expect(whole(answer)).toBe('200 {"origins":["https://latchkey.test","https://latchkey.de"]}');
    expect(answer.headers.get('Content-Type')).toBe('application/json');
    expect(whole(await send('/.well-known/webauthn'))).toBe('200 {"origins":["https://latchkey.test"]}');
  });

  it('may use the passkeys of the service', async () => {
    const body = await answerOf(await askForPasskey(), { origin: 'https://latchkey.de' });
    expect(whole(await logIn(body))).toMatch(refused);
    expect((await logIn(body, { env })).status).toBe(200);
  });
});

describe('PUBLIC_URL', () => {
  it('says whose passkeys they are, whatever host a request names', async () => {
    const env = { ...testEnv, PUBLIC_URL: 'https://latchkey.test' };
    const sent = { env, origin: 'https://latchkey.example' };
    const asked = await askForPasskey(undefined, sent);
    expect(asked.publicKey['rpId']).toBe('latchkey.test');
    const foreign = await answerOf(asked, { origin: 'https://latchkey.example' });
    expect(whole(await logIn(foreign, sent))).toMatch(refused);
    expect((await logIn(await answerOf(asked), sent)).status).toBe(200);
  });
});
