// The target that writes and reads the deployed database by wrangler; here with a local database.
import { describe, expect, it } from 'vitest';
import { insertAccounts, insertSessions } from '../../scripts/import/sql.ts';
import { openWithWrangler, Taken } from '../../scripts/import/target.ts';
import { usePersistFolders } from './import-cli-support.ts';
import { BCRYPT, NOW_MS, tempFolder } from './import-support.ts';

const persistFolder = usePersistFolders();

describe('import target that calls wrangler', () => {
  const account = (name: string, text = '') => ({
    id: null,
    sourceId: null,
    username: name,
    usernameKey: name,
    email: `${name}@example.com`,
    emailKey: `${name}@example.com`,
    passwordHash: BCRYPT,
    name: text,
    firstName: '',
    lastName: '',
    address: '',
    siteUrl: '',
    description: `;\n--${text}`,
    pictureId: null,
    isAdmin: false,
    disabledAtMs: null,
    createdAtMs: 1,
    updatedAtMs: 2,
    lastLoginAtMs: 3,
    emailVerifiedAtMs: null,
    tokenId: 'ab'.repeat(32),
  });
  const times = { createdAtMs: NOW_MS, expiresAtMs: NOW_MS + 1 };
  const insert = (...rows: ReturnType<typeof account>[]) => [
    ...insertAccounts(rows),
    ...insertSessions(rows, 'email_key', times),
  ];

  it('writes any text, and a whole batch or nothing', async () => {
    const target = openWithWrangler(['--local', '--persist-to', persistFolder()]);
    const text = `O'Neil "x" ; DROP TABLE users; -- Zoë 名前`;
    await target.write(insert(account('ann', text)));
    const taken = insert(account('bob'), account('ann'));
    await expect(target.write(taken)).rejects.toThrow(Taken);
    const [users, sessions] = await target.query([
      'SELECT id, username, name, description FROM users',
      'SELECT id, user_id FROM sessions',
    ]);
    expect(users).toEqual([{ id: 1, username: 'ann', name: text, description: `;\n--${text}` }]);
    expect(sessions).toEqual([{ id: 'ab'.repeat(32), user_id: 1 }]);
    await target.close();
  });

  it('reports a database without tables', async () => {
    const target = openWithWrangler(['--local', '--persist-to', tempFolder()]);
    await expect(target.query(['SELECT 1 FROM users'])).rejects.toThrow(
      'The database does not have the tables of this version',
    );
    await expect(target.write(insert(account('ann')))).rejects.toThrow('does not have the tables');
    await target.close();
  });
});
