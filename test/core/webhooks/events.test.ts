// Events for webhooks: one for every change, however it is written; none without a change, and none without a webhook.
import { createExecutionContext, createScheduledController, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSealing } from '../../../src/core/sealing.ts';
import { createKeyring, cryptoRandom, sha256Hex } from '../../../src/core/secrets.ts';
import { TRIGGERS } from '../../../src/core/webhooks/triggers.ts';
import type { Env } from '../../../src/env.ts';
import worker from '../../../src/index.ts';
import { createTimedCore, DAY_MS, someAccount, someAdmin, someClient } from '../../support/clock.ts';
import { measure, observe } from '../../support/counting.ts';
import { createMailbox, tokenIn } from '../../support/mail.ts';
import {
  addWebhook,
  forgetWebhooks,
  installTriggers,
  type Receiver,
  readDeliveries,
  startReceiver,
} from '../../support/receiver.ts';
import { json, send, sessionCookie, testEnv, uniqueName } from '../../support/worker.ts';

const PASSWORD = 'four walls and a door';
const NEW_PASSWORD = 'five doors and a wall';

let receiver: Receiver;

beforeEach(async () => {
  await forgetWebhooks();
  receiver = startReceiver();
});

afterEach(() => receiver.stop());

interface Person {
  id: number;
  sub: string;
  username: string;
  email: string;
  cookie: string;
}

const join = async (): Promise<Person> => {
  const username = uniqueName();
  const email = `${username}@test.com`;
  const answer = await send('/id/register', { json: { username, email, password: PASSWORD, name: 'Mary' } });
  const row = await testEnv.DB.prepare('SELECT id, public_id AS sub FROM users WHERE username = ?')
    .bind(username)
    .first<{ id: number; sub: string }>();
  if (!row) return expect.fail(answer.text);
  return { ...row, username, email, cookie: sessionCookie(answer) ?? expect.fail(answer.text) };
};

/** The events since the last call, without the data of the account. */
const told = (): object[] =>
  receiver.taken.splice(0).map(({ json: { type, data } }) => {
    const { account: _, ...rest } = data;
    return { type, ...rest };
  });

const sessionIdOf = (cookie: string): Promise<string> => sha256Hex(cookie);

describe('a webhook for all types', () => {
  let person: Person;
  let subject: { id: number; sub: string };

  beforeEach(async () => {
    await addWebhook();
    person = await join();
    subject = { id: person.id, sub: person.sub };
    expect(told()).toEqual([{ type: 'account.created', ...subject }]);
  });

  it.each([
    ['id', 'PATCH', '/id/me', { name: 'Mary Ann' }, ['name']],
    ['id', 'PATCH', '/id/me', { description: 'About me', address: 'Main Street 1' }, ['profile']],
    ['id', 'PATCH', '/id/me', { name: 'Eve', siteUrl: 'https://eve.example.com' }, ['name', 'profile']],
  ])(
    'gets the names of the changed fields of a profile: %s %s %s %j',
    async (_dialect, method, path, fields, changed) => {
      const answer = await send(path, { method, json: fields, cookie: person.cookie });
      expect([answer.status, answer.text]).toEqual([200, expect.anything()]);
      expect(told()).toEqual([{ type: 'account.updated', ...subject, changed }]);
    },
  );

  it('gets two events for two changes within a minute, of which the audit log has the first', async () => {
    for (const name of ['One', 'Two']) {
      await send('/id/me', { method: 'PATCH', json: { name }, cookie: person.cookie });
    }
    expect(told()).toHaveLength(2);
    const logged = await testEnv.DB.prepare('SELECT type FROM events WHERE user_id = ? ORDER BY id')
      .bind(person.id)
      .all();
    expect(logged.results).toEqual([{ type: 'registered' }, { type: 'profile_changed' }]);
  });

  it('gets no event if the fields keep their values', async () => {
    await send('/id/me', { method: 'PATCH', json: { name: 'Mary' }, cookie: person.cookie });
    expect(told()).toEqual([]);
  });

  it.each([
    ['email', '/id/me/email', { email: 'other-mary@test.com' }],
    ['username', '/id/me/username', { username: 'othermary1' }],
  ])('gets the change of the %s and the new id of the session', async (field, path, change) => {
    const before = await sessionIdOf(person.cookie);
    const answer = await send(path, {
      method: 'PUT',
      json: { password: PASSWORD, ...change },
      cookie: person.cookie,
    });
    const cookie = sessionCookie(answer) ?? expect.fail(answer.text);
    expect(told()).toEqual([
      {
        type: 'session.ended',
        ...subject,
        sid: before,
        reason: 'renewed',
        renewedAs: await sessionIdOf(cookie),
      },
      { type: 'account.updated', ...subject, changed: [field] },
    ]);
  });

  it('gets the change of the password and the ended sessions, but no password or token', async () => {
    const login = await send('/id/login', { json: { identifier: person.email, password: PASSWORD } });
    const other = sessionCookie(login) ?? expect.fail(login.text);
    const answer = await send('/id/me/password', {
      method: 'PUT',
      json: { current: PASSWORD, next: NEW_PASSWORD, currentPassword: PASSWORD, newPassword: NEW_PASSWORD },
      cookie: person.cookie,
    });
    const cookie = sessionCookie(answer) ?? expect.fail(answer.text);
    const bodies = receiver.taken.map(({ body }) => body).join();
    expect(told()).toEqual([
      { type: 'account.updated', ...subject, changed: ['password'] },
      { type: 'session.ended', ...subject, sid: await sessionIdOf(other), reason: 'ended' },
      expect.objectContaining({ type: 'session.ended', reason: 'renewed' }),
    ]);
    for (const secret of [PASSWORD, NEW_PASSWORD, cookie, other, person.cookie, 'pbkdf2'])
      expect(bodies).not.toContain(secret);
    const { results } = await testEnv.DB.prepare('SELECT * FROM deliveries').all();
    expect(results.length).toBeGreaterThan(0);
    const stored = JSON.stringify(results);
    for (const secret of [PASSWORD, NEW_PASSWORD, cookie, other, 'pbkdf2', person.email, person.username])
      expect(stored).not.toContain(secret);
  });

  it('gets no event for a login, even if it replaces an outdated hash', async () => {
    const env = { ...testEnv, PASSWORD_ITERATIONS: '1001' };
    const hashOf = () =>
      testEnv.DB.prepare('SELECT password_hash FROM users WHERE id = ?')
        .bind(person.id)
        .first('password_hash');
    const before = await hashOf();
    const login = await send('/id/login', { json: { identifier: person.email, password: PASSWORD }, env });
    expect(login.status).toBe(200);
    expect(await hashOf()).not.toBe(before);
    expect(told()).toEqual([]);
  });

  it('gets the end of a session by logout', async () => {
    await send('/id/logout', { method: 'POST', cookie: person.cookie });
    expect(told()).toEqual([
      { type: 'session.ended', ...subject, sid: await sessionIdOf(person.cookie), reason: 'ended' },
    ]);
  });

  it('gets the end of a session that its owner ends from another one', async () => {
    const login = await send('/id/login', { json: { identifier: person.email, password: PASSWORD } });
    const id = await sessionIdOf(sessionCookie(login) ?? expect.fail(login.text));
    await send(`/id/sessions/${id}`, { method: 'DELETE', cookie: person.cookie });
    expect(told()).toEqual([{ type: 'session.ended', ...subject, sid: id, reason: 'ended' }]);
  });

  it('gets the end of a session beyond the limit, which a login ends', async () => {
    const env = { ...testEnv, MAX_SESSIONS: '1' };
    await send('/id/login', { json: { identifier: person.email, password: PASSWORD }, env });
    expect(told()).toEqual([
      { type: 'session.ended', ...subject, sid: await sessionIdOf(person.cookie), reason: 'ended' },
    ]);
  });

  it('gets the end of an expired session when the clean-up removes it', async () => {
    const id = await sessionIdOf(person.cookie);
    await testEnv.DB.prepare('UPDATE sessions SET expires_at = 1000 WHERE id = ?').bind(id).run();
    const timed = createTimedCore();
    await timed.core.cleanUp();
    await (await timed.core.webhooks()).sendDue();
    await timed.settle();
    expect(told()).toEqual([{ type: 'session.ended', ...subject, sid: id, reason: 'expired' }]);
  });

  it('gets in order that an account is disabled, enabled, made an admin, verified and deleted', async () => {
    const { core, settle } = createTimedCore();
    const actorId = await someAdmin();
    for (const action of ['disabled', 'enabled', 'admin_granted', 'email_verified'] as const) {
      await core.admin.apply(person.id, action, actorId, someClient);
      // A second time changes nothing.
      await core.admin.apply(person.id, action, actorId, someClient);
      await settle();
    }
    await core.accounts.remove(person.id, someClient, { actorId });
    await settle();
    expect(told()).toEqual([
      { type: 'session.ended', ...subject, sid: await sessionIdOf(person.cookie), reason: 'ended' },
      { type: 'account.disabled', ...subject },
      { type: 'account.enabled', ...subject },
      { type: 'account.updated', ...subject, changed: ['admin'] },
      { type: 'account.verified', ...subject },
      { type: 'account.deleted', ...subject },
    ]);
  });

  it('gets the deletion of an account by its owner after the end of its sessions', async () => {
    const answer = await send('/id/me', {
      method: 'DELETE',
      json: { password: PASSWORD },
      cookie: person.cookie,
    });
    expect(answer.status).toBe(204);
    expect(told()).toEqual([
      { type: 'session.ended', ...subject, sid: await sessionIdOf(person.cookie), reason: 'ended' },
      { type: 'account.deleted', ...subject },
    ]);
  });

  it('gets the reset of a password by a mailed link', async () => {
    const mailbox = createMailbox();
    await send('/id/password/forgot', { json: { identifier: person.email }, env: mailbox.env });
    const token = tokenIn(mailbox.last(person.email));
    expect(told()).toEqual([]);
    const answer = await send('/id/password/reset', {
      json: { token, password: NEW_PASSWORD },
      env: mailbox.env,
    });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(told()).toEqual([
      { type: 'account.updated', ...subject, changed: ['password'] },
      { type: 'session.ended', ...subject, sid: await sessionIdOf(person.cookie), reason: 'ended' },
      // The link was mailed: its use proves access to the mailbox of that address.
      { type: 'account.verified', ...subject },
    ]);
  });

  it('gets changes that are written to D1 without a request', async () => {
    await testEnv.DB.prepare("UPDATE users SET email = 'x@y.test', email_key = 'x@y.test' WHERE id = ?")
      .bind(person.id)
      .run();
    await testEnv.DB.prepare('DELETE FROM users WHERE id = ?').bind(person.id).run();
    const timed = createTimedCore();
    await (await timed.core.webhooks()).sendDue();
    expect(told()).toEqual([
      { type: 'account.updated', ...subject, changed: ['email'] },
      { type: 'session.ended', ...subject, sid: await sessionIdOf(person.cookie), reason: 'ended' },
      { type: 'account.deleted', ...subject },
    ]);
  });
});

it('sends a webhook only the types that it is registered for', async () => {
  const webhook = await addWebhook(['account.deleted', 'account.updated']);
  const { core, register, settle } = createTimedCore();
  const { account } = await register('cookie');
  await core.accounts.update(account, { name: 'New' }, 'profile_changed', someClient);
  await core.accounts.remove(account.id, someClient);
  await settle();
  expect(receiver.types()).toEqual(['account.updated', 'account.deleted']);
  expect(receiver.taken.every(({ url }) => url === webhook.url)).toBe(true);
});

it('sends no event for accounts that an import inserts, but one for its updates', async () => {
  await addWebhook();
  const name = uniqueName();
  await testEnv.DB.batch([
    testEnv.DB.prepare(
      `INSERT INTO users (username, username_key, email, email_key, password_hash, created_at, updated_at, last_login_at)
        VALUES (?1, ?1, ?1, ?1, '!', 0, 0, 0)`,
    ).bind(name),
    testEnv.DB.prepare('UPDATE users SET updated_at = 1, name = ?1 WHERE username = ?1').bind(name),
  ]);
  expect(await readDeliveries()).toMatchObject([{ type: 'account.updated' }]);
});

it('assigns a public id to an account of an older version, and sends it', async () => {
  await addWebhook();
  const { core, register, settle } = createTimedCore();
  const { account } = await register('cookie');
  await testEnv.DB.prepare('UPDATE users SET public_id = NULL WHERE id = ?').bind(account.id).run();
  await core.accounts.update(account, { name: 'New' }, 'profile_changed', someClient);
  await settle();
  const sub = await testEnv.DB.prepare('SELECT public_id FROM users WHERE id = ?')
    .bind(account.id)
    .first<string>('public_id');
  expect(sub).toMatch(/^[0-9a-f]{32}$/);
  expect(receiver.taken.at(-1)?.json.data['sub']).toBe(sub);
});

describe('the scheduled run', () => {
  const runCron = async (env: Env = testEnv): Promise<void> => {
    const context = createExecutionContext();
    await worker.scheduled(createScheduledController({ cron: '*/5 * * * *' }), env, context);
    await waitOnExecutionContext(context);
  };

  const triggersInD1 = async () =>
    new Map(
      (
        await testEnv.DB.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all<{
          name: string;
          sql: string;
        }>()
      ).results.map(({ name, sql }) => [name, sql]),
    );

  const secretOf = (id: string) =>
    testEnv.DB.prepare('SELECT secret FROM webhooks WHERE id = ?').bind(id).first<string>('secret');

  it('creates triggers for the first webhook, replaces outdated ones, drops them with the last', async () => {
    await addWebhook();
    for (const name of TRIGGERS.keys()) await testEnv.DB.prepare(`DROP TRIGGER ${name}`).run();
    await runCron();
    expect(await triggersInD1()).toEqual(TRIGGERS);
    await testEnv.DB.prepare('DROP TRIGGER deliver_account_deleted').run();
    await testEnv.DB.prepare(
      'CREATE TRIGGER deliver_account_deleted AFTER DELETE ON users BEGIN SELECT 1; END',
    ).run();
    await testEnv.DB.prepare(
      'CREATE TRIGGER deliver_of_another_version AFTER DELETE ON users BEGIN SELECT 1; END',
    ).run();
    await runCron();
    expect(await triggersInD1()).toEqual(TRIGGERS);
    // The same names, one of them with another text.
    await testEnv.DB.prepare('DROP TRIGGER deliver_account_deleted').run();
    await testEnv.DB.prepare(
      'CREATE TRIGGER deliver_account_deleted AFTER DELETE ON users BEGIN SELECT 1; END',
    ).run();
    await runCron();
    expect(await triggersInD1()).toEqual(TRIGGERS);
    await forgetWebhooks();
    await runCron();
    expect((await triggersInD1()).size).toBe(0);
  });

  it('creates no trigger without a webhook, and asks D1 twice', async () => {
    await runCron();
    const { env, operations } = observe();
    await runCron(env);
    expect((await triggersInD1()).size).toBe(0);
    expect(operations.d1).toBe(2);
  });

  it('encrypts the secret of a webhook, and again when TOKEN_SECRET is replaced', async () => {
    const webhook = await addWebhook();
    const plain = await secretOf(webhook.id);
    expect(plain).toMatch(/^plain\./);
    await runCron();
    const sealed = (await secretOf(webhook.id)) ?? '';
    expect(sealed).toMatch(/^[0-9a-f]{8}\./);
    const next: Env & { TOKEN_SECRET: string; TOKEN_SECRET_PREVIOUS: string } = {
      ...testEnv,
      TOKEN_SECRET: 'the next secret, which is long enough too',
      TOKEN_SECRET_PREVIOUS: String(testEnv.TOKEN_SECRET),
    };
    await runCron(next);
    const rotated = (await secretOf(webhook.id)) ?? '';
    expect(rotated.slice(0, 9)).not.toBe(sealed.slice(0, 9));
    const later = { ...testEnv, TOKEN_SECRET: next.TOKEN_SECRET };
    await createTimedCore(undefined, later).register('cookie');
    const [message] = receiver.taken;
    if (!message) return expect.fail('There is no message.');
    expect(webhook.verify(message)).toMatchObject({ type: 'account.created' });
    // The secret is bound to its webhook: it does not unseal in the row of another.
    const sealing = createSealing(createKeyring([later.TOKEN_SECRET]), cryptoRandom);
    expect(await sealing.unseal(rotated, `webhook:${webhook.id}`)).not.toBeNull();
    expect(await sealing.unseal(rotated, 'webhook:other')).toBeNull();
  });

  it('keeps messages if the secret of the webhook cannot be read, and sends nothing unsigned', async () => {
    const webhook = await addWebhook();
    await testEnv.DB.prepare("UPDATE webhooks SET secret = '00000000.AAAAAAAAAAAAAAAA.AAAA' WHERE id = ?")
      .bind(webhook.id)
      .run();
    await join();
    expect(receiver.offered).toEqual([]);
    expect(await readDeliveries()).toMatchObject([{ outcome: null, reason: 'secret cannot be read' }]);
  });

  it('sends messages even if mails cannot be sent, and fails for those', async () => {
    await addWebhook();
    receiver.obstacle = () => new Response(null, { status: 500 });
    await join();
    receiver.obstacle = null;
    await testEnv.DB.prepare('UPDATE deliveries SET next_at = 0').run();
    const mailbox = createMailbox();
    const { env } = observe(mailbox.env);
    await testEnv.DB.prepare('ALTER TABLE outbox RENAME TO outbox_away').run();
    try {
      await expect(runCron(env)).rejects.toThrow();
    } finally {
      await testEnv.DB.prepare('ALTER TABLE outbox_away RENAME TO outbox').run();
    }
    expect(receiver.types()).toEqual(['account.created']);
  });
});

describe('the cost of webhooks', () => {
  const costs = async () => {
    const username = uniqueName();
    const fields = { username, email: `${username}@test.com`, password: PASSWORD, name: 'Mary' };
    const registered = await measure('/id/register', { json: fields });
    const cookie = sessionCookie(registered.answer) ?? expect.fail(registered.answer.text);
    const steps = [
      registered,
      await measure('/id/login', { json: { identifier: fields.email, password: PASSWORD } }),
      await measure('/id/me', { cookie }),
      await measure('/id/me', { method: 'PATCH', json: { name: 'Eve' }, cookie }),
      await measure('/id/logout', { method: 'POST', cookie }),
    ];
    expect(steps.map(({ answer }) => Math.floor(answer.status / 100))).toEqual([2, 2, 2, 2, 2]);
    return steps.map(({ operations }) => operations);
  };

  it('adds no round trip without a webhook or with one for other types', async () => {
    const without = await costs();
    // Registration: one query whether the names are free, then one batch. Login: account and counter, then one batch.
    expect(without.map(({ d1 }) => d1)).toEqual([2, 2, 1, 2, 2]);
    await installTriggers();
    expect(await costs()).toEqual(without);
    await addWebhook(['account.disabled']);
    expect(await costs()).toEqual(without);
    expect(await readDeliveries()).toEqual([]);
  });

  it('adds no wait before the response: messages are sent after it', async () => {
    await addWebhook(['account.created']);
    let release = (): void => {};
    receiver.obstacle = () =>
      new Promise((resolve) => {
        release = () => resolve(new Response(null, { status: 204 }));
      });
    const timed = createTimedCore();
    const created = await timed.core.accounts.create(someAccount(), {
      client: someClient,
      open: null,
      replaces: null,
    });
    expect(created.ok).toBe(true);
    await expect.poll(() => receiver.offered.length).toBe(1);
    expect(receiver.taken).toEqual([]);
    release();
    await timed.settle();
    expect(receiver.taken).toHaveLength(1);
  });

  it('keeps a row for a week', async () => {
    await addWebhook();
    await join();
    const timed = createTimedCore();
    timed.advance(6 * DAY_MS);
    expect(await timed.core.cleanUp()).toMatchObject({ messages: 0 });
    timed.advance(2 * DAY_MS);
    expect(await timed.core.cleanUp()).toMatchObject({ messages: 1 });
  });
});

it('queues no event for a registration that fails', async () => {
  await addWebhook();
  const person = await join();
  const again = await send('/id/register', {
    json: { username: person.username, email: 'other@test.com', password: PASSWORD },
  });
  expect([again.status, json(again)]).toEqual([
    409,
    {
      type: 'urn:latchkey:problem:taken',
      title: 'The username or email is taken.',
      status: 409,
      code: 'taken',
      errors: [{ name: 'username', code: 'taken', message: 'This is already taken.' }],
    },
  ]);
  expect(receiver.types()).toEqual(['account.created']);
});
