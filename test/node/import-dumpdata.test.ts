// Django's dumpdata: the rows of `users` and `sessions` that an import creates from it.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importInto, NOW_MS, openDatabase } from './import-support.ts';

const DUMP = join(import.meta.dirname, '../fixtures/import/django.json');
const ANNS_TOKEN = '0123456789abcdef0123456789abcdef01234567';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const ms = (iso: string): number => Date.parse(iso);

describe("import of Django's dumpdata", () => {
  it('creates accounts with their names, dates, flags and hashes', async () => {
    const scratch = openDatabase();
    const { counts, about } = await importInto(scratch, DUMP);
    expect(about).toBe("Django's dumpdata, users of the model auth.user");
    expect(counts).toMatchObject({ read: 8, imported: 6, refused: 2, tokens: 1, admins: 1, disabled: 1 });
    expect(scratch.users()[0]).toEqual({
      id: 1,
      username: 'ann',
      username_key: 'ann',
      email: 'Ann@Example.com',
      email_key: 'ann@example.com',
      password_hash: expect.stringMatching(/^pbkdf2_sha256\$260000\$/),
      name: '',
      first_name: 'Ann',
      last_name: "O'Neil",
      name_key: "ann o'neil",
      address: '',
      site_url: '',
      description: '',
      picture_id: null,
      is_admin: 1,
      disabled_at: null,
      created_at: ms('2020-01-01T12:00:00.123Z'),
      updated_at: NOW_MS,
      last_login_at: ms('2020-01-02T12:00:00.123Z'),
      email_verified_at: null,
      pending_email: null,
      locale: 'en',
      public_id: null,
      passkey_handle: null,
      login_failures: null,
    });
    expect(scratch.users('username, email, is_admin, disabled_at, last_login_at').slice(1)).toEqual([
      {
        username: 'bob',
        email: 'bob@example.com',
        is_admin: 0,
        disabled_at: null,
        last_login_at: 0,
      },
      {
        username: 'cy.d+1',
        email: 'cy@example.com',
        is_admin: 0,
        disabled_at: null,
        last_login_at: 0,
      },
      {
        username: null,
        email: 'dee@example.com',
        is_admin: 0,
        disabled_at: null,
        last_login_at: 0,
      },
      {
        username: 'eve',
        email: 'eve@example.com',
        is_admin: 0,
        disabled_at: NOW_MS,
        last_login_at: 0,
      },
      {
        username: 'fay',
        email: 'fay@example.com',
        is_admin: 0,
        disabled_at: null,
        last_login_at: 0,
      },
    ]);
  });

  it('counts hashes by kind, and accepts unusable ones', async () => {
    const { counts } = await importInto(openDatabase(), DUMP);
    expect(counts.hashes).toEqual({
      'pbkdf2-sha256': 2,
      argon2id: 1,
      'bcrypt-sha256': 1,
      'pbkdf2-sha1': 1,
      unusable: 1,
    });
  });

  it('reports each refused account with its line and the reason', async () => {
    const { lines } = await importInto(openDatabase(), DUMP);
    expect(lines).toEqual([
      'refused: record 7 (line 110), gus@example.com: The username gus@home has characters other than letters, digits and _ . + -',
      'refused: record 8 (line 128), hal: There is no email: --no-email placeholder takes it, to log in by username.',
    ]);
  });

  it('imports a token as a 90-day session under its SHA-256, unless its owner is disabled', async () => {
    const scratch = openDatabase();
    await importInto(scratch, DUMP);
    const sessions = scratch.database.prepare('SELECT * FROM sessions').all();
    expect(sessions.map((row) => ({ ...row }))).toEqual([
      {
        id: sha256(ANNS_TOKEN),
        user_id: 1,
        kind: 'imported',
        nonce: null,
        created_at: NOW_MS,
        last_seen_at: NOW_MS,
        expires_at: NOW_MS + 90 * 24 * 60 * 60 * 1000,
        user_agent: null,
        country: null,
        authenticated_at: null,
        app_password_id: null,
        factor: null,
        first_factor: null,
      },
    ]);
  });

  it('does not restore a token that was ended here when the file is imported again', async () => {
    const scratch = openDatabase();
    await importInto(scratch, DUMP);
    const tokens = () =>
      scratch.database
        .prepare('SELECT id, user_id FROM sessions ORDER BY user_id')
        .all()
        .map((row) => ({ ...row }));
    const anns = { id: sha256(ANNS_TOKEN), user_id: 1 };
    expect(tokens()).toEqual([anns]);
    expect((await importInto(scratch, DUMP, { onConflict: 'update' })).counts).toMatchObject({ updated: 6 });
    expect(tokens()).toEqual([anns]);
    scratch.database.exec('DELETE FROM sessions');
    for (const onConflict of ['skip', 'update'] as const) {
      await importInto(scratch, DUMP, { onConflict });
      expect(tokens()).toEqual([]);
    }
  });

  it('grants admin to superusers, to staff with --admins staff, to nobody with --admins none', async () => {
    const adminsOf = async (admins: 'superuser' | 'staff' | 'none') => {
      const scratch = openDatabase();
      await importInto(scratch, DUMP, { rules: { admins } });
      return scratch
        .users('username, is_admin')
        .flatMap((row) => (row['is_admin'] === 1 ? [row['username']] : []));
    };
    expect(await adminsOf('superuser')).toEqual(['ann']);
    expect(await adminsOf('staff')).toEqual(['ann', 'bob']);
    expect(await adminsOf('none')).toEqual([]);
  });

  it('imports an account without its invalid username with --bad-username drop', async () => {
    const scratch = openDatabase();
    const { lines } = await importInto(scratch, DUMP, { rules: { badUsername: 'drop' } });
    expect(scratch.users('username, email').at(-1)).toEqual({ username: null, email: 'gus@example.com' });
    expect(lines[0]).toBe(
      'note: record 7 (line 110), gus@example.com: imported without its username gus@home',
    );
  });
});
