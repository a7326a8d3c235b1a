// The pages for devices, activity, the export and the deletion of the account.
import { describe, expect, it } from 'vitest';
import { send, sessionCookie, testEnv } from '../support/worker.ts';
import {
  expectPage,
  goesTo,
  isSignedIn,
  noticeOf,
  open,
  otherSessionOf,
  PASSWORD,
  post,
  signInAgain,
  signUp,
} from './support-pages.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0';

describe('/devices', () => {
  it('lists the sessions in words, this one first and without a button', async () => {
    const person = await signUp();
    await signInAgain(person, { 'User-Agent': FIREFOX });
    const page = await open('/devices', person);
    expectPage(page, 200, 'Devices');
    expect(page.text).toContain('Firefox on Linux');
    expect(page.text.match(/<span class="badge">This device<\/span>/g)).toHaveLength(1);
    expect(page.text.match(/action="\/devices\/end"/g)).toHaveLength(1);
    // The session of this browser is first although it is the older one.
    expect(page.text.indexOf('This device')).toBeLessThan(page.text.indexOf('Firefox on Linux'));
    expect(page.text.match(/active now/g)).toHaveLength(1);
    expect(page.text).toContain('aria-label="Sign out Firefox on Linux"');
    expect(page.text).toMatch(
      /signed in <time datetime="\d{4}-\d\d-\d\dT[\d:.]+Z" title="\d{1,2} \w{3,4} \d{4}, \d\d:\d\d UTC">just now<\/time>/,
    );
  });

  it('marks the session of an app', async () => {
    const person = await signUp();
    const json = { identifier: person.email, password: PASSWORD, session: 'token' };
    await send('/id/login', { json, headers: { 'User-Agent': 'curl/8.5.0' } });
    expect((await open('/devices', person)).text).toContain('curl <span class="badge plain">App</span>');
  });

  it('offers no button to end the others if there are none', async () => {
    const person = await signUp();
    expect((await open('/devices', person)).text).not.toContain('/devices/end');
  });

  it('ends one session, and says that it is gone after a second click', async () => {
    const person = await signUp();
    const elsewhere = await signInAgain(person);
    const session = otherSessionOf(await open('/devices', person));
    expect(goesTo(await post('/devices/end', { session }, person))).toBe('303 /devices done=session-ended');
    expect([await isSignedIn(person), await isSignedIn(elsewhere)]).toEqual([true, false]);
    expect(goesTo(await post('/devices/end', { session }, person))).toBe('303 /devices done=session-gone');
  });

  it('answers the same for the session of another account and an unknown one, and ends neither', async () => {
    const [person, other] = [await signUp(), await signUp()];
    await signInAgain(other);
    const session = otherSessionOf(await open('/devices', other));
    expect(session).toMatch(/^[0-9a-f]{64}$/);
    for (const id of [session, '0'.repeat(64), '', 'x'])
      expect(goesTo(await post('/devices/end', { session: id }, person))).toBe(
        '303 /devices done=session-gone',
      );
    expect(otherSessionOf(await open('/devices', other))).toBe(session);
  });

  it('ends all sessions except this one', async () => {
    const person = await signUp();
    const others = [await signInAgain(person), await signInAgain(person)];
    expect(goesTo(await post('/devices/end-others', {}, person))).toBe('303 /devices done=others-ended');
    expect(await Promise.all([person, ...others].map(isSignedIn))).toEqual([true, false, false]);
  });
});

describe('/activity', () => {
  it('lists the events of this account only, newest first', async () => {
    const person = await signUp();
    await post('/profile', { name: 'Mary' }, person, { headers: { 'User-Agent': FIREFOX } });
    await post('/sign-in', { identifier: person.email, password: 'wrong one' });
    await signUp();
    const page = await open('/activity', person);
    expectPage(page, 200, 'Activity');
    const events = [...page.text.matchAll(/<p class="strong">(.*?)<\/p>/g)].map(([, words]) => words);
    expect(events).toEqual(['Password refused', 'Profile changed', 'Account created']);
    expect(page.text.match(/<li class="row refused"><div><p class="strong">Password refused</g)).toHaveLength(
      1,
    );
    expect(page.text).toContain('<p class="aside">Firefox on Linux</p>');
  });

  it('pages through the events, each once', async () => {
    const person = await signUp();
    await testEnv.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
        INSERT INTO events (id, user_id, type, dialect, created_at)
        SELECT (SELECT max(id) FROM events) + i, (SELECT max(id) FROM users), 'picture_changed', 'pages', 0 FROM n`,
    ).run();
    const counts = [];
    for (let path: string | undefined = '/activity'; path !== undefined; ) {
      const page = await open(path, person);
      counts.push(page.text.match(/<p class="strong">/g)?.length);
      path = /href="(\/activity\?before=\d+)">Older/.exec(page.text)?.[1];
    }
    expect(counts).toEqual([25, 25, 1]);
    expect((await open('/activity?before=1', person)).text).toContain('No older activity.');
    expect((await open('/activity?before=x', person)).text).toContain('Picture changed');
  });
});

describe('/export', () => {
  it('links to the file of /id/export', async () => {
    const person = await signUp();
    const page = await open('/export', person);
    expectPage(page, 200, 'Export your data');
    const path = /<a class="button" href="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const link = await open(path, person);
    expect(goesTo(link)).toBe('303 /id/export');
    const file = await send('/id/export', { cookie: person.cookie });
    expect([file.status, file.headers.get('Content-Disposition')]).toEqual([
      200,
      `attachment; filename="latchkey-account-${person.id}.json"`,
    ]);
  });
});

describe('/delete', () => {
  it('asks for the password, then deletes the account', async () => {
    const person = await signUp();
    expectPage(await open('/delete', person), 200, 'Delete account');
    const answer = await post('/delete', { password: PASSWORD }, person);
    expect(goesTo(answer)).toBe('303 /sign-in done=account-deleted');
    expect(sessionCookie(answer)).toBe('');
    expect(await isSignedIn(person)).toBe(false);
    expect((await signInAgain(person)).cookie).toBe('');
    const row = await testEnv.DB.prepare('SELECT count(*) AS n FROM users WHERE id = ?')
      .bind(person.id)
      .first();
    expect(row).toEqual({ n: 0 });
    expectPage(await post('/delete', { password: PASSWORD }, person), 401, 'Error: Sign in');
  });

  it.each([
    ['', 'Password: This is required.'],
    ['wrong one', 'Password: Wrong password.'],
  ])('rejects the password %j and keeps the account', async (password, error) => {
    const person = await signUp();
    const answer = await post('/delete', { password }, person);
    expectPage(answer, 400, 'Error: Delete account');
    expect(noticeOf(answer)).toBe(error);
    expect(await isSignedIn(person)).toBe(true);
  });
});

describe('an anonymous visitor', () => {
  it.each([
    '/profile',
    '/picture',
    '/password',
    '/email',
    '/username',
    '/devices',
    '/activity',
    '/export',
    '/delete',
    '/admin',
  ])('must sign in before %s, and then returns to it', async (path) => {
    expect(goesTo(await open(path))).toBe(`303 /sign-in?to=${encodeURIComponent(path)}`);
    const stale = { id: 0, username: '', email: '', cookie: 'x'.repeat(43) };
    expect(goesTo(await open(path, stale))).toBe(`303 /sign-in?to=${encodeURIComponent(path)}`);
  });
});
