// `id`: login to an account with a second factor, in two steps.
import { beforeEach, describe, expect, it } from 'vitest';
import { measure, NO_OPERATIONS } from '../../support/counting.ts';
import {
  addPasskey,
  addTotp,
  askForPasskey,
  cookiesOf,
  currentCode,
  eventsOf,
  finishLogin,
  type Generator,
  here,
  join,
  objectOf,
  PASSWORD,
  type Person,
  startLogin,
  stepToken,
  textOf,
} from '../../support/passkeys.ts';
import { json, type Sent, send, testEnv } from '../../support/worker.ts';

let person: Person;
let totp: Generator;
beforeEach(async () => {
  person = await join();
  totp = await addTotp(person);
});

const whole = ({ status, text }: { status: number; text: string }): string => `${status} ${text}`;
const wrongCode = /^401 .*"code":"wrong_code"/;
const wrongPasskey = /^401 .*"code":"wrong_passkey"/;
const expired = /^401 .*"code":"challenge_expired"/;

const sessionsOf = async (): Promise<number> =>
  (await testEnv.DB.prepare('SELECT count(*) AS n FROM sessions WHERE user_id = ?')
    .bind(person.id)
    .first<number>('n')) ?? -1;
const factorOfLastSession = (): Promise<string | null> =>
  testEnv.DB.prepare('SELECT factor FROM sessions WHERE user_id = ? ORDER BY created_at DESC LIMIT 1')
    .bind(person.id)
    .first<string>('factor');

describe('POST /id/login with a second factor', () => {
  it('returns a token and the kinds of factors, and opens no session', async () => {
    const before = await sessionsOf();
    const answer = await startLogin(person);
    expect(answer.status).toBe(200);
    expect(json(answer)).toEqual({
      secondFactor: {
        token: expect.stringMatching(/^[\w-]+\.[\w-]{43}$/),
        kinds: ['code', 'recoveryCode'],
      },
    });
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await sessionsOf()).toBe(before);
  });

  it('lists passkeys first', async () => {
    await addPasskey(person);
    expect(objectOf(json(await startLogin(person)), 'secondFactor')['kinds']).toEqual([
      'passkey',
      'code',
      'recoveryCode',
    ]);
  });

  it('answers a wrong password as without a factor, at the same cost', async () => {
    const other = await join();
    const attempt = (username: string) =>
      measure('/id/login', { json: { identifier: username, password: 'wrong password' } });
    const [with_, without] = [await attempt(person.username), await attempt(other.username)];
    expect(with_.answer.text).toBe(without.answer.text);
    expect(with_.operations).toEqual(without.operations);
    expect(with_.statements).toEqual(without.statements);
    expect(with_.hashed).toEqual(without.hashed);
  });

  it('rejects the right password of a disabled account like a wrong one', async () => {
    const attempt = (password: string) =>
      send('/id/login', { json: { identifier: person.username, password } });
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE id = ?').bind(person.id).run();
    const [wrong, right] = [await attempt('wrong password'), await attempt(PASSWORD)];
    expect([right.status, right.text]).toEqual([wrong.status, wrong.text]);
  });

  it('costs two D1 round trips and one hash, like every login', async () => {
    const { operations, hashed } = await measure('/id/login', {
      json: { identifier: person.username, password: PASSWORD, session: 'token' },
    });
    expect(operations).toEqual({ ...NO_OPERATIONS, d1: 2 });
    expect(hashed).toHaveLength(2);
  });

  it('replaces an outdated hash, and the second step still works', async () => {
    const dear = { ...testEnv, PASSWORD_ITERATIONS: '2000' };
    const token = await stepToken(person, { env: dear });
    const stored = await testEnv.DB.prepare('SELECT password_hash FROM users WHERE id = ?')
      .bind(person.id)
      .first<string>('password_hash');
    expect(stored).toContain('$i=2000,');
    const finished = await finishLogin({ token, code: await totp.fresh() }, { env: dear });
    expect(finished.status).toBe(200);
  });
});

describe('POST /id/login/factor with a code', () => {
  it('opens the session, and returns a token if the client asked for one', async () => {
    const token = await stepToken(person);
    const { answer, operations, hashed } = await measure('/id/login/factor', {
      json: { token, code: await totp.fresh() },
    });
    expect(answer.status).toBe(200);
    const body = objectOf(json(answer));
    expect(objectOf(body, 'account')['id']).toBe(person.id);
    expect((await send('/id/me', { token: textOf(body, 'token') })).status).toBe(200);
    // No slow hash, and no more round trips than the first step.
    expect(operations).toEqual({ ...NO_OPERATIONS, d1: 2, kvPuts: 1 });
    expect(hashed).toEqual([]);
    expect((await eventsOf(person.id))[0]).toBe('login');
    expect(await factorOfLastSession()).toBe('totp');
  });

  it('accepts a code typed in two halves', async () => {
    const code = await totp.fresh();
    const typed = ` ${code.slice(0, 3)} ${code.slice(3)}`;
    expect((await finishLogin({ token: await stepToken(person), code: typed })).status).toBe(200);
  });

  it('accepts a code once, even across two logins', async () => {
    const [first, second] = [await stepToken(person), await stepToken(person)];
    const code = await totp.fresh();
    expect((await finishLogin({ token: first, code })).status).toBe(200);
    expect(whole(await finishLogin({ token: second, code }))).toMatch(wrongCode);
    expect(whole(await finishLogin({ token: first, code }))).toMatch(wrongCode);
    expect((await eventsOf(person.id))[0]).toBe('factor_refused');
  });

  it('opens one session if eight requests send the code at once', async () => {
    const token = await stepToken(person);
    const code = await totp.fresh();
    const before = await sessionsOf();
    const answers = await Promise.all(Array.from({ length: 8 }, () => finishLogin({ token, code })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await sessionsOf()).toBe(before + 1);
  });

  it.each([
    ['the previous time step', -30_000],
    ['the next time step', 30_000],
  ])('rejects a code of %s, unless TOTP_WINDOW allows it', async (_, offsetMs) => {
    await totp.fresh();
    const code = await currentCode(totp.secret, offsetMs);
    expect(whole(await finishLogin({ token: await stepToken(person), code }))).toMatch(wrongCode);
    const env = { ...testEnv, TOTP_WINDOW: '1' };
    const taken = await finishLogin({ token: await stepToken(person), code }, { env });
    expect(taken.status).toBe(200);
  });

  it.each(['000000', '', '12345', 'abcdef'])('rejects %j', async (code) => {
    const answer = await finishLogin({ token: await stepToken(person), code });
    expect(whole(answer)).toMatch(code === '' ? /^400 .*"blank"/ : wrongCode);
  });

  it('rejects a code of another account', async () => {
    const other = await join();
    const theirs = await addTotp(other);
    const code = await theirs.fresh();
    expect(whole(await finishLogin({ token: await stepToken(person), code }))).toMatch(wrongCode);
  });

  it('rejects a missing factor and an unknown recovery code', async () => {
    const token = await stepToken(person);
    expect(whole(await finishLogin({ token }))).toMatch(/^400 .*"required"/);
    const recoveryCode = '0000-'.repeat(7).slice(0, -1);
    expect(whole(await finishLogin({ token, recoveryCode }))).toMatch(wrongCode);
  });
});

describe('the token of POST /id/login/factor', () => {
  it('opens nothing else, and a token of a passkey login cannot replace it', async () => {
    const token = await stepToken(person);
    expect((await send('/id/me', { token })).status).toBe(401);
    const { token: signIn } = await askForPasskey();
    expect(whole(await finishLogin({ token: signIn, code: await totp.fresh() }))).toMatch(expired);
  });

  it.each(['', 'x', 'a.b', `${'A'.repeat(40)}.${'A'.repeat(43)}`])('cannot be %j', async (token) => {
    const answer = await finishLogin({ token, code: await totp.fresh() });
    expect(whole(answer)).toMatch(token === '' ? /^400/ : expired);
  });

  it('works only in the browser that began the login', async () => {
    const began = await send('/id/login', { json: { identifier: person.username, password: PASSWORD } });
    const token = textOf(json(began), 'secondFactor', 'token');
    const cookie = cookiesOf(began);
    expect(cookie).toMatch(/^login_step=[\w-]{43}$/);
    expect(began.headers.getSetCookie()[0]).toMatch(/Max-Age=300; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const code = await totp.fresh();
    expect(whole(await finishLogin({ token, code }))).toMatch(expired);
    const stranger: Sent = { headers: { Cookie: `login_step=${'A'.repeat(43)}` } };
    expect(whole(await finishLogin({ token, code }, stranger))).toMatch(expired);
    const finished = await finishLogin({ token, code }, { headers: { Cookie: cookie } });
    expect(finished.status).toBe(200);
    expect(json(finished)).toEqual({ account: expect.anything() });
    expect(cookiesOf(finished)).toMatch(/sessionid=/);
  });

  it('expires if the password changes', async () => {
    const token = await stepToken(person);
    const newPassword = 'seven doors and a wall';
    const changed = await send('/id/me/password', {
      method: 'PUT',
      token: person.token,
      json: { currentPassword: PASSWORD, newPassword },
    });
    expect(changed.status).toBe(200);
    expect(whole(await finishLogin({ token, code: await totp.fresh() }))).toMatch(expired);
  });

  it('expires if the account is disabled or deleted', async () => {
    const token = await stepToken(person);
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE id = ?').bind(person.id).run();
    expect(whole(await finishLogin({ token, code: await totp.fresh() }))).toMatch(expired);
    await testEnv.DB.prepare('DELETE FROM users WHERE id = ?').bind(person.id).run();
    expect(whole(await finishLogin({ token, code: '123456' }))).toMatch(expired);
  });

  it('expires after five minutes', async () => {
    const token = await stepToken(person);
    const code = await totp.fresh();
    const now = Date.now;
    try {
      const later = now() + 5 * 60 * 1000;
      Date.now = () => later;
      expect(whole(await finishLogin({ token, code }))).toMatch(expired);
    } finally {
      Date.now = now;
    }
  });
});

describe('wrong codes at POST /id/login/factor', () => {
  it('count like wrong passwords, and right passwords between them do not reset the count', async () => {
    const env = { ...testEnv, THROTTLE_FREE_FAILURES: '3' };
    for (let tries = 0; tries < 3; tries += 1) {
      const token = await stepToken(person, { env });
      expect(whole(await finishLogin({ token, code: '000000' }, { env }))).toMatch(wrongCode);
    }
    const throttled = await startLogin(person, PASSWORD, { env });
    expect(throttled.status).toBe(429);
    expect(Number(throttled.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1);
  });

  it('make the right code wait too', async () => {
    const env = { ...testEnv, THROTTLE_FREE_FAILURES: '2', THROTTLE_FIRST_WAIT_SECONDS: '60' };
    const token = await stepToken(person, { env });
    for (let tries = 0; tries < 2; tries += 1)
      expect(whole(await finishLogin({ token, code: '000000' }, { env }))).toMatch(wrongCode);
    expect((await finishLogin({ token, code: await totp.fresh() }, { env })).status).toBe(429);
  });

  it('no longer count after a complete login', async () => {
    const token = await stepToken(person);
    await finishLogin({ token, code: '000000' });
    expect((await finishLogin({ token, code: await totp.fresh() })).status).toBe(200);
    const failures = await testEnv.DB.prepare('SELECT login_failures FROM users WHERE id = ?')
      .bind(person.id)
      .first<string>('login_failures');
    expect(failures).toBeNull();
  });
});

describe('POST /id/login/factor with a recovery code', () => {
  it('opens one session, and uses up the code', async () => {
    const [code] = totp.recoveryCodes;
    expect((await finishLogin({ token: await stepToken(person), recoveryCode: code })).status).toBe(200);
    expect((await eventsOf(person.id)).slice(0, 2)).toEqual(['recovery_code_used', 'login']);
    expect(await factorOfLastSession()).toBe('recovery_code');
    const again = await finishLogin({ token: await stepToken(person), recoveryCode: code });
    expect(whole(again)).toMatch(wrongCode);
    const listed = json(await send('/id/factors', { token: person.token }));
    expect(listed).toMatchObject({ recoveryCodesLeft: 9 });
  });

  it('opens one session if eight requests send the recovery code at once', async () => {
    const token = await stepToken(person);
    const [recoveryCode] = totp.recoveryCodes;
    const answers = await Promise.all(Array.from({ length: 8 }, () => finishLogin({ token, recoveryCode })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('rejects a recovery code of another account', async () => {
    const theirs = await addTotp(await join());
    const answer = await finishLogin({
      token: await stepToken(person),
      recoveryCode: theirs.recoveryCodes[0],
    });
    expect(whole(answer)).toMatch(wrongCode);
  });
});

describe('POST /id/login/factor with a passkey', () => {
  it('opens the session, even without user verification', async () => {
    const { passkey, userHandle, id } = await addPasskey(person);
    const token = await stepToken(person);
    const asked = await askForPasskey({ token });
    expect(asked.publicKey).toEqual({
      challenge: expect.stringMatching(/^[\w-]{43}$/),
      rpId: 'latchkey.test',
      timeout: 300_000,
      userVerification: 'preferred',
      allowCredentials: [{ type: 'public-key', id: passkey.credentialId, transports: ['internal'] }],
    });
    const { challenge } = asked;
    const answer = await passkey.assert({ challenge, ...here, flags: { uv: false }, counter: 5, userHandle });
    expect((await finishLogin({ token, passkey: answer })).status).toBe(200);
    expect(await factorOfLastSession()).toBe('passkey');
    const row = await testEnv.DB.prepare('SELECT counter, last_used_at FROM factors WHERE id = ?')
      .bind(id)
      .first();
    expect(row).toEqual({ counter: 5, last_used_at: expect.any(Number) });
  });

  it('accepts an answer once', async () => {
    const { passkey } = await addPasskey(person);
    const token = await stepToken(person);
    const { challenge } = await askForPasskey({ token });
    const answer = await passkey.assert({ challenge, ...here });
    expect((await finishLogin({ token, passkey: answer })).status).toBe(200);
    expect(whole(await finishLogin({ token, passkey: answer }))).toMatch(expired);
  });

  it('accepts a counter that does not increase, and notes it in the audit log', async () => {
    const { passkey } = await addPasskey(person, { counter: 9 });
    const token = await stepToken(person);
    const { challenge } = await askForPasskey({ token });
    const answer = await passkey.assert({ challenge, ...here, counter: 9 });
    expect((await finishLogin({ token, passkey: answer })).status).toBe(200);
    expect(await eventsOf(person.id)).toContain('passkey_counter');
  });

  it.each([
    ['for another challenge', { challenge: 'A'.repeat(43) }],
    ['of a foreign page', { origin: 'https://latchkey.example' }],
    ['of another RP', { rpId: 'latchkey.example' }],
    ['with the user handle of another account', { userHandle: 'A'.repeat(86) }],
    ['without user presence', { flags: { up: false } }],
  ])('rejects an answer %s', async (_, said) => {
    const { passkey } = await addPasskey(person);
    const token = await stepToken(person);
    const { challenge } = await askForPasskey({ token });
    const answer = await passkey.assert({ challenge, ...here, ...said });
    expect(whole(await finishLogin({ token, passkey: answer }))).toMatch(wrongPasskey);
  });

  it('rejects a passkey of another account', async () => {
    const { passkey } = await addPasskey(await join());
    const token = await stepToken(person);
    const { challenge } = await askForPasskey({ token });
    const answer = await passkey.assert({ challenge, ...here });
    expect(whole(await finishLogin({ token, passkey: answer }))).toMatch(wrongPasskey);
  });

  it('rejects a removed passkey', async () => {
    const { passkey, id } = await addPasskey(person);
    const token = await stepToken(person);
    const { challenge } = await askForPasskey({ token });
    await send(`/id/factors/${id}`, { method: 'DELETE', token: person.token });
    const answer = await passkey.assert({ challenge, ...here });
    expect(whole(await finishLogin({ token, passkey: answer }))).toMatch(wrongPasskey);
  });
});

describe('a trusted browser', () => {
  const trust = async () => {
    const token = await stepToken(person);
    return cookiesOf(await finishLogin({ token, code: await totp.fresh(), trustBrowser: true }));
  };
  const isAsked = async (cookie: string) =>
    Object.hasOwn(
      objectOf(json(await startLogin(person, PASSWORD, { headers: { Cookie: cookie } }))),
      'secondFactor',
    );

  it('needs only the password, and its session is marked trusted_browser', async () => {
    const cookie = await trust();
    expect(await isAsked('')).toBe(true);
    expect(await isAsked(cookie)).toBe(false);
    expect(await factorOfLastSession()).toBe('trusted_browser');
  });

  it('does not replace the password', async () => {
    const answer = await startLogin(person, 'wrong password', { headers: { Cookie: await trust() } });
    expect(whole(answer)).toMatch(/^401 .*"wrong_credentials"/);
  });

  it('needs the second factor again after the factor that it proved is removed', async () => {
    const cookie = await trust();
    await addPasskey(person);
    expect(await isAsked(cookie)).toBe(false);
    await send(`/id/factors/${totp.id}`, { method: 'DELETE', token: person.token });
    expect(await isAsked(cookie)).toBe(true);
  });

  it('needs the second factor again after the password changed', async () => {
    const cookie = await trust();
    const newPassword = 'another fine long one';
    const changed = await send('/id/me/password', {
      method: 'PUT',
      token: person.token,
      json: { currentPassword: PASSWORD, newPassword },
    });
    expect(changed.status).toBe(200);
    const answer = await startLogin(person, newPassword, { headers: { Cookie: cookie } });
    expect(json(answer)).toHaveProperty('secondFactor');
  });

  it('must have asked for trust with trustBrowser', async () => {
    const token = await stepToken(person);
    const cookie = cookiesOf(await finishLogin({ token, code: await totp.fresh() }));
    expect(await isAsked(cookie)).toBe(true);
  });

  it('cannot gain trust with a recovery code', async () => {
    const token = await stepToken(person);
    const [recoveryCode] = totp.recoveryCodes;
    const cookie = cookiesOf(await finishLogin({ token, recoveryCode, trustBrowser: true }));
    expect(await isAsked(cookie)).toBe(true);
  });
});
