// GET /id/export: all data of the own account in one file, without secrets.
import { expect, it, vi } from 'vitest';
import { sha256Hex } from '../../../src/core/secrets.ts';
import { type Sent, send, testEnv } from '../../support/worker.ts';
import {
  after,
  atFixedTime,
  bearer,
  join,
  namesOf,
  rowOf,
  START,
  START_EXPIRES,
  START_MS,
  shownAccount,
  tokenFor,
  whole,
} from './support-id.ts';
import { refused } from './support-refusals.ts';

atFixedTime();

const download = (sent: Sent) => send('/id/export', sent);

const profile = {
  name: 'Ann Jones',
  firstName: 'Ann',
  lastName: 'Jones-Smith',
  address: '1 Long Road',
  siteUrl: 'https://ann.example/',
  description: 'I am I.',
};

it('GET /id/export returns a file with the account, its sessions and its audit log', async () => {
  const member = await join();
  vi.setSystemTime(START_MS + 1000);
  await send('/id/me', { method: 'PATCH', cookie: member.cookie, json: { ...profile, pictureId: 4 } });
  const answer = await download({ cookie: member.cookie });
  const [changed, made] = [...answer.text.matchAll(/"id":(\d+),"type"/g)].map(([, id]) => Number(id));
  const client = { dialect: 'id', addressPrefix: null, userAgent: null, byAdmin: false };
  const expected = {
    account: shownAccount({
      ...namesOf(member),
      ...profile,
      picture: 'https://latchkey.test/pictures/4.svg',
      updatedAt: after(1000),
    }),
    sessions: [
      {
        id: await sha256Hex(member.cookie),
        kind: 'cookie',
        createdAt: START,
        lastSeenAt: START,
        expiresAt: START_EXPIRES,
        userAgent: null,
        country: null,
        current: true,
      },
    ],
    events: [
      { id: changed, type: 'profile_changed', ...client, at: after(1000) },
      { id: made, type: 'registered', ...client, at: START },
    ],
    factors: [],
    appPasswords: [],
    apps: [],
  };
  expect(whole(answer)).toBe(`200 ${JSON.stringify(expected)}`);
  expect(answer.headers.get('Content-Disposition')).toBe(
    `attachment; filename="latchkey-account-${member.id}.json"`,
  );
});

it('contains every value of the row except the password hash, lookup keys and public_id', async () => {
  const member = await join();
  await send('/id/me', { method: 'PATCH', cookie: member.cookie, json: { ...profile, pictureId: 7 } });
  const { text } = await download({ cookie: member.cookie });
  const {
    password_hash,
    username_key,
    email_key,
    name_key,
    public_id: _,
    ...row
  } = (await rowOf(member.id)) ?? expect.fail();
  expect([password_hash, username_key, email_key, name_key]).not.toContain(undefined);
  expect([row['email_verified_at'], row['pending_email']]).toEqual([null, null]);
  expect(text).toContain('"emailVerified":false,"pendingEmail":null');
  const { picture_id, is_admin, disabled_at, created_at, updated_at, last_login_at, ...shown } = row;
  for (const value of Object.values(shown)) expect(text).toContain(JSON.stringify(value));
  for (const time of [created_at, updated_at, last_login_at])
    expect(text).toContain(new Date(Number(time)).toISOString());
  expect([picture_id, is_admin, disabled_at]).toEqual([7, 0, null]);
  expect(text).toContain('"picture":"https://latchkey.test/pictures/7.svg","isAdmin":false');
});

it('contains the whole audit log of 1,501 events', async () => {
  const member = await join();
  const insert = testEnv.DB.prepare(
    "INSERT INTO events (id, user_id, type, dialect, created_at) VALUES ((SELECT coalesce(max(id), 0) + 1 FROM events), ?, 'login', 'auth', 0)",
  );
  await testEnv.DB.batch(Array.from({ length: 1500 }, () => insert.bind(member.id)));
  const { text, headers } = await download({ cookie: member.cookie });
  expect(text.match(/"type":/g)).toHaveLength(1501);
  expect(headers.get('Link')).toBeNull();
});

it('contains no password, hash or token, and nothing of another account', async () => {
  const [member, other] = [await join(), await join()];
  const legacy = await send('/account/login', {
    json: { username: member.email, password: member.password },
  });
  const derived = /"token":"([0-9a-f]{40})"/.exec(legacy.text)?.[1] ?? expect.fail(legacy.text);
  const token = await tokenFor(member);
  const { text } = await download(bearer(token));
  const nonce = testEnv.DB.prepare("SELECT nonce FROM sessions WHERE user_id = ? AND kind = 'derived'");
  const secrets = [
    member.password,
    (await rowOf(member.id))?.['password_hash'],
    await nonce.bind(member.id).first('nonce'),
    member.cookie,
    derived,
    token,
    token.split('.')[2],
    other.email,
    await sha256Hex(other.cookie),
  ];
  for (const secret of secrets) {
    expect(secret).toEqual(expect.stringMatching(/.{8}/));
    expect(text).not.toContain(secret);
  }
  expect(text).not.toMatch(/pbkdf2|hash|nonce|secret/i);
  expect(text.match(/"kind":"(\w+)"/g)?.sort()).toEqual([
    '"kind":"cookie"',
    '"kind":"derived"',
    '"kind":"jwt"',
  ]);
});

it('rejects missing and invalid credentials', async () => {
  for (const [sent, code] of [
    [{}, 'credentials_missing'],
    [{ cookie: 'A'.repeat(43) }, 'credentials_missing'],
    [{ token: 'x' }, 'credentials_invalid'],
  ] as const) {
    const answer = await download(sent);
    expect(whole(answer)).toBe(refused(code));
    expect(answer.headers.get('Content-Disposition')).toBeNull();
  }
});
