// `id` and browsers: foreign pages cannot use the cookie, tokens work from anywhere, and CORS.
import { describe, expect, it } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { type Answer, ORIGIN, type Sent, send, testEnv, uniqueName } from '../../support/worker.ts';
import { ACCOUNTS } from './support-admin.ts';
import {
  cookiesOf,
  DEVICE_COOKIE,
  eventsOf,
  isLive,
  join,
  joinAdmin,
  type Member,
  OTHER_PASSWORD,
  PASSWORD,
  person,
  rowOf,
  SESSION_COOKIE,
  tokenFor,
  whole,
} from './support-id.ts';
import { refused } from './support-refusals.ts';

const FOREIGN = 'https://evil.example';
const ALLOWED = 'https://app.example.com';
const env: Env = { ...testEnv, ALLOWED_ORIGINS: ALLOWED };

/** A request and the status it gets; an admin's request is about another account. */
type Change = [method: string, path: (other: Member) => string, json: () => object | null, status: number];

const fixed = (path: string) => (): string => path;
const one =
  (rest: string) =>
  ({ id }: Member): string =>
    `${ACCOUNTS}/${id}${rest}`;
const nothing = () => null;

/** Every change that a logged-in user can request. */
const CHANGES: Change[] = [
  ['PATCH', fixed('/id/me'), () => ({ name: 'Mallory' }), 200],
  ['DELETE', fixed('/id/me'), () => ({ password: PASSWORD }), 204],
  ['PUT', fixed('/id/me/password'), () => ({ currentPassword: PASSWORD, newPassword: OTHER_PASSWORD }), 200],
  ['PUT', fixed('/id/me/email'), () => ({ email: `${uniqueName()}@x.test`, password: PASSWORD }), 200],
  ['PUT', fixed('/id/me/username'), () => ({ username: uniqueName(), password: PASSWORD }), 200],
  ['POST', fixed('/id/logout'), nothing, 204],
  ['DELETE', fixed('/id/sessions'), nothing, 200],
  ['DELETE', fixed(`/id/sessions/${'0'.repeat(64)}`), nothing, 404],
  ['POST', one('/disable'), nothing, 200],
  ['POST', one('/enable'), nothing, 200],
  ['POST', () => `${ACCOUNTS}/search`, () => ({ search: 'u' }), 200],
  ['POST', one('/grant-admin'), nothing, 200],
  ['POST', one('/revoke-admin'), nothing, 200],
  ['DELETE', one('/sessions'), nothing, 200],
  ['DELETE', one(''), nothing, 204],
];
const changes = CHANGES.map(([method, path, json, status]) => {
  const name = `${method} ${path({ ...person(), id: 1, cookie: '' })}`;
  const sent = (): Sent => ({ method, ...(json() === null ? {} : { json: json() }) });
  return { name, path, sent, status };
});

const READS = ['/id/me', '/id/sessions', '/id/events', '/id/export', ACCOUNTS];

/** Headers that a browser sends for pages of unknown origins. */
const FOREIGN_PAGES: Record<string, string>[] = [
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'cross-site', Origin: FOREIGN },
  { 'Sec-Fetch-Site': 'same-site', Origin: 'https://evil.latchkey.test' },
  { 'Sec-Fetch-Site': 'same-site' },
  { Origin: FOREIGN },
  { Origin: 'null' },
  { Origin: 'http://latchkey.test' },
];
/** Headers sent with a token: by a page of another origin, and by an app that is not a website. */
const FROM_ANYWHERE: Record<string, string>[] = [
  { 'Sec-Fetch-Site': 'cross-site', Origin: FOREIGN },
  { Origin: 'null' },
];
const OWN_PAGES: Record<string, string>[] = [
  {},
  { 'Sec-Fetch-Site': 'same-origin', Origin: ORIGIN },
  { Origin: ORIGIN },
  { Origin: ALLOWED, 'Sec-Fetch-Site': 'cross-site' },
];

describe.each(changes)('$name', ({ path, sent, status }) => {
  it('rejects the cookie from a foreign page, and changes nothing', async () => {
    const [admin, other] = [await joinAdmin(), await join()];
    const rows = async () => [await rowOf(admin.id), await rowOf(other.id)];
    const before = await rows();
    for (const headers of FOREIGN_PAGES) {
      const answer = await send(path(other), { ...sent(), cookie: admin.cookie, headers, env });
      expect(whole(answer)).toBe(refused('cross_site'));
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect(await rows()).toEqual(before);
    expect(await eventsOf(admin.id)).toEqual(['registered']);
    for (const { cookie } of [admin, other]) expect(await isLive({ cookie })).toBe(true);
  });

  it.each(OWN_PAGES)('accepts the cookie from a page with %j', async (headers) => {
    const [admin, other, _second] = [await joinAdmin(), await join(), await joinAdmin()];
    const answer = await send(path(other), { ...sent(), cookie: admin.cookie, headers, env });
    expect(answer.status).toBe(status);
  });

  it.each(FROM_ANYWHERE)('accepts a token from anywhere: %j', async (headers) => {
    const [admin, other, _second] = [await joinAdmin(), await join(), await joinAdmin()];
    const token = await tokenFor(admin);
    const answer = await send(path(other), { ...sent(), token, headers, env });
    expect(answer.status).toBe(status);
  });
});

describe.each(READS)('GET %s', (path) => {
  it('answers a foreign page without CORS headers, so that the page cannot read it', async () => {
    const admin = await joinAdmin();
    const own = await send(path, { cookie: admin.cookie });
    for (const headers of FOREIGN_PAGES) {
      const answer = await send(path, { cookie: admin.cookie, headers, env });
      expect(whole(answer)).toBe(whole(own));
      expect(answer.headers.get('Access-Control-Allow-Origin')).toBeNull();
      expect(answer.headers.get('Vary')).toBe('Origin');
    }
  });
});

describe.each(['/id/register', '/id/login'])('POST %s', (path) => {
  const fieldsOf = async () =>
    path === '/id/register' ? person() : { identifier: (await join()).email, password: PASSWORD };

  it('rejects a foreign page even with a token, and sets no cookie', async () => {
    const token = await tokenFor(await join());
    for (const headers of FOREIGN_PAGES) {
      for (const session of ['cookie', 'token']) {
        const json = { ...(await fieldsOf()), session };
        const answer = await send(path, { json, headers, token, env });
        expect(whole(answer)).toBe(refused('cross_site'));
        expect(answer.headers.getSetCookie()).toEqual([]);
      }
    }
  });

  // The browser would drop the cookie: cookie-blocked.test.ts.
  const keepsCookie = (headers: object): boolean => !JSON.stringify(headers).includes('"cross-site"');

  it.each(OWN_PAGES.filter(keepsCookie))('accepts a page with %j, and sets the cookies', async (headers) => {
    const answer = await send(path, { json: await fieldsOf(), headers, env });
    expect(cookiesOf(answer)).toEqual([DEVICE_COOKIE, SESSION_COOKIE]);
  });
});

describe('CORS', () => {
  const corsOf = ({ headers }: Answer): Record<string, string> =>
    Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));
  const listed = (text: string | undefined): string[] => (text ?? '').split(/, */).sort();

  it('lets an allowed origin send the cookie, every method and the headers that endpoints read', async () => {
    for (const path of ['/id/login', '/id/me', '/id/me/password', `${ACCOUNTS}/1`]) {
      const headers = { Origin: ALLOWED, 'Access-Control-Request-Method': 'PUT' };
      const answer = await send(path, { method: 'OPTIONS', headers, env });
      expect(whole(answer)).toBe('204');
      const cors = corsOf(answer);
      expect(cors['access-control-allow-origin']).toBe(ALLOWED);
      expect(cors['access-control-allow-credentials']).toBe('true');
      expect(cors['access-control-max-age']).toBe('7200');
      expect(listed(cors['access-control-allow-methods'])).toEqual([
        'DELETE',
        'GET',
        'HEAD',
        'PATCH',
        'POST',
        'PUT',
      ]);
      expect(listed(cors['access-control-allow-headers'])).toEqual(['Authorization', 'Content-Type']);
    }
  });

  it('lets an allowed origin read answers and refusals, with their headers', async () => {
    const { cookie } = await join();
    for (const sent of [{ cookie }, {}]) {
      const cors = corsOf(await send('/id/events?limit=1', { ...sent, headers: { Origin: ALLOWED }, env }));
      expect(cors['access-control-allow-origin']).toBe(ALLOWED);
      expect(cors['access-control-allow-credentials']).toBe('true');
      expect(listed(cors['access-control-expose-headers'])).toEqual([
        'Allow',
        'Link',
        'Location',
        'Retry-After',
        'X-Request-Id',
      ]);
    }
  });

  it('allows no other origin, even if the token dialects are open', async () => {
    const open = { ...env, OPEN_TOKEN_DIALECTS: 'true' };
    for (const origin of [FOREIGN, 'null', ORIGIN, `${ALLOWED}:8443`]) {
      const asked = { Origin: origin, 'Access-Control-Request-Method': 'POST' };
      expect(corsOf(await send('/id/login', { method: 'OPTIONS', headers: asked, env: open }))).toEqual({});
      expect(corsOf(await send('/id/me', { headers: { Origin: origin }, env: open }))).toEqual({});
    }
  });
});
