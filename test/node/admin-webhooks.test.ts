// `npm run admin -- webhook …`: adds webhooks with a secret shown once, lists, disables, removes and replays.
import { describe, expect, it } from 'vitest';
import { runAdmin } from '../../scripts/admin/command-line.ts';
import { showStats } from '../../scripts/admin/stats.ts';
import { listWebhooks, removeWebhook } from '../../scripts/admin/webhooks.ts';
import { TRIGGERS } from '../../src/core/webhooks/triggers.ts';
import { ask, run, usePersistFolders } from './import-cli-support.ts';
import { importRecords, NOW_MS, openDatabase, person, type Scratch } from './import-support.ts';

const persistFolder = usePersistFolders();

const admin = async (scratch: Scratch, ...args: string[]) => {
  const said: string[] = [];
  const status = await runAdmin(args, {
    query: (_flags, statements) => scratch.target.query(statements),
    nowMs: NOW_MS,
    hasTerminal: false,
    confirm: async () => false,
    findOrigin: async () => null,
    print: (text) => said.push(text),
    printError: (text) => said.push(text),
  });
  return { status, said: said.join('\n') };
};

const rows = ({ database }: Scratch, sql: string): Record<string, unknown>[] =>
  database
    .prepare(sql)
    .all()
    .map((row) => ({ ...row }));

const add = async (scratch: Scratch, ...args: string[]): Promise<string> => {
  const { said } = await admin(scratch, 'webhook', 'add', 'https://api.shop.eu/hook', ...args);
  return /^id +(wh_\S+)$/m.exec(said)?.[1] ?? expect.fail(said);
};

describe('webhook add', () => {
  it('shows the secret once, and stores it for the scheduled run to encrypt', async () => {
    const scratch = openDatabase();
    const { status, said } = await admin(scratch, 'webhook', 'add', 'https://api.shop.eu/hook', '--remote');
    const [, id = '', secret = ''] = /^id +(wh_\S+)\nsecret +whsec_(\S+)\n/.exec(said) ?? [];
    expect(status).toBe(0);
    expect(said).toBe(
      `id      ${id}\nsecret  whsec_${secret}\nThe secret is shown only once. Store it now.\nMessages are sent from the next scheduled run on, within five minutes.`,
    );
    const bytes = Buffer.from(secret, 'base64');
    expect(bytes).toHaveLength(32);
    expect(rows(scratch, 'SELECT * FROM webhooks')).toEqual([
      {
        id,
        url: 'https://api.shop.eu/hook',
        event_types: null,
        secret: `plain.${bytes.toString('base64url')}`,
        created_at: NOW_MS,
        disabled_at: null,
        paused_until: 0,
      },
    ]);
    // The API of a deployed database cuts triggers at their semicolons, so the scheduled run creates them.
    expect(rows(scratch, "SELECT name FROM sqlite_schema WHERE type = 'trigger'")).toEqual([]);
    const listed = await admin(scratch, 'webhook', 'list', '--json');
    expect(JSON.parse(listed.said)).toMatchObject([{ id, state: 'on', eventTypes: null, waiting: 0 }]);
    expect(listed.said).not.toContain(secret);
  });

  it('creates the triggers in a local database, which has no scheduled run', async () => {
    const scratch = openDatabase();
    await add(scratch);
    await add(scratch, '--events', 'account.created', 'session.ended');
    expect(rows(scratch, "SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name")).toEqual(
      [...TRIGGERS.keys()].sort().map((name) => ({ name })),
    );
    expect(rows(scratch, 'SELECT event_types FROM webhooks')).toEqual([
      { event_types: null },
      { event_types: '["account.created","session.ended"]' },
    ]);
  });

  it.each([
    'http://api.shop.eu/hook',
    'https://localhost./hook',
    'https://10.0.0.1/hook',
    'https://[::ffff:169.254.169.254]/hook',
    'https://169.254.169.254/latest/meta-data',
    'https://metadata.google.internal/',
    'https://printer.local/',
    'https://intranet/',
    'https://user:password@api.shop.eu/hook',
    'ftp://api.shop.eu/hook',
    'hook',
  ])('refuses %s for the local and the deployed database', async (url) => {
    const scratch = openDatabase();
    for (const place of ['--local', '--remote']) {
      const { status, said } = await admin(scratch, 'webhook', 'add', url, place);
      expect([status, said]).toEqual([
        1,
        `Messages cannot be sent to ${url}. Give an https URL with a public host name${place === '--remote' ? '' : ', or http on localhost'}.`,
      ]);
    }
    expect(rows(scratch, 'SELECT * FROM webhooks')).toEqual([]);
  });

  it.each([
    'http://localhost:3000/hook',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://[::1]/',
  ])('accepts %s, an address of this machine, for the local database only', async (url) => {
    const scratch = openDatabase();
    expect((await admin(scratch, 'webhook', 'add', url)).status).toBe(0);
    expect((await admin(scratch, 'webhook', 'add', url, '--remote')).status).toBe(1);
    expect(rows(scratch, 'SELECT count(*) AS n FROM webhooks')).toEqual([{ n: 1 }]);
  });

  it('refuses an unknown event type, and lists the types', async () => {
    const scratch = openDatabase();
    const { status, said } = await admin(
      scratch,
      'webhook',
      'add',
      'https://api.shop.eu/',
      '--events',
      'account.changed',
    );
    expect(status).toBe(1);
    expect(said).toContain('There is no account.changed. There are account.created, ');
  });
});

const HOUR_MS = 60 * 60 * 1000;

/** Messages of four hours: one for each outcome, and one that waits. */
const withMessages = async () => {
  const scratch = openDatabase();
  const id = await add(scratch);
  const message = (hours: number, outcome: string | null) =>
    `('webhook', '${id}', ${hours}, 'account.created', ${NOW_MS - hours * HOUR_MS}, ${NOW_MS}, 0, 3,
      ${outcome === null ? 'NULL, NULL' : `${NOW_MS}, '${outcome}'`}, 'HTTP 500')`;
  scratch.database.exec(`INSERT INTO deliveries
    (kind, recipient_id, user_id, type, created_at, expires_at, next_at, attempts, done_at, outcome, reason)
    VALUES ${[message(4, 'given_up'), message(3, 'sent'), message(2, 'gone'), message(1, null)].join()}`);
  const outcomes = () =>
    rows(scratch, 'SELECT outcome FROM deliveries ORDER BY id').map((row) => row['outcome']);
  const replay = (...args: string[]) => admin(scratch, 'webhook', 'replay', id, ...args, '--json');
  return { scratch, id, outcomes, replay };
};

const timeBefore = (hours: number): string => new Date(NOW_MS - hours * HOUR_MS).toISOString();

describe('webhook replay', () => {
  it('sends all messages since a time again with --since, delivered or not', async () => {
    const { replay, outcomes, scratch, id } = await withMessages();
    expect(await replay('--since', timeBefore(3))).toEqual({
      status: 0,
      said: JSON.stringify({ id, messages: 2 }, null, 2),
    });
    expect(outcomes()).toEqual(['given_up', null, null, null]);
    expect(
      rows(scratch, 'SELECT attempts, next_at, done_at, reason, expires_at FROM deliveries WHERE id = 2'),
    ).toEqual([
      { attempts: 0, next_at: 0, done_at: null, reason: null, expires_at: NOW_MS + 3 * 24 * HOUR_MS },
    ]);
  });

  it('sends only undelivered messages with --undelivered', async () => {
    const { replay, outcomes } = await withMessages();
    await replay('--since', timeBefore(24), '--undelivered');
    expect(outcomes()).toEqual([null, 'sent', null, null]);
  });

  it('sends the messages of that webhook only', async () => {
    const { scratch, outcomes } = await withMessages();
    const other = await add(scratch);
    await admin(scratch, 'webhook', 'replay', other, '--since', timeBefore(24));
    expect(outcomes()).toEqual(['given_up', 'sent', 'gone', null]);
  });

  it('sends the one message of an id, and none for an id with another time', async () => {
    const { replay, outcomes } = await withMessages();
    await replay('--message', `msg_${NOW_MS - 4 * HOUR_MS}_1`);
    expect(outcomes()).toEqual([null, 'sent', 'gone', null]);
    await replay('--message', `msg_${NOW_MS}_2`);
    expect(outcomes()).toEqual([null, 'sent', 'gone', null]);
  });

  it.each([
    [[], 'Give either --since or --message.'],
    [['--since', 'yesterday'], 'Give a time such as 2026-11-25T08:00:00Z.'],
    [['--message', '1 OR 1'], 'A message is called msg_… as in the header webhook-id.'],
    [['--since', '2026-01-01', '--message', 'msg_1_1'], 'Give either --since or --message.'],
  ])('refuses the arguments %j', async (args, said) => {
    const { replay, outcomes } = await withMessages();
    expect(await replay(...args)).toEqual({ status: 1, said });
    expect(outcomes()).toEqual(['given_up', 'sent', 'gone', null]);
  });

  it('refuses a disabled webhook and an unknown one', async () => {
    const { scratch, id, replay, outcomes } = await withMessages();
    await admin(scratch, 'webhook', 'disable', id);
    expect(await replay('--since', timeBefore(24))).toEqual({
      status: 1,
      said: `${id} is off. Enable it first.`,
    });
    expect(await admin(scratch, 'webhook', 'replay', 'wh_x', '--since', timeBefore(24))).toEqual({
      status: 1,
      said: 'There is no webhook wh_x.',
    });
    expect(outcomes()).toEqual(['given_up', 'sent', 'gone', null]);
  });
});

it('disables, enables and lists a webhook, counts its messages, and removes both', async () => {
  const { scratch, id } = await withMessages();
  const state = async () => JSON.parse((await admin(scratch, 'webhook', 'list', '--json')).said);
  expect(await state()).toEqual([
    {
      id,
      url: 'https://api.shop.eu/hook',
      eventTypes: null,
      state: 'on',
      waiting: 1,
      sent: 1,
      lost: 2,
      lastSentAtMs: NOW_MS,
      lastFailure: 'HTTP 500',
    },
  ]);
  expect((await showStats(scratch.target.query, NOW_MS)).json).toMatchObject({
    messages_of_7_days: { given_up: 1, sent: 1, gone: 1, waiting: 1 },
  });
  expect(await admin(scratch, 'webhook', 'disable', id)).toEqual({
    status: 0,
    said: 'https://api.shop.eu/hook is off.',
  });
  expect(await state()).toMatchObject([{ state: 'off' }]);
  await admin(scratch, 'webhook', 'enable', id);
  expect(await state()).toMatchObject([{ state: 'on' }]);
  expect((await admin(scratch, 'webhook', 'remove', id)).status).toBe(0);
  expect(await state()).toEqual([]);
  expect(rows(scratch, 'SELECT outcome FROM deliveries WHERE outcome IS NULL')).toEqual([]);
  for (const command of ['remove', 'disable', 'enable'])
    expect(await admin(scratch, 'webhook', command, id)).toEqual({
      status: 1,
      said: `There is no webhook ${id}.`,
    });
});

it('reads the messages once to list the webhooks, and finds those to remove by an index', async () => {
  const scratch = openDatabase();
  const id = await add(scratch);
  await add(scratch);
  const asked: string[] = [];
  const place = {
    query: async (statements: readonly string[]) => {
      asked.push(...statements);
      return scratch.target.query(statements);
    },
    isRemote: true,
    nowMs: NOW_MS,
  };
  await listWebhooks(place);
  await removeWebhook(id, place);
  const stepsOn = (table: string): string[] =>
    asked
      .flatMap((sql) => rows(scratch, `EXPLAIN QUERY PLAN ${sql}`))
      .map(({ detail }) => String(detail))
      .filter((step) => step.includes(table) || step.includes('CORRELATED'));
  expect(stepsOn('deliveries')).toEqual([
    'SCAN deliveries',
    expect.stringMatching(/^SCAN deliveries USING (COVERING )?INDEX deliveries_(recipient|order)$/),
    expect.stringMatching(/^SEARCH deliveries USING (COVERING )?INDEX deliveries_(recipient|order) /),
  ]);
});

it('queues messages for the changes of admin commands', async () => {
  const scratch = openDatabase();
  await add(scratch);
  scratch.database.exec(`INSERT INTO users (id, email, email_key, password_hash, created_at, updated_at, last_login_at)
    VALUES (1, 'a@a.test', 'a@a.test', '!', 1, 1, 1);
    INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at) VALUES ('s', 1, 'cookie', 1, 1, ${Date.now() + HOUR_MS})`);
  for (const command of ['grant', 'revoke', 'disable', 'enable', 'delete'])
    await admin(scratch, command, 'id:1', '--yes');
  expect(rows(scratch, 'SELECT type, sid, details FROM deliveries ORDER BY id')).toEqual([
    // The last admin cannot be revoked or disabled.
    { type: 'account.updated', sid: null, details: '{"changed":["admin"]}' },
  ]);
  scratch.database.exec('UPDATE users SET is_admin = 0');
  for (const command of ['disable', 'enable', 'delete']) await admin(scratch, command, 'id:1', '--yes');
  expect(rows(scratch, 'SELECT type, sid FROM deliveries WHERE id > 2 ORDER BY id')).toEqual([
    { type: 'session.ended', sid: 's' },
    { type: 'account.disabled', sid: null },
    { type: 'account.enabled', sid: null },
    { type: 'account.deleted', sid: null },
  ]);
});

it('queues messages for the accounts that an import updates, and none for those that it adds', async () => {
  const scratch = openDatabase();
  const token = { auth_token: 'a'.repeat(40) };
  // The triggers use the time of SQLite: by that the session must be live.
  const nowMs = Date.now();
  await importRecords(scratch, [person('ann', token), person('bob')], { nowMs });
  await add(scratch);
  const again = [person('ann', { is_active: false }), person('bob', { name: 'Bob' }), person('eve')];
  const { counts } = await importRecords(scratch, again, { onConflict: 'update', nowMs });
  expect(counts).toMatchObject({ imported: 1, updated: 2 });
  expect(rows(scratch, 'SELECT user_id, type, details FROM deliveries ORDER BY id')).toEqual([
    { user_id: 1, type: 'session.ended', details: '{"reason":"ended"}' },
    { user_id: 2, type: 'account.updated', details: '{"changed":["name"]}' },
    { user_id: 1, type: 'account.disabled', details: '{}' },
  ]);
});

it('creates complete triggers in a database of wrangler', async () => {
  const folder = persistFolder();
  const added = await run('admin', ['webhook', 'add', 'http://localhost:3000/hook', '--persist-to', folder]);
  expect([added.status, added.stderr]).toEqual([0, '']);
  const triggers = ask(folder, "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'");
  expect(new Map(triggers.map(({ name, sql }) => [name, sql]))).toEqual(TRIGGERS);
});
