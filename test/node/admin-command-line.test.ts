// The command line of `npm run admin`: its questions, --yes, its error messages and its output.
import { describe, expect, it } from 'vitest';
import { type AdminTools, runAdmin } from '../../scripts/admin/command-line.ts';
import { BCRYPT, NOW_MS, openDatabase, type Scratch } from './import-support.ts';

interface Told {
  status: number;
  out: string;
  err: string;
  questions: string[];
  /** The flags that wrangler was given, one list for each query. */
  places: (readonly string[])[];
}

/** Runs a command line against a database. The answer is that to each question; null for no terminal. */
const admin = async (scratch: Scratch, answer: boolean | null, ...args: string[]): Promise<Told> => {
  const told: Omit<Told, 'status'> = { out: '', err: '', questions: [], places: [] };
  const tools: AdminTools = {
    query: (flags, statements) => {
      told.places.push(flags);
      return scratch.target.query(statements);
    },
    nowMs: NOW_MS,
    findOrigin: async ({ isRemote }) => (isRemote ? null : 'http://127.0.0.1:8787'),
    hasTerminal: answer !== null,
    confirm: async (question) => {
      told.questions.push(question);
      return answer === true;
    },
    print: (text) => {
      told.out += `${text}\n`;
    },
    printError: (text) => {
      told.err += `${text}\n`;
    },
  };
  return { status: await runAdmin(args, tools), ...told };
};

/** An admin (1) and two accounts: one with a verified email (2), and one that anybody may have registered (3). */
const openPeopled = (): Scratch => {
  const scratch = openDatabase();
  const person = (id: number, name: string, isAdmin: number, verifiedAt: number | null) =>
    `(${id}, '${name}', '${name}', '${name}@example.com', '${name}@example.com', '${BCRYPT}', ${isAdmin}, ${verifiedAt},
      ${NOW_MS - 60_000 * id}, 0, 0)`;
  scratch.database.exec(`INSERT INTO users (id, username, username_key, email, email_key, password_hash, is_admin,
      email_verified_at, created_at, updated_at, last_login_at) VALUES
    ${person(1, 'root', 1, null)}, ${person(2, 'ann', 0, NOW_MS - 1)}, ${person(3, 'kate', 0, null)}`);
  return scratch;
};

const isAdmin = (scratch: Scratch, id: number): unknown =>
  scratch.database.prepare('SELECT is_admin FROM users WHERE id = ?').get(id)?.['is_admin'];

const GRANT_QUESTION = 'Make this account an admin, who can see, disable and delete every account?';
const KATE = [
  'id        3',
  'email     kate@example.com',
  '          NOT verified: the person who registered with it may not be its owner',
  'username  kate',
  'created   2026-01-02 03:01 UTC',
].join('\n');
const ANN = [
  'id        2',
  'email     ann@example.com',
  '          verified 2026-01-02 03:04 UTC: its owner has shown that mail to it arrives',
  'username  ann',
  'created   2026-01-02 03:02 UTC',
].join('\n');

describe('admin grant', () => {
  it.each([
    ['kate', 3, KATE],
    ['ann@example.com', 2, ANN],
  ])('shows the account of %s, asks, and makes it an admin', async (operand, id, shown) => {
    const scratch = openPeopled();
    const told = await admin(scratch, true, 'grant', operand);
    expect(told.questions).toEqual([`${shown}\n${GRANT_QUESTION}`]);
    expect(told).toMatchObject({ status: 0, err: '' });
    expect(told.out).toMatch(/ is now an admin\.\n$/);
    expect(isAdmin(scratch, id)).toBe(1);
  });

  it('does nothing if the answer is no', async () => {
    const scratch = openPeopled();
    const told = await admin(scratch, false, 'grant', 'kate');
    expect(told).toMatchObject({ status: 1, out: '', err: 'Nothing was done.\n' });
    expect(isAdmin(scratch, 3)).toBe(0);
    expect(scratch.database.prepare('SELECT count(*) AS n FROM events').get()).toEqual({ n: 0 });
  });

  it('changes the account that it showed, even if another one takes its name meanwhile', async () => {
    const scratch = openPeopled();
    const findOrigin = async () => null;
    const tools = { nowMs: NOW_MS, findOrigin, hasTerminal: true, print: () => {}, printError: () => {} };
    const status = await runAdmin(['grant', 'kate'], {
      ...tools,
      query: (_, statements) => scratch.target.query(statements),
      confirm: async () => {
        scratch.database.exec("UPDATE users SET username = 'kay', username_key = 'kay' WHERE id = 3");
        scratch.database.exec("UPDATE users SET username = 'kate', username_key = 'kate' WHERE id = 2");
        return true;
      },
    });
    expect([status, isAdmin(scratch, 3), isAdmin(scratch, 2)]).toEqual([0, 1, 0]);
  });

  it('reports an unknown account before it asks', async () => {
    const told = await admin(openPeopled(), true, 'grant', 'nobody');
    expect(told).toMatchObject({ status: 1, err: 'There is no account nobody.\n', questions: [] });
  });
});

describe('admin without a terminal', () => {
  it.each(['delete', 'grant'])('does not run %s, and requires --yes', async (name) => {
    const scratch = openPeopled();
    const before = scratch.users();
    const told = await admin(scratch, null, name, 'kate');
    expect(told).toMatchObject({ status: 2, out: '', places: [] });
    expect(told.err).toContain(
      `\`${name}\` asks before it is done, and there is no terminal: add --yes if you are sure`,
    );
    expect(scratch.users()).toEqual(before);
  });

  it.each([
    ['delete', '--yes', 'kate@example.com (id 3) is removed.\n'],
    ['delete', '-y', 'kate@example.com (id 3) is removed.\n'],
    ['grant', '--yes', 'kate@example.com is now an admin.\n'],
  ])('runs %s with %s without a question', async (name, flag, out) => {
    expect(await admin(openPeopled(), null, name, 'kate', flag)).toMatchObject({
      status: 0,
      out,
      questions: [],
    });
  });

  it.each(['disable', 'enable', 'revoke', 'sessions', 'end-sessions'])(
    'runs %s without --yes, because it can be undone',
    async (name) => {
      expect(await admin(openPeopled(), null, name, 'kate')).toMatchObject({ status: 0, err: '' });
    },
  );
});

it('shows the account and asks before delete', async () => {
  const scratch = openPeopled();
  const told = await admin(scratch, true, 'delete', '3');
  expect(told.questions).toEqual([`${KATE}\nRemove this account and all that is stored of it, for good?`]);
  expect(scratch.users('id')).toEqual([{ id: 1 }, { id: 2 }]);
});

describe('an invalid command line', () => {
  it.each([
    [['promote', 'ann'], "error: unknown command 'promote'"],
    [['grnat', 'ann'], "error: unknown command 'grnat'\n(Did you mean grant?)"],
    [['toString'], "error: unknown command 'toString'"],
    [['stats', '--fast'], "error: unknown option '--fast'"],
    [['stats', '--remot'], "error: unknown option '--remot'\n(Did you mean --remote?)"],
    [['grant'], "error: missing required argument 'account'"],
    [['grant', 'ann', 'bob'], "error: too many arguments for 'grant'. Expected 1 argument but got 2."],
    [['stats', 'ann'], "error: too many arguments for 'stats'. Expected 0 arguments but got 1."],
    [['stats', '--local', '--remote'], 'error: give --local or --remote, not both'],
    [['grant', 'ann\u202e', '--fa\u009bst'], "error: unknown option '--fa\\u009bst'"],
  ])('exits with 2 and the reason: %j', async (args, message) => {
    const told = await admin(openPeopled(), true, ...args);
    expect(told).toMatchObject({ status: 2, out: '', places: [], questions: [] });
    expect(told.err).toContain(message);
  });

  it('shows the usage if it is empty', async () => {
    const told = await admin(openPeopled(), true);
    expect(told).toMatchObject({ status: 2, out: '' });
    expect(told.err).toContain('Usage: npm run admin -- <command> [account] [flags]');
    expect(await admin(openPeopled(), true, '--help')).toMatchObject({ status: 0, err: '' });
  });
});

it('accepts flags before and after the command, and passes them to wrangler for each query', async () => {
  const local = ['--local', '--persist-to', '/tmp/x', '--env='];
  for (const args of [
    ['--persist-to', '/tmp/x', 'stats'],
    ['stats', '--persist-to', '/tmp/x'],
    ['--', 'stats', '--persist-to=/tmp/x'],
  ])
    expect((await admin(openPeopled(), true, ...args)).places).toEqual([local]);
  const told = await admin(
    openPeopled(),
    true,
    'grant',
    'kate',
    '--remote',
    '--env',
    'staging',
    '-c',
    'a.toml',
  );
  const remote = ['--remote', '--config', 'a.toml', '--env=staging'];
  expect(told.places).toEqual([remote, remote]);
});

it('escapes the control characters of a name', async () => {
  const scratch = openPeopled();
  scratch.database.exec("UPDATE users SET username = 'k' || char(0x9b, 0x202e, 10) || 'te' WHERE id = 3");
  const told = await admin(scratch, true, 'grant', 'id:3');
  expect(told.questions[0]).toContain('username  k\\u009b\\u202e\\u000ate\n');
});

it('lists 100 sessions and counts the rest', async () => {
  const scratch = openPeopled();
  scratch.database.exec(`INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    SELECT 's' || i, 3, 'cookie', i, i, ${NOW_MS + 1} FROM n`);
  const { out } = await admin(scratch, true, 'sessions', 'kate');
  expect(out.split('\n')).toHaveLength(4 + 100 + 3);
  expect(out).toMatch(/\n\nand 4900 more\n$/);
});
