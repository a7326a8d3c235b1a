// Accounts without an email, username or password of their own: refused, or kept with a flag and counted.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toLine } from '../../scripts/export-lines.ts';
import { writeReport } from '../../scripts/import/report.ts';
import { BCRYPT, importInto, importRecords, openDatabase, person } from './import-support.ts';

const CASE = join(import.meta.dirname, '../fixtures/import/case-02-no-email.json');
const KEPT = { rules: { noEmail: 'placeholder' } } as const;
const NAMES = 'username, email, email_key, is_admin';

describe('import of an account without an email', () => {
  it('refuses it, and suggests --no-email placeholder', async () => {
    const { counts, reasons } = await importInto(openDatabase(), CASE);
    expect(counts).toMatchObject({ imported: 1, refused: 2 });
    expect(reasons.find(({ kind }) => kind === 'refused')).toMatchObject({
      reason: 'There is no email: --no-email placeholder takes it, to log in by username.',
      count: 2,
    });
  });

  it('keeps it under a placeholder address with --no-email placeholder', async () => {
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

  it('counts it in the report, and says what its owner must do', async () => {
    const { counts } = await importInto(openDatabase(), CASE, KEPT);
    const details = { path: null, add: () => {}, state: () => ({ bytes: 0, reasons: [] }), close: () => {} };
    const report = writeReport({ title: '', counts, details, unknown: [], remarks: [], keepIds: false });
    expect(report).toContain(
      '  without an email: 2. They log in by username. Until they enter an email on the account page, no mail reaches them, not even for a forgotten password.',
    );
  });

  it('keeps an email that its owner entered later when the file is imported again', async () => {
    const scratch = openDatabase();
    const records = [{ id: 7, username: 'ann', email: '', password: BCRYPT }];
    await importRecords(scratch, records, KEPT);
    scratch.database.exec("UPDATE users SET email = 'ann@new.example', email_key = 'ann@new.example'");
    const { counts } = await importRecords(scratch, records, { ...KEPT, onConflict: 'update' });
    expect(counts).toMatchObject({ updated: 1 });
    expect(scratch.users('email')).toEqual([{ email: 'ann@new.example' }]);
  });

  it('drops an invalid email, and says so in the report', async () => {
    const scratch = openDatabase();
    const { lines } = await importRecords(scratch, [person('ann', { email: 'none' })], KEPT);
    expect(lines).toEqual(['note: line 1, ann: imported without its email, which is not valid']);
    expect(scratch.users('email')).toEqual([{ email: 'ann@no-email.invalid' }]);
  });

  it('refuses it if it has no valid username either', async () => {
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

  it('keeps it under its id with --map id=username', async () => {
    const scratch = openDatabase();
    const { counts } = await importRecords(scratch, [{ id: 7, email: '', password: BCRYPT }], {
      rules: { noEmail: 'placeholder' },
      map: { id: 'username' },
    });
    expect(counts).toMatchObject({ imported: 1 });
    expect(scratch.users('username, email')).toEqual([{ username: '7', email: '7@no-email.invalid' }]);
  });

  it('exports it without the placeholder', () => {
    expect(toLine({ username: 'ann', email: 'Ann@no-email.invalid' })).toBe(
      '{"username":"ann","email":""}\n',
    );
  });
});

describe('import of a second account with the same email', () => {
  const records = [
    person('ann', { email: 'both@x.example', email_verified: true }),
    person('bob', { email: 'Both@x.example', email_verified: true }),
    person('eve', { username: null, email: 'both@x.example' }),
  ];

  it('reports a conflict, and suggests --shared-email placeholder', async () => {
    const { counts, reasons } = await importRecords(openDatabase(), records);
    expect(counts).toMatchObject({ imported: 1, conflicts: 2 });
    expect(reasons.filter(({ kind }) => kind === 'conflict').map(({ reason }) => reason)).toEqual([
      'Another record of the file has the same email: --shared-email placeholder takes it, to log in by username.',
      'Another record of the file has the same email.',
    ]);
  });

  it('keeps it without the email if it has a username, with --shared-email placeholder', async () => {
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

describe('import of a second account with the same username', () => {
  const records = [
    person('chris', { email: 'one@x.example', is_superuser: true }),
    person('Chris', { email: 'two@x.example' }),
    person('chris', { email: 'ONE@x.example' }),
    person('CHRIS', { email: '' }),
  ];

  it('reports a conflict, and suggests --bad-username drop', async () => {
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
    'keeps it without the username if it has an email, with --on-conflict %s',
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

describe('import of an account without a password', () => {
  it('suggests --no-password reset, which stores a hash that no password matches', async () => {
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

describe('import of a large id', () => {
  it('refuses an id above 2^52 with --keep-ids, and assigns a new one without', async () => {
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
