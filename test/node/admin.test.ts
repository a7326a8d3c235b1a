// The commands of `npm run admin`: what they change and print, and what they refuse.
import { describe, expect, it } from 'vitest';
import { commands, type Outcome } from '../../scripts/admin/commands.ts';
import { BCRYPT, NOW_MS, openDatabase, type Scratch } from './import-support.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** An admin (1), two accounts (2, 3), a disabled one (4) and one whose username is another's id (5). */
const openPeopled = (): Scratch => {
  const scratch = openDatabase();
  const person = (id: number, username: string | null, isAdmin = 0, disabledAt: number | null = null) =>
    `(${id}, ${username === null ? 'NULL, NULL' : `'${username}', lower('${username}')`}, 'P${id}@Example.com', 'p${id}@example.com',
      '${BCRYPT}', ${isAdmin}, ${disabledAt}, ${NOW_MS - 40 * DAY_MS}, 0, ${NOW_MS - 31 * DAY_MS})`;
  scratch.database.exec(`INSERT INTO users (id, username, username_key, email, email_key, password_hash, is_admin, disabled_at,
      created_at, updated_at, last_login_at) VALUES
    ${person(1, 'Root', 1)}, ${person(2, 'ann')}, ${person(3, null)}, ${person(4, 'off', 0, 5)}, ${person(5, '2')};
    INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at, user_agent, country) VALUES
      ('s1', 1, 'cookie', 1, 2, ${NOW_MS + 9}, NULL, NULL), ('s2', 2, 'jwt', 60000, ${3 * DAY_MS}, ${NOW_MS + 9}, 'Fire\u001bfox', 'DE'),
      ('s3', 2, 'derived', 1, 2, ${NOW_MS + 9}, NULL, NULL), ('s4', 2, 'cookie', 1, 2, ${NOW_MS}, NULL, NULL)`);
  return scratch;
};

const runOn = (scratch: Scratch, name: string, operand = ''): Promise<Outcome> => {
  const command = commands[name];
  if (!command) throw new Error(`There is no command ${name}.`);
  return command.run(operand, scratch.target.query, NOW_MS, 'https://id.example.com');
};

const say = async (scratch: Scratch, name: string, operand?: string): Promise<string> =>
  (await runOn(scratch, name, operand)).text;

const eventsOf = (scratch: Scratch) =>
  scratch.database
    .prepare('SELECT * FROM events ORDER BY user_id, id')
    .all()
    .map(({ user_id, type, ...rest }) => {
      const { id: _, ...others } = rest;
      expect(others).toEqual({
        actor_id: null,
        dialect: 'cli',
        address_prefix: null,
        user_agent: null,
        created_at: NOW_MS,
      });
      return [user_id, type];
    });

const sessionsOf = (scratch: Scratch) =>
  scratch.database
    .prepare('SELECT id FROM sessions ORDER BY id')
    .all()
    .map(({ id }) => id);

const flagsOf = (scratch: Scratch, id: number) => ({
  ...scratch.database.prepare('SELECT is_admin, disabled_at, updated_at FROM users WHERE id = ?').get(id),
});

describe('the account operand', () => {
  it.each([
    ['ann', 2],
    ['ANN', 2],
    ['username:ann', 2],
    ['p2@example.com', 2],
    [' P2@EXAMPLE.com ', 2],
    ['email:p3@example.com', 3],
    ['3', 3],
    ['id:2', 2],
    ['username:2', 5],
  ])('finds the account by %s', async (operand, id) => {
    expect((await runOn(openPeopled(), 'sessions', operand)).json).toMatchObject({ id });
  });

  it.each(['nobody', '99', 'id:ann', 'username:p2@example.com', "x' OR 1=1 --", 'id:1 OR 1=1'])(
    'finds no account by %s, and changes nothing',
    async (operand) => {
      const scratch = openPeopled();
      for (const name of [
        'grant',
        'revoke',
        'disable',
        'enable',
        'sessions',
        'end-sessions',
        'remove-factors',
        'delete',
      ]) {
        await expect(runOn(scratch, name, operand)).rejects.toThrow(`There is no account ${operand}.`);
      }
      expect(eventsOf(scratch)).toEqual([]);
      expect(scratch.users('id')).toHaveLength(5);
    },
  );

  it('requires id: or username: if it fits two accounts', async () => {
    const scratch = openPeopled();
    await expect(runOn(scratch, 'delete', '2')).rejects.toThrow(
      '2 is the id of one account and the username of another: give id:2 or username:2.',
    );
    expect(scratch.users('id')).toHaveLength(5);
    expect(eventsOf(scratch)).toEqual([]);
  });
});

describe('grant and revoke', () => {
  it('make and unmake an admin, and write one event for each change', async () => {
    const scratch = openPeopled();
    expect(await say(scratch, 'grant', 'ann')).toBe('P2@Example.com is now an admin.');
    expect(flagsOf(scratch, 2)).toEqual({ is_admin: 1, disabled_at: null, updated_at: NOW_MS });
    expect(await say(scratch, 'grant', 'ann')).toBe('P2@Example.com is already an admin.');
    expect(await say(scratch, 'revoke', '1')).toBe('P1@Example.com is no longer an admin.');
    expect(flagsOf(scratch, 1)).toEqual({ is_admin: 0, disabled_at: null, updated_at: NOW_MS });
    expect(await say(scratch, 'revoke', '1')).toBe('P1@Example.com was no admin.');
    expect(eventsOf(scratch)).toEqual([
      [1, 'admin_revoked'],
      [2, 'admin_granted'],
    ]);
    expect(flagsOf(scratch, 3)).toEqual({ is_admin: 0, disabled_at: null, updated_at: 0 });
  });

  it('return the account and whether it changed as JSON', async () => {
    const scratch = openPeopled();
    const account = { id: 2, username: 'ann', email: 'P2@Example.com' };
    expect((await runOn(scratch, 'grant', 'ann')).json).toEqual({ ...account, changed: true });
    expect((await runOn(scratch, 'grant', 'ann')).json).toEqual({ ...account, changed: false });
  });
});

describe('mail to the owner', () => {
  const noticesOf = (scratch: Scratch) =>
    scratch.database
      .prepare('SELECT user_id, kind, details FROM outbox ORDER BY id')
      .all()
      .map(({ user_id, kind, details }) => [user_id, kind, details]);
  const BY_ADMIN = JSON.stringify({ atMs: NOW_MS, byAdmin: true });

  it.each([
    ['grant', 'ann', 2, 'admin_granted'],
    ['revoke', 'root', 1, 'admin_revoked'],
    ['disable', 'ann', 2, 'account_disabled'],
    ['delete', 'id:3', 3, 'account_deleted'],
  ])('queues one mail for %s', async (name, operand, id, kind) => {
    const scratch = openPeopled();
    // Another admin, so that the first one is not the last.
    scratch.database.exec('UPDATE users SET is_admin = 1 WHERE id = 5');
    await runOn(scratch, name, operand);
    expect(noticesOf(scratch)).toEqual([[id, kind, BY_ADMIN]]);
    await runOn(scratch, name, operand).catch(() => null);
    expect(noticesOf(scratch)).toHaveLength(1);
  });

  it('queues no mail for a refused change, enable or end-sessions', async () => {
    const scratch = openPeopled();
    for (const name of ['revoke', 'disable', 'delete'])
      await expect(runOn(scratch, name, 'root')).rejects.toThrow();
    await runOn(scratch, 'enable', 'off');
    await runOn(scratch, 'end-sessions', 'ann');
    expect(noticesOf(scratch)).toEqual([]);
  });
});

describe('the last admin', () => {
  const refusal = 'P1@Example.com: It is the last admin who can log in. Make another one first.';

  it.each(['revoke', 'disable', 'delete'])(
    'cannot be lost by %s, even if another admin is disabled',
    async (name) => {
      const scratch = openPeopled();
      await runOn(scratch, 'grant', 'off');
      const before = scratch.users();
      await expect(runOn(scratch, name, 'root')).rejects.toThrow(refusal);
      expect(scratch.users()).toEqual(before);
      expect(sessionsOf(scratch)).toContain('s1');
      expect(eventsOf(scratch)).toEqual([[4, 'admin_granted']]);
    },
  );

  it.each(['revoke', 'disable', 'delete'])(
    'cannot be lost by %s, even if another admin has an unusable password',
    async (name) => {
      const scratch = openPeopled();
      await runOn(scratch, 'grant', 'ann');
      scratch.database.exec("UPDATE users SET password_hash = '!imported' WHERE id = 2");
      const before = scratch.users();
      await expect(runOn(scratch, name, 'root')).rejects.toThrow(refusal);
      expect(scratch.users()).toEqual(before);
    },
  );

  it.each([
    ['revoke', 'is no longer an admin.'],
    ['disable', 'is disabled; 1 session ended.'],
    ['delete', '(id 1) is removed.'],
  ])('accepts %s if another admin can log in', async (name, said) => {
    const scratch = openPeopled();
    await runOn(scratch, 'grant', 'ann');
    expect(await say(scratch, name, 'root')).toBe(`P1@Example.com ${said}`);
  });
});

describe('disable and enable', () => {
  it('end the sessions, and set and clear disabled_at', async () => {
    const scratch = openPeopled();
    const { text, json } = await runOn(scratch, 'disable', 'ann');
    expect(text).toBe('P2@Example.com is disabled; 2 sessions ended.');
    expect(json).toEqual({
      id: 2,
      username: 'ann',
      email: 'P2@Example.com',
      changed: true,
      endedSessions: 2,
    });
    expect(flagsOf(scratch, 2)).toEqual({ is_admin: 0, disabled_at: NOW_MS, updated_at: NOW_MS });
    expect(sessionsOf(scratch)).toEqual(['s1']);
    expect(await say(scratch, 'disable', 'ann')).toBe('P2@Example.com was disabled already.');
    expect(await say(scratch, 'enable', 'ann')).toBe('P2@Example.com can log in again.');
    expect(flagsOf(scratch, 2)).toEqual({ is_admin: 0, disabled_at: null, updated_at: NOW_MS });
    expect(await say(scratch, 'enable', 'ann')).toBe('P2@Example.com was not disabled.');
    expect(eventsOf(scratch)).toEqual([
      [2, 'disabled'],
      [2, 'enabled'],
    ]);
  });
});

describe('sessions and end-sessions', () => {
  it('show live sessions, the last seen first, and end them all', async () => {
    const scratch = openPeopled();
    expect(await say(scratch, 'sessions', 'ann')).toBe(
      [
        'P2@Example.com',
        '',
        'kind     since (UTC)       last seen         until             country  user agent',
        '-------  ----------------  ----------------  ----------------  -------  -------------',
        'jwt      1970-01-01 00:01  1970-01-04 00:00  2026-01-02 03:04  DE       Fire\\u001bfox',
        'derived  1970-01-01 00:00  1970-01-01 00:00  2026-01-02 03:04',
      ].join('\n'),
    );
    expect((await runOn(scratch, 'sessions', 'ann')).json).toMatchObject({
      id: 2,
      total: 2,
      sessions: [{ kind: 'jwt', country: 'DE', created_at: 60_000 }, { kind: 'derived' }],
    });
    expect(await say(scratch, 'end-sessions', 'ann')).toBe('P2@Example.com is logged out; 2 sessions ended.');
    expect(sessionsOf(scratch)).toEqual(['s1']);
    expect(await say(scratch, 'sessions', 'ann')).toBe('P2@Example.com has no session.');
    expect(eventsOf(scratch)).toEqual([[2, 'sessions_ended']]);
  });
});

describe('remove-factors', () => {
  const open = (): Scratch => {
    const scratch = openPeopled();
    scratch.database.exec(`INSERT INTO factors (id, user_id, kind, name, secret, created_at, confirmed_at) VALUES
        (1, 2, 'totp', 'x', 's', 1, 1), (2, 3, 'totp', 'x', 's', 1, 1), (3, 4, 'totp', 'x', 's', 1, NULL);
      INSERT INTO factors (id, user_id, kind, name, credential_id, created_at, confirmed_at)
        VALUES (4, 2, 'passkey', 'x', 'c', 1, 1);
      INSERT INTO recovery_codes (user_id, hash) VALUES (2, 'a'), (3, 'b');
      INSERT INTO app_passwords (user_id, name, hash, created_at) VALUES (2, 'x', 'a', 1), (3, 'x', 'b', 1)`);
    return scratch;
  };
  const ownersIn = (scratch: Scratch, table: string) =>
    scratch.database
      .prepare(`SELECT user_id FROM ${table} ORDER BY 1`)
      .all()
      .map(({ user_id }) => user_id);

  it("removes the account's factors, codes and app passwords, ends its sessions, queues a mail", async () => {
    const scratch = open();
    expect((await runOn(scratch, 'remove-factors', 'ann')).json).toEqual({
      id: 2,
      username: 'ann',
      email: 'P2@Example.com',
      changed: true,
      removedFactors: 2,
      removedAppPasswords: 1,
      endedSessions: 2,
    });
    expect(ownersIn(scratch, 'factors')).toEqual([3, 4]);
    expect(ownersIn(scratch, 'recovery_codes')).toEqual([3]);
    expect(ownersIn(scratch, 'app_passwords')).toEqual([3]);
    expect(sessionsOf(scratch)).toEqual(['s1']);
    expect(eventsOf(scratch)).toEqual([[2, 'factors_removed']]);
    const mails = scratch.database.prepare('SELECT * FROM outbox').all();
    expect(mails).toMatchObject([
      {
        kind: 'factors_removed',
        user_id: 2,
        address: 'P2@Example.com',
        address_key: 'p2@example.com',
        details: JSON.stringify({ atMs: NOW_MS, byAdmin: true }),
        next_at: NOW_MS,
        expires_at: NOW_MS + DAY_MS,
        attempts: 0,
        done_at: null,
      },
    ]);
  });

  it('does nothing to an account without factors or with an unconfirmed one only', async () => {
    const scratch = open();
    expect(await say(scratch, 'remove-factors', 'off')).toBe(
      'P4@Example.com has neither factors nor app passwords.',
    );
    expect(await say(scratch, 'remove-factors', 'id:1')).toBe(
      'P1@Example.com has neither factors nor app passwords.',
    );
    expect(sessionsOf(scratch)).toEqual(['s1', 's2', 's3', 's4']);
    expect(eventsOf(scratch)).toEqual([]);
    expect(ownersIn(scratch, 'outbox')).toEqual([]);
  });

  it('asks before it removes them', async () => {
    const command = commands['remove-factors'];
    const scratch = open();
    const asked = await command?.ask?.('ann', scratch.target.query, NOW_MS);
    expect(asked?.text).toMatch(/Make sure that its owner asks for it\.$/);
  });
});

describe('delete', () => {
  it('removes the account and its sessions, and keeps the audit log', async () => {
    const scratch = openPeopled();
    expect(await say(scratch, 'delete', 'id:2')).toBe('P2@Example.com (id 2) is removed.');
    expect(scratch.users('id').map(({ id }) => id)).toEqual([1, 3, 4, 5]);
    expect(sessionsOf(scratch)).toEqual(['s1']);
    expect(eventsOf(scratch)).toEqual([[2, 'deleted']]);
    await expect(runOn(scratch, 'delete', 'id:2')).rejects.toThrow('There is no account id:2.');
  });
});
