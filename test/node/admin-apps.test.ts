// `npm run admin -- client …`: adds apps with a secret that is shown once, lists and removes them.
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { runAdmin } from '../../scripts/admin/command-line.ts';
import { NOW_MS, openDatabase, type Scratch } from './import-support.ts';

/** @param answer the answer to a question at the terminal; null for no terminal */
const runWith = async (answer: boolean | null, scratch: Scratch, ...args: string[]) => {
  const said: string[] = [];
  const status = await runAdmin(['client', ...args], {
    query: (_flags, statements) => scratch.target.query(statements),
    nowMs: NOW_MS,
    hasTerminal: answer !== null,
    confirm: async (question) => {
      said.push(question);
      return answer === true;
    },
    findOrigin: async () => null,
    print: (text) => said.push(text),
    printError: (text) => said.push(text),
  });
  return { status, said: said.join('\n') };
};

const run = (scratch: Scratch, ...args: string[]) => runWith(null, scratch, ...args);

const rows = (scratch: Scratch, sql: string) => scratch.database.prepare(sql).all();

it('adds an app, stores only the hash of its secret, and lists it', async () => {
  const scratch = openDatabase();
  const added = await run(
    scratch,
    'add',
    "Ann's shop",
    '--redirect',
    'https://shop.example/cb',
    'http://127.0.0.1/cb',
    '--sign-out',
    'https://shop.example/',
  );
  const [, id = '', secret = ''] = /client_id +(\S+)\nclient_secret +(\S{43})\n/.exec(added.said) ?? [];
  expect(added.status).toBe(0);
  expect(rows(scratch, 'SELECT * FROM apps').map((row) => ({ ...row }))).toEqual([
    {
      id,
      name: "Ann's shop",
      secret_hash: createHash('sha256').update(secret).digest('hex'),
      redirect_uris: '["https://shop.example/cb","http://127.0.0.1/cb"]',
      sign_out_uris: '["https://shop.example/"]',
      logout_uri: null,
      asks_consent: 1,
      created_at: NOW_MS,
    },
  ]);
  const listed = await run(scratch, 'list');
  expect(listed.said).toContain(id);
  expect(listed.said).not.toContain(secret);
});

it('adds an app without a secret with --public, and without consent with --trusted', async () => {
  const scratch = openDatabase();
  const added = await run(
    scratch,
    'add',
    'Phone',
    '--redirect',
    'com.example.app:/cb',
    '--public',
    '--trusted',
  );
  expect(added.said).toContain('none: the app proves itself by PKCE alone');
  expect({ ...rows(scratch, 'SELECT secret_hash, asks_consent FROM apps')[0] }).toEqual({
    secret_hash: null,
    asks_consent: 0,
  });
});

it.each(['http://shop.example/cb', 'javascript:alert(1)', 'https://shop.example/#x', 'shop'])(
  'refuses the redirect address %s',
  async (uri) => {
    const scratch = openDatabase();
    const { status, said } = await run(scratch, 'add', 'Shop', '--redirect', uri);
    expect([status, said.includes('cannot be used')]).toEqual([1, true]);
    expect(rows(scratch, 'SELECT * FROM apps')).toEqual([]);
  },
);

it('accepts 20 addresses and not 21, and no line separator in the name', async () => {
  const scratch = openDatabase();
  const addresses = Array.from({ length: 21 }, (_, at) => `https://shop.example/${at}`);
  expect((await run(scratch, 'add', 'Shop', '--redirect', ...addresses)).said).toContain(
    'at most 20 addresses',
  );
  expect((await run(scratch, 'add', 'Shop', '--redirect', ...addresses.slice(1))).status).toBe(0);
  expect((await run(scratch, 'add', 'a\u2028b', '--redirect', 'https://shop.example/')).status).toBe(1);
  expect(rows(scratch, 'SELECT * FROM apps')).toHaveLength(1);
});

it('refuses an app without an address or with an invalid name', async () => {
  const scratch = openDatabase();
  expect((await run(scratch, 'add', 'Shop')).status).toBe(2);
  expect((await run(scratch, 'add', ' ', '--redirect', 'https://shop.example/cb')).status).toBe(1);
  expect((await run(scratch, 'add', 'x'.repeat(61), '--redirect', 'https://shop.example/cb')).status).toBe(1);
});

it('removes an app with its consents and grants, and reports an unknown one', async () => {
  const scratch = openDatabase();
  const added = await run(scratch, 'add', 'Shop', '--redirect', 'https://shop.example/cb');
  const [, id = ''] = /client_id +(\S+)/.exec(added.said) ?? [];
  scratch.database.exec(`INSERT INTO users (id, email, email_key, password_hash, created_at, updated_at, last_login_at) VALUES (1, 'a@a.test', 'a@a.test', '!', 1, 1, 1);
    INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at) VALUES ('s', 1, 'cookie', 1, 1, 9);
    INSERT INTO app_consents VALUES (1, '${id}', 'Shop', 'openid', 1);
    INSERT INTO app_grants (id, app_id, user_id, session_id, scope, redirect_uri, code_challenge, created_at) VALUES ('g', '${id}', 1, 's', 'openid', 'x', 'y', 1)`);
  expect((await run(scratch, 'remove', id, '--yes')).status).toBe(0);
  for (const table of ['apps', 'app_consents', 'app_grants'])
    expect([table, rows(scratch, `SELECT * FROM ${table}`)]).toEqual([table, []]);
  expect(await run(scratch, 'remove', id, '--yes')).toEqual({ status: 1, said: `There is no app ${id}.` });
});

it('deletes at most 1,000 grants and consents itself, after the app: the clean-up deletes the rest', async () => {
  const scratch = openDatabase();
  const added = await run(scratch, 'add', 'Shop', '--redirect', 'https://shop.example/cb');
  const [, id = ''] = /client_id +(\S+)/.exec(added.said) ?? [];
  scratch.database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
    INSERT INTO users (id, email, email_key, password_hash, created_at, updated_at, last_login_at) SELECT i, i, i, '!', 1, 1, 1 FROM n;
    INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at) VALUES ('s', 1, 'cookie', 1, 1, 9);
    INSERT INTO app_consents SELECT id, '${id}', 'Shop', 'openid', 1 FROM users;
    INSERT INTO app_grants (id, app_id, user_id, session_id, scope, redirect_uri, code_challenge, created_at) SELECT id, '${id}', 1, 's', 'openid', 'x', 'y', 1 FROM users`);
  expect((await run(scratch, 'remove', id, '--yes')).status).toBe(0);
  expect(
    ['apps', 'app_consents', 'app_grants'].map((table) => rows(scratch, `SELECT * FROM ${table}`).length),
  ).toEqual([0, 1, 1]);
});

it('shows the app and asks before it removes it, or requires --yes without a terminal', async () => {
  const scratch = openDatabase();
  const added = await run(scratch, 'add', 'Shop', '--redirect', 'https://shop.example/cb');
  const [, id = ''] = /client_id +(\S+)/.exec(added.said) ?? [];
  expect(await run(scratch, 'remove', id)).toEqual({ status: 2, said: expect.stringContaining('add --yes') });
  expect(await runWith(false, scratch, 'remove', id)).toEqual({
    status: 1,
    said: `Shop (${id}) is used by 0.\nRemove it? Its client_id and secret are lost, and all its tokens end.\nNothing was done.`,
  });
  expect(rows(scratch, 'SELECT id FROM apps')).toHaveLength(1);
  expect((await runWith(true, scratch, 'remove', 'nosuch')).said).toBe('There is no app nosuch.');
  expect((await runWith(true, scratch, 'remove', id)).status).toBe(0);
  expect(rows(scratch, 'SELECT id FROM apps')).toEqual([]);
});
