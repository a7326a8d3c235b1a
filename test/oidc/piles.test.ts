// The limit of grants per session, and requests of an account that has 200,000 grants from before the limit.
import { beforeEach, expect, it } from 'vitest';
import { send, testEnv } from '../support/worker.ts';
import {
  addApp,
  env,
  exchange,
  join,
  type Person,
  REDIRECT,
  refresh,
  signIn,
  type TestApp,
  userInfo,
} from './support-oidc.ts';

/** The limit in src/core/provider/grants.ts. */
const MAX_GRANTS = 100;
/** The number that a script could open in a day before there was a limit. */
const PILE = 200_000;

/** The rows of a pile are spread over this many apps. */
const APPS_OF_PILE = 20;

/** Rows inserted so far: keeps ids unique over all piles. */
let insertedRows = 0;

let app: TestApp;
let person: Person;
let userId: number;

beforeEach(async () => {
  [app, person] = [await addApp(), await join()];
  userId =
    (await testEnv.DB.prepare('SELECT id FROM users WHERE email = ?').bind(person.email).first('id')) ??
    expect.fail('no account');
});

/** Redeemed grants of the account's session, used one after another, the last one `agoMs` ago. */
const insertGrants = async (rows: number, agoMs: number) => {
  const firstId = insertedRows;
  insertedRows += rows;
  await testEnv.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)
     INSERT INTO app_consents (user_id, app_id, app_name, scope, created_at)
     SELECT ?2, ?3 || '-' || i, 'x', 'openid', 1 FROM n`,
  )
    .bind(APPS_OF_PILE, userId, app.id)
    .run();
  return testEnv.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     INSERT INTO app_grants (id, app_id, user_id, session_id, scope, redirect_uri, code_challenge, created_at, redeemed_at)
     SELECT printf('%032x', ?6 + i), ?2 || '-' || CAST(i % ?7 AS INTEGER), ?3, (SELECT id FROM sessions WHERE user_id = ?3), 'openid', ?4, 'x', ?5 - i, ?5 - i
     FROM n`,
  )
    .bind(rows, app.id, userId, REDIRECT, Date.now() - agoMs, firstId, APPS_OF_PILE)
    .run();
};

const countGrants = (): Promise<number | null> =>
  testEnv.DB.prepare('SELECT count(*) AS n FROM app_grants WHERE user_id = ?').bind(userId).first('n');

it('keeps 100 grants per session: a sign-in ends those that were used least recently', async () => {
  const early = await exchange(app, await signIn(app, person));
  // All the others are newer, and this one is in use.
  await insertGrants(MAX_GRANTS - 1, -1_000);
  const used = await refresh(app, early.refresh_token ?? '');
  await testEnv.DB.prepare('UPDATE app_grants SET refreshed_at = ? WHERE refresh_count > 0')
    .bind(Date.now() + 2_000)
    .run();
  const late = await exchange(app, await signIn(app, person));
  expect(await countGrants()).toBe(MAX_GRANTS);
  expect((await userInfo(used.access_token)).status).toBe(200);
  expect((await userInfo(late.access_token)).status).toBe(200);
  const oldest = await testEnv.DB.prepare('SELECT 1 FROM app_grants WHERE id = ?')
    .bind(insertedRows.toString(16).padStart(32, '0'))
    .first();
  expect(oldest).toBeNull();
});

it('ends no grant of another session when it enforces the limit', async () => {
  const other = await join();
  const kept = await exchange(app, await signIn(app, other));
  await insertGrants(MAX_GRANTS + 1, 1_000);
  await signIn(app, person);
  expect((await userInfo(kept.access_token)).status).toBe(200);
});

it('ends all but 100 of 200,000 grants at the next sign-in', async () => {
  await insertGrants(PILE, 1_000);
  const tokens = await exchange(app, await signIn(app, person));
  expect(await countGrants()).toBe(MAX_GRANTS);
  expect((await userInfo(tokens.access_token)).status).toBe(200);
});

it('deletes an account that has 200,000 grants', async () => {
  await insertGrants(PILE, 1_000);
  const gone = await send('/id/me', {
    method: 'DELETE',
    env,
    cookie: person.cookie,
    json: { password: 'four walls and a door' },
  });
  expect([gone.status, await countGrants()]).toEqual([204, 0]);
});
