// The pages on which admins register apps, renew their secrets and remove them.
import { beforeEach, describe, expect, it } from 'vitest';
import { createTimedCore } from '../support/clock.ts';
import { observe } from '../support/counting.ts';
import { forgetWebhooks, installTriggers, readDeliveries } from '../support/receiver.ts';
import { ISSUER } from '../support/signing.ts';
import { type Answer, send, testEnv } from '../support/worker.ts';
import {
  addApp,
  env,
  exchange,
  join,
  locationOf,
  type Person,
  REDIRECT,
  refresh,
  SIGNED_OUT,
  signIn,
  type TestApp,
  userInfo,
} from './support-oidc.ts';

let admin: Person;

beforeEach(async () => {
  admin = await join();
  await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(admin.id).run();
});

const open = (path: string, { cookie }: Person = admin) => send(path, { env, origin: ISSUER, cookie });
const post = (path: string, form: Record<string, string> = {}, { cookie }: Person = admin) =>
  send(path, { env, origin: ISSUER, cookie, form });
const textOf = ({ text }: Answer): string => text.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
const codesIn = ({ text }: Answer): string[] =>
  [...text.matchAll(/<code>([^<]*)<\/code>/g)].map(([, code]) => code ?? '');

const SHOP = {
  name: 'Shop',
  redirectUris: `${REDIRECT}\r\n`,
  signOutUris: '',
  appKind: 'confidential',
  consent: 'skip',
};

const add = async (changes: Record<string, string> = {}) => {
  const answer = await post('/admin/apps', { ...SHOP, ...changes });
  const [id = '', ...codes] = codesIn(answer);
  return { answer, id, secret: codes.length > 1 ? (codes[0] ?? null) : null };
};

const eventsOf = async ({ id }: Person): Promise<unknown[]> => {
  const { results } = await testEnv.DB.prepare(
    "SELECT type FROM events WHERE user_id = ? AND type LIKE 'app_%' ORDER BY id",
  )
    .bind(id)
    .all();
  return results.map(({ type }) => type);
};

describe('POST /admin/apps', () => {
  it('shows the secret once, and the new app can sign people in', async () => {
    const { answer, ...app } = await add({ signOutUris: SIGNED_OUT });
    expect(answer.status).toBe(200);
    expect(textOf(answer)).toContain('it is shown this once');
    expect(app.secret).toMatch(/^[\w-]{43}$/);
    expect(app.id).toMatch(/^[0-9a-f]{18}$/);
    const person = await join();
    expect((await userInfo((await exchange(app, await signIn(app, person))).access_token)).status).toBe(200);
    const [listed, shown] = [await open('/admin/apps'), await open(`/admin/apps/${app.id}`)];
    for (const page of [listed, shown]) expect(page.text).not.toContain(app.secret);
    expect(textOf(listed)).toContain('Shop Asks nobody');
    expect(textOf(shown)).toContain('1 person has signed in to it.');
    for (const text of [app.id, REDIRECT, SIGNED_OUT, 'Nobody is asked'])
      expect(textOf(shown)).toContain(text);
    const row = await testEnv.DB.prepare('SELECT secret_hash FROM apps WHERE id = ?').bind(app.id).first();
    expect(row?.['secret_hash']).toMatch(/^[0-9a-f]{64}$/);
    expect(await eventsOf(admin)).toEqual(['app_registered']);
  });

  it('registers a public app without a secret, which asks for consent', async () => {
    const { answer, ...app } = await add({ appKind: 'public', consent: 'ask' });
    expect([app.secret, textOf(answer).includes('None: the app uses PKCE alone.')]).toEqual([null, true]);
    const shown = await open(`/admin/apps/${app.id}`);
    expect(textOf(shown)).toContain('People are asked');
    expect(shown.text).not.toContain('renew-secret');
    expect((await post(`/admin/apps/${app.id}/renew-secret`)).status).toBe(404);
  });

  it.each([
    ['without the fields appKind and consent', {}],
    ['with unknown values', { appKind: 'x', consent: 'SKIP' }],
    ['with empty values', { appKind: '', consent: '' }],
  ] as [string, Record<string, string>][])(
    'registers an app with a secret and with consent from a form %s',
    async (_what, more) => {
      const { name, redirectUris } = SHOP;
      const [id = '', secret = ''] = codesIn(await post('/admin/apps', { name, redirectUris, ...more }));
      expect(secret).toMatch(/^[\w-]{43}$/);
      expect(textOf(await open(`/admin/apps/${id}`))).toContain('People are asked');
      const person = await join();
      const { callback } = await signIn({ id, secret }, person, { prompt: 'none' });
      expect(callback.searchParams.get('error')).toBe('consent_required');
    },
  );

  it.each([
    ['name', { name: '' }, 'Enter a name of 1 to 60 characters.'],
    ['name', { name: ' ' }, 'Enter a name of 1 to 60 characters.'],
    ['name', { name: 'x'.repeat(61) }, 'Enter a name of 1 to 60 characters.'],
    ['name', { name: 'a\u202eb' }, 'Enter a name of 1 to 60 characters.'],
    ['redirectUris', { redirectUris: '\r\n' }, 'Enter at least one address.'],
    [
      'redirectUris',
      { redirectUris: 'http://shop.example.com/cb' },
      'http://shop.example.com/cb cannot be used.',
    ],
    [
      'redirectUris',
      { redirectUris: `${REDIRECT}\njavascript:alert(1)` },
      'javascript:alert(1) cannot be used.',
    ],
    ['redirectUris', { redirectUris: 'https://a.example/#x' }, 'https://a.example/#x cannot be used.'],
    ['redirectUris', { redirectUris: `${REDIRECT}\n`.repeat(21) }, 'Enter at most 20 addresses.'],
    ['signOutUris', { signOutUris: '"><script>' }, 'cannot be used.'],
  ] as [string, Record<string, string>, string][])(
    'rejects an invalid %s: %j',
    async (field, changes, words) => {
      const before = await testEnv.DB.prepare('SELECT count(*) AS n FROM apps').first('n');
      const answer = await post('/admin/apps', { ...SHOP, ...changes });
      expect(answer.status).toBe(400);
      expect(textOf(answer)).toContain(words);
      expect(answer.text).toContain(`id="${field}-error"`);
      expect(answer.text).not.toContain('<script>');
      expect(await testEnv.DB.prepare('SELECT count(*) AS n FROM apps').first('n')).toBe(before);
    },
  );

  it('accepts a name of 60 characters and 20 addresses', async () => {
    const { answer } = await add({ name: 'x'.repeat(60), redirectUris: `${REDIRECT}\n`.repeat(20) });
    expect(answer.status).toBe(200);
  });
});

it.each([
  ['loses the role', 'UPDATE users SET is_admin = 0 WHERE id = ?', 403, 'This is for admins'],
  ['is disabled', 'UPDATE users SET disabled_at = 1 WHERE id = ?', 401, 'You are not signed in'],
])('changes no app for an admin who %s during the request', async (_what, sql, status, title) => {
  const { id } = await add();
  const readApps = async () => (await testEnv.DB.prepare('SELECT * FROM apps').all()).results;
  const before = await readApps();
  for (const path of ['', `/${id}/renew-secret`, `/${id}/remove`]) {
    const { cookie, ...actor } = await join();
    await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(actor.id).run();
    let roundTrips = 0;
    const watched = observe(env, async (binding) => {
      if (binding !== 'd1') return;
      roundTrips += 1;
      // The first round trip authenticates the request.
      if (roundTrips === 2) await testEnv.DB.prepare(sql).bind(actor.id).run();
    });
    const answer = await send(`/admin/apps${path}`, {
      env: watched.env,
      origin: ISSUER,
      cookie,
      form: path === '' ? SHOP : {},
    });
    expect([path, answer.status]).toEqual([path, status]);
    expect(textOf(answer)).toContain(title);
    expect(await readApps()).toEqual(before);
    expect(await eventsOf({ cookie, ...actor })).toEqual([]);
  }
});

describe('POST /admin/apps/:id/renew-secret', () => {
  it('replaces the old secret at once, and ends no token', async () => {
    const { answer: _, ...app } = await add();
    const person = await join();
    const tokens = await exchange(app, await signIn(app, person));
    const renewed = await post(`/admin/apps/${app.id}/renew-secret`);
    const [id, secret = ''] = codesIn(renewed);
    expect([renewed.status, id, secret === app.secret]).toEqual([200, app.id, false]);
    await expect(refresh(app, tokens.refresh_token ?? '')).rejects.toThrow();
    expect(
      (await userInfo((await refresh({ ...app, secret }, tokens.refresh_token ?? '')).access_token)).status,
    ).toBe(200);
    expect(await eventsOf(admin)).toEqual(['app_registered', 'app_secret_renewed']);
  });
});

describe('POST /admin/apps/:id/remove', () => {
  it('ends the tokens and consents of that app only, and answers 404 the second time', async () => {
    const app = await addApp();
    const other = await addApp();
    const person = await join();
    const tokens = await exchange(app, await signIn(app, person));
    const kept = await exchange(other, await signIn(other, person));
    const page = await open(`/admin/apps/${app.id}/remove`);
    expect(textOf(page)).toContain('1 person has signed in to it. Its tokens end at once');
    expect((await userInfo(tokens.access_token)).status).toBe(200);
    const removed = await post(`/admin/apps/${app.id}/remove`);
    expect(locationOf(removed).pathname).toBe('/admin/apps');
    expect((await userInfo(tokens.access_token)).status).toBe(401);
    await expect(refresh(app, tokens.refresh_token ?? '')).rejects.toThrow();
    const apps = await open('/apps', person);
    expect([apps.text.includes(`App ${app.id}`), apps.text.includes(`App ${other.id}`)]).toEqual([
      false,
      true,
    ]);
    expect((await userInfo(kept.access_token)).status).toBe(200);
    // A second click.
    expect((await post(`/admin/apps/${app.id}/remove`)).status).toBe(404);
    expect((await open(`/admin/apps/${app.id}`)).status).toBe(404);
    expect(await eventsOf(admin)).toEqual(['app_removed']);
  });
});

describe('removing an app that thousands of people use', () => {
  /** More than one statement deletes. */
  const MANY = 1_200;

  /** Grants and consents of an app, older than those that a test adds through the pages. */
  const fillUp = async ({ id }: TestApp) => {
    const { id: userId } = await join();
    await testEnv.DB.batch([
      testEnv.DB.prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         INSERT INTO users (email, email_key, password_hash, created_at, updated_at, last_login_at)
         SELECT ?2 || i, ?2 || i, '-', 0, 0, 0 FROM n`,
      ).bind(MANY, id),
      testEnv.DB.prepare(
        `INSERT INTO app_consents (user_id, app_id, app_name, scope, created_at)
         SELECT id, ?1, 'x', 'openid', 1 FROM users WHERE email_key LIKE ?1 || '%'`,
      ).bind(id),
      testEnv.DB.prepare(
        `INSERT INTO app_grants (id, app_id, user_id, session_id, scope, redirect_uri, code_challenge, created_at, redeemed_at)
         SELECT lower(hex(randomblob(16))), ?1, ?2, (SELECT id FROM sessions WHERE user_id = ?2), 'openid', 'x', 'x', 1, 1
         FROM app_consents WHERE app_id = ?1`,
      ).bind(id, userId),
    ]);
  };

  const countOf = async (table: 'app_grants' | 'app_consents', appId: string): Promise<unknown> =>
    testEnv.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE app_id = ?`).bind(appId).first('n');

  it('refuses all its tokens at once, deletes 1,000 rows of a table in a statement, and leaves the rest to the clean-up', async () => {
    await installTriggers();
    const [app, other] = [await addApp(), await addApp()];
    await testEnv.DB.prepare("UPDATE apps SET logout_uri = 'https://app.example.org/logout' WHERE id = ?")
      .bind(app.id)
      .run();
    await fillUp(app);
    const person = await join();
    const tokens = await exchange(app, await signIn(app, person));
    const kept = await exchange(other, await signIn(other, person));
    // An app with a metadata document has no row.
    const documentId = 'https://document.example.org/app.json';
    await testEnv.DB.batch([
      testEnv.DB.prepare(
        "INSERT INTO app_consents (user_id, app_id, app_name, scope, created_at) VALUES (?, ?, 'Document', 'openid', 1)",
      ).bind(person.id, documentId),
      testEnv.DB.prepare(
        `INSERT INTO app_grants (id, app_id, user_id, session_id, scope, redirect_uri, code_challenge, created_at, redeemed_at)
         SELECT 'd', ?2, user_id, id, 'openid', 'x', 'x', 1, 1 FROM sessions WHERE user_id = ?1`,
      ).bind(person.id, documentId),
    ]);
    expect((await userInfo(tokens.access_token)).status).toBe(200);

    expect(locationOf(await post(`/admin/apps/${app.id}/remove`)).pathname).toBe('/admin/apps');
    const left = MANY + 1 - 1_000;
    expect([await countOf('app_grants', app.id), await countOf('app_consents', app.id)]).toEqual([
      left,
      left,
    ]);
    expect((await userInfo(tokens.access_token)).status).toBe(401);
    await expect(refresh(app, tokens.refresh_token ?? '')).rejects.toThrow();
    const { text } = await open('/apps', person);
    expect([`App ${app.id}`, `App ${other.id}`, 'Document'].map((name) => text.includes(name))).toEqual([
      false,
      true,
      true,
    ]);

    const { core } = createTimedCore(undefined, env);
    expect(await core.cleanUp()).toMatchObject({ grants: left, consents: left, complete: true });
    expect([await countOf('app_grants', app.id), await countOf('app_consents', app.id)]).toEqual([0, 0]);
    for (const id of [other.id, documentId])
      expect([await countOf('app_grants', id), await countOf('app_consents', id)]).toEqual([1, 1]);
    expect((await userInfo(kept.access_token)).status).toBe(200);
    // The app is not told of the sign-ins that end with it.
    expect(await readDeliveries()).toEqual([]);
    await forgetWebhooks();
  });
});

describe('the pages under /admin/apps', () => {
  const PATHS = (id: string): [method: 'GET' | 'POST', path: string][] => [
    ['GET', '/admin/apps'],
    ['POST', '/admin/apps'],
    ['GET', `/admin/apps/${id}`],
    ['POST', `/admin/apps/${id}/renew-secret`],
    ['GET', `/admin/apps/${id}/remove`],
    ['POST', `/admin/apps/${id}/remove`],
  ];

  it("require an admin and a recent sign-in, and reject another site's form", async () => {
    const { id } = await addApp();
    const person = await join();
    for (const [method, path] of PATHS(id)) {
      const sent = { env, origin: ISSUER, method, ...(method === 'POST' && { form: SHOP }) };
      expect([path, (await send(path, { ...sent, cookie: person.cookie })).status]).toEqual([path, 403]);
      if (method === 'POST') {
        const headers = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };
        expect((await send(path, { ...sent, cookie: admin.cookie, headers })).status).toBe(403);
      }
    }
    await testEnv.DB.prepare('UPDATE sessions SET authenticated_at = 1, created_at = 1 WHERE user_id = ?')
      .bind(admin.id)
      .run();
    for (const [method, path] of PATHS(id)) {
      const answer = await send(path, {
        env,
        origin: ISSUER,
        method,
        cookie: admin.cookie,
        ...(method === 'POST' && { form: SHOP }),
      });
      expect([path, locationOf(answer).pathname]).toEqual([path, '/confirm']);
    }
    expect(await testEnv.DB.prepare('SELECT count(*) AS n FROM apps WHERE id = ?').bind(id).first('n')).toBe(
      1,
    );
  });

  it('appear in the menu of admins only, and only if the service has signing keys', async () => {
    const person = await join();
    const entries = async (at: Person, bindings = env) => {
      const { text } = await send('/', { env: bindings, origin: ISSUER, cookie: at.cookie });
      return ['/apps', '/admin/apps'].filter((path) => text.includes(`href="${path}"`));
    };
    expect(await entries(person)).toEqual(['/apps']);
    expect(await entries(admin)).toEqual(['/apps', '/admin/apps']);
    expect(await entries(admin, testEnv)).toEqual([]);
    expect((await send('/admin/apps', { cookie: admin.cookie })).status).toBe(404);
  });
});
