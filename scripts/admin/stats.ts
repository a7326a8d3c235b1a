// `npm run admin -- stats`: numbers of accounts by kind, and of recent events.

import { writeTable } from '../table.ts';
import type { Query } from './account.ts';

const MS_PER_DAY = 24 * 60 * 60 * 1000;

/** SQL for the kind of a hash: Latchkey's own, or the name that other software uses. */
const HASH_KIND = `CASE
  WHEN password_hash LIKE '$pbkdf2-sha512$i=%,r=%' THEN 'latchkey'
  WHEN password_hash LIKE '!%' THEN 'none'
  WHEN password_hash LIKE '$%' THEN substr(password_hash, 2, instr(substr(password_hash, 2), '$') - 1)
  WHEN instr(password_hash, '$') > 0 THEN substr(password_hash, 1, instr(password_hash, '$') - 1)
  ELSE 'other' END`;

const statements = (nowMs: number): string[] => [
  `SELECT count(*) AS accounts, count(username) AS with_username, coalesce(sum(is_admin), 0) AS admins,
    count(disabled_at) AS disabled, count(CASE WHEN created_at > ${nowMs - 7 * MS_PER_DAY} THEN 1 END) AS new_in_7_days,
    count(CASE WHEN last_login_at > ${nowMs - 30 * MS_PER_DAY} THEN 1 END) AS logged_in_within_30_days FROM users`,
  `SELECT ${HASH_KIND} AS name, count(*) AS n FROM users GROUP BY 1 ORDER BY n DESC, name`,
  `SELECT kind AS name, count(*) AS n FROM sessions WHERE expires_at > ${nowMs} GROUP BY 1 ORDER BY n DESC, name`,
  `SELECT type AS name, count(*) AS n FROM events WHERE created_at > ${nowMs - MS_PER_DAY} GROUP BY 1 ORDER BY n DESC, name`,
  `SELECT coalesce(outcome, 'waiting') AS name, count(*) AS n FROM outbox GROUP BY 1 ORDER BY n DESC, name`,
  `SELECT coalesce(outcome, 'waiting') AS name, count(*) AS n FROM deliveries GROUP BY 1 ORDER BY n DESC, name`,
];

export const showStats = async (query: Query, nowMs: number) => {
  const [[accounts = {}] = [], ...groups] = await query(statements(nowMs));
  const [hashes = {}, sessions = {}, events = {}, mails = {}, messages = {}] = groups.map((rows) =>
    Object.fromEntries(rows.map((row) => [String(row['name']), Number(row['n'])])),
  );
  const table = (title: string, counts: Record<string, unknown>) => {
    const rows = Object.entries(counts).map(([name, count]) => [name, Number(count)]);
    return writeTable([title, 'number'], rows.length > 0 ? rows : [['none', 0]]);
  };
  return {
    text: [
      table('accounts', withSpaces(accounts)),
      table('password hashes', hashes),
      table('live sessions', sessions),
      table('events of 24 hours', withSpaces(events)),
      table('mails of 24 hours', withSpaces(mails)),
      table('messages of 7 days', withSpaces(messages)),
    ].join('\n\n'),
    json: {
      ...accounts,
      hashes,
      sessions,
      events_of_24_hours: events,
      mails_of_24_hours: mails,
      messages_of_7_days: messages,
    },
  };
};

const withSpaces = (counts: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(counts).map(([name, count]) => [name.replaceAll('_', ' '), count]));
