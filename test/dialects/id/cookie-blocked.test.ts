// `id`: a page of another site gets the error cookie_blocked, or a token if it asks for one.
import { expect, it } from 'vitest';
import { send, testEnv, uniqueName } from '../../support/worker.ts';

const ORIGIN_OF_PAGE = 'http://127.0.0.1:3000';
const headers = { Origin: ORIGIN_OF_PAGE, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' };
const service = 'http://localhost:8787';

const BLOCKED =
  '{"type":"urn:latchkey:problem:cookie_blocked","title":"The browser would drop the session cookie.","status":403,' +
  '"detail":"The page is of another site. Use one host name for both (localhost and 127.0.0.1 are two), or ask for a token.",' +
  '"code":"cookie_blocked"}';

it('refuses a cookie of localhost to a page of 127.0.0.1, creates nothing, but returns a token', async () => {
  const username = uniqueName();
  const json = { username, email: `${username}@test.com`, password: 'kaleidoscope-77' };
  const refused = await send('/id/register', { json, headers, origin: service });
  expect([refused.status, refused.text]).toEqual([403, BLOCKED]);
  expect(refused.headers.getSetCookie()).toEqual([]);
  const row = testEnv.DB.prepare('SELECT count(*) AS n FROM users WHERE username = ?').bind(username);
  expect(await row.first('n')).toBe(0);
  const made = await send('/id/register', {
    json: { ...json, session: 'token' },
    headers,
    origin: service,
  });
  expect(made.status).toBe(201);
  const login = { identifier: username, password: json.password };
  const again = await send('/id/login', { json: login, headers, origin: service });
  expect([again.status, again.text]).toEqual([403, BLOCKED]);
});

it('sets the cookie for a page of the same site', async () => {
  const username = uniqueName();
  const json = { username, email: `${username}@test.com`, password: 'kaleidoscope-77' };
  const sameSite = { Origin: 'http://localhost:3000', 'Sec-Fetch-Site': 'same-site' };
  const made = await send('/id/register', { json, headers: sameSite, origin: service });
  expect(made.status).toBe(201);
  expect(made.headers.getSetCookie().join()).toContain('sessionid=');
});
