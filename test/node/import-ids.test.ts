// Which ids imported accounts get: new ones, or their own where they are free.
import { describe, expect, it } from 'vitest';
import { importRecords, openDatabase, person, type Scratch } from './import-support.ts';

/** A database with ann (1) and bob (2), the second without a username. */
const openPeopled = async (): Promise<Scratch> => {
  const scratch = openDatabase();
  await importRecords(scratch, [person('ann', { name: 'Ann' }), person('bob', { username: null })]);
  return scratch;
};

describe('ids', () => {
  it('are new ones unless they are to be kept', async () => {
    const scratch = openDatabase();
    await importRecords(scratch, [person('ann', { id: 70 })]);
    expect(scratch.users('id, username, email')).toEqual([
      { id: 1, username: 'ann', email: 'ann@example.com' },
    ]);
  });

  it('are kept where they are free, and else are new ones behind all of the file, as the report says', async () => {
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

  it('that were ever given are given to nobody else', async () => {
    const scratch = await openPeopled();
    scratch.database.exec('DELETE FROM users WHERE id = 2');
    await importRecords(scratch, [person('carl', { id: 1 })], { keepIds: true });
    expect(scratch.users('id')).toEqual([{ id: 1 }, { id: 3 }]);
  });
});
