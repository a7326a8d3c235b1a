// The ids of imported accounts: new ones, or their own if those are free; and the list of ids.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createIdList } from '../../scripts/import/ids.ts';
import { importRecords, openDatabase, person, type Scratch, tempFolder } from './import-support.ts';

/** A database with ann (1) and bob (2), the second without a username. */
const openPeopled = async (): Promise<Scratch> => {
  const scratch = openDatabase();
  await importRecords(scratch, [person('ann', { name: 'Ann' }), person('bob', { username: null })]);
  return scratch;
};

describe('import of ids', () => {
  it('assigns new ids by default', async () => {
    const scratch = openDatabase();
    await importRecords(scratch, [person('ann', { id: 70 })]);
    expect(scratch.users('id, username, email')).toEqual([
      { id: 1, username: 'ann', email: 'ann@example.com' },
    ]);
  });

  it('keeps free ids with --keep-ids, and reports the new ids of the others', async () => {
    const scratch = await openPeopled();
    scratch.database.exec("INSERT INTO events VALUES (NULL, 3, NULL, 'deleted', 'id', NULL, NULL, 0)");
    scratch.database.exec("INSERT INTO events VALUES (NULL, 4, NULL, 'login', 'id', NULL, NULL, 0)");
    const records = [
      person('carl', { id: 1 }),
      person('dee', { id: 3 }),
      person('eve', { id: 4 }),
      person('fay', { id: 'c0ffee' }),
      person('gus', { id: 70 }),
      person('hal', { id: 70 }),
    ];
    const { counts, lines } = await importRecords(scratch, records, { keepIds: true });
    expect(counts).toMatchObject({ imported: 6, idsKept: 2 });
    expect(lines).toEqual([
      'note: line 1, carl@example.com: got the id 71: 1 is taken',
      'note: line 2, dee@example.com: got the id 72: 3 was that of an account that is deleted',
      'note: line 4, fay@example.com: got the id 73: it has none',
      'note: line 6, hal@example.com: got the id 74: 70 is taken',
    ]);
    expect(scratch.users('id, username').slice(2)).toEqual([
      { id: 4, username: 'eve' },
      { id: 70, username: 'gus' },
      { id: 71, username: 'carl' },
      { id: 72, username: 'dee' },
      { id: 73, username: 'fay' },
      { id: 74, username: 'hal' },
    ]);
  });

  it('never reuses an id, not even that of a deleted account', async () => {
    const scratch = await openPeopled();
    scratch.database.exec('DELETE FROM users WHERE id = 2');
    await importRecords(scratch, [person('carl', { id: 1 })], { keepIds: true });
    expect(scratch.users('id')).toEqual([{ id: 1 }, { id: 3 }]);
  });
});

describe('the list of --write-ids', () => {
  it('maps each id of the file to its account: created, updated or unchanged', async () => {
    const scratch = await openPeopled();
    const path = join(tempFolder(), 'ids.csv');
    const records = [
      person('carl', { id: 'c0ffee00-0000-4000-8000-000000000000' }),
      person('dee', { _id: { $oid: '63c54428f5c110fc697828db' } }),
      person('ann', { id: 'a,"1"' }),
      person('eve'),
      person('fay', { id: 7, email: '' }),
    ];
    for (const onConflict of ['skip', 'update'] as const) {
      const ids = createIdList(path, 0);
      await importRecords(scratch, records, { ids, onConflict });
      ids.close();
      const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
      expect(lines[0]).toBe('old_id,new_id');
      expect(lines.slice(1).sort()).toEqual([
        '"a,""1""",1',
        '63c54428f5c110fc697828db,4',
        'c0ffee00-0000-4000-8000-000000000000,3',
      ]);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('continues after the checkpoint, and drops later lines', () => {
    const path = join(tempFolder(), 'ids.csv');
    const first = createIdList(path, 0);
    first.add([{ sourceId: '1', id: 5 }]);
    const bytes = first.bytes();
    first.add([{ sourceId: '2', id: 6 }]);
    first.close();
    const second = createIdList(path, bytes);
    second.add([{ sourceId: '3', id: 7 }]);
    second.close();
    expect(readFileSync(path, 'utf8')).toBe('old_id,new_id\n1,5\n3,7\n');
  });
});
