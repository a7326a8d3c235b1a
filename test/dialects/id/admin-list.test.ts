// GET /id/admin/accounts: the list of all accounts, in pages.
import { beforeAll, describe, expect, it } from 'vitest';
import { send, testEnv, uniqueName } from '../../support/worker.ts';
import { ACCOUNTS, idsIn, nextOf, shownToAdmin } from './support-admin.ts';
import { atFixedTime, bearer, called, join, joinAdmin, tokenFor, whole } from './support-id.ts';

let token = '';
beforeAll(async () => {
  token = await tokenFor(await joinAdmin());
});

const open = (query: string, by = token) => send(`${ACCOUNTS}${query}`, bearer(by));

/** The ids of all accounts, in order. */
const allIds = async (): Promise<number[]> =>
  (await testEnv.DB.prepare('SELECT id FROM users ORDER BY id').all<{ id: number }>()).results.map(
    ({ id }) => id,
  );

/** Creates accounts that nobody logs in to. */
const addAccounts = async (count: number): Promise<void> => {
  const insert = testEnv.DB.prepare(
    `INSERT INTO users (username, username_key, email, email_key, password_hash, created_at, updated_at, last_login_at)
     VALUES (?1, ?1, ?1 || '@test.com', ?1 || '@test.com', '', 0, 0, 0)`,
  );
  await testEnv.DB.batch(Array.from({ length: count }, () => insert.bind(`${uniqueName()}_`)));
};

describe('a page of GET /id/admin/accounts', () => {
  atFixedTime();

  it('lists whole accounts in order of their ids, and links to the next page', async () => {
    const admin = await tokenFor(await joinAdmin());
    const before = (await allIds()).at(-1);
    const [first, second, third] = [await join({ name: 'Ann' }), await joinAdmin(), await join()];
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 86400000 WHERE id = ?').bind(third.id).run();
    const page = await open(`?limit=2&after=${before}`, admin);
    const accounts = [shownToAdmin(first, called('Ann')), shownToAdmin(second, { isAdmin: true })];
    expect(whole(page)).toBe(`200 ${JSON.stringify({ accounts })}`);
    expect(page.headers.get('Link')).toBe(
      `<https://latchkey.test/id/admin/accounts?limit=2&after=${second.id}>; rel="next"`,
    );
    const last = await open(`?limit=2&after=${second.id}`, admin);
    const disabled = shownToAdmin(third, { disabledAt: '1970-01-02T00:00:00.000Z' });
    expect(whole(last)).toBe(`200 ${JSON.stringify({ accounts: [disabled] })}`);
    expect(last.headers.get('Link')).toBeNull();
    expect(whole(await open(`?after=${third.id}`, admin))).toBe('200 {"accounts":[]}');
  });

  it('contains no password, hash or key', async () => {
    const { text } = await open('?limit=1000');
    expect(text).not.toMatch(/password|hash|pbkdf2|_key|Key"/i);
  });
});

describe('paging of GET /id/admin/accounts', () => {
  it.each([1, 2, 7, 1000])(
    'lists each account once, in order, in pages of %i, the last without a link',
    async (size) => {
      await addAccounts(5);
      const seen: number[] = [];
      for (let path: string | null = `${ACCOUNTS}/?limit=${size}`; path !== null; ) {
        const page = await send(path, bearer(token));
        expect(page.status).toBe(200);
        expect(idsIn(page).length).toBeLessThanOrEqual(size);
        seen.push(...idsIn(page));
        path = nextOf(page);
      }
      expect(seen).toEqual(await allIds());
    },
  );

  it('skips no account if others are created or deleted between two pages', async () => {
    await addAccounts(4);
    const ids = await allIds();
    const first = await open('?limit=3');
    await testEnv.DB.prepare('DELETE FROM users WHERE id = ?').bind(ids[2]).run();
    await addAccounts(1);
    const second = await send(nextOf(first) ?? '', bearer(token));
    const left = (await allIds()).filter((id) => id > (ids[2] ?? 0));
    expect(idsIn(second)).toEqual(left.slice(0, 3));
    expect(left.length).toBeGreaterThan(1);
  });

  it('takes a limit from 1 to 1,000, and 100 by default', async () => {
    await addAccounts(1001);
    const ids = await allIds();
    const SIZES: [string, number][] = [
      ['', 100],
      ['?limit=', 100],
      ['?limit=x', 100],
      ['?limit=NaN', 100],
      ['?limit=Infinity', 100],
      ['?limit=0', 1],
      ['?limit=-1', 1],
      ['?limit=3.7', 3],
      ['?limit=1000', 1000],
      ['?limit=1001', 1000],
      ['?limit=1e99', 1000],
    ];
    for (const [query, size] of SIZES) {
      const page = await open(query);
      expect(idsIn(page)).toEqual(ids.slice(0, size));
      expect(nextOf(page)).toBe(`${ACCOUNTS}?limit=${size}&after=${ids[size - 1]}`);
    }
  });

  it.each(['', 'x', '-1', '1e2', '0x1', '1.5', 'NaN', '%00', "'", 'name:1:x', '1234567890123456'])(
    'starts with the first account if the cursor is invalid: %j',
    async (after) => {
      const page = await open(`?limit=2&after=${after}`);
      expect(idsIn(page)).toEqual((await allIds()).slice(0, 2));
    },
  );
});
