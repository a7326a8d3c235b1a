// /confirm: actions that a stolen session must not do ask for another proof first, then return to their page.
import { beforeEach, describe, expect, it } from 'vitest';
import {
  addAppPassword,
  addPasskey,
  addTotp,
  eventsOf,
  here,
  join,
  letTimePass,
  PASSWORD,
  type Person,
} from '../support/passkeys.ts';
import { send, testEnv } from '../support/worker.ts';
import { type Browser, createBrowser, hiddenOf, optionsOf, passkeyTokenOf } from './support-factors.ts';
import { fieldOf, goesTo, noticeOf, titleOf } from './support-pages.ts';

let person: Person;
let browser: Browser;
beforeEach(async () => {
  person = await join();
  browser = createBrowser();
});

const signIn = async (): Promise<void> => {
  const answer = await browser.post('/sign-in', { identifier: person.username, password: PASSWORD });
  expect(goesTo(answer)).toBe('303 /');
};
const makeAdmin = () =>
  testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(person.id).run();

describe('a session whose last authentication is older than ten minutes', () => {
  beforeEach(async () => {
    await makeAdmin();
    await signIn();
    await letTimePass(person.id);
  });

  it.each([
    ['GET', '/export', '/export'],
    ['GET', '/export/file', '/export'],
    ['POST', '/devices/end', '/devices'],
    ['POST', '/devices/end-others', '/devices'],
    ['GET', '/admin', '/admin'],
    ['GET', '/admin?q=mary%20jones', '/admin?q=mary%20jones'],
    ['GET', '/admin/users/7', '/admin/users/7'],
    ['GET', '/admin/users/7/delete', '/admin/users/7/delete'],
    ['POST', '/admin/users/7/disable', '/admin/users/7'],
    ['POST', '/admin/users/7/end-sessions', '/admin/users/7'],
  ] as const)('must confirm before %s %s', async (method, path, back) => {
    const answer = await (method === 'GET' ? browser.open(path) : browser.post(path));
    expect(goesTo(answer)).toBe(`303 /confirm?to=${encodeURIComponent(back)}`);
  });

  it.each(['/', '/profile', '/devices', '/activity', '/password', '/email', '/username', '/delete'])(
    'opens %s without confirmation',
    async (path) => {
      expect((await browser.open(path)).status).toBe(200);
    },
  );

  it('confirms by the password, gets a new token and returns to the page', async () => {
    const page = await browser.open('/confirm?to=%2Fexport');
    expect([page.status, titleOf(page)]).toEqual([200, 'Confirm that it is you · Latchkey']);
    const before = browser.cookies();
    const done = await browser.post('/confirm', { to: hiddenOf(page, 'to'), password: PASSWORD });
    expect(goesTo(done)).toBe('303 /export');
    expect(browser.cookies()).not.toBe(before);
    expect((await browser.open('/export')).status).toBe(200);
    expect((await send('/profile', { headers: { Cookie: before } })).status).toBe(303);
    expect(await eventsOf(person.id)).toContain('reauthenticated');
    // The session is confirmed already.
    expect(goesTo(await browser.open('/confirm?to=%2Fexport'))).toBe('303 /export');
  });

  it('does not confirm by a wrong password or an empty form', async () => {
    const wrong = await browser.post('/confirm', { to: '/export', password: 'not the password' });
    expect([wrong.status, noticeOf(wrong), hiddenOf(wrong, 'to')]).toEqual([
      400,
      'Password: Wrong password.',
      '/export',
    ]);
    const empty = await browser.post('/confirm', { to: '/export', password: '' });
    expect([empty.status, noticeOf(empty)]).toEqual([400, 'Password: This is required.']);
    expect((await browser.post('/confirm', { to: '/export' })).status).toBe(400);
    expect((await browser.open('/export')).status).toBe(303);
  });

  it('never returns to another site', async () => {
    const done = await browser.post('/confirm', { to: 'https://evil.test/', password: PASSWORD });
    expect(goesTo(done)).toBe('303 /');
  });
});

describe('an account with a factor', () => {
  const signInWithout = async (): Promise<void> => {
    await signIn();
    await addTotp(person);
  };

  it('confirms by a code, and by the password only after the session has used a factor', async () => {
    await signIn();
    const totp = await addTotp(person);
    await letTimePass(person.id);
    const page = await browser.open('/confirm?to=%2Fexport');
    expect(fieldOf(page, 'password')).toBe('');
    const refused = await browser.post('/confirm', { to: '/export', password: PASSWORD });
    expect([refused.status, noticeOf(refused)]).toEqual([
      400,
      'Your password is not enough here. Use a passkey or a code.',
    ]);
    const wrong = await browser.post('/confirm', { to: '/export', code: '000000' });
    expect(wrong.status).toBe(401);
    const done = await browser.post('/confirm', { to: '/export', code: await totp.fresh() });
    expect(goesTo(done)).toBe('303 /export');
    await letTimePass(person.id);
    expect(fieldOf(await browser.open('/confirm?to=%2Fexport'), 'password')).not.toBe('');
    expect(goesTo(await browser.post('/confirm', { to: '/export', password: PASSWORD }))).toBe('303 /export');
  });

  it('must confirm by the factor before a change even if the password sign-in is recent', async () => {
    await signInWithout();
    const form = { currentPassword: PASSWORD, newPassword: 'four walls and a door' };
    expect(goesTo(await browser.post('/password', form))).toBe('303 /confirm?to=%2Fpassword');
    expect((await browser.open('/confirm?to=%2Fpassword')).status).toBe(200);
  });

  it('confirms by a passkey, once', async () => {
    await signIn();
    const { passkey, userHandle } = await addPasskey(person);
    await letTimePass(person.id);
    const page = await browser.open('/confirm?to=%2Fexport');
    const { challenge } = optionsOf(page);
    const answer = await passkey.assert({ challenge, userHandle, ...here });
    const form = { to: '/export', token: passkeyTokenOf(page), passkey: JSON.stringify(answer) };
    const done = await browser.post('/confirm', form);
    expect(goesTo(done)).toBe('303 /export');
    const again = await browser.post('/confirm', form);
    expect(again.status).toBe(401);
  });
});

it('answers 403 for a session of an app password, which cannot be confirmed', async () => {
  const { password } = await addAppPassword(person);
  const answer = await send('/api/users/login', { json: { username: person.username, password } });
  expect(answer.status).toBe(200);
  const cookie = /sessionid=([^;]+)/.exec(answer.headers.getSetCookie().join('\n'))?.[1] ?? '';
  const page = await send('/confirm?to=%2Fexport', { cookie });
  expect([page.status, titleOf(page)]).toEqual([403, 'Confirm that it is you · Latchkey']);
  expect(page.text).toContain('You signed in with an app password');
  expect((await send('/export', { cookie })).headers.get('Location')).toBe('/confirm?to=%2Fexport');
});
