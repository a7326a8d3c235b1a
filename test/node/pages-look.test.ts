// The look of the pages: no accessibility violations, and no page wider than its window. `SCREENSHOTS=true` keeps pictures.
import '../../scripts/uint8-array.ts';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { currentCode } from '../support/codes.ts';
import { KEYS } from '../support/signing-keys.ts';
import { findViolations } from './support-axe.ts';
import { isWithoutChromium, launchChromium } from './support-chromium.ts';
import { arrive, emailOf, PASSWORD, type Person, signIn, signUp, someName } from './support-person.ts';
import { keepScreenshot } from './support-screenshots.ts';
import { type Service, startService } from './support-service.ts';

/** The time for the Worker or Chromium to start on a busy machine. */
const STARTS_WITHIN_MS = 60_000;

const SECRETS = { SIGNING_KEYS: JSON.stringify(KEYS) };

const SIZES = [
  // The least width that WCAG 2.2 requires. https://www.w3.org/TR/WCAG22/#reflow
  ['phone', 320, 740],
  ['desktop', 1280, 800],
] as const;
const SCHEMES = ['light', 'dark'] as const;

/** Fills a form with errors and sends it. */
const fail = (path: string, button: string, fields: Record<string, string>) => async (person: Person) => {
  await person.goTo(path);
  await person.fill(fields);
  await person.press(button);
};

type Way = (person: Person) => Promise<void>;

const OUTSIDE: readonly (readonly [string, Way])[] = [
  ['sign-in', (person) => person.goTo('/sign-in')],
  ['sign-in-errors', fail('/sign-in', 'Sign in', { 'Username or email': 'mary', Password: 'wrong one' })],
  ['sign-up', (person) => person.goTo('/sign-up')],
  ['sign-up-errors', fail('/sign-up', 'Create account', { Email: 'nobody', Password: 'short' })],
  ['not-found', (person) => person.goTo('/nothing-here')],
  ['sign-in-code', (person) => person.goTo('/sign-in/code')],
  ['sign-in-code-enter', fail('/sign-in/code', 'Send the code', { 'Username or email': 'nobody' })],
  ['forgot-password', (person) => person.goTo('/forgot-password')],
  ['reset-password-wrong', (person) => person.goTo('/reset-password?token=wrong')],
  ['app-unknown', (person) => person.goTo('/oidc/authorize?client_id=nobody')],
  ['app-sign-in', (person) => person.goTo(authorizePath({ login_hint: LONG_EMAIL }))],
];

/** The longest values, without a place to break a line. */
const LONG_EMAIL = `${'m'.repeat(64)}@${'w'.repeat(63)}.${'w'.repeat(63)}.example`;
const LONG_APP = 'W'.repeat(60);
const APP_ORIGIN = `https://${'w'.repeat(60)}.${'w'.repeat(60)}.example`;

const authorizePath = (more: Record<string, string> = {}): string =>
  `/oidc/authorize?${new URLSearchParams({
    client_id: 'app',
    redirect_uri: `${APP_ORIGIN}/callback`,
    response_type: 'code',
    scope: 'openid profile email offline_access',
    code_challenge: 'v'.repeat(43),
    code_challenge_method: 'S256',
    ...more,
  })}`;

/** Pages of a person whose email, name and app have the maximum length, with their headings. */
const LONG: readonly (readonly [path: string, heading: string])[] = [
  [authorizePath(), `Sign in to ${LONG_APP}?`],
  ['/apps', 'Apps'],
  ['/oidc/logout', 'Sign out?'],
  ['/', 'N'.repeat(255)],
  ['/profile', 'Profile'],
  ['/email', 'Email'],
  ['/verify-email', 'Confirm your email address'],
  ['/security', 'Security'],
  ['/devices', 'Devices'],
  ['/activity', 'Activity'],
  ['/delete', 'Delete account'],
];

const INSIDE: readonly (readonly [string, Way])[] = [
  ...['profile', 'picture', 'password', 'email', 'username', 'devices', 'activity', 'export', 'delete'].map(
    (name) => [name, (person: Person) => person.goTo(`/${name}`)] as const,
  ),
  ['overview', (person) => person.goTo('/')],
  ['security', (person) => person.goTo('/security')],
  ['passkey', (person) => person.goTo('/security/passkeys')],
  ['app-password', (person) => person.goTo('/security/app-passwords')],
  [
    'app-password-made',
    async (person) => {
      await person.goTo('/security/app-passwords');
      await person.fill({ Name: 'Old phone' });
      await person.press('Create app password');
    },
  ],
  [
    'codes',
    async (person) => {
      await person.goTo('/security');
      await person.press('Set up an app');
    },
  ],
  [
    'recovery-codes',
    async (person) => {
      const secret = await person.page.locator('code.secret').innerText();
      await person.fill({ Code: await currentCode(secret.replaceAll(' ', '')) });
      await person.press('Turn on');
    },
  ],
  ['security-on', (person) => person.goTo('/security')],
  ['profile-errors', fail('/profile', 'Save', { Website: 'nowhere' })],
  ['users', (person) => person.goTo('/admin')],
  [
    'users-none',
    async (person) => {
      await person.goTo('/admin');
      await person.fill({ Search: 'zzz' });
      await person.press('Search');
    },
  ],
  ['user', (person) => person.goTo('/admin/users/2')],
  ['user-delete', (person) => person.goTo('/admin/users/2/delete')],
  ['apps', (person) => person.goTo('/admin/apps')],
  ['app', (person) => person.goTo('/admin/apps/app')],
  ['app-remove', (person) => person.goTo('/admin/apps/app/remove')],
];

describe.skipIf(isWithoutChromium())('the look of the pages', () => {
  let service: Service;
  let browser: Browser;
  let outsider: Person;
  let admin: Person;
  let adminName: string;
  let longNamed: Person;

  beforeAll(async () => {
    [service, browser] = await Promise.all([
      startService(
        {
          PUBLIC_URL: 'https://id.example.com',
          MAIL_FROM: 'id@example.com',
          EMAIL_SIGN_IN: 'true',
          // A code is still valid if its step ends while the browser sends it.
          TOTP_WINDOW: '1',
        },
        SECRETS,
      ),
      launchChromium(),
    ]);
    outsider = await arrive(browser, service.origin);
    admin = await arrive(browser, service.origin);
    adminName = await signUp(admin);
    const name = adminName;
    for (const shown of ['Ada Lovelace', 'Grace Hopper', '']) {
      const username = someName();
      const body = JSON.stringify({ username, email: emailOf(username), name: shown, password: PASSWORD });
      const headers = { 'Content-Type': 'application/json', 'User-Agent': 'curl/8.5.0' };
      await fetch(`${service.origin}/id/register`, { method: 'POST', headers, body });
    }
    longNamed = await arrive(browser, service.origin);
    const longName = await signUp(longNamed);
    await service.execute(
      'UPDATE users SET email = ?1, email_key = ?1, pending_email = ?1, name = ?2, site_url = ?3 WHERE username = ?4',
      LONG_EMAIL,
      'N'.repeat(255),
      `https://${'w'.repeat(60)}.example/${'w'.repeat(100)}`,
      longName,
    );
    await service.execute(
      "INSERT INTO apps (id, name, redirect_uris, sign_out_uris, created_at) VALUES ('app', ?, ?, '[]', 1)",
      LONG_APP,
      JSON.stringify([`${APP_ORIGIN}/callback`]),
    );
    await service.execute(
      "INSERT INTO app_consents (user_id, app_id, app_name, scope, created_at) SELECT id, 'other', ?, 'openid', 1 FROM users WHERE username = ?",
      LONG_APP,
      longName,
    );
    await service.execute('UPDATE users SET is_admin = 1, picture_id = 1 WHERE username = ?', name);
    await service.execute("UPDATE users SET name = 'Mary Jones' WHERE username = ?", name);
    await service.execute('UPDATE users SET disabled_at = 1, picture_id = 9 WHERE id = 3');
    const again = JSON.stringify({ identifier: name, password: PASSWORD, session: 'token' });
    const headers = { 'Content-Type': 'application/json', 'User-Agent': 'curl/8.5.0' };
    await fetch(`${service.origin}/id/login`, { method: 'POST', headers, body: again });
  }, STARTS_WITHIN_MS);

  afterAll(async () => {
    await browser?.close();
    await service?.close();
  });

  /** Violations that are moderate or worse, with their elements. */
  const findFlaws = async ({ page }: Person, only?: 'colors'): Promise<string[]> =>
    (await findViolations(page, only))
      .filter(({ impact }) => impact === 'serious' || impact === 'critical' || impact === 'moderate')
      .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));

  const look = async (person: Person, name: string): Promise<void> => {
    const { page } = person;
    for (const [size, width, height] of SIZES)
      for (const colorScheme of SCHEMES) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme });
        const file = `${name}-${size}-${colorScheme}.png`;
        await keepScreenshot(page, file, { fullPage: true });
        // The two schemes differ in their colours only.
        const flaws = await findFlaws(person, colorScheme === 'light' ? undefined : 'colors');
        expect([file, flaws]).toEqual([file, []]);
        const scrolled = await page.evaluate<number>('document.documentElement.scrollWidth');
        expect([file, scrolled]).toEqual([file, width]);
      }
    expect(person.complaints).toEqual([]);
  };

  it.each(OUTSIDE)('fits the window and passes axe for anonymous visitors: %s', async (name, open) => {
    await open(outsider);
    await look(outsider, name);
  });

  it.each(INSIDE)('fits the window and passes axe for signed-in users: %s', async (name, open) => {
    await open(admin);
    await look(admin, name);
  });

  it('fits the window and passes axe in the second step of a login', async () => {
    await signIn(outsider, adminName);
    expect(await outsider.heading()).toBe('Second step');
    await look(outsider, 'second-step');
  });

  it.each(LONG)('fits a phone with the longest values: %s (%s)', async (path, heading) => {
    const [, width, height] = SIZES[0];
    await longNamed.page.setViewportSize({ width, height });
    await longNamed.goTo(path);
    const scrolled = await longNamed.page.evaluate<number>('document.documentElement.scrollWidth');
    expect([await longNamed.heading(), scrolled]).toEqual([heading, width]);
  });

  it('fits the window and passes axe on the page that asks for the password again', async () => {
    await service.execute('UPDATE sessions SET authenticated_at = 0');
    await admin.goTo('/export');
    expect(await admin.heading()).toBe('Confirm that it is you');
    await look(admin, 'confirm');
  });

  it('detects a missing label', async () => {
    await outsider.goTo('/sign-in');
    await outsider.page.evaluate("document.querySelector('label').remove()");
    expect(await findFlaws(outsider)).toEqual(['label: #identifier']);
  });

  it('detects a colour without contrast', async () => {
    await outsider.page.emulateMedia({ colorScheme: 'light' });
    await outsider.goTo('/sign-in');
    expect(await findFlaws(outsider, 'colors')).toEqual([]);
    await outsider.page.evaluate("document.querySelector('label').style.color = '#999'");
    expect(await findFlaws(outsider, 'colors')).toEqual([expect.stringContaining('color-contrast: ')]);
  });
});
