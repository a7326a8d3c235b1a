// Second factors in Chromium: passkeys of a virtual authenticator, an authenticator app by QR code, app passwords.
import '../../scripts/uint8-array.ts';
import jsQr from 'jsqr';
import type { CDPSession } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { currentCode } from '../support/codes.ts';
import { isWithoutChromium } from './support-chromium.ts';
import { emailOf, PASSWORD, type Person, signInHere, signUp, someName } from './support-person.ts';
import { openVisits } from './support-visits.ts';

/** The pixels of a picture: red, green, blue and opacity of each, in base64. */
interface Picture {
  pixels: string;
  width: number;
  height: number;
}

/** A virtual authenticator like that of a phone: it stores passkeys and verifies its owner. */
interface Authenticator {
  /** The ids of its passkeys. */
  passkeys: () => Promise<string[]>;
  /** Removes it with all passkeys. */
  lose: () => Promise<void>;
}

const attach = async (person: Person): Promise<Authenticator> => {
  const cdp: CDPSession = await person.context.newCDPSession(person.page);
  await cdp.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      // Simulates an immediate touch.
      automaticPresenceSimulation: true,
    },
  });
  return {
    passkeys: async () => {
      const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
      return credentials.map(({ credentialId }) => credentialId);
    },
    lose: async () => {
      await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
    },
  };
};

describe.skipIf(isWithoutChromium())('sign-in with second factors in Chromium', () => {
  // A code is still valid if its step ends while the browser sends it.
  const visits = openVisits({ TOTP_WINDOW: '1' });
  const { visit, visitOnce } = visits;

  /** The text of the QR code on the page, read from its picture as a phone does. */
  const readQrCode = async (person: Person): Promise<string> => {
    const picture = await person.page.locator('svg.qr').screenshot();
    const { pixels, width, height } = await person.page.evaluate<Picture>(`(async () => {
      const bytes = Uint8Array.from(atob('${picture.toString('base64')}'), (each) => each.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const { width, height } = bitmap;
      const context = new OffscreenCanvas(width, height).getContext('2d');
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      let text = '';
      for (const value of data) text += String.fromCharCode(value);
      return { pixels: btoa(text), width, height };
    })()`);
    return jsQr(new Uint8ClampedArray(Buffer.from(pixels, 'base64')), width, height)?.data ?? '';
  };

  const recoveryCodesOf = (person: Person): Promise<string[]> =>
    person.page.locator('.codes code').allInnerTexts();

  it('adds a passkey, signs in by autofill, button and second step, and replaces a lost one', async () => {
    const me = await visitOnce();
    const phone = await attach(me);
    const name = someName();
    await me.goTo('/sign-up');
    await me.fill({ Email: emailOf(name), Username: name, Name: name, Password: PASSWORD });
    await me.press('Create account');
    // Offered once, after the account is created.
    await me.follow('Add a passkey');
    expect(await me.heading()).toBe('Add a passkey');
    expect(await me.page.getByText('turn on JavaScript').isVisible()).toBe(false);
    await me.fill({ Name: 'My phone' });
    await me.press('Add a passkey');
    expect(await me.notice()).toBe('Your passkey is added.');
    const recoveryCodes = await recoveryCodesOf(me);
    expect(recoveryCodes).toHaveLength(10);
    const download = me.page.waitForEvent('download');
    await me.page.getByRole('link', { name: 'Download' }).click();
    expect((await download).suggestedFilename()).toBe('recovery-codes.txt');
    await me.follow('I have saved them');
    expect(await me.page.locator('#passkeys ~ .card .strong').innerText()).toBe('My phone On one device');
    expect(await phone.passkeys()).toHaveLength(1);

    // By autofill: the page requests it when it opens, and the authenticator answers at once.
    await me.context.clearCookies({ name: 'sessionid' });
    await me.page.goto(`${visits.service.origin}/sign-in?to=%2Fdevices`, { waitUntil: 'commit' });
    await me.page.waitForURL(`${visits.service.origin}/devices`);
    expect(await me.heading()).toBe('Devices');

    // By the button, in a browser without autofill.
    await me.page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false');
    await me.press('Sign out');
    await me.press('Sign in with a passkey');
    expect(await me.heading()).toBe(name);

    // As the second factor.
    await me.press('Sign out');
    await signInHere(me, name);
    expect(await me.heading()).toBe('Second step');
    await me.press('Use a passkey');
    expect(await me.heading()).toBe(name);

    // After the loss: the password and a recovery code.
    await phone.lose();
    await me.press('Sign out');
    await signInHere(me, name);
    await me.page.getByText('Use a recovery code', { exact: true }).click();
    await me.fill({ 'Recovery code': recoveryCodes[0] ?? '' });
    await me.page.getByRole('button', { name: 'Sign in' }).last().click();
    await me.page.waitForURL(`${visits.service.origin}/`);
    await me.goTo('/security');
    expect(await me.page.getByText('9 codes are left.').count()).toBe(1);
    await me.press('Remove My phone');
    expect(await me.notice()).toBe('It is removed.');
    await attach(me);
    await me.follow('Add a passkey');
    await me.press('Add a passkey');
    expect(await me.notice()).toBe('Your passkey is added.');
  });

  it('removes a passkey from the browser too', async () => {
    const me = await visitOnce();
    const phone = await attach(me);
    await signUp(me);
    await me.goTo('/security/passkeys');
    await me.press('Add a passkey');
    await me.goTo('/security');
    expect(await phone.passkeys()).toHaveLength(1);
    await me.press(/^Remove Chrome/);
    await expect.poll(() => phone.passkeys()).toHaveLength(0);
  });

  describe.each([
    ['without scripts', false],
    ['with scripts', true],
  ])('%s', (_, javaScriptEnabled) => {
    it('sets up an authenticator app by its QR code, and signs in with its codes', async () => {
      const me = await visit(javaScriptEnabled);
      const name = await signUp(me);
      await me.goTo('/security');
      await me.press('Set up an app');
      const uri = new URL(await readQrCode(me));
      expect([uri.protocol, uri.host, uri.pathname]).toEqual(['otpauth:', 'totp', `/Latchkey:${name}`]);
      const secret = uri.searchParams.get('secret') ?? '';
      expect((await me.page.locator('code.secret').innerText()).replaceAll(' ', '')).toBe(secret);
      await me.fill({ Code: '000000' });
      await me.press('Turn on');
      expect(await me.notice()).toMatch(/^Code: This code is wrong/);
      await me.fill({ Code: await currentCode(secret) });
      await me.press('Turn on');
      expect(await me.notice()).toBe('The authenticator app is on.');
      expect(await recoveryCodesOf(me)).toHaveLength(10);

      await me.press('Sign out');
      await signInHere(me, name);
      expect(await me.heading()).toBe('Second step');
      // The time step of the first code is used.
      await visits.service.execute('UPDATE factors SET last_step = 0');
      await me.fill({ Code: await currentCode(secret) });
      await me.page.getByLabel('Trust this browser for 30 days').check();
      await me.page.getByRole('button', { name: 'Sign in' }).first().click();
      await me.page.waitForURL(`${visits.service.origin}/`);
      await me.press('Sign out');
      await signInHere(me, name);
      expect(await me.heading()).toBe(name);
    });
  });

  it('says without scripts that a passkey needs JavaScript', async () => {
    const me = await visit(false);
    await me.goTo('/sign-in');
    expect(await me.page.getByText('To sign in with a passkey, turn on JavaScript').isVisible()).toBe(true);
    expect(await me.page.getByRole('button', { name: 'Sign in with a passkey' }).isVisible()).toBe(false);
    await signUp(me);
    await me.goTo('/security/passkeys');
    expect(await me.page.getByText('To add a passkey, turn on JavaScript').isVisible()).toBe(true);
    expect(await me.page.getByRole('button', { name: 'Add a passkey' }).isVisible()).toBe(false);
    await me.follow('Not now');
    expect(await me.heading()).toBe('Security');
  });

  it('creates an app password that works in one dialect, and revokes it', async () => {
    const me = await visit(false);
    const name = await signUp(me);
    await me.goTo('/security/app-passwords');
    await me.fill({ Name: 'Old phone' });
    await me.page.getByLabel('Works in').selectOption('account');
    await me.press('Create app password');
    const password = await me.page.locator('code.secret').innerText();
    const logIn = async (path: string, fields: object): Promise<number> =>
      (
        await fetch(visits.service.origin + path, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ ...fields, password }),
        })
      ).status;
    expect(await logIn('/account/login', { username: name })).toBe(200);
    expect(await logIn('/api/auth/login', { email: emailOf(name) })).toBe(400);
    await me.follow('Done');
    expect(await me.page.getByText('Last used').count()).toBe(1);
    await me.press('Revoke Old phone');
    expect(await me.notice()).toMatch(/^The app password is revoked/);
    expect(await logIn('/account/login', { username: name })).toBe(400);
    expect(PASSWORD).not.toBe(password);
  });
});
