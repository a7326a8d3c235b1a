// An account without an email: no dialect, page or export shows its placeholder address, no mail is sent there, and
// nobody can register such an address.
import { describe, expect, it } from 'vitest';
import { createMailbox } from '../../support/mail.ts';
import { ORIGIN, send, testEnv, uniqueName } from '../../support/worker.ts';

const PASSWORD = 'four walls and a door';
const PLACEHOLDER = /no-email\.invalid/i;
const OWN_PAGE = { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' };

/** An admin without an email, with every kind of session. */
const joinWithoutEmail = async () => {
  const username = uniqueName();
  const registered = await send('/id/register', {
    json: { username, email: `${username}@x.test`, password: PASSWORD },
  });
  expect(registered.status).toBe(201);
  await testEnv.DB.prepare(
    `UPDATE users SET email = username || '@no-email.invalid', email_key = username_key || '@no-email.invalid',
      is_admin = 1 WHERE username = ?`,
  )
    .bind(username)
    .run();
  return username;
};

const cookieOf = (headers: Headers): string => headers.getSetCookie().join('\n');

describe('an account without an email', () => {
  it('logs in by username in every dialect, and no answer shows the placeholder', async () => {
    const username = await joinWithoutEmail();
    const json = { username, password: PASSWORD };
    const logins = [
      await send('/api/users/login/', { json }),
      await send('/api/v1/user/login/', { json }),
      await send('/api/login/', { json }),
      await send('/account/login', { json }),
      await send('/id/login', { json: { identifier: username, password: PASSWORD } }),
    ];
    for (const { status, text, headers } of logins) {
      expect(status, text).toBe(200);
      expect(`${text}${cookieOf(headers)}`).not.toMatch(PLACEHOLDER);
    }
    expect(logins[0]?.text).toContain(`"username":"${username}","email":""`);
    const token = /"token":"([^"]+)"/.exec(logins[3]?.text ?? '')?.[1] ?? expect.fail('There is no token.');
    const id = /"id":(\d+)/.exec(logins[0]?.text ?? '')?.[1];
    for (const path of ['/account/profile', '/api/user/', `/api/users/${id}/`, '/api/auth/user/']) {
      const { text } = await send(path, { token });
      expect(text).not.toMatch(PLACEHOLDER);
    }
  });

  it('shows no placeholder on its own pages, to an admin or in its export', async () => {
    const username = await joinWithoutEmail();
    const signedIn = await send('/sign-in', {
      form: { identifier: username, password: PASSWORD },
      headers: OWN_PAGE,
    });
    expect(signedIn.status).toBe(303);
    const cookie =
      /sessionid=([^;]+)/.exec(cookieOf(signedIn.headers))?.[1] ?? expect.fail('There is no cookie.');
    const pages = ['/', '/email', '/username', '/password', '/profile', '/admin', `/admin?q=${username}`];
    for (const path of [...pages, '/id/me', '/id/export', '/id/admin/accounts']) {
      const { status, text } = await send(path, { cookie });
      expect(status, path).toBe(200);
      expect(text, path).not.toMatch(PLACEHOLDER);
    }
    expect((await send('/', { cookie })).text).toContain('None yet');
  });

  it('gets no mail for a forgotten password', async () => {
    const username = await joinWithoutEmail();
    const mailbox = createMailbox();
    const asked = await send('/id/password/forgot', { json: { identifier: username }, env: mailbox.env });
    expect(asked.status).toBeLessThan(300);
    expect(mailbox.offered).toBe(0);
    // The same request for an account with an address sends a mail.
    const other = uniqueName();
    await send('/id/register', { json: { username: other, email: `${other}@x.test`, password: PASSWORD } });
    await send('/id/password/forgot', { json: { identifier: other }, env: mailbox.env });
    expect(mailbox.offered).toBe(1);
    const rows = await testEnv.DB.prepare(
      "SELECT * FROM outbox WHERE address LIKE '%no-email.invalid'",
    ).all();
    expect(rows.results).toEqual([]);
  });
});

it('refuses a placeholder address at registration in every dialect', async () => {
  const username = uniqueName();
  const email = `${username}@No-Email.Invalid`;
  const json = { username, email, password: PASSWORD };
  for (const [path, sent] of [
    ['/api/users/register/', json],
    ['/api/v1/user/register/', json],
    ['/api/register/', { ...json, first_name: 'a', last_name: 'b' }],
    ['/account/register', json],
    ['/api/auth/register/', { name: 'a', email, password: PASSWORD }],
    ['/id/register', json],
  ] as const) {
    expect((await send(path, { json: sent })).status, path).toBeOneOf([200, 400]);
  }
  const row = await testEnv.DB.prepare('SELECT count(*) AS n FROM users WHERE username = ?1 OR email = ?2')
    .bind(username, email)
    .first<number>('n');
  expect(row).toBe(0);
});
