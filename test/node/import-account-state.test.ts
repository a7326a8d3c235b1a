// Which columns disable an account, and which values stop an import until --map decides them.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAccountState, readVerified, stateFieldOf } from '../../scripts/import/account-state.ts';
import { PROJECT } from '../../scripts/wrangler.ts';
import { importInto, importRecords, NOW_MS, openDatabase, person } from './import-support.ts';

const FUTURE = '2099-01-01 00:00:00+00';
const PAST = '2023-05-01 00:00:00';
const PAST_MS = Date.UTC(2023, 4, 1);

/** When a record with that column would be disabled; undefined if the value is not understood. */
const judge = (column: string, value: unknown): number | null | undefined => {
  const field = stateFieldOf(column);
  if (field === null) throw new Error(`${column} says nothing about the state of the account.`);
  const state = readAccountState({ [column]: value }, [{ column, field }], () => undefined, NOW_MS);
  return state.unread.length > 0 ? undefined : state.disabledAtMs;
};

describe('readAccountState', () => {
  it.each([
    ['is_active', true, null],
    ['isActive', 'f', NOW_MS],
    ['active', 0, NOW_MS],
    ['enabled', false, NOW_MS],
    ['is_enabled', '1', null],
    ['enabled', '', null],
    ['disabled', true, NOW_MS],
    ['is_disabled', '0', null],
    ['blocked', '1', NOW_MS],
    ['isBlocked', 'no', null],
    ['banned', 1, NOW_MS],
    ['is_banned', null, null],
    ['suspended', 'true', NOW_MS],
    ['is_locked', 't', NOW_MS],
    ['is_deleted', 'Y', NOW_MS],
    ['deleted_at', PAST, PAST_MS],
    ['deletedAt', null, null],
    ['deleted_at', 0, null],
    ['deleted_at', '0000-00-00 00:00:00', null],
    ['disabled_at', '2023-05-01T00:00:00Z', PAST_MS],
    ['bannedAt', 1_682_899_200_000, PAST_MS],
    ['suspended_at', '', null],
    ['banned_until', FUTURE, NOW_MS],
    ['banned_until', PAST, null],
    ['banned_until', 'infinity', NOW_MS],
    ['LockoutEnd', FUTURE, NOW_MS],
    ['lockoutEnd', '', null],
    ['banExpires', PAST, null],
    ['status', 'active', null],
    ['status', 'Suspended', NOW_MS],
    ['status', 'INACTIVE', NOW_MS],
    ['status', 'banned', NOW_MS],
    ['status', true, null],
    ['status', false, NOW_MS],
    ['status', '', null],
    ['account_status', 'Deactivated', NOW_MS],
    ['cognito:user_status', 'FORCE_CHANGE_PASSWORD', null],
    ['status', 'pending', undefined],
    ['status', 1, undefined],
    ['status', {}, undefined],
    ['is_active', 'maybe', undefined],
    ['blocked', '2', undefined],
    ['deleted_at', 'yesterday', undefined],
    ['banned_until', '20230116133344', undefined],
  ])('reads %s: %s as disabled at %s', (column, value, expected) => {
    expect(judge(column, value)).toBe(expected);
  });

  it.each([
    'name',
    'activity',
    'state',
    'locale',
    'last_active',
    'block',
    'bank_status_text',
    'email_verified',
  ])('knows nothing of the column %s', (column) => {
    expect(stateFieldOf(column)).toBe(null);
  });
});

it('reads a verified email from a flag or a time', () => {
  expect(readVerified(true, NOW_MS)).toBe(NOW_MS);
  expect(readVerified('0', NOW_MS)).toBe(null);
  expect(readVerified(null, NOW_MS)).toBe(null);
  expect(readVerified(PAST, NOW_MS)).toBe(PAST_MS);
  expect(readVerified(FUTURE, NOW_MS)).toBe(NOW_MS);
  expect(readVerified('soon', NOW_MS)).toBe(undefined);
});

describe('import of disabled accounts', () => {
  it('disables suspended accounts, counts them by column, and keeps verified emails', async () => {
    const scratch = openDatabase();
    const { counts, unknown } = await importRecords(scratch, [
      person('ann', { deleted_at: null, blocked: false, email_confirmed_at: PAST }),
      person('bob', { deleted_at: PAST, blocked: false, email_confirmed_at: null }),
      person('eve', { deleted_at: null, blocked: true, email_confirmed_at: PAST }),
      person('zoe', { deleted_at: PAST, blocked: true, email_confirmed_at: '' }),
    ]);
    expect(scratch.users('username, disabled_at, email_verified_at')).toEqual([
      { username: 'ann', disabled_at: null, email_verified_at: PAST_MS },
      { username: 'bob', disabled_at: PAST_MS, email_verified_at: null },
      { username: 'eve', disabled_at: NOW_MS, email_verified_at: PAST_MS },
      { username: 'zoe', disabled_at: PAST_MS, email_verified_at: null },
    ]);
    expect(counts.disabledBy).toEqual({ deleted_at: 2, blocked: 1 });
    expect(counts.disabled).toBe(3);
    expect(unknown).toEqual([]);
  });

  it('writes nothing if a value is not understood, until --map decides it', async () => {
    const scratch = openDatabase();
    const people = [
      person('ann', { status: 'active' }),
      person('bob', { status: 'pending' }),
      person('eve', { status: 'pending' }),
      person('zoe', { status: 'On Hold' }),
    ];
    await expect(importRecords(scratch, people)).rejects.toThrow(
      [
        'it does not say clearly who is disabled, and nothing was imported.',
        '  status is pending, which is not understood: --map status:pending=active, =disabled, or --map status=ignore. (2 records, the first is line 2)',
        '  status is On Hold, which is not understood: --map "status:On Hold=active", =disabled, or --map status=ignore. (1 records, the first is line 4)',
      ].join('\n'),
    );
    expect(scratch.users()).toEqual([]);
    await importRecords(scratch, people, {
      map: { 'status:pending': 'active', 'status:On Hold': 'disabled' },
    });
    expect(scratch.users('username, disabled_at')).toEqual([
      { username: 'ann', disabled_at: null },
      { username: 'bob', disabled_at: null },
      { username: 'eve', disabled_at: null },
      { username: 'zoe', disabled_at: NOW_MS },
    ]);
  });

  it('ignores a column with --map <column>=ignore, and reads one that --map names', async () => {
    const scratch = openDatabase();
    await importRecords(scratch, [person('ann', { status: 7, gone: 1, ok_mail: 'yes' })], {
      map: { status: 'ignore', gone: 'is_disabled', ok_mail: 'email_verified' },
    });
    expect(scratch.users('disabled_at, email_verified_at')).toEqual([
      { disabled_at: NOW_MS, email_verified_at: NOW_MS },
    ]);
  });
});

describe('--map', () => {
  it('rejects a column that does not exist, and lists those that do', async () => {
    const scratch = openDatabase();
    const map = { user_mail: 'email', login: 'username', passwd: 'password_hash' } as const;
    const file = join(PROJECT, 'test/fixtures/import/case-21-typo-in-map.csv');
    await expect(importInto(scratch, file, { map })).rejects.toThrow(
      '--map user_mail=email: there is no column user_mail. The columns are: login, user_email, passwd.',
    );
    await expect(importRecords(scratch, [person('ann')], { map: { 'state:x': 'active' } })).rejects.toThrow(
      '--map state:x=active: there is no column state.',
    );
    expect(scratch.users()).toEqual([]);
  });

  it('finds a column that only a later record has, and a nested one', async () => {
    const scratch = openDatabase();
    await importRecords(
      scratch,
      [
        person('ann', { profile: { nick: 'Annie' }, emails: [{ address: 'x@example.com' }] }),
        { ...person('bob'), username: undefined, alias: 'bobby' },
      ],
      { map: { alias: 'username', 'profile.nick': 'name', 'emails.0.address': 'email' } },
    );
    expect(scratch.users('username, name, email')).toEqual([
      { username: 'ann', name: 'Annie', email: 'x@example.com' },
      { username: 'bobby', name: '', email: 'bob@example.com' },
    ]);
  });
});
