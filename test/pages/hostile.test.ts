// Names that contain markup are escaped on every page, and no page contains a password.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { send, testEnv, uniqueName } from '../support/worker.ts';
import {
  open,
  PASSWORD,
  type Person,
  post,
  signUp,
  signUpAdmin,
  withoutOwnScripts,
} from './support-pages.ts';

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(1)'>&amp;</textarea></title>`;

const PAGES = [
  '/',
  '/profile',
  '/picture',
  '/password',
  '/email',
  '/username',
  '/devices',
  '/activity',
  '/export',
  '/delete',
];

const expectHarmless = (text: string): void => {
  expect(withoutOwnScripts(text)).not.toMatch(/<script|<img src=x|onerror='/i);
  expect(text.match(/<\/title>/g)).toHaveLength(1);
};

/** An account with markup in every text, as another dialect may have stored it. */
const signUpHostile = async (): Promise<Person> => {
  const person = await signUp();
  const hostileEmail = `${HOSTILE}${person.id}`;
  await testEnv.DB.prepare(
    `UPDATE users SET name = ?1, first_name = ?1, last_name = ?1, address = ?1, site_url = ?1,
       description = ?1, username = ?1, email = ?2 WHERE id = ?3`,
  )
    .bind(HOSTILE, hostileEmail, person.id)
    .run();
  await testEnv.DB.prepare('UPDATE sessions SET user_agent = ?1, country = ?1 WHERE user_id = ?2')
    .bind(HOSTILE, person.id)
    .run();
  await testEnv.DB.prepare(
    'UPDATE events SET user_agent = ?1, type = ?1, address_prefix = ?1 WHERE user_id = ?2',
  )
    .bind(HOSTILE, person.id)
    .run();
  return person;
};

describe('markup in a text', () => {
  it('appears escaped on every page of its owner', async () => {
    const person = await signUpHostile();
    for (const path of PAGES) {
      const { status, text } = await open(path, person);
      expect(status).toBe(200);
      expectHarmless(text);
    }
    expect((await open('/', person)).text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it('appears escaped on every page of an admin', async () => {
    const [admin, person] = [await signUpAdmin(), await signUpHostile()];
    for (const path of ['/admin', `/admin/users/${person.id}`, `/admin/users/${person.id}/delete`]) {
      const { status, text } = await open(path, admin);
      expect(status).toBe(200);
      expectHarmless(text);
    }
    const found = await post('/admin', { search: HOSTILE }, admin);
    expect(found.status).toBe(200);
    expectHarmless(found.text);
  });

  it('appears escaped in a form that is shown again', async () => {
    const person = await signUp();
    const typed = {
      username: HOSTILE,
      email: HOSTILE,
      name: HOSTILE,
      identifier: HOSTILE,
      siteUrl: HOSTILE,
      to: HOSTILE,
      kept: HOSTILE,
      description: HOSTILE,
    };
    for (const path of ['/sign-up', '/sign-in', '/profile', '/email', '/username', '/picture'])
      expectHarmless((await post(path, { ...typed, pictureId: HOSTILE, password: 'x' }, person)).text);
    expectHarmless((await post('/profile', typed)).text);
  });

  it('cannot be injected by an address', async () => {
    for (const path of [`/sign-in?to=${encodeURIComponent(HOSTILE)}`, `/${encodeURIComponent(HOSTILE)}`])
      expectHarmless((await send(path, { headers: { Accept: 'text/html' } })).text);
  });
});

describe('a password', () => {
  const escaped = (text: string): string => text.replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);

  it('appears on no page, whichever field it was typed into', async () => {
    const person = await signUp();
    const forms: [string, (password: string) => Record<string, string>][] = [
      ['/sign-in', (password) => ({ identifier: uniqueName(), password })],
      ['/sign-up', (password) => ({ email: 'nobody', password })],
      ['/password', (password) => ({ currentPassword: password, newPassword: '1' })],
      ['/password', (password) => ({ currentPassword: 'wrong one', newPassword: password })],
      ['/email', (password) => ({ email: 'nobody', password })],
      ['/username', (password) => ({ username: 'a b', password })],
      ['/delete', (password) => ({ password })],
      ['/profile', (password) => ({ siteUrl: 'x', password, currentPassword: password })],
    ];
    // Long and marked, so that no page contains it by chance.
    const passwords = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 20 })
      .map((text) => `p4ss${text}w0rd`);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...forms),
        passwords,
        fc.boolean(),
        async ([path, form], password, isKnown) => {
          await testEnv.DB.prepare('UPDATE users SET login_failures = NULL').run();
          const { status, text } = await post(path, form(password), isKnown ? person : null);
          expect(status).toBeGreaterThanOrEqual(400);
          for (const trace of [
            password,
            escaped(password),
            encodeURIComponent(password.toWellFormed()),
            'p4ss',
          ])
            expect(text).not.toContain(trace);
        },
      ),
      { numRuns: 100 },
    );
    expect((await post('/sign-in', { identifier: person.email, password: PASSWORD })).status).toBe(303);
  });
});
