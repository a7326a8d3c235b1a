// Sign-in on the pages with a second factor, and with a passkey alone.
import { beforeEach, describe, expect, it } from 'vitest';
import {
  addAppPassword,
  addPasskey,
  addTotp,
  askForPasskey,
  eventsOf,
  type Generator,
  here,
  join,
  PASSWORD,
  type Person,
} from '../support/passkeys.ts';
import { type Browser, createBrowser, hiddenOf, optionsOf, passkeyTokenOf } from './support-factors.ts';
import { fieldOf, goesTo, noticeOf, titleOf } from './support-pages.ts';

const SCRIPTS = "script-src 'self'; connect-src 'self'";

let person: Person;
let browser: Browser;
beforeEach(async () => {
  person = await join();
  browser = createBrowser();
});

const firstStep = (more: Record<string, string> = {}) =>
  browser.post('/sign-in', { identifier: person.username, password: PASSWORD, ...more });
const isIn = async (): Promise<boolean> => (await browser.open('/profile')).status === 200;

describe('sign-in with an authenticator app', () => {
  let totp: Generator;
  beforeEach(async () => {
    totp = await addTotp(person);
  });

  it('asks for a code after the right password, and opens no session before it', async () => {
    const asked = await firstStep();
    expect([asked.status, titleOf(asked)]).toEqual([200, 'Second step · Latchkey']);
    expect(fieldOf(asked, 'code')).toBe(
      '<input id="code" name="code" autocomplete="one-time-code" required="" autofocus="" aria-describedby="code-hint" type="text" inputmode="numeric"/>',
    );
    expect(asked.text).not.toContain('<script');
    expect(asked.text).not.toContain(PASSWORD);
    expect(await isIn()).toBe(false);
  });

  it('signs in with the code, and continues to the requested page', async () => {
    const asked = await firstStep({ to: '/devices' });
    const step = { token: hiddenOf(asked, 'token'), to: hiddenOf(asked, 'to') };
    const done = await browser.post('/sign-in/factor', { ...step, code: await totp.fresh() });
    expect(goesTo(done)).toBe('303 /devices');
    expect(await isIn()).toBe(true);
  });

  it('restores the profile form that was sent after the session had ended', async () => {
    const asked = await firstStep({ to: '/profile', kept: 'name=Mary+Jones' });
    const step = {
      token: hiddenOf(asked, 'token'),
      to: hiddenOf(asked, 'to'),
      kept: hiddenOf(asked, 'kept'),
    };
    const done = await browser.post('/sign-in/factor', { ...step, code: await totp.fresh() });
    expect(titleOf(done)).toBe('Profile · Latchkey');
    expect(fieldOf(done, 'name')).toContain('value="Mary Jones"');
  });

  it('shows the form again after a wrong code, and still accepts the right one', async () => {
    const asked = await firstStep();
    const step = { token: hiddenOf(asked, 'token'), kinds: hiddenOf(asked, 'kinds') };
    const refused = await browser.post('/sign-in/factor', { ...step, code: '000000' });
    expect([refused.status, titleOf(refused), noticeOf(refused)]).toEqual([
      401,
      'Error: Second step · Latchkey',
      'Code: This code is wrong or was used before. Wait for the next code and enter it.',
    ]);
    expect(hiddenOf(refused, 'token')).toBe(step.token);
    const empty = await browser.post('/sign-in/factor', { ...step, code: '' });
    expect([empty.status, noticeOf(empty)]).toEqual([400, 'Code: This is required.']);
    expect(await isIn()).toBe(false);
    expect(goesTo(await browser.post('/sign-in/factor', { ...step, code: await totp.fresh() }))).toBe(
      '303 /',
    );
  });

  it('accepts each recovery code once', async () => {
    const [recoveryCode = ''] = totp.recoveryCodes;
    const first = await firstStep();
    const done = await browser.post('/sign-in/factor', { token: hiddenOf(first, 'token'), recoveryCode });
    expect(goesTo(done)).toBe('303 /');
    browser = createBrowser();
    const again = await browser.post('/sign-in/factor', {
      token: hiddenOf(await firstStep(), 'token'),
      kinds: 'code recoveryCode',
      recoveryCode,
    });
    expect([again.status, noticeOf(again)]).toEqual([
      401,
      'Recovery code: This recovery code is wrong or was used before. Enter another one.',
    ]);
    expect(await eventsOf(person.id)).toContain('recovery_code_used');
  });

  it('skips the second step in a trusted browser only', async () => {
    const asked = await firstStep();
    await browser.post('/sign-in/factor', {
      token: hiddenOf(asked, 'token'),
      code: await totp.fresh(),
      trustBrowser: 'on',
    });
    await browser.post('/sign-out');
    expect(await isIn()).toBe(false);
    expect(goesTo(await firstStep())).toBe('303 /');
    browser = createBrowser();
    expect((await firstStep()).status).toBe(200);
    expect(await isIn()).toBe(false);
  });

  it('starts over if the token belongs to another browser or is invalid', async () => {
    const asked = await firstStep();
    const elsewhere = createBrowser();
    for (const token of [hiddenOf(asked, 'token'), 'x.y', '']) {
      const answer = await elsewhere.post('/sign-in/factor', {
        token,
        to: '/devices',
        code: await totp.fresh(),
      });
      expect([answer.status, noticeOf(answer)]).toEqual([401, 'This took too long. Sign in again.']);
      expect(hiddenOf(answer, 'to')).toBe('/devices');
    }
  });

  it('throttles wrong codes', async () => {
    const asked = await firstStep();
    const step = { token: hiddenOf(asked, 'token'), kinds: 'code recoveryCode', code: '000000' };
    const statuses = [];
    for (let tries = 0; tries < 12; tries += 1)
      statuses.push((await browser.post('/sign-in/factor', step)).status);
    expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401));
    expect(statuses.at(-1)).toBe(429);
  });

  it('rejects app passwords: they are for clients that cannot ask for a second factor', async () => {
    const { password } = await addAppPassword(person);
    const answer = await browser.post('/sign-in', { identifier: person.username, password });
    expect([answer.status, noticeOf(answer)]).toEqual([401, 'Password: Wrong username, email or password.']);
  });
});

describe('sign-in with a passkey', () => {
  it('asks for it by a script, and says what is needed without JavaScript', async () => {
    const { passkey, userHandle } = await addPasskey(person);
    const asked = await firstStep();
    expect(asked.headers.get('Content-Security-Policy')).toContain(SCRIPTS);
    expect(asked.text).toContain('<script type="module" src="/passkeys.js"></script>');
    expect(asked.text).toContain(
      'To use a passkey, turn on JavaScript in a browser that supports passkeys. Otherwise use a recovery code.',
    );
    const { challenge, allowCredentials } = optionsOf(asked);
    expect(allowCredentials).toHaveLength(1);
    const answer = await passkey.assert({ challenge, userHandle, ...here });
    const done = await browser.post('/sign-in/factor', {
      token: passkeyTokenOf(asked),
      passkey: JSON.stringify(answer),
    });
    expect(goesTo(done)).toBe('303 /');
    expect(await isIn()).toBe(true);
  });

  it('rejects the passkey of another account, and malformed passkeys', async () => {
    await addPasskey(person);
    const stranger = await addPasskey(await join());
    const asked = await firstStep();
    const step = { token: passkeyTokenOf(asked), kinds: hiddenOf(asked, 'kinds') };
    const { challenge } = optionsOf(asked);
    const foreign = await stranger.passkey.assert({ challenge, userHandle: stranger.userHandle, ...here });
    for (const [passkey, status] of [
      [JSON.stringify(foreign), 401],
      ['{}', 400],
      ['no JSON', 400],
    ] as const) {
      const answer = await browser.post('/sign-in/factor', { ...step, passkey });
      expect([answer.status, titleOf(answer)]).toEqual([status, 'Error: Second step · Latchkey']);
    }
    expect(await isIn()).toBe(false);
  });

  it('needs no password on the sign-in page, and works once in the same browser only', async () => {
    const { passkey, userHandle } = await addPasskey(person);
    const page = await browser.open('/sign-in?to=%2Fdevices');
    expect(page.headers.get('Content-Security-Policy')).toContain(SCRIPTS);
    expect(fieldOf(page, 'identifier')).toContain('autocomplete="username webauthn"');
    expect(page.text).toContain('data-url="/id/login/passkey/options"');
    const { token, challenge } = await askForPasskey({}, { headers: { Cookie: browser.cookies() } });
    // The request of the script set the cookie of the browser.
    const asked = await browser.post('/id/login/passkey/options');
    const own: { token: string; publicKey: { challenge: string } } = JSON.parse(asked.text);
    const answer = await passkey.assert({ challenge: own.publicKey.challenge, userHandle, ...here });
    const form = { token: own.token, passkey: JSON.stringify(answer), to: '/devices' };
    expect(goesTo(await browser.post('/sign-in/passkey', form))).toBe('303 /devices');
    const again = await browser.post('/sign-in/passkey', form);
    expect([again.status, noticeOf(again)]).toEqual([
      401,
      'This took too long, or was done before. Try again.',
    ]);
    const foreign = await passkey.assert({ challenge, userHandle, ...here });
    const stolen = await browser.post('/sign-in/passkey', { token, passkey: JSON.stringify(foreign) });
    expect(stolen.status).toBe(401);
  });

  it('rejects a form that the script has not filled in', async () => {
    const answer = await browser.post('/sign-in/passkey', { token: '', passkey: '' });
    expect([answer.status, noticeOf(answer)]).toEqual([
      400,
      'This passkey was not accepted. Try again, or use another way.',
    ]);
  });
});
