// Indexes that only older Workers need: the migrations leave them there, and the clean-up drops them.
import { beforeAll, expect, it } from 'vitest';
import { createTimedCore } from '../../support/clock.ts';
import { send, testEnv, uniqueName } from '../../support/worker.ts';

const { DB, TEST_MIGRATIONS } = testEnv;

/** The statements of the migrations that created the indexes. */
const CREATED = TEST_MIGRATIONS.flatMap(({ queries }) => queries).filter((sql) =>
  /CREATE (?:UNIQUE )?INDEX `(?:sessions_one_derived|users_name_key)`/.test(sql),
);

const indexes = async (): Promise<unknown[]> => {
  const found = DB.prepare(
    "SELECT name FROM sqlite_schema WHERE name IN ('sessions_one_derived', 'users_name_key') ORDER BY name",
  );
  return (await found.all<{ name: string }>()).results.map(({ name }) => name);
};

/** The end of the statement by which the Worker before this one stores each session. */
const STORE_AS_BEFORE = `INSERT INTO sessions (id, user_id, kind, nonce, created_at, last_seen_at, expires_at)
  SELECT ?, id, 'derived', 'n', 1, 1, 9000000000000 FROM users WHERE email = ?
  ON CONFLICT (user_id) WHERE kind = 'derived' DO UPDATE SET last_seen_at = excluded.last_seen_at RETURNING id`;

const register = async () => {
  const username = uniqueName();
  const person = { username, email: `${username}@test.com`, password: 'a blue horse 7' };
  const { text } = await send('/account/register', { json: person });
  return { ...person, token: /[0-9a-f]{40}/.exec(text)?.[0] ?? expect.fail(text) };
};

const sessionsOf = async (email: string): Promise<number | null> =>
  DB.prepare('SELECT count(*) AS n FROM sessions JOIN users ON users.id = user_id WHERE email = ?')
    .bind(email)
    .first<number>('n');

beforeAll(async () => {
  expect(CREATED).toHaveLength(2);
  for (const sql of CREATED) await DB.prepare(sql).run();
});

it('are left by the migrations, so that the Worker before this one still logs people in', async () => {
  const dropped = TEST_MIGRATIONS.flatMap(({ queries }) => queries).filter((sql) =>
    /DROP INDEX `(?:sessions_one_derived|users_name_key)`/.test(sql),
  );
  expect(dropped).toEqual([]);
  const { email, token } = await register();
  const { results } = await DB.prepare(STORE_AS_BEFORE).bind('another', email).all();
  expect(results).toHaveLength(1);
  expect(await sessionsOf(email)).toBe(1);
  expect((await send('/account/profile', { token })).status).toBe(200);
});

it('change nothing for this Worker, and are dropped by its clean-up', async () => {
  const before = await register();
  const logIn = ({ username, password }: typeof before) =>
    send('/account/login', { json: { username, password } });
  expect((await logIn(before)).text).toBe(`{"token":"${before.token}"}`);
  expect(await indexes()).toEqual(['sessions_one_derived', 'users_name_key']);
  const { core } = createTimedCore();
  await core.cleanUp();
  expect(await indexes()).toEqual([]);
  await core.cleanUp();
  expect((await logIn(before)).text).toBe(`{"token":"${before.token}"}`);
  expect(await sessionsOf(before.email)).toBe(1);
});
