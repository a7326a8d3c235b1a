// Every statement that the Worker can send to D1 finds its rows by an index, with few users and with many.
import { beforeAll, describe, expect, it } from 'vitest';
import { testEnv } from '../../support/worker.ts';
import { type Asked, askEverything, planOf } from './query-plans-support.ts';

const MANY = 5000;

/** Rows in every table, most of them alike, which a planner with statistics could prefer to scan. */
const FILLING = [
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MANY})
   INSERT INTO users (username, username_key, email, email_key, password_hash, name, name_key, created_at,
     updated_at, last_login_at)
   SELECT 'member' || i, 'member' || i, 'm' || i || '@test.com', 'm' || i || '@test.com', '-', 'Member',
     iif(i % 10, 'member', NULL), 0, 0, 0 FROM n`,
  `INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at)
   SELECT 's' || id, id, 'cookie', 0, 0, 9000000000000 FROM users WHERE username LIKE 'member%'`,
  `INSERT INTO events (user_id, type, dialect, created_at) SELECT id, 'login', 'test', 0 FROM users`,
  `INSERT INTO login_failures (key, count, last_at) SELECT 'filling:' || id, 1, 0 FROM users`,
  `INSERT INTO proofs (id, purpose, user_id, address, address_key, requester, password_mark,
     created_at, expires_at)
   SELECT 'filling:' || id, 'verify_email', id, email, email_key, 'filling', '-', 0, 9000000000000 FROM users`,
  `INSERT INTO outbox (kind, user_id, address, address_key, locale, created_at, expires_at, next_at, attempts)
   SELECT 'new_device', id, email, email_key, 'en', 0, 9000000000000, 0, 1 FROM users`,
  `INSERT INTO deliveries (kind, recipient_id, user_id, type, created_at, expires_at, next_at, attempts, done_at)
   SELECT 'webhook', 'w', id, 'session.ended', 0, 9000000000000, 0, 1, iif(id % 2, NULL, 1) FROM users`,
];

/** A step that reads rows by an index or by the primary key. */
const FINDS = /^SEARCH \w+ (EXISTS )?USING ((INTEGER )?PRIMARY KEY|(COVERING )?INDEX \w+) \(/;

/** Steps that read no table of ours: subqueries, and the few accounts that a device names, as JSON. */
const READS_NO_TABLE = [
  /^(CORRELATED )?(SCALAR|LIST) SUBQUERY \d+$/,
  /^SCAN json_each VIRTUAL TABLE INDEX \d+:$/,
  /^CREATE BLOOM FILTER$/,
  /^USING INDEX \w+ FOR IN-OPERATOR$/,
  /^MULTI-INDEX OR$/,
  /^INDEX \d+$/,
  // Subqueries that end with a LIMIT: their own steps say how they find their rows.
  /^(CO-ROUTINE|SCAN|SEARCH) (page|first|latest|counted)$/,
  // The recipients of messages, found one after the other by an index.
  /^(MATERIALIZE|SCAN) recipients$/,
  // The apps that have grants, found the same way.
  /^(MATERIALIZE|CO-ROUTINE|SCAN) app_ids$/,
  /^(SETUP|RECURSIVE STEP)$/,
  /^CORRELATED LIST SUBQUERY \d+$/,
  /^SCAN CONSTANT ROW$/,
];

/** Steps that are allowed although they read more, by the beginning of the statement. */
const EXCEPTIONS: readonly { sql: RegExp; step: RegExp; why: string }[] = [
  {
    sql: /^select max\("user_id"\) from "events"$/,
    step: /^SEARCH events USING PRIMARY KEY$/,
    why: 'Reads the last row, by which the clean-up knows where the events end.',
  },
  {
    sql: /^select "user_id", "id" from \(select .* from "events" where .* limit \?\) "page"/,
    step: /^USE TEMP B-TREE FOR ORDER BY$/,
    why: 'Finds the last of the events that the clean-up reads with one statement.',
  },
  {
    sql: /^insert into "events" .*row_number\(\).* from "outbox" where/s,
    step: /^((CO-ROUTINE|SCAN) \(subquery-\d+\)|USE TEMP B-TREE FOR ORDER BY)$/,
    why: 'Numbers the mails that one run gives up, by their accounts.',
  },
  {
    sql: /^delete from "outbox" where .* order by "outbox"."id" asc limit \?/,
    step: /^SCAN outbox$/,
    why: 'The clean-up reads the oldest mails in the order of their ids, up to its limit.',
  },
  {
    sql: /^delete from "deliveries" where .* order by "deliveries"."id" asc limit \?/,
    step: /^SCAN deliveries$/,
    why: 'The clean-up reads the oldest messages in the order of their ids, up to its limit.',
  },
  {
    sql: /^update "deliveries" .*WITH RECURSIVE recipients/s,
    step: /^USE TEMP B-TREE FOR ORDER BY$/,
    why: 'Sorts what the statement looks at: a bounded number of messages of each recipient.',
  },
  {
    sql: /^update "deliveries" .*WITH RECURSIVE recipients/s,
    step: /^SCAN (json_each|account) VIRTUAL TABLE INDEX 1:( FOR EACH ROW)?$/,
    why: 'Reads the accounts of one request for each recipient.',
  },
  {
    sql: /^update "deliveries" set "done_at" = .*CROSS JOIN deliveries AS waiting/s,
    step: /^SCAN webhooks$/,
    why: 'The scheduled run looks at all webhooks: a few rows.',
  },
  {
    sql: /^select /,
    step: /^SCAN (webhooks|sqlite_schema|apps)$/,
    why: 'The scheduled run reads all webhooks and the names of triggers, and whether any app has a logout address: a few rows.',
  },
  {
    sql: /^delete from "login_failures" where .* limit \?/,
    step: /^SCAN login_failures$/,
    why: 'The clean-up reads a table that has 4,096 rows at the most.',
  },
  {
    sql: /^select .* from "factors" where \("factors"."kind" = 'totp' and substr\(.* limit \?/,
    step: /^SCAN factors USING INDEX factors_one_totp$/,
    why: 'While a secret is replaced, the scheduled run reads the authenticator apps, and no passkeys, up to its limit.',
  },
  {
    sql: /^select .* from "factors" where .*substr\("factors"."secret", 1, 6\) = 'plain\.'/,
    step: /^SCAN factors USING INDEX factors_plain$/,
    why: 'The index has only what an import wrote and the scheduled run is yet to encrypt.',
  },
  {
    sql: /^select "id" from "apps" where \(EXISTS /,
    step: /^SCAN apps$/,
    why: 'Finds the app of an origin. Operators register apps, so they are few.',
  },
  {
    sql: /^SELECT 1 FROM users LIMIT 1$/,
    step: /^SCAN users USING COVERING INDEX \w+$/,
    why: 'The health check reads one row, whichever comes first.',
  },
  {
    sql: /^select .* from "sessions" where \("sessions"\."user_id" = \?/,
    step: /^USE TEMP B-TREE FOR ORDER BY$/,
    why: 'Sorts the sessions of one account, found by an index.',
  },
  {
    sql: /^delete from "app_(grants|consents)" where/,
    step: /^USE TEMP B-TREE FOR ORDER BY$/,
    why: 'Sorts the grants of one session or the apps of one account, at most a hundred, found by an index.',
  },
  {
    sql: /^select .* from "users" where \(is_admin = 1 and/,
    step: /^USE TEMP B-TREE FOR ORDER BY$/,
    why: 'Sorts the admins, which are few, found by their index.',
  },
  {
    sql: /^select count\(\*\) from \(select 1 as "one" from "users" where disabled_at IS NOT NULL limit \?\)/,
    step: /^SCAN users USING (COVERING )?INDEX users_disabled_(id|email)$/,
    why: 'Counts the disabled accounts by their index, up to a limit.',
  },
  {
    why: 'A session has at most 100 grants: they are sorted by when they were used, which three columns say.',
    sql: /^delete from "app_grants" where "app_grants"\."id" in/,
    step: /^USE TEMP B-TREE FOR ORDER BY$/,
  },
  {
    sql: /^select .* from "apps" order by/,
    step: /^(SCAN apps|USE TEMP B-TREE FOR ORDER BY)$/,
    why: 'Lists the registered apps for admins, at most 500: operators register them by hand.',
  },
  {
    sql: /^insert into "recovery_codes"/,
    step: /^SCAN json_each VIRTUAL TABLE INDEX 1: FOR EACH ROW$/,
    why: 'Writes the ten codes of one account.',
  },
  {
    sql: /^insert into "events" .* from "apps" where/,
    step: /^SCAN apps EXISTS$/,
    why: 'Looks for one app by its id: SQLite reads a table of a few rows faster than its index.',
  },
];

const isSound = (sql: string, step: string): boolean =>
  FINDS.test(step) ||
  READS_NO_TABLE.some((form) => form.test(step)) ||
  EXCEPTIONS.some((exception) => exception.sql.test(sql) && exception.step.test(step));

/** The steps of these statements that are not allowed. */
const unsoundSteps = async (statements: Iterable<string>): Promise<string[]> => {
  const found: string[] = [];
  for (const sql of new Set(statements)) {
    const steps = await planOf(sql);
    found.push(...steps.filter((step) => !isSound(sql, step)).map((step) => `${step} <- ${sql}`));
  }
  return found;
};

let asked: Map<string, Asked>;

beforeAll(async () => {
  asked = await askEverything();
}, 60_000);

/** All statements except those about triggers and indexes, which have no plan. */
const allStatements = (): string[] =>
  [...asked.values()]
    .flatMap(({ statements }) => statements)
    .filter((sql) => !/^(?:CREATE|DROP) (?:TRIGGER|INDEX)/.test(sql));

it.each([
  ['a scan of a table', 'SELECT * FROM users WHERE description = ?', 'SCAN users'],
  ['a scan of an index', 'SELECT email_key FROM users', 'SCAN users USING COVERING INDEX users_email_key'],
  [
    'a sort of all accounts',
    'SELECT id FROM users WHERE id > ? ORDER BY description',
    'USE TEMP B-TREE FOR ORDER BY',
  ],
  [
    'JSON that is read again for each row',
    'UPDATE users SET description = value FROM json_each(?) WHERE users.id = value AND name_key IS NULL',
    'SCAN json_each VIRTUAL TABLE INDEX 1: FOR EACH ROW',
  ],
])('reports a plan with %s', async (_, sql, step) => {
  expect(await unsoundSteps([sql])).toEqual([`${step} <- ${sql}`]);
});

/** The number of places in each file. */
const countByFile = (places: Iterable<string>): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const place of places) {
    const file = place.split(':')[0] ?? '';
    counts[file] = (counts[file] ?? 0) + 1;
  }
  return counts;
};

it('runs every place in the core that asks D1', () => {
  const sources = import.meta.glob<string>('../../../src/core/**/*.ts', {
    query: '?raw',
    import: 'default',
    eager: true,
  });
  const inSources = Object.entries(sources).flatMap(([path, text]) =>
    Array.from(text.matchAll(/\bstore\.(primary|read)\(/g), () => path.slice(path.lastIndexOf('/') + 1)),
  );
  const seen = new Set([...asked.values()].flatMap(({ callSites }) => [...callSites]));
  expect(inSources.length).toBeGreaterThan(20);
  expect(countByFile(seen)).toEqual(countByFile(inSources));
});

it('reads and writes every table', () => {
  const statements = allStatements().join('\n');
  for (const table of ['users', 'sessions', 'events', 'login_failures', 'proofs', 'outbox', 'deliveries']) {
    expect(statements).toMatch(new RegExp(`from "?${table}\\b`, 'i'));
    expect(statements).toMatch(new RegExp(`(insert into|update|delete from) "${table}"`, 'i'));
  }
});

describe('every statement', () => {
  it('finds its rows by an index with few users', async () => {
    expect(await unsoundSteps(allStatements())).toEqual([]);
  });

  it(`finds its rows by an index with ${MANY} users`, async () => {
    for (const sql of FILLING) await testEnv.DB.prepare(sql).run();
    expect(await unsoundSteps(allStatements())).toEqual([]);
  });

  it('finds its rows by an index after ANALYZE', async () => {
    await testEnv.DB.prepare('ANALYZE').run();
    const { results } = await testEnv.DB.prepare('SELECT DISTINCT tbl FROM sqlite_stat1').all();
    expect(results.length).toBeGreaterThanOrEqual(4);
    expect(await unsoundSteps(allStatements())).toEqual([]);
  });
});

it('uses every exception in the list', () => {
  const statements = allStatements();
  for (const { sql } of EXCEPTIONS) expect(statements.some((statement) => sql.test(statement))).toBe(true);
});
