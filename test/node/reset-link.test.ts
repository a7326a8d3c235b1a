// `npm run admin -- reset-link`, which prints a link that sets a new password, and disable, on a running service.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AdminTools, runAdmin } from '../../scripts/admin/command-line.ts';
import { type Service, startService } from './support-service.ts';

const PASSWORD = 'four walls and a door';
const NEXT_PASSWORD = 'seven doors and a wall';

let service: Service;

beforeAll(async () => {
  service = await startService({});
});

afterAll(() => service?.close());

const post = (path: string, json: object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(service.origin + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(json),
  });

const join = async (name: string): Promise<string> => {
  const email = `${name}@example.com`;
  expect((await post('/id/register', { email, password: PASSWORD })).status).toBe(201);
  return email;
};

const admin = async (...args: string[]) => {
  const told = { out: '', err: '' };
  const tools: AdminTools = {
    query: async (_, statements) => {
      const rows = [];
      for (const sql of statements) rows.push(await service.query(sql));
      return rows;
    },
    nowMs: Date.now(),
    findOrigin: async ({ isRemote }) => (isRemote ? null : service.origin),
    hasTerminal: false,
    confirm: async () => false,
    print: (text) => {
      told.out += text;
    },
    printError: (text) => {
      told.err += text;
    },
  };
  return { status: await runAdmin(args, tools), ...told };
};

const logIn = (email: string, password = PASSWORD) => post('/id/login', { identifier: email, password });

/** Logs in, and returns how to ask with that session for the account. */
const openSession = async (email: string): Promise<() => Promise<number>> => {
  const opened = await logIn(email);
  expect(opened.status).toBe(200);
  const cookie = opened.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
  return async () => {
    const answer = await fetch(`${service.origin}/id/me`, { headers: { Cookie: cookie.join('; ') } });
    await answer.body?.cancel();
    return answer.status;
  };
};

/** The link that the command prints. */
const linkFor = async (email: string): Promise<URL> => {
  const { status, out } = await admin('reset-link', email);
  expect(status).toBe(0);
  expect(out).toContain(`email     ${email}\n          NOT verified`);
  return new URL(/^http\S+$/m.exec(out)?.[0] ?? expect.fail(out));
};

const tokenIn = (link: URL): string => link.searchParams.get('token') ?? '';

const reset = (token: string, password = NEXT_PASSWORD) => post('/id/password/reset', { token, password });

it('prints a link to a page, whose token sets the password once', async () => {
  const email = await join('kate');
  const link = await linkFor(email);
  const page = await fetch(link);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Set a new password')]);
  expect((await reset(tokenIn(link))).status).toBe(204);
  expect((await logIn(email)).status).toBe(401);
  expect((await logIn(email, NEXT_PASSWORD)).status).toBe(200);
  const again = await reset(tokenIn(link));
  expect([again.status, await again.json()]).toEqual([
    400,
    expect.objectContaining({ code: 'link_expired' }),
  ]);
});

it('ends all sessions when the link is used, not when it is made', async () => {
  const email = await join('theo');
  const sessions = [await openSession(email), await openSession(email)];
  const link = await linkFor(email);
  for (const ask of sessions) expect(await ask()).toBe(200);
  expect((await reset(tokenIn(link))).status).toBe(204);
  for (const ask of sessions) expect(await ask()).toBe(401);
});

it('ends sessions and rejects logins with disable, and allows logins again with enable', async () => {
  const email = await join('yara');
  const ask = await openSession(email);
  const other = await openSession(await join('zora'));
  expect(await ask()).toBe(200);
  expect(await admin('disable', email)).toMatchObject({ status: 0, err: '' });
  expect(await ask()).toBe(401);
  expect((await logIn(email)).status).toBe(401);
  expect(await other()).toBe(200);
  expect(await admin('enable', email)).toMatchObject({ status: 0, err: '' });
  expect(await ask()).toBe(401);
  expect((await logIn(email)).status).toBe(200);
});

it('verifies no email, keeps app passwords, and appears in the audit log', async () => {
  const email = await join('uma');
  await service.execute(
    "INSERT INTO app_passwords (user_id, name, hash, created_at) SELECT id, 'phone', 'x', 1 FROM users WHERE email = ?",
    email,
  );
  expect((await reset(tokenIn(await linkFor(email)))).status).toBe(204);
  const [row] = await service.query(
    `SELECT email_verified_at AS at, (SELECT count(*) FROM app_passwords WHERE user_id = users.id) AS left,
      (SELECT group_concat(type) FROM events WHERE user_id = users.id AND type LIKE 'password%') AS log
     FROM users WHERE email = '${email}'`,
  );
  expect(row).toEqual({ at: null, left: 1, log: 'password_reset_requested,password_reset' });
});

it('expires after an hour, or when another link is made', async () => {
  const email = await join('vera');
  const [first, second] = [await linkFor(email), await linkFor(email)];
  expect((await reset(tokenIn(first))).status).toBe(400);
  const [proof] = await service.query(
    `SELECT expires_at - created_at AS life FROM proofs WHERE requester = 'operator' AND address = '${email}'`,
  );
  expect(proof).toEqual({ life: 60 * 60 * 1000 });
  await service.execute('UPDATE proofs SET expires_at = ? WHERE address = ?', Date.now(), email);
  expect((await reset(tokenIn(second))).status).toBe(400);
});

it('stores nothing in the database that can redeem the link', async () => {
  const email = await join('wanda');
  const token = tokenIn(await linkFor(email));
  const tables = await service.query(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
  );
  const rows: Record<string, unknown>[] = [];
  for (const { name } of tables) rows.push(...(await service.query(`SELECT * FROM "${name}"`)));
  expect(JSON.stringify(rows)).toContain(email);
  expect(JSON.stringify(rows)).not.toContain(token);
  const [proof] = await service.query(
    `SELECT id FROM proofs WHERE requester = 'operator' AND address = '${email}'`,
  );
  for (const guess of [String(proof?.['id']), `op_${String(proof?.['id']).slice(0, 43)}`])
    expect((await reset(guess)).status).toBe(400);
  expect((await reset(token)).status).toBe(204);
});

it('rejects a disabled or unknown account, and --remote without PUBLIC_URL or --url', async () => {
  const email = await join('xena');
  await service.execute('UPDATE users SET disabled_at = 1 WHERE email = ?', email);
  expect(await admin('reset-link', email)).toEqual({
    status: 1,
    out: '',
    err: `${email} is disabled. Enable it first.`,
  });
  expect((await admin('reset-link', 'nobody@example.com')).err).toBe(
    'There is no account nobody@example.com.',
  );
  const remote = await admin('reset-link', email, '--remote');
  expect([remote.status, remote.err]).toEqual([
    2,
    expect.stringContaining(
      'error: PUBLIC_URL is not set. Set it, or give the origin of the pages with --url',
    ),
  ]);
  const other = await admin(
    'reset-link',
    'kate@example.com',
    '--remote',
    '--url',
    'https://id.example.com/x',
  );
  expect(other.out).toContain('\nhttps://id.example.com/reset-password?token=op_');
});
