// The pages under /security: passkeys, the authenticator app, recovery codes and app passwords.
import { beforeEach, describe, expect, it } from 'vitest';
import { createSoftPasskey } from '../support/authenticator.ts';
import {
  addAppPassword,
  addPasskey,
  addTotp,
  currentCode,
  eventsOf,
  here,
  join,
  letTimePass,
  PASSWORD,
  type Person,
} from '../support/passkeys.ts';
import type { Answer } from '../support/worker.ts';
import { type Browser, createBrowser, hiddenOf, optionsOf, passkeyTokenOf } from './support-factors.ts';
import { expectPage, fieldOf, goesTo, noticeOf } from './support-pages.ts';

let person: Person;
let browser: Browser;
beforeEach(async () => {
  person = await join();
  browser = createBrowser();
  await browser.post('/sign-in', { identifier: person.username, password: PASSWORD });
});

/** The text of a card, without its tags. */
const cardOf = ({ text }: Answer, id: string): string => {
  const [, inside = ''] = new RegExp(`<h2 id="${id}">.*?</h2>(.*?)</section>`, 's').exec(text) ?? [];
  return inside
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
};
const recoveryCodesIn = ({ text }: Answer): string[] =>
  [...text.matchAll(/<li><code>([^<]+)<\/code>/g)].map(([, code]) => code ?? '');
const secretIn = (answer: Answer): string =>
  new URL(hiddenOf(answer, 'uri')).searchParams.get('secret') ?? '';

it('tells the owner of a new account that only a password protects it', async () => {
  const page = await browser.open('/security');
  expectPage(page, 200, 'Security');
  expect(page.text).toContain('Your account is protected by its password alone.');
  expect(cardOf(page, 'recovery-codes')).toBe(
    'You get ten recovery codes with your first passkey or authenticator app.',
  );
  expect(page.text).not.toContain('<script');
  expect(goesTo(await createBrowser().open('/security'))).toBe('303 /sign-in?to=%2Fsecurity');
});

it('requires a recent sign-in before every change', async () => {
  await letTimePass(person.id);
  const to = (path: string): string => `303 /confirm?to=${encodeURIComponent(path)}`;
  expect(goesTo(await browser.open('/security/passkeys'))).toBe(to('/security/passkeys'));
  expect(goesTo(await browser.open('/security/app-passwords'))).toBe(to('/security/app-passwords'));
  for (const path of [
    '/security/codes',
    '/security/codes/confirm',
    '/security/recovery-codes',
    '/security/remove/1',
    '/security/revoke/1',
  ])
    expect(goesTo(await browser.post(path))).toBe(to('/security'));
  expect((await browser.open('/security')).status).toBe(200);
});

describe('passkeys', () => {
  const add = async (name: string): Promise<Answer> => {
    const page = await browser.open('/security/passkeys');
    const { challenge } = optionsOf(page);
    const passkey = await createSoftPasskey();
    const answer = await passkey.register({ challenge, ...here });
    return browser.post('/security/passkeys', {
      token: passkeyTokenOf(page),
      passkey: JSON.stringify(answer),
      name,
    });
  };

  it('can be added, with recovery codes for the first one, renamed and removed', async () => {
    const page = await browser.open('/security/passkeys');
    expectPage(page, 200, 'Add a passkey');
    expect(page.text).toContain('To add a passkey, turn on JavaScript in a browser that supports passkeys.');
    const first = await add('My phone');
    expectPage(first, 200, 'Save your recovery codes');
    expect(noticeOf(first)).toBe('Your passkey is added.');
    expect(recoveryCodesIn(first)).toHaveLength(10);
    expect(goesTo(await add(''))).toBe('303 /security done=passkey-added');

    const shown = await browser.open('/security');
    expect(cardOf(shown, 'passkeys')).toMatch(
      /^My phone On one device Added \d+ \w+ \d+ Never used Rename Remove Unknown device On one device/,
    );
    expect(cardOf(shown, 'recovery-codes')).toContain('10 codes are left.');
    const [, id = ''] = /\/security\/passkeys\/(\d+)/.exec(shown.text) ?? [];
    expect(fieldOf(await browser.open(`/security/passkeys/${id}`), 'name')).toContain('value="My phone"');
    expect((await browser.post(`/security/passkeys/${id}`, { name: '' })).status).toBe(400);
    expect(goesTo(await browser.post(`/security/passkeys/${id}`, { name: 'Old phone' }))).toBe(
      '303 /security done=passkey-renamed',
    );
    expect(cardOf(await browser.open('/security'), 'passkeys')).toContain('Old phone');
    expect(goesTo(await browser.post(`/security/remove/${id}`))).toBe('303 /security done=factor-removed');
    expect(goesTo(await browser.post(`/security/remove/${id}`))).toBe('303 /security done=factor-gone');
    expect(await eventsOf(person.id)).toEqual(
      expect.arrayContaining(['passkey_added', 'factor_renamed', 'passkey_removed']),
    );
  });

  it('cannot be opened, renamed or removed by another account', async () => {
    const other = await addPasskey(await join());
    expect((await browser.open(`/security/passkeys/${other.id}`)).status).toBe(404);
    expect((await browser.post(`/security/passkeys/${other.id}`, { name: 'Mine' })).status).toBe(404);
    expect(goesTo(await browser.post(`/security/remove/${other.id}`))).toBe('303 /security done=factor-gone');
  });

  it('cannot be added by a response for another origin or a malformed one', async () => {
    const page = await browser.open('/security/passkeys');
    const passkey = await createSoftPasskey();
    const { challenge } = optionsOf(page);
    const token = passkeyTokenOf(page);
    const foreign = await passkey.register({ challenge, ...here, origin: 'https://evil.test' });
    for (const answer of [JSON.stringify(foreign), '{}', '']) {
      const refused = await browser.post('/security/passkeys', { token, passkey: answer, name: 'x' });
      expectPage(refused, 400, 'Error: Add a passkey');
      expect(noticeOf(refused)).toBe('This passkey was not accepted. Try again, or use another way.');
    }
  });

  it('have their ids on the page, so that the browser can drop removed ones', async () => {
    const { userHandle } = await addPasskey(person);
    const { text } = await browser.open('/security');
    expect(text).toContain(`data-user-id="${userHandle}"`);
    expect(text).toMatch(/data-credential-ids="\[&quot;[\w-]+&quot;\]"/);
  });
});

describe('the authenticator app', () => {
  it('takes effect only after a right code', async () => {
    const page = await browser.post('/security/codes');
    expectPage(page, 200, 'Set up an authenticator app');
    expect(page.text).toContain('<svg class="qr" role="img"');
    expect(cardOf(await browser.open('/security'), 'codes')).toContain('Set up an app');
    const uri = hiddenOf(page, 'uri');
    const wrong = await browser.post('/security/codes/confirm', { uri, code: '000000' });
    expectPage(wrong, 401, 'Error: Set up an authenticator app');
    expect(hiddenOf(wrong, 'uri')).toBe(uri);
    const empty = await browser.post('/security/codes/confirm', { uri, code: '' });
    expectPage(empty, 400, 'Error: Set up an authenticator app');
    const done = await browser.post('/security/codes/confirm', {
      uri,
      code: await currentCode(secretIn(page)),
    });
    expectPage(done, 200, 'Save your recovery codes');
    expect(recoveryCodesIn(done)).toHaveLength(10);
    expect(
      decodeURIComponent(/href="data:text\/plain;charset=utf-8,([^"]+)"/.exec(done.text)?.[1] ?? ''),
    ).toContain(recoveryCodesIn(done).join('\n'));
    expect(cardOf(await browser.open('/security'), 'codes')).toMatch(/^On Added .* Last used .* Remove$/);
    expect(goesTo(await browser.post('/security/codes'))).toBe('303 /security done=factor-there');
  });

  it('starts over if the setup is stale or the URI was not issued here', async () => {
    const started = await browser.post('/security/codes/confirm', {
      uri: 'otpauth://totp/x',
      code: '123456',
    });
    expect(goesTo(started)).toBe('303 /security done=start-again');
    await browser.post('/security/codes');
    for (const uri of ['https://evil.test/', 'otpauth://totp/"><b>', `otpauth://totp/${'x'.repeat(700)}`]) {
      const answer = await browser.post('/security/codes/confirm', { uri, code: '000000' });
      expect(goesTo(answer)).toBe('303 /security done=start-again');
    }
  });
});

describe('recovery codes', () => {
  it('can be replaced by new ones', async () => {
    const totp = await addTotp(person);
    await browser.post('/confirm', { code: await totp.fresh() });
    const page = await browser.post('/security/recovery-codes');
    expectPage(page, 200, 'Save your recovery codes');
    const fresh = recoveryCodesIn(page);
    expect(fresh).toHaveLength(10);
    expect(fresh.filter((code) => totp.recoveryCodes.includes(code))).toEqual([]);
  });

  it('cannot be created without a factor', async () => {
    expect(goesTo(await browser.post('/security/recovery-codes'))).toBe('303 /security done=factor-gone');
  });
});

describe('app passwords', () => {
  it('can be created for one API or all, are shown once, listed and revoked', async () => {
    const form = await browser.open('/security/app-passwords');
    expectPage(form, 200, 'Create app password');
    expect(form.text).toContain('<option value="" selected="">Every API</option>');
    const made = await browser.post('/security/app-passwords', { name: 'Old <phone>', dialect: 'account' });
    expectPage(made, 200, 'Your app password');
    expect(made.text).toMatch(/<code class="secret">(?:[a-z2-7]{4} ){5}[a-z2-7]{4}<\/code>/);
    const page = await browser.open('/security');
    expect(cardOf(page, 'app-passwords')).toMatch(
      /^Old &lt;phone&gt; API “account” Created \d+ \w+ \d+ Never used Revoke/,
    );
    const [, id = ''] = /\/security\/revoke\/(\d+)/.exec(page.text) ?? [];
    expect(goesTo(await browser.post(`/security/revoke/${id}`))).toBe(
      '303 /security done=app-password-revoked',
    );
    expect(goesTo(await browser.post(`/security/revoke/${id}`))).toBe('303 /security done=factor-gone');
  });

  it('need a name and a known API', async () => {
    const nameless = await browser.post('/security/app-passwords', { name: ' ', dialect: '' });
    expect([nameless.status, noticeOf(nameless)]).toEqual([400, 'Name: This is required.']);
    const strange = await browser.post('/security/app-passwords', { name: 'x', dialect: 'ldap' });
    expect([strange.status, noticeOf(strange)]).toEqual([400, 'Works in: Choose one of the list.']);
  });

  it('cannot be revoked by another account', async () => {
    const other = await addAppPassword(await join());
    expect(goesTo(await browser.post(`/security/revoke/${other.id}`))).toBe('303 /security done=factor-gone');
  });
});

it('offers a passkey once after sign-up', async () => {
  const { email, ...fields } = { email: `offer-${person.email}`, password: PASSWORD };
  const fresh = createBrowser();
  await fresh.post('/sign-up', { email, ...fields });
  expect((await fresh.open('/')).text).toContain('<a href="/security/passkeys">Add a passkey</a>');
  expect((await fresh.open('/')).text).not.toContain('<a href="/security/passkeys">Add a passkey</a>');
});
