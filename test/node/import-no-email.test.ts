// Accounts without an email of their own, and without a password: kept if that is asked for, and told how many.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toLine } from '../../scripts/export-lines.ts';
import { writeReport } from '../../scripts/import/report.ts';
import { BCRYPT, importInto, importRecords, openDatabase, person } from './import-support.ts';

const CASE = join(import.meta.dirname, '../fixtures/import/case-02-no-email.json');
const KEPT = { rules: { noEmail: 'placeholder' } } as const;
const NAMES = 'username, email, email_key, is_admin';

describe('an account without an email', () => {
  it('is refused, and the refusal names the flag that takes it', async () => {
    const { counts, reasons } = await importInto(openDatabase(), CASE);
    expect(counts).toMatchObject({ imported: 1, refused: 2 });
    expect(reasons.find(({ kind }) => kind === 'refused')).toMatchObject({
      reason: 'There is no email: --no-email placeholder takes it, to log in by username.',
      count: 2,
    });
  });

  it('is kept under an address that stands for none', async () => {
    const scratch = openDatabase();
    const { counts, lines } = await importInto(scratch, CASE, KEPT);
    expect(counts).toMatchObject({ imported: 3, refused: 0, withoutEmail: 2 });
    expect(lines).toEqual([]);
    expect(scratch.users(NAMES)).toEqual([
      { username: 'root', email: 'root@no-email.invalid', email_key: 'root@no-email.invalid', is_admin: 1 },
      { username: 'ann', email: 'ann@no-email.invalid', email_key: 'ann@no-email.invalid', is_admin: 0 },
      { username: 'bob', email: 'bob@x.example', email_key: 'bob@x.example', is_admin: 0 },
    ]);
    expect(await importInto(scratch, CASE, KEPT)).toMatchObject({ counts: { alreadyThere: 3 } });
  });

  it('is counted in the report, with what to do', async () => {
    const { counts } = await importInto(openDatabase(), CASE, KEPT);
    const details = { path: null, add: () => {}, state: () => ({ bytes: 0, reasons: [] }), close: () => {} };
    const report = writeReport({ title: '', counts, details, unknown: [], remarks: [], keepIds: false });
    expect(report).toContain(
      '  without an email: 2. They log in by username. Until they enter an email on the account page, no mail reaches them, not even for a forgotten password.',
    );
  });

  it('keeps the email that its owner has entered since, when the file is imported again', async () => {
    const scratch = openDatabase();
    const records = [{ id: 7, username: 'ann', email: '', password: BCRYPT }];
    await importRecords(scratch, records, KEPT);
    scratch.database.exec("UPDATE users SET email = 'ann@new.example', email_key = 'ann@new.example'");
    const { counts } = await importRecords(scratch, records, { ...KEPT, onConflict: 'update' });
    expect(counts).toMatchObject({ updated: 1 });
    expect(scratch.users('email')).toEqual([{ email: 'ann@new.example' }]);
  });

  it('is kept without an email that is not valid, which the report says', async () => {
    const scratch = openDatabase();
    const { lines } = await importRecords(scratch, [person('ann', { email: 'none' })], KEPT);
    expect(lines).toEqual(['note: line 1, ann: imported without its email, which is not valid']);
    expect(scratch.users('email')).toEqual([{ email: 'ann@no-email.invalid' }]);
  });

  it('is refused if it has no username either', async () => {
    const { lines } = await importRecords(
      openDatabase(),
      [
        { email: '', password: BCRYPT },
        { username: 'a b', email: '', password: BCRYPT },
        { username: '', email: '', password: BCRYPT },
        { correo: 'ann@x.example', password: BCRYPT },
        { email: '', recovery: 'ann@x.example', phone: '+15550100', password: BCRYPT },
        { id: 7, email: '', password: BCRYPT },
      ],
      { rules: { noEmail: 'placeholder', badUsername: 'drop' } },
    );
    expect(lines).toEqual([
      'refused: line 1: There is neither an email nor a username. If it logs in by another column: --map <column>=username.',
      'refused: line 2, a b: There is no email, and no username that can be kept.',
      'refused: line 3: There is neither an email nor a username.',
      'refused: line 4: There is neither an email nor a username: --map correo=email takes it.',
      'refused: line 5: There is neither an email nor a username. If it logs in by another column: --map <column>=username.',
      'refused: line 6, id 7: There is neither an email nor a username. If it logs in by another column: --map <column>=username. --map id=username keeps it under its id.',
    ]);
  });

  it('is kept under its id by the flag that the report names', async () => {
    const scratch = openDatabase();
    const { counts } = await importRecords(scratch, [{ id: 7, email: '', password: BCRYPT }], {
      rules: { noEmail: 'placeholder' },
      map: { id: 'username' },
    });
    expect(counts).toMatchObject({ imported: 1 });
    expect(scratch.users('username, email')).toEqual([{ username: '7', email: '7@no-email.invalid' }]);
  });

  it('has none in an export either', () => {
    expect(toLine({ username: 'ann', email: 'Ann@no-email.invalid' })).toBe(
      '{"username":"ann","email":""}\n',
    );
  });
});

describe('the second holder of one email', () => {
  const records = [
    person('ann', { email: 'both@x.example', email_verified: true }),
    person('bob', { email: 'Both@x.example', email_verified: true }),
    person('eve', { username: null, email: 'both@x.example' }),
  ];

  it('is a conflict, and the conflict names the flag that takes it', async () => {
    const { counts, reasons } = await importRecords(openDatabase(), records);
    expect(counts).toMatchObject({ imported: 1, conflicts: 2 });
    expect(reasons.filter(({ kind }) => kind === 'conflict').map(({ reason }) => reason)).toEqual([
      'Another record of the file has the same email: --shared-email placeholder takes it, to log in by username.',
      'Another record of the file has the same email.',
    ]);
  });

  it('is kept without it if it has a username to log in by', async () => {
    const scratch = openDatabase();
    const given = { merge: { sharedEmail: 'placeholder' } } as const;
    const { counts, lines } = await importRecords(scratch, records, given);
    expect(counts).toMatchObject({ imported: 2, conflicts: 1, withoutEmail: 1 });
    expect(lines[0]).toBe('note: line 2, bob: line 1 has the same email');
    expect(scratch.users('username, email, email_verified_at IS NULL AS unproven')).toEqual([
      { username: 'ann', email: 'both@x.example', unproven: 0 },
      { username: 'bob', email: 'bob@no-email.invalid', unproven: 1 },
    ]);
    expect((await importRecords(scratch, records, given)).counts).toMatchObject({
      imported: 0,
      alreadyThere: 2,
      conflicts: 1,
    });
  });
});

describe('the second holder of one username', () => {
  const records = [
    person('chris', { email: 'one@x.example', is_superuser: true }),
    person('Chris', { email: 'two@x.example' }),
    person('chris', { email: 'ONE@x.example' }),
    person('CHRIS', { email: '' }),
  ];

  it('is a conflict, and the conflict names the flag that takes it', async () => {
    const { counts, lines, reasons } = await importRecords(openDatabase(), records, {
      rules: { noEmail: 'placeholder' },
    });
    expect(counts).toMatchObject({ imported: 1, conflicts: 3 });
    expect(lines[0]).toBe('conflict: line 2, two@x.example: line 1 has the username Chris too');
    expect(reasons.filter(({ kind }) => kind === 'conflict').map(({ reason }) => reason)).toEqual([
      'Another record of the file has the same username: --bad-username drop takes it without, to log in by email.',
      'Another record of the file has the same email: --shared-email placeholder takes it, to log in by username.',
      'Another record of the file has the same username.',
    ]);
  });

  it.each(['skip', 'update'] as const)(
    'is kept without it if it has an email, with %s',
    async (onConflict) => {
      const scratch = openDatabase();
      const given = { rules: { noEmail: 'placeholder', badUsername: 'drop' }, onConflict } as const;
      const { counts, lines } = await importRecords(scratch, records, given);
      expect(counts).toMatchObject({ imported: 2, conflicts: 2 });
      expect(lines[0]).toBe(
        'note: line 2, two@x.example: imported without its username: line 1 has the username Chris too',
      );
      const users = [
        { username: 'chris', email: 'one@x.example', is_admin: 1 },
        { username: null, email: 'two@x.example', is_admin: 0 },
      ];
      expect(scratch.users('username, email, is_admin')).toEqual(users);
      const again = await importRecords(scratch, records, given);
      expect(again.counts).toMatchObject({ imported: 0, conflicts: 2 });
      expect(scratch.users('username, email, is_admin')).toEqual(users);
    },
  );
});

describe('an account without a password', () => {
  it('is refused with the flag that takes it, and taken with a hash that no password fits', async () => {
    const record = person('ann', { password: '' });
    expect((await importRecords(openDatabase(), [record])).lines).toEqual([
      'refused: line 1, ann@example.com: password: There is no password hash: --no-password reset takes the account, whose owner then sets one by mail.',
    ]);
    const scratch = openDatabase();
    const { counts } = await importRecords(scratch, [record], { rules: { noPassword: 'reset' } });
    expect(counts.hashes).toEqual({ unusable: 1 });
    expect(scratch.users('password_hash')).toEqual([{ password_hash: '!' }]);
  });
});

describe('an id', () => {
  it('that leaves no room for others is refused if ids are kept', async () => {
    const records = [
      person('ann', { id: 2 ** 52 }),
      person('bob', { id: 2 ** 52 + 1 }),
      person('eve', { id: '9007199254740993' }),
    ];
    const reason = 'The id leaves no room for further accounts: without --keep-ids it gets a new one.';
    const { counts, lines } = await importRecords(openDatabase(), records, { keepIds: true });
    expect(counts).toMatchObject({ imported: 1, idsKept: 1, refused: 2 });
    expect(lines).toEqual([
      `refused: line 2, bob@example.com: ${reason}`,
      `refused: line 3, eve@example.com: ${reason}`,
    ]);
    expect((await importRecords(openDatabase(), records)).counts).toMatchObject({ imported: 3 });
  });
});
