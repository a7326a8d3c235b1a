// `users`: reading and changing the own profile.
import { describe, expect, it } from 'vitest';
import { send, testEnv } from '../../support/worker.ts';
import {
  atMost,
  eightKeys,
  join,
  joinUnnamed,
  NO_LINES,
  NO_SINGLE_LINES,
  NO_TEXTS,
  NULL,
  noTextsWorded,
  shown,
  whole,
} from '../support-cookies.ts';

const ME = '/api/users/me/';
const NOT_URL = 'Enter a valid URL.';
const NOT_TEXT = 'Not a valid string.';

const member = await join();
const { cookie } = member;
const patch = (json: unknown) => send(ME, { method: 'PATCH', json, cookie });
const refused = (faults: Record<string, string[]>): string => `400 ${JSON.stringify(faults)}`;

/** A URL of the given length. */
const urlOf = (characters: number): string => 'https://example.com/'.padEnd(characters, 'x');

describe('GET /api/users/me/', () => {
  it('shows the account of the session, and answers 404 without one', async () => {
    const other = await join();
    expect(shown(await send(ME, { cookie }))).toBe(await eightKeys(member));
    expect(shown(await send(ME, { cookie: other.cookie }))).toBe(await eightKeys(other));
    expect(whole(await send(ME))).toBe('404 {"detail":"Not found."}');
  });

  it('shows the email if there is no username', async () => {
    const { id, email, password } = await joinUnnamed();
    const { headers } = await send('/api/users/login/', { json: { username: email, password } });
    const headersOfMine = {
      Cookie: headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; '),
    };
    expect(shown(await send(ME, { headers: headersOfMine }))).toBe(
      await eightKeys({ id, username: email, email }),
    );
  });
});

describe('PATCH /api/users/me/', () => {
  it('changes only the fields sent, and only this account', async () => {
    const [one, other] = [await join(), await join()];
    const change = (json: unknown) => send(ME, { method: 'PATCH', json, cookie: one.cookie });
    const profile = {
      address: 'Spooner Street 31',
      siteUrl: 'https://example.com/',
      description: 'Two\nlines',
    };
    const all = await change({
      description: profile.description,
      site_url: profile.siteUrl,
      address: profile.address,
    });
    expect(shown(all)).toBe(await eightKeys({ ...one, ...profile }));
    expect(shown(await change({ address: '' }))).toBe(await eightKeys({ ...one, ...profile, address: '' }));
    expect(shown(await change({ site_url: '' }))).toBe(
      await eightKeys({ ...one, description: profile.description }),
    );
    expect(shown(await change({ description: '' }))).toBe(await eightKeys(one));
    expect(shown(await change({}))).toBe(await eightKeys(one));
    expect(shown(await send(ME, { cookie: other.cookie }))).toBe(await eightKeys(other));
  });

  it('stores the change for a later GET and a later login', async () => {
    const one = await join();
    await send(ME, { method: 'PATCH', json: { address: 'x' }, cookie: one.cookie });
    const expected = await eightKeys({ ...one, address: 'x' });
    expect(shown(await send(ME, { cookie: one.cookie }))).toBe(expected);
    const { username, password } = one;
    expect(shown(await send('/api/users/login/', { json: { username, password } }))).toBe(expected);
  });

  it('ignores unknown and read-only fields', async () => {
    const one = await join();
    const other = await join();
    const json = {
      ...{ id: other.id, username: 'x', last_login: null, avatar_url: 7, password: 'x' },
      ...{ is_admin: true, disabled_at: 1, user_id: other.id, unknown: ['x'], address: 'known' },
    };
    const answer = await send(ME, { method: 'PATCH', json, cookie: one.cookie });
    expect(shown(answer)).toBe(await eightKeys({ ...one, address: 'known' }));
    const { username, password } = one;
    expect((await send('/api/users/login/', { json: { username, password } })).status).toBe(200);
    const row = await testEnv.DB.prepare('SELECT is_admin, disabled_at FROM users WHERE id = ?')
      .bind(one.id)
      .first();
    expect(row).toEqual({ is_admin: 0, disabled_at: null });
    expect(shown(await send(ME, { cookie: other.cookie }))).toBe(await eightKeys(other));
  });

  it('leaves last_login unchanged', async () => {
    const one = await join();
    await testEnv.DB.prepare('UPDATE users SET last_login_at = 1000 WHERE id = ?').bind(one.id).run();
    const answer = await send(ME, { method: 'PATCH', json: { address: 'x' }, cookie: one.cookie });
    expect(answer.text).toContain('"last_login":"1970-01-01T00:00:01.000000+00:00"');
  });

  it('reports all errors together and changes nothing', async () => {
    const one = await join();
    const json = { description: null, site_url: 'x', address: 'a'.repeat(201) };
    const answer = await send(ME, { method: 'PATCH', json, cookie: one.cookie });
    expect(whole(answer)).toBe(refused({ address: [atMost(200)], site_url: [NOT_URL], description: [NULL] }));
    const half = await send(ME, {
      method: 'PATCH',
      json: { address: 'a', site_url: 'x' },
      cookie: one.cookie,
    });
    expect(whole(half)).toBe(refused({ site_url: [NOT_URL] }));
    expect(shown(await send(ME, { cookie: one.cookie }))).toBe(await eightKeys(one));
  });
});

describe.each([
  ['address', 200],
  ['description', 1023],
])('%s', (field, limit) => {
  it.each(['x', '😀', 'é', '\n'])(
    `accepts at most ${limit} characters, counting %j as one`,
    async (character) => {
      const longest = `a${character.repeat(limit - 2)}z`;
      expect((await patch({ [field]: longest })).text).toContain(`"${field}":${JSON.stringify(longest)}`);
      expect(whole(await patch({ [field]: `${longest}z` }))).toBe(refused({ [field]: [atMost(limit)] }));
    },
  );

  it.each([...NO_TEXTS, ...NO_LINES])('rejects %j: %s', async (value, text) => {
    expect(whole(await patch({ [field]: value }))).toBe(refused({ [field]: [text] }));
  });

  it('keeps line feeds and tabs, is trimmed, and can be empty', async () => {
    for (const [sent, kept] of [
      ['  a\n\tb  c \n', 'a\n\tb  c'],
      ['   ', ''],
      ['<b>"\\', '<b>"\\'],
    ])
      expect((await patch({ [field]: sent })).text).toContain(`"${field}":${JSON.stringify(kept)}`);
  });

  it.each(['12345678901234567890123', '-7', '1.5', '0'])(
    'accepts the number %s as its decimal text',
    async (number) => {
      expect((await patch(`{"${field}":${number}}`)).text).toContain(`"${field}":"${number}"`);
    },
  );
});

describe('site_url', () => {
  it.each([
    'https://example.com',
    'http://example.com/',
    'HTTPS://Example.COM/Path?query=1&b=%20#fragment',
    'http://localhost:8000/',
    'http://127.0.0.1/',
    'https://exämple.com/straße',
  ])('accepts %s and shows it as sent', async (url) => {
    expect((await patch({ site_url: url })).text).toContain(`"site_url":${JSON.stringify(url)}`);
  });

  it.each([
    ...['x', 'example.com', '//example.com', '/path', 'http://', 'https:///path', 'http:example.com'],
    ...['http://exa mple.com', 'https://example.com/a b', 'javascript:alert(1)', 'data:text/html,x'],
    ...['mailto:a@b.com', 'http//example.com', 'http://:80', 'http://?', ' https://a.com https://b.com'],
    ...[
      'https://bank.test@evil.test/',
      'https://a:b@example.com',
      'https://evil.test\\@bank.test',
      'https:\\\\a',
    ],
  ])('rejects the URL %s', async (url) => {
    expect(whole(await patch({ site_url: url }))).toBe(refused({ site_url: [NOT_URL] }));
  });

  it.each([
    ...noTextsWorded(NOT_URL),
    ...NO_LINES,
    ['https://example.com/\nx', NOT_TEXT],
    ['https://a.com/\tx', NOT_TEXT],
  ])('rejects %j: %s', async (value, text) => {
    expect(whole(await patch({ site_url: value }))).toBe(refused({ site_url: [text] }));
  });

  it.each(NO_SINGLE_LINES)('rejects %j, which is not one line: %s', async (value, text) => {
    expect(whole(await patch({ site_url: value }))).toBe(refused({ site_url: [text] }));
  });

  it('accepts at most 200 characters, is trimmed, and can be empty', async () => {
    expect((await patch({ site_url: ` ${urlOf(200)}\n` })).text).toContain(`"site_url":"${urlOf(200)}"`);
    expect(whole(await patch({ site_url: urlOf(201) }))).toBe(refused({ site_url: [atMost(200)] }));
    expect((await patch({ site_url: '  ' })).text).toContain('"site_url":""');
  });

  it('rejects a number, because its decimal text is not a URL', async () => {
    expect(whole(await patch({ site_url: 12 }))).toBe(refused({ site_url: [NOT_URL] }));
  });
});
