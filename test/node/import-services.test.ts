// Exports of account services: which columns are read, who is disabled, and who must set a new password.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { FIREBASE_CSV_COLUMNS, SERVICES } from '../../scripts/import/services.ts';
import { PROJECT } from '../../scripts/wrangler.ts';
import { BCRYPT, importInto, NOW_MS, openDatabase, tempFile, tempFolder } from './import-support.ts';

const COLUMNS =
  'username, email, name, first_name, is_admin, password_hash, disabled_at, created_at, email_verified_at IS NOT NULL AS proven';

const take = async (name: string, content: unknown, given = {}) => {
  const scratch = openDatabase();
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const told = await importInto(scratch, tempFile(name, text), given);
  return { ...told, users: scratch.users(COLUMNS) };
};

const AT_MS = Date.UTC(2024, 0, 2, 3, 4, 5);
const AT = new Date(AT_MS).toISOString();

/** An account as it is imported, with what differs. */
const account = (email: string, more: object = {}) => ({
  username: null,
  email,
  name: '',
  first_name: '',
  is_admin: 0,
  password_hash: BCRYPT,
  disabled_at: null,
  created_at: AT_MS,
  proven: 1,
  ...more,
});

const NO_PASSWORD = { password_hash: '!' };
const DISABLED = { disabled_at: NOW_MS };
const UNPROVEN = { proven: 0 };

it.each(SERVICES.map(({ name }) => name))(
  'documents the export of %s in docs/migrating/from-services.md',
  (name) => {
    const document = readFileSync(join(PROJECT, 'docs/migrating/from-services.md'), 'utf8');
    expect(document).toMatch(new RegExp(`^\\| \`${name}\` \\| .{10,} \\| .+ \\|$`, 'm'));
  },
);

describe('import of a service export', () => {
  it('reads Auth0 JSON lines with hashes, and disables blocked users', async () => {
    const lines = [
      {
        user_id: 'auth0|1',
        email: 'ann@x.example',
        email_verified: true,
        created_at: AT,
        identities: [],
        passwordHash: BCRYPT,
        name: 'Ann',
      },
      {
        user_id: 'auth0|2',
        email: 'bob@x.example',
        email_verified: false,
        created_at: AT,
        identities: [],
        passwordHash: BCRYPT,
        blocked: true,
      },
    ];
    const { users, about } = await take(
      'auth0.json',
      lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    );
    expect(about).toBe("Auth0's users, JSON lines");
    expect(users).toEqual([
      account('ann@x.example', { name: 'Ann' }),
      account('bob@x.example', { ...UNPROVEN, ...DISABLED }),
    ]);
  });

  it('reads Supabase CSV, disables banned and deleted users, and accepts users without a password', async () => {
    const header =
      'instance_id,id,aud,role,email,encrypted_password,email_confirmed_at,raw_user_meta_data,is_super_admin,created_at,banned_until,deleted_at';
    const row = (id: string, email: string, hash: string, more: string) =>
      `0,${id},authenticated,authenticated,${email},${hash},${more}`;
    const { users, about } = await take(
      'users.csv',
      [
        header,
        row('a', 'ann@x.example', BCRYPT, `${AT},"{""full_name"": ""Ann A""}",,${AT},,`),
        row('b', 'bob@x.example', BCRYPT, `${AT},{},,${AT},2099-01-01 00:00:00+00,`),
        row('c', 'eve@x.example', '', `,{},,${AT},,`),
        row('d', 'max@x.example', BCRYPT, `${AT},{},,${AT},,2024-05-06 07:08:09+00`),
      ].join('\n'),
    );
    expect(about).toBe("Supabase's auth.users, CSV");
    expect(users).toEqual([
      account('ann@x.example', { name: 'Ann A' }),
      account('bob@x.example', DISABLED),
      account('eve@x.example', { ...UNPROVEN, ...NO_PASSWORD }),
      account('max@x.example', { disabled_at: Date.UTC(2024, 4, 6, 7, 8, 9) }),
    ]);
  });

  it('reads Clerk CSV; the primary email is verified if it is in the verified list', async () => {
    const { users, about } = await take(
      'clerk.csv',
      `id,first_name,last_name,username,primary_email_address,primary_phone_number,verified_email_addresses,unverified_email_addresses,password_digest,password_hasher
user_1,Ann,A,ann,ann@x.example,,ann@x.example,,${BCRYPT},bcrypt
user_2,Bob,B,,bob@x.example,,,bob@x.example,,\n`,
    );
    expect(about).toBe("Clerk's users, CSV");
    const created = { created_at: NOW_MS };
    expect(users).toEqual([
      account('ann@x.example', { ...created, username: 'ann', first_name: 'Ann' }),
      account('bob@x.example', { ...created, first_name: 'Bob', ...UNPROVEN, ...NO_PASSWORD }),
    ]);
  });

  it('reads Kratos JSON with traits and hashes, and disables inactive identities', async () => {
    const identity = (email: string, state: string, config: object) => ({
      id: email,
      schema_id: 'default',
      state,
      traits: { email, name: { first: 'F', last: 'L' } },
      credentials: { password: { type: 'password', config } },
      verifiable_addresses: [{ value: email, verified: state === 'active' }],
      created_at: AT,
    });
    const { users, about } = await take('identities.json', [
      identity('ann@x.example', 'active', { hashed_password: BCRYPT }),
      identity('bob@x.example', 'inactive', {}),
    ]);
    expect(about).toBe("Ory Kratos' identities, a JSON array");
    expect(users).toEqual([
      account('ann@x.example', { first_name: 'F' }),
      account('bob@x.example', { first_name: 'F', ...UNPROVEN, ...DISABLED, ...NO_PASSWORD }),
    ]);
  });

  it('reads Cognito JSON and CSV, which have no passwords', async () => {
    const user = (name: string, more: object) => ({
      Username: name,
      Attributes: [
        { Name: 'sub', Value: 'c0ffee' },
        { Name: 'email', Value: `${name === 'c0ffee' ? 'ann' : name}@x.example` },
        { Name: 'email_verified', Value: 'true' },
      ],
      UserCreateDate: AT,
      Enabled: true,
      UserStatus: 'CONFIRMED',
      ...more,
    });
    const list = {
      Users: [
        user('c0ffee', {}),
        user('bob', { Enabled: false }),
        user('eve', { UserStatus: 'UNCONFIRMED' }),
      ],
    };
    expect((await take('list-users.json', list)).users).toEqual([
      account('ann@x.example', NO_PASSWORD),
      account('bob@x.example', { username: 'bob', ...DISABLED, ...NO_PASSWORD }),
      account('eve@x.example', { username: 'eve', ...NO_PASSWORD }),
    ]);
    const { users, counts } = await take(
      'cognito.csv',
      'cognito:username,name,given_name,email,email_verified,cognito:mfa_enabled\nann,Ann,,ann@x.example,TRUE,FALSE\n',
    );
    expect(users).toEqual([
      account('ann@x.example', { username: 'ann', name: 'Ann', created_at: NOW_MS, ...NO_PASSWORD }),
    ]);
    expect(counts.hashes).toEqual({ unusable: 1 });
  });

  it('reads WordPress CSV, ignores user_status, and grants admin to administrators', async () => {
    const { users, about } = await take(
      'wp.csv',
      `ID,user_login,user_pass,user_nicename,user_email,user_url,user_registered,user_status,display_name,roles
1,ann,${BCRYPT},ann,ann@x.example,,2024-01-02 03:04:05,0,Ann,administrator
2,bob,${BCRYPT},bob,bob@x.example,,2024-01-02 03:04:05,0,Bob,"editor,author"\n`,
    );
    expect(about).toBe("WordPress' users, CSV");
    expect(users).toEqual([
      account('ann@x.example', { username: 'ann', name: 'Ann', is_admin: 1, ...UNPROVEN }),
      account('bob@x.example', { username: 'bob', name: 'Bob', ...UNPROVEN }),
    ]);
  });

  it('reads Appwrite JSON with its kinds of hashes, and disables users with status false', async () => {
    const user = (email: string, more: object) => ({
      $id: email,
      $createdAt: AT,
      $updatedAt: AT,
      name: 'N',
      password: BCRYPT,
      hash: 'bcrypt',
      hashOptions: {},
      registration: AT,
      status: true,
      email,
      emailVerification: true,
      ...more,
    });
    const list = {
      total: 2,
      users: [user('ann@x.example', {}), user('bob@x.example', { status: false, password: '' })],
    };
    const { users, about } = await take('users.json', list);
    expect(about).toBe("Appwrite's users, the list users of a JSON document");
    expect(users).toEqual([
      account('ann@x.example', { name: 'N' }),
      account('bob@x.example', { name: 'N', ...DISABLED, ...NO_PASSWORD }),
    ]);
  });

  it('reads Auth.js SQL, which has no passwords', async () => {
    const { users, about } = await take(
      'next.sql',
      `CREATE TABLE public.users (id integer, name text, email text, "emailVerified" timestamp, image text);
COPY public.users (id, name, email, "emailVerified", image) FROM stdin;
1	Ann	ann@x.example	2024-01-02 03:04:05+00	\\N
\\.\n`,
    );
    expect(about).toBe("Auth.js' users, an SQL dump, the table users");
    expect(users).toEqual([account('ann@x.example', { name: 'Ann', created_at: NOW_MS, ...NO_PASSWORD })]);
  });

  it('reads better-auth SQL with the passwords of the account table', async () => {
    const { users } = await take(
      'auth.sql',
      `COPY public."user" (id, name, email, "emailVerified", "createdAt") FROM stdin;
u1	Ann	ann@x.example	t	${AT}
u2	Bob	bob@x.example	f	${AT}
\\.
COPY public.account (id, "userId", "providerId", password) FROM stdin;
a1	u1	credential	${BCRYPT}
a2	u2	github	\\N
\\.\n`,
    );
    expect(users).toEqual([
      account('ann@x.example', { name: 'Ann' }),
      account('bob@x.example', { name: 'Bob', ...UNPROVEN, ...NO_PASSWORD }),
    ]);
  });

  it('reads WordPress SQL and PocketBase SQLite', async () => {
    const { users, about } = await take(
      'wp.sql',
      `CREATE TABLE \`wp_users\` (
  \`ID\` bigint unsigned NOT NULL AUTO_INCREMENT, \`user_login\` varchar(60), \`user_pass\` varchar(255), \`user_nicename\` varchar(50),
  \`user_email\` varchar(100), \`user_url\` varchar(100), \`user_registered\` datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  \`user_activation_key\` varchar(255), \`user_status\` int NOT NULL, \`display_name\` varchar(250), PRIMARY KEY (\`ID\`)
);
INSERT INTO \`wp_users\` VALUES (1,'ann','${BCRYPT}','ann','ann@x.example','','2024-01-02 03:04:05','',0,'Ann');\n`,
    );
    expect(about).toBe("WordPress' users, an SQL dump, the table wp_users");
    expect(users).toEqual([account('ann@x.example', { username: 'ann', name: 'Ann', ...UNPROVEN })]);

    const path = join(tempFolder(), 'data.db');
    const database = new DatabaseSync(path);
    database.exec(`CREATE TABLE users (id, email, verified, password, tokenKey, name, created, updated);
      CREATE TABLE _superusers (id, email, verified, password, tokenKey);
      INSERT INTO users VALUES ('a', 'ann@x.example', 1, '${BCRYPT}', 'k', 'Ann', '2024-01-02 03:04:05.000Z', '')`);
    database.close();
    const scratch = openDatabase();
    expect((await importInto(scratch, path)).about).toBe("PocketBase's users, SQLite, the table users");
    expect(scratch.users(COLUMNS)).toEqual([account('ann@x.example', { name: 'Ann' })]);
  });

  it('reads a Keycloak realm, skips service accounts, and accepts users without a password', async () => {
    const { users, counts } = await take('realm.json', {
      realm: 'shop',
      clients: [{ clientId: 'x', name: 'y' }],
      users: [
        {
          username: 'bob',
          email: 'bob@x.example',
          enabled: false,
          emailVerified: true,
          createdTimestamp: AT_MS,
          firstName: 'Bob',
          credentials: [],
        },
        {
          username: 'service-account-x',
          serviceAccountClientId: 'x',
          enabled: true,
          createdTimestamp: AT_MS,
          credentials: [],
        },
      ],
    });
    expect(counts).toMatchObject({ read: 1, imported: 1 });
    expect(users).toEqual([
      account('bob@x.example', { username: 'bob', first_name: 'Bob', ...DISABLED, ...NO_PASSWORD }),
    ]);
  });

  it('recognises Firebase CSV, which has no header, by its number of columns', async () => {
    const cells = (values: Record<string, string>) =>
      `${FIREBASE_CSV_COLUMNS.map((column) => values[column] ?? '').join(',')},\n`;
    const { users, about } = await take(
      'users.csv',
      cells({
        localId: 'a',
        email: 'ann@x.example',
        emailVerified: 'true',
        displayName: '"A, B"',
        createdAt: `${AT_MS}`,
        disabled: 'true',
      }) +
        cells({
          localId: 'b',
          email: 'bob@x.example',
          emailVerified: 'false',
          createdAt: `${AT_MS}`,
          disabled: 'false',
        }),
    );
    expect(about).toBe("Firebase's auth:export, CSV");
    expect(users).toEqual([
      account('ann@x.example', { name: 'A, B', ...DISABLED, ...NO_PASSWORD }),
      account('bob@x.example', { ...UNPROVEN, ...NO_PASSWORD }),
    ]);
  });
});
