// The admin pages: the list of users, the actions on one user, and the refusals for everyone else.
import { beforeEach, describe, expect, it } from 'vitest';
import { testEnv, uniqueName } from '../support/worker.ts';
import {
  expectPage,
  FOREIGN_PAGE,
  goesTo,
  isSignedIn,
  noticeOf,
  open,
  openDone,
  PASSWORD,
  type Person,
  post,
  signInAgain,
  signUp,
  signUpAdmin,
  titleOf,
  withNewCookie,
} from './support-pages.ts';

/** Each test begins without admins. */
beforeEach(async () => {
  await testEnv.DB.prepare('UPDATE users SET is_admin = 0').run();
});

const rowOf = (id: number) =>
  testEnv.DB.prepare('SELECT is_admin, disabled_at IS NOT NULL AS disabled FROM users WHERE id = ?')
    .bind(id)
    .first();

/** The ids of the accounts on a page, in its order. */
const idsOn = (text: string): number[] =>
  [...text.matchAll(/href="\/admin\/users\/(\d+)"/g)].map(([, id]) => Number(id));

const nextOf = (text: string): string | undefined =>
  /href="(\/admin\?[^"]*)">Next page/.exec(text)?.[1]?.replaceAll('&amp;', '&');

const ACTIONS = ['disable', 'enable', 'grant-admin', 'revoke-admin', 'end-sessions', 'delete'];

describe('GET /admin', () => {
  it('pages through all accounts, each once', async () => {
    const admin = await signUpAdmin();
    const insert = testEnv.DB.prepare(
      `INSERT INTO users (username, username_key, email, email_key, password_hash, created_at, updated_at, last_login_at)
       VALUES (?1, ?1, ?1 || '@test.com', ?1 || '@test.com', '', 0, 0, 0)`,
    );
    await testEnv.DB.batch(Array.from({ length: 60 }, () => insert.bind(uniqueName())));
    const seen: number[] = [];
    for (let path: string | undefined = '/admin'; path !== undefined; ) {
      const page = await open(path, admin);
      expectPage(page, 200, 'Users');
      const ids = idsOn(page.text);
      expect(ids.length).toBeLessThanOrEqual(25);
      seen.push(...ids);
      path = nextOf(page.text);
    }
    const { results } = await testEnv.DB.prepare('SELECT id FROM users ORDER BY id DESC').all<{
      id: number;
    }>();
    expect(seen).toEqual(results.map(({ id }) => id));
  });

  it('finds accounts by the start of a username, an email or a name, in any case', async () => {
    const admin = await signUpAdmin();
    const mark = uniqueName();
    const found = [
      await signUp({ username: `${mark}a`, email: `x${mark}@test.com` }),
      await signUp({ username: uniqueName(), email: `${mark}@test.com` }),
      await signUp({ name: `${mark} Jones` }),
    ];
    const page = await post('/admin', { search: mark.toUpperCase() }, admin);
    expect(idsOn(page.text)).toEqual(found.map(({ id }) => id));
    expect(page.text).toContain(`value="${mark.toUpperCase()}"`);
    expect((await post('/admin', { search: `${mark}zzz` }, admin)).text).toContain('No account is found.');
  });

  it('pages through the results of a search, and keeps the text out of addresses', async () => {
    const admin = await signUpAdmin();
    const mark = uniqueName();
    for (let made = 0; made < 27; made += 1) await signUp({ username: `${mark}_${made}` });
    const first = await post('/admin', { search: mark }, admin);
    expect(idsOn(first.text)).toHaveLength(25);
    // No URL on the page contains the search text or a cursor.
    expect(first.text).not.toMatch(/(?:href|action)="[^"]*(?:search|after)=/);
    const after = /name="after" value="([^"]+)"/.exec(first.text)?.[1] ?? expect.fail();
    expect(after).toMatch(/^username:\d+$/);
    expect(first.text).toContain(`name="search" value="${mark}"`);
    const second = await post('/admin', { search: mark, after }, admin);
    expect(idsOn(second.text)).toHaveLength(2);
    expect(new Set([...idsOn(first.text), ...idsOn(second.text)]).size).toBe(27);
    expect(second.text).toContain('First page');
    expect(second.text).not.toContain('Next page');
  });

  it('filters and sorts, and shows the numbers of accounts', async () => {
    const admin = await signUpAdmin();
    const [first, second] = [await signUp({ email: 'bb@b.test' }), await signUp({ email: 'aa@a.test' })];
    await testEnv.DB.prepare('UPDATE users SET disabled_at = NULL').run();
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE id IN (?, ?)')
      .bind(first.id, second.id)
      .run();
    const shown = async (query: string): Promise<number[]> =>
      idsOn((await open(`/admin?${query}`, admin)).text);
    expect(await shown('filter=admins')).toEqual([admin.id]);
    expect(await shown('filter=disabled')).toEqual([second.id, first.id]);
    expect(await shown('filter=disabled&sort=oldest')).toEqual([first.id, second.id]);
    expect(await shown('filter=disabled&sort=email')).toEqual([second.id, first.id]);
    expect(await shown(`filter=disabled&sort=email&after=${second.id}`)).toEqual([first.id]);
    expect((await shown('sort=email'))[0]).toBe(second.id);
    expect(await shown('filter=x&sort=x')).toEqual(await shown(''));
    const all = await testEnv.DB.prepare('SELECT count(*) AS count FROM users').first<{ count: number }>();
    const counts = [...(await open('/admin', admin)).text.matchAll(/class="count">(\d+)</g)];
    expect(counts.map(([, count]) => Number(count))).toEqual([all?.count, 1, 2]);
  });

  it('starts at the first page for an invalid cursor', async () => {
    const [admin, mark] = [await signUpAdmin(), uniqueName()];
    for (let made = 0; made < 26; made += 1) await signUp({ username: `${mark}_${made}` });
    const first = await open('/admin', admin);
    expect(idsOn(first.text)).toHaveLength(25);
    const found = await post('/admin', { search: mark }, admin);
    for (const after of ['x', '-1', '1e3', 'name:x:y', 'username:1', '1'.repeat(16)]) {
      const page = await open(`/admin?after=${after}`, admin);
      expect([page.status, idsOn(page.text)]).toEqual([200, idsOn(first.text)]);
      expect([page.text.includes('First page'), nextOf(page.text)]).toEqual([false, nextOf(first.text)]);
    }
    for (const after of ['x', '1', '-1', 'name:x:y', 'password:1']) {
      const page = await post('/admin', { search: mark, after }, admin);
      expect([page.status, idsOn(page.text)]).toEqual([200, idsOn(found.text)]);
      expect(page.text).not.toContain('First page');
    }
  });

  it('appears in the navigation of admins only', async () => {
    const [admin, other] = [await signUpAdmin(), await signUp()];
    expect((await open('/', admin)).text).toContain('<a href="/admin">Users</a>');
    expect((await open('/', other)).text).not.toContain('/admin');
  });
});

describe('/admin/users/:id', () => {
  it('shows the account with its sessions and activity', async () => {
    const [admin, user] = [await signUpAdmin(), await signUp({ name: 'Mary Jones' })];
    await signInAgain(user, { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/132.0' });
    const page = await open(`/admin/users/${user.id}`, admin);
    expectPage(page, 200, 'Mary Jones');
    expect(page.text).toContain(user.email);
    expect(page.text).toContain('Firefox on Linux');
    expect(page.text).toContain('Account created');
    expect(page.text).not.toContain('This device');
  });

  it('disables an account, which signs it out everywhere until it is enabled', async () => {
    const [admin, user] = [await signUpAdmin(), await signUp()];
    const path = `/admin/users/${user.id}`;
    for (let click = 0; click < 2; click += 1)
      expect(goesTo(await post(`${path}/disable`, {}, admin))).toBe(`303 ${path} done=disabled`);
    expect(await isSignedIn(user)).toBe(false);
    expect((await signInAgain(user)).cookie).toBe('');
    expect((await open(path, admin)).text).toContain('<span class="badge bad">Disabled</span>');
    expect(goesTo(await post(`${path}/enable`, {}, admin))).toBe(`303 ${path} done=enabled`);
    expect(await isSignedIn(await signInAgain(user))).toBe(true);
    expect((await open(path, admin)).text).toContain('Account disabled, by an admin');
  });

  it('grants and removes the admin role', async () => {
    const [admin, user] = [await signUpAdmin(), await signUp()];
    const path = `/admin/users/${user.id}`;
    expect(goesTo(await post(`${path}/grant-admin`, {}, admin))).toBe(`303 ${path} done=admin-granted`);
    expectPage(await open('/admin', user), 200, 'Users');
    expect(goesTo(await post(`${path}/revoke-admin`, {}, admin))).toBe(`303 ${path} done=admin-revoked`);
    expectPage(await open('/admin', user), 403, 'This is for admins');
  });

  it('ends all sessions of the account', async () => {
    const [admin, user] = [await signUpAdmin(), await signUp()];
    const path = `/admin/users/${user.id}`;
    expect(goesTo(await post(`${path}/end-sessions`, {}, admin))).toBe(`303 ${path} done=sessions-ended`);
    expect([await isSignedIn(user), await isSignedIn(admin)]).toEqual([false, true]);
  });

  it("deletes the account after the admin's own password, and answers 404 the second time", async () => {
    const [admin, user] = [await signUpAdmin(), await signUp()];
    const path = `/admin/users/${user.id}/delete`;
    const question = await open(path, admin);
    expectPage(question, 200, 'Delete an account');
    expect(question.text).toContain(user.email);
    expect(await isSignedIn(user)).toBe(true);
    for (const password of ['', 'wrong one']) {
      expectPage(await post(path, { password }, admin), 400, 'Error: Delete an account');
      expect(await isSignedIn(user)).toBe(true);
    }
    const form = { password: PASSWORD };
    const answer = await post(path, form, admin);
    expect(goesTo(answer)).toBe('303 /admin done=user-deleted');
    expect(await rowOf(user.id)).toBeNull();
    // A confirmed password renews the session.
    const renewed = withNewCookie(admin, answer);
    const second = await post(path, form, renewed);
    expectPage(second, 404, 'There is nothing here');
    expectPage(await open(path, withNewCookie(renewed, second)), 404, 'There is nothing here');
  });

  it('answers 404 on every path for an unknown or invalid id', async () => {
    const admin = await signUpAdmin();
    for (const id of ['999999999', '0', 'x', '-1', '1e3', '9'.repeat(16)])
      expectPage(await open(`/admin/users/${id}`, admin), 404, 'There is nothing here');
    for (const action of ACTIONS)
      expectPage(await post(`/admin/users/999999999/${action}`, {}, admin), 404, 'There is nothing here');
  });
});

describe('an imported account that never signed in', () => {
  it('shows Never instead of a date', async () => {
    const [admin, user] = [await signUpAdmin(), await signUp()];
    const path = `/admin/users/${user.id}`;
    expect((await open(path, admin)).text).not.toContain('<dd>Never</dd>');
    await testEnv.DB.prepare('UPDATE users SET last_login_at = 0 WHERE id = ?').bind(user.id).run();
    expect((await open(path, admin)).text).toContain('<dd>Never</dd>');
  });
});

describe('the last admin', () => {
  it.each(['disable', 'revoke-admin', 'delete'])('cannot be removed: answers 409 for %s', async (action) => {
    const admin = await signUpAdmin();
    const answer = await post(`/admin/users/${admin.id}/${action}`, { password: PASSWORD }, admin);
    expectPage(answer, 409, 'This is the last admin');
    expect(await rowOf(admin.id)).toEqual({ is_admin: 1, disabled: 0 });
    expect(await isSignedIn(action === 'delete' ? withNewCookie(admin, answer) : admin)).toBe(true);
  });

  it('cannot delete their account until there is another admin', async () => {
    const admin = await signUpAdmin();
    const answer = await post('/delete', { password: PASSWORD }, admin);
    expectPage(answer, 409, 'Error: Delete account');
    expect(noticeOf(answer)).toBe('You are the only admin. Make another account an admin first.');
    expect([await rowOf(admin.id), await isSignedIn(admin)]).toEqual([{ is_admin: 1, disabled: 0 }, true]);
    await signUpAdmin();
    const second = await post('/delete', { password: PASSWORD }, admin);
    expect(goesTo(second)).toBe('303 /sign-in done=account-deleted');
    expect([await rowOf(admin.id), await isSignedIn(admin)]).toEqual([null, false]);
  });

  it('can give up the role once there is another admin', async () => {
    const [admin] = [await signUpAdmin(), await signUpAdmin()];
    const answer = await post(`/admin/users/${admin.id}/revoke-admin`, {}, admin);
    expect(goesTo(answer)).toBe('303 / done=no-admin-any-more');
    expect(noticeOf(await openDone('/', 'no-admin-any-more', admin))).toBe('You are not an admin any more.');
  });
});

describe('the admin pages', () => {
  const refusals = async (user: Person, target: number): Promise<string[]> => [
    titleOf(await open('/admin', user)),
    titleOf(await post('/admin', { search: 'u' }, user)),
    titleOf(await open(`/admin/users/${target}`, user)),
    titleOf(await open(`/admin/users/${target}/delete`, user)),
    ...(await Promise.all(
      ACTIONS.map(async (action) => titleOf(await post(`/admin/users/${target}/${action}`, {}, user))),
    )),
  ];

  it('answer 403 to a non-admin, also for their own account', async () => {
    const [user, other] = [await signUp(), await signUp()];
    for (const target of [other.id, user.id, 999999999])
      expect(new Set(await refusals(user, target))).toEqual(new Set(['This is for admins · Latchkey']));
    expect(await rowOf(other.id)).toEqual({ is_admin: 0, disabled: 0 });
    expect(await rowOf(user.id)).toEqual({ is_admin: 0, disabled: 0 });
    expect([await isSignedIn(other), await isSignedIn(user)]).toEqual([true, true]);
  });

  it("reject another site's form, even for a signed-in admin", async () => {
    const [admin, user] = [await signUpAdmin(), await signUp()];
    for (const action of ACTIONS) {
      const path = `/admin/users/${user.id}/${action}`;
      const answer = await post(path, {}, admin, { headers: FOREIGN_PAGE });
      expectPage(answer, 403, 'This came from another site');
    }
    expect(await rowOf(user.id)).toEqual({ is_admin: 0, disabled: 0 });
    expect(await isSignedIn(user)).toBe(true);
  });

  it('ask an anonymous visitor to sign in', async () => {
    for (const action of ACTIONS)
      expectPage(await post(`/admin/users/1/${action}`, {}), 401, 'Error: Sign in');
  });
});
