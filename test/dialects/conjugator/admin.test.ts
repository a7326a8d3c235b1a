// `conjugator`: the list of users for admins: who can read it, its pages, and the link to the next one.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, json, ORIGIN, send, testEnv, uniqueName } from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  return `${status} ${text}`;
};

const LIST = '/api/admin/users';
const password = 'Tom Brady';
const MORE_THAN_A_PAGE = 1_100;

const join = async () => {
  const email = `${uniqueName()}@quahog.com`;
  const fields = { first_name: 'Peter', last_name: 'Griffin', email, password };
  const made = await send('/api/register', { json: fields });
  const id = Number(/"id":(\d+)/.exec(made.text)?.[1] ?? expect.fail(made.text));
  const { text } = await send('/api/login', { json: { username: email, password } });
  const token = /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
  return { id, token, user: { id, first_name: 'Peter', last_name: 'Griffin', email } };
};

let admin: Awaited<ReturnType<typeof join>>;
let plain: Awaited<ReturnType<typeof join>>;
/** Every id, in order: the two above and those inserted into D1. */
let ids: number[] = [];
beforeAll(async () => {
  admin = await join();
  plain = await join();
  await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(admin.id).run();
  await testEnv.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     INSERT INTO users (email, email_key, password_hash, created_at, updated_at, last_login_at)
     SELECT 'n' || i || '@quahog.com', 'n' || i || '@quahog.com', 'none', i, i, i FROM n`,
  )
    .bind(MORE_THAN_A_PAGE)
    .run();
  const { results } = await testEnv.DB.prepare('SELECT id FROM users ORDER BY id').all();
  ids = results.map(({ id }) => Number(id));
});

const list = (query = '') => send(LIST + query, { token: admin.token });

/** The ids of a page, in its order. */
const idsOf = (answer: Answer): number[] => {
  expect(answer.status).toBe(200);
  const users = json(answer);
  if (!Array.isArray(users)) return expect.fail(answer.text);
  return users.map((user: unknown) =>
    typeof user === 'object' && user !== null && 'id' in user ? Number(user.id) : expect.fail(answer.text),
  );
};

/** The path of the next page; null if there is none. */
const nextOf = ({ headers }: Answer): string | null => {
  const link = headers.get('Link');
  if (link === null) return null;
  const address = /^<([^>]+)>; rel="next"$/.exec(link)?.[1] ?? expect.fail(link);
  const { origin, pathname, search } = new URL(address, ORIGIN);
  expect([origin, pathname]).toEqual([ORIGIN, LIST]);
  return pathname + search;
};

describe('access to GET /api/admin/users', () => {
  it('answers 401 without credentials', async () => {
    for (const path of [LIST, `${LIST}/`, `${LIST}?limit=0`]) {
      const answer = await send(path);
      expect(whole(answer)).toBe('401 {"detail":"Authentication credentials were not provided."}');
      expect(answer.headers.get('WWW-Authenticate')).toBe('Token');
    }
  });

  it('answers 403 for a user who is not an admin', async () => {
    for (const path of [LIST, `${LIST}/`, `${LIST}?limit=0`])
      expect(whole(await send(path, { token: plain.token }))).toBe(
        '403 {"detail":"You do not have permission to perform this action."}',
      );
  });

  it('answers 403 for an admin as soon as the role is removed', async () => {
    const other = await join();
    const set = (is: number) =>
      testEnv.DB.prepare('UPDATE users SET is_admin = ? WHERE id = ?').bind(is, other.id).run();
    const ask = () => send(`${LIST}?limit=1`, { token: other.token });
    await set(1);
    expect((await ask()).status).toBe(200);
    await set(0);
    expect((await ask()).status).toBe(403);
    await testEnv.DB.prepare('DELETE FROM users WHERE id = ?').bind(other.id).run();
  });
});

describe('page of users', () => {
  it('contains only an array of users by id, each with the four keys', async () => {
    for (const path of [LIST, `${LIST}/`]) {
      const answer = await send(`${path}?limit=2`, { token: admin.token });
      expect(whole(answer)).toBe(`200 ${JSON.stringify([admin.user, plain.user])}`);
    }
    const nameless = await list(`?limit=1&after=${plain.id}`);
    const user = { id: ids[2], first_name: '', last_name: '', email: 'n1@quahog.com' };
    expect(whole(nameless)).toBe(`200 ${JSON.stringify([user])}`);
  });

  it.each([
    ['', 100],
    ['?limit=', 100],
    ['?limit=abc', 100],
    ['?limit=10abc', 100],
    ['?limit=1', 1],
    ['?limit=2', 2],
    ['?limit=0', 1],
    ['?limit=-1', 1],
    ['?limit=-1000', 1],
    ['?limit=999', 999],
    ['?limit=1000', 1000],
    ['?limit=1001', 1000],
    ['?limit=99999999999999999999', 1000],
  ])('answers the query `%s` with %i users', async (query, count) => {
    const answer = await list(query);
    expect(idsOf(answer)).toEqual(ids.slice(0, count));
    expect(nextOf(answer)).not.toBeNull();
  });

  it('begins after the id in `after`, whether or not a user has it', async () => {
    const [first = 0, second = 0] = ids;
    expect(idsOf(await list(`?limit=3&after=${second}`))).toEqual(ids.slice(2, 5));
    expect(idsOf(await list(`?limit=3&after=${first - 1}`))).toEqual(ids.slice(0, 3));
    for (const after of ['', 'abc', '-5', '0'])
      expect(idsOf(await list(`?limit=3&after=${after}`))).toEqual(ids.slice(0, 3));
  });

  it('contains no users and no link after the last id', async () => {
    const last = ids.at(-1) ?? expect.fail();
    for (const after of [last, last + 1, '9'.repeat(30)]) {
      const answer = await list(`?after=${after}`);
      expect(whole(answer)).toBe('200 []');
      expect(answer.headers.has('Link')).toBe(false);
    }
  });
});

describe('link to the next page', () => {
  it('appears only if more users follow', async () => {
    const thirdLast = ids.at(-3) ?? expect.fail();
    for (const limit of [2, 3]) {
      const answer = await list(`?limit=${limit}&after=${thirdLast}`);
      expect(idsOf(answer)).toEqual(ids.slice(-2));
      expect(nextOf(answer)).toBeNull();
    }
    const one = await list(`?limit=1&after=${thirdLast}`);
    expect(idsOf(one)).toEqual(ids.slice(-2, -1));
    expect(nextOf(one)).not.toBeNull();
  });

  it.each(['', '?limit=400', '?limit=1000'])(
    'leads from `%s` to the end, past every user exactly once',
    async (query) => {
      const seen: number[] = [];
      const sizes: number[] = [];
      for (let path: string | null = LIST + query; path !== null; ) {
        const answer: Answer = await send(path, { token: admin.token });
        const page = idsOf(answer);
        seen.push(...page);
        sizes.push(page.length);
        path = nextOf(answer);
      }
      expect(seen).toEqual(ids);
      expect(new Set(sizes.slice(0, -1)).size).toBe(1);
    },
  );

  it('appears in the answer to HEAD too', async () => {
    const answer = await send(`${LIST}?limit=5`, { method: 'HEAD', token: admin.token });
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(nextOf(answer)).toBe(nextOf(await list('?limit=5')));
  });
});
