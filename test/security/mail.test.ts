// Abuse of mail: a squatter loses the account, a stranger learns nothing, a copy of the data redeems no token.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { observe } from '../support/counting.ts';
import { codeIn, createMailbox, type Mailbox, tokenIn } from '../support/mail.ts';
import { everythingStored } from '../support/stored.ts';
import { type Answer, json, type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

const PASSWORD = 'four walls and a door';
const NEXT_PASSWORD = 'seven doors and a wall';

let mailbox: Mailbox;

beforeEach(() => {
  mailbox = createMailbox();
});

const call = (method: string, path: string, body?: object, sent: Sent = {}): Promise<Answer> =>
  send(path, { method, env: mailbox.env, ...(body ? { json: body } : {}), ...sent });

const join = async () => {
  const username = uniqueName();
  const fields = { username, email: `${username}@test.com`, password: PASSWORD };
  const answer = await call('POST', '/id/register', fields);
  return { ...fields, cookie: sessionCookie(answer) ?? expect.fail(answer.text) };
};

const idOf = async (email: string): Promise<number> =>
  (await testEnv.DB.prepare('SELECT id FROM users WHERE email = ?').bind(email).first<number>('id')) ?? 0;

const reset = async (email: string): Promise<void> => {
  await call('POST', '/id/password/forgot', { identifier: email });
  const body = { token: tokenIn(mailbox.last(email)), password: NEXT_PASSWORD };
  expect((await call('POST', '/id/password/reset', body)).status).toBe(204);
};

describe('an account registered with the email of somebody else', () => {
  it('loses every other way in when the owner of the email resets the password', async () => {
    const squatter = await join();
    const { email } = squatter;
    const id = await idOf(email);
    // Every way in: sessions of each kind, a second factor, an app password, a pending email.
    const jwt = json(await call('POST', '/api/auth/login', { email, password: PASSWORD }));
    const derived = json(await call('POST', '/account/login', { username: email, password: PASSWORD }));
    const tokens = [jwt, derived].map((body) => String(Reflect.get(Object(body), 'token')));
    const change = { email: `evil.${email}`, password: PASSWORD };
    const asked = await call('PUT', '/id/me/email', change, { cookie: squatter.cookie });
    const confirm = tokenIn(mailbox.last(change.email));
    const cookie = sessionCookie(asked) ?? '';
    await testEnv.DB.batch([
      testEnv.DB.prepare(
        "INSERT INTO factors (user_id, kind, name, created_at, confirmed_at) VALUES (?, 'passkey', 'evil', 1, 1)",
      ).bind(id),
      testEnv.DB.prepare("INSERT INTO recovery_codes (user_id, hash) VALUES (?, 'x')").bind(id),
      testEnv.DB.prepare(
        "INSERT INTO app_consents (user_id, app_id, app_name, scope, created_at) VALUES (?, 'evil', 'evil', 'openid', 1)",
      ).bind(id),
      testEnv.DB.prepare(
        "INSERT INTO app_passwords (user_id, name, hash, created_at) VALUES (?, 'evil', 'x', 1)",
      ).bind(id),
    ]);

    await reset(email);

    for (const token of tokens) expect((await call('GET', '/id/me', undefined, { token })).status).toBe(401);
    expect((await call('GET', '/id/me', undefined, { cookie })).status).toBe(401);
    expect((await call('POST', '/id/login', { identifier: email, password: PASSWORD })).status).toBe(401);
    expect((await call('POST', '/id/email/change/confirm', { token: confirm })).status).toBe(400);
    const left = await testEnv.DB.prepare(
      `SELECT (SELECT count(*) FROM factors WHERE user_id = ?1) + (SELECT count(*) FROM recovery_codes WHERE user_id = ?1)
        + (SELECT count(*) FROM app_passwords WHERE user_id = ?1) + (SELECT count(*) FROM sessions WHERE user_id = ?1)
        + (SELECT count(*) FROM app_consents WHERE user_id = ?1) + (SELECT count(*) FROM app_grants WHERE user_id = ?1) AS n`,
    )
      .bind(id)
      .first('n');
    expect(left).toBe(0);
    const { results: trail } = await testEnv.DB.prepare(
      'SELECT type FROM events WHERE user_id = ? ORDER BY id',
    )
      .bind(id)
      .all();
    expect(trail.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['password_reset', 'factors_removed']),
    );
    const owner = await call('POST', '/id/login', { identifier: email, password: NEXT_PASSWORD });
    expect(json(owner)).toMatchObject({ account: { email, emailVerified: true, pendingEmail: null } });
  });

  it('cannot change to an email that its owner has verified', async () => {
    const owner = await join();
    await call('POST', '/id/email/verification/confirm', { token: tokenIn(mailbox.last(owner.email)) });
    const squatter = await join();
    const taken = { email: owner.email, password: PASSWORD };
    const answer = await call('PUT', '/id/me/email', taken, { cookie: squatter.cookie });
    expect(answer.status).toBe(409);
  });
});

describe('a password reset', () => {
  it('keeps the second factor, the app passwords and the app consents of a verified account', async () => {
    const { email, cookie } = await join();
    await call('POST', '/id/email/verification/confirm', { token: tokenIn(mailbox.last(email)) });
    const id = await idOf(email);
    const added = await call('POST', '/id/app-passwords', { name: 'phone' }, { cookie });
    const { password: appPassword } = Object(json(added));
    const opened = json(await call('POST', '/account/login', { username: email, password: appPassword }));
    const token = String(Reflect.get(Object(opened), 'token'));
    expect((await call('GET', '/account/profile', undefined, { token })).status).toBe(200);
    await testEnv.DB.batch([
      testEnv.DB.prepare(
        "INSERT INTO app_consents (user_id, app_id, app_name, scope, created_at) VALUES (?, 'shop', 'shop', 'openid', 1)",
      ).bind(id),
      testEnv.DB.prepare(
        "INSERT INTO factors (user_id, kind, name, secret, created_at, confirmed_at) VALUES (?, 'totp', 'app', 'x', 1, 1)",
      ).bind(id),
      testEnv.DB.prepare("INSERT INTO recovery_codes (user_id, hash) VALUES (?, 'x')").bind(id),
    ]);
    await reset(email);
    const left = 'SELECT count(*) AS n FROM app_consents WHERE user_id = ?';
    expect(await testEnv.DB.prepare(left).bind(id).first('n')).toBe(1);
    // The new password alone opens no session.
    const login = await call('POST', '/id/login', { identifier: email, password: NEXT_PASSWORD });
    expect(login.headers.getSetCookie().join()).not.toContain('sessionid');
    expect(json(login)).toMatchObject({ secondFactor: { kinds: ['code', 'recoveryCode'] } });
    const old = await call('POST', '/account/login', { username: email, password: NEXT_PASSWORD });
    expect(old.status).toBe(400);
    // Like every session, the one of the app password has ended. The app password opens another.
    expect((await call('GET', '/account/profile', undefined, { token })).status).toBe(401);
    const again = await call('POST', '/account/login', { username: email, password: appPassword });
    expect(again.status).toBe(200);
  });

  it('answers 400 if the account was disabled meanwhile, and keeps the old password', async () => {
    const { email } = await join();
    await call('POST', '/id/password/forgot', { identifier: email });
    const disable = (value: number | null) =>
      testEnv.DB.prepare('UPDATE users SET disabled_at = ? WHERE email = ?').bind(value, email).run();
    await disable(1);
    const body = { token: tokenIn(mailbox.last(email)), password: NEXT_PASSWORD };
    expect((await call('POST', '/id/password/reset', body)).status).toBe(400);
    await disable(null);
    expect((await call('POST', '/id/login', { identifier: email, password: PASSWORD })).status).toBe(200);
  });

  it('opens no session', async () => {
    const { email } = await join();
    await call('POST', '/id/password/forgot', { identifier: email });
    const body = { token: tokenIn(mailbox.last(email)), password: NEXT_PASSWORD };
    const answer = await call('POST', '/id/password/reset', body);
    expect([answer.status, answer.text, answer.headers.getSetCookie()]).toEqual([204, '', []]);
  });
});

describe('a request for a reset mail', () => {
  it.each(['/id/password/forgot', '/forgot-password'])(
    'has the same response and cost for every account, known or not, and over the limit: %s',
    async (path) => {
      const [known, disabled] = [await join(), await join()];
      await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE email = ?').bind(disabled.email).run();
      const ask = async (identifier: string) => {
        const watched = observe(mailbox.env);
        const body = path.startsWith('/id') ? { json: { identifier } } : { form: { identifier } };
        const { status, text, headers } = await send(path, { method: 'POST', env: watched.env, ...body });
        const shown = [...headers].filter(([name]) => name !== 'x-request-id').toSorted();
        return { status, text, shown, statements: watched.statements };
      };
      const first = await ask(known.email);
      expect(first.status).toBe(path.startsWith('/id') ? 202 : 303);
      // For a known account, work continues after the response: the mail is sent and marked as sent.
      const requested = (statements: string[]) => statements.filter((sql) => !/^update "outbox"/.test(sql));
      for (const identifier of ['nobody@test.com', 'nobody', disabled.email, known.username]) {
        const other = await ask(identifier);
        expect({ ...other, statements: [] }).toEqual({ ...first, statements: [] });
        const isByEmail = identifier.includes('@');
        if (isByEmail) expect(requested(other.statements)).toEqual(requested(first.statements));
      }
      for (let times = 0; times < 4; times += 1) await ask(known.email);
      const limited = await ask(known.email);
      expect({ ...limited, statements: [] }).toEqual({ ...first, statements: [] });
      expect(mailbox.to(known.email).filter(({ subject }) => subject.startsWith('Set'))).toHaveLength(3);
      expect(mailbox.to(disabled.email).filter(({ subject }) => subject.startsWith('Set'))).toEqual([]);
    },
  );
});

it('writes the mail of a registration without a further round trip', async () => {
  const fields = { email: `${uniqueName()}@test.com`, password: PASSWORD };
  const withMail = observe(mailbox.env);
  expect((await send('/id/register', { json: fields, env: withMail.env })).status).toBe(201);
  const without = observe();
  const others = { ...fields, email: `x${fields.email}` };
  expect((await send('/id/register', { json: others, env: without.env })).status).toBe(201);
  // One more after the response, which marks the mail as sent.
  expect(withMail.operations.d1).toBe(without.operations.d1 + 1);
});

it('stores no token, code or text of a mail in D1, KV or the log', async () => {
  const logged: string[] = [];
  for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, level).mockImplementation((...parts: unknown[]) => {
      logged.push(parts.map(String).join(' '));
    });
  const member = await join();
  await call('POST', '/id/email/verification', undefined, { cookie: member.cookie });
  await call('POST', '/id/password/forgot', { identifier: member.email });
  const next = { email: `next.${member.email}`, password: PASSWORD };
  await call('PUT', '/id/me/email', next, { cookie: member.cookie });
  mailbox.obstacle = () => {
    throw new Error(`The provider does not like ${member.email}.`);
  };
  await call('POST', '/id/password/forgot', { identifier: member.username });
  const bad = await call('POST', '/id/password/reset', {
    token: tokenIn(mailbox.last(member.email)),
    password: 'password1',
  });
  expect(bad.status).toBe(400);
  vi.restoreAllMocks();

  const everything = [await everythingStored(), ...logged].join('\n');
  expect(everything).toContain(member.email);
  expect(logged.join('\n')).not.toContain(member.email);
  const mails = [...mailbox.to(member.email), ...mailbox.to(next.email)];
  expect(mails.length).toBeGreaterThan(3);
  for (const mail of mails) {
    const secrets = [mail.subject, ...mail.text.split('\n').filter((line) => line.length > 30)];
    if (mail.text.includes('token=')) secrets.push(tokenIn(mail));
    if (/^\d{8}$/m.test(mail.text)) secrets.push(codeIn(mail));
    for (const secret of secrets) expect(everything).not.toContain(secret);
  }
});
