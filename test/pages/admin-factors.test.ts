// Admins and second factors: removing the factors of an owner who lost them, and REQUIRE_ADMIN_FACTOR.
import { beforeEach, describe, expect, it } from 'vitest';
import {
  addAppPassword,
  addPasskey,
  addTotp,
  eventsOf,
  join,
  letTimePass,
  PASSWORD,
  type Person,
} from '../support/passkeys.ts';
import { send, testEnv } from '../support/worker.ts';
import { type Browser, createBrowser, hiddenOf } from './support-factors.ts';
import { expectPage, goesTo, open } from './support-pages.ts';

let admin: Person;
let browser: Browser;
beforeEach(async () => {
  admin = await join();
  await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(admin.id).run();
  browser = createBrowser();
  await browser.post('/sign-in', { identifier: admin.username, password: PASSWORD });
});

describe('/admin/users/:id/remove-factors', () => {
  it('asks for confirmation, then removes all factors and ends the sessions', async () => {
    const person = await join();
    await addTotp(person);
    await addPasskey(person);
    await addAppPassword(person);
    const page = await browser.open(`/admin/users/${person.id}`);
    expect(page.text).toContain('1 passkey, an authenticator app, 10 recovery codes, 1 app password.');
    const path = `/admin/users/${person.id}/remove-factors`;
    expectPage(await browser.open(path), 200, 'Remove second factors');
    expect(goesTo(await browser.post(path))).toBe(`303 /admin/users/${person.id} done=factors-removed`);
    expect((await send('/id/me', { token: person.token })).status).toBe(401);
    expect((await eventsOf(person.id))[0]).toBe('factors_removed');
    expect((await browser.open(`/admin/users/${person.id}`)).text).toContain('<p class="card">None.</p>');
    const answer = await createBrowser().post('/sign-in', {
      identifier: person.username,
      password: PASSWORD,
    });
    expect(goesTo(answer)).toBe('303 /');
  });

  it('requires an admin with a recent sign-in', async () => {
    const person = await join();
    const path = `/admin/users/${admin.id}/remove-factors`;
    const stranger = createBrowser();
    await stranger.post('/sign-in', { identifier: person.username, password: PASSWORD });
    expect((await stranger.open(path)).status).toBe(403);
    expect((await stranger.post(path)).status).toBe(403);
    expect((await browser.post('/admin/users/999999999/remove-factors')).status).toBe(404);
    await letTimePass(admin.id);
    expect(goesTo(await browser.post(path))).toBe(`303 /confirm?to=${encodeURIComponent(path)}`);
  });
});

describe('REQUIRE_ADMIN_FACTOR', () => {
  const env = { ...testEnv, REQUIRE_ADMIN_FACTOR: 'true' };
  const visit = (path: string, cookies: string) => open(path, null, { headers: { Cookie: cookies }, env });

  it('rejects admins without a second factor, and links to the page that adds one', async () => {
    const refused = await visit('/admin', browser.cookies());
    expectPage(refused, 403, 'Admins need a second factor');
    expect(refused.text).toContain('href="/security"');
    expect((await visit('/security', browser.cookies())).status).toBe(200);
    const api = await send('/id/admin/accounts', { token: admin.token, env });
    expect([api.status, JSON.parse(api.text).code]).toEqual([403, 'factor_required']);
  });

  it('accepts an admin who signed in with a second factor', async () => {
    const totp = await addTotp(admin);
    browser = createBrowser();
    const asked = await browser.post('/sign-in', { identifier: admin.username, password: PASSWORD });
    await browser.post('/sign-in/factor', { token: hiddenOf(asked, 'token'), code: await totp.fresh() });
    expect((await visit('/admin', browser.cookies())).status).toBe(200);
  });

  it('rejects the session of an app password', async () => {
    await addTotp(admin);
    const { password } = await addAppPassword(admin);
    const answer = await send('/id/login', {
      json: { identifier: admin.username, password, session: 'token' },
      env,
    });
    const { token }: { token: string } = JSON.parse(answer.text);
    expect((await send('/id/admin/accounts', { token, env })).status).toBe(403);
  });
});
