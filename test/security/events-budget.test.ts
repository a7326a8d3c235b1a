// Limits on the events of one account, since every user can cause events. No flood hides an important event.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

const PASSWORD = 'sesame1234';
const OWNER = { 'CF-Connecting-IP': '203.0.113.77', 'User-Agent': 'a browser' };
const OTHER = { 'CF-Connecting-IP': '198.51.100.9', 'User-Agent': 'another browser' };

const nowMs = Date.UTC(2030, 0, 1, 12);

beforeEach(() => {
  vi.setSystemTime(nowMs);
});

afterEach(() => {
  vi.useRealTimers();
});

const joined = async () => {
  const username = uniqueName();
  const person = { username, email: `${username}@test.com`, password: PASSWORD };
  const registered = await send('/api/users/register/', { json: person, headers: OWNER });
  const cookie = sessionCookie(registered) ?? expect.fail(registered.text);
  const id = await testEnv.DB.prepare('SELECT id FROM users WHERE email = ?')
    .bind(person.email)
    .first<number>('id');
  return { ...person, cookie, id: id ?? expect.fail() };
};
type Member = Awaited<ReturnType<typeof joined>>;

const count = async ({ id }: Member, type: string): Promise<number | null> =>
  testEnv.DB.prepare('SELECT count(*) AS n FROM events WHERE user_id = ? AND type = ?')
    .bind(id, type)
    .first('n');

const change = ({ cookie }: Member, address: string, sent: Sent = {}) =>
  send('/api/users/me/', { method: 'PATCH', json: { address }, cookie, headers: OWNER, ...sent });

const logIn = ({ username, password }: Pick<Member, 'username' | 'password'>, headers = OWNER) =>
  send('/account/login', { json: { username, password }, headers });

const changePassword = ({ cookie }: Member, client: Record<string, string>) =>
  send('/id/me/password', {
    method: 'PUT',
    cookie,
    json: { currentPassword: PASSWORD, newPassword: 'another long password' },
    headers: { ...client, Origin: 'https://latchkey.test' },
  });

describe('a repeated change', () => {
  it('causes one event a minute, and is carried out each time', async () => {
    const member = await joined();
    for (let times = 1; times <= 20; times += 1) {
      const answer = await change(member, `Street ${times}`);
      expect(answer.status).toBe(200);
      expect(answer.text).toContain(`"Street ${times}"`);
    }
    expect(await count(member, 'profile_changed')).toBe(1);
    vi.setSystemTime(nowMs + 59_999);
    await change(member, 'Street 21');
    expect(await count(member, 'profile_changed')).toBe(1);
    vi.setSystemTime(nowMs + 60_000);
    await change(member, 'Street 22');
    expect(await count(member, 'profile_changed')).toBe(2);
  });

  it('causes another event from another network or browser', async () => {
    const member = await joined();
    await change(member, 'A');
    await change(member, 'B', { headers: { ...OWNER, 'CF-Connecting-IP': '198.51.100.9' } });
    await change(member, 'C', { headers: { ...OWNER, 'User-Agent': 'another browser' } });
    expect(await count(member, 'profile_changed')).toBe(3);
  });

  it('does not suppress the event of another account', async () => {
    const [one, other] = [await joined(), await joined()];
    await change(one, 'A');
    await change(other, 'A');
    expect([await count(one, 'profile_changed'), await count(other, 'profile_changed')]).toEqual([1, 1]);
  });
});

describe('a flood of logins', () => {
  it('causes ten events a minute, and does not hide a login from elsewhere', async () => {
    const member = await joined();
    for (let times = 0; times < 15; times += 1) expect((await logIn(member)).status).toBe(200);
    expect(await count(member, 'login')).toBe(10);
    expect((await logIn(member, OTHER)).status).toBe(200);
    expect(await count(member, 'login')).toBe(11);
  });

  it('hides neither a successful login nor a new password after failed ones', async () => {
    const member = await joined();
    for (let times = 0; times < 12; times += 1) await logIn({ ...member, password: 'wrong' }, OTHER);
    vi.setSystemTime(nowMs + 30_000);
    expect(await count(member, 'login_refused')).toBe(10);
    expect((await logIn(member, OTHER)).status).toBe(200);
    expect(await count(member, 'login')).toBe(1);
    expect((await changePassword(member, OTHER)).status).toBe(200);
    expect(await count(member, 'password_changed')).toBe(1);
  });
});

it('limits an account to sixty minor events a minute, but always records a new password', async () => {
  const member = await joined();
  for (let times = 0; times < 70; times += 1)
    await change(member, `Street ${times}`, { headers: { ...OWNER, 'User-Agent': `browser ${times}` } });
  expect(await count(member, 'profile_changed')).toBe(59);
  expect((await changePassword(member, OWNER)).status).toBe(200);
  expect(await count(member, 'password_changed')).toBe(1);
});

it('records an event even if the last one has a time in the future', async () => {
  const member = await joined();
  await change(member, 'A');
  await testEnv.DB.prepare('UPDATE events SET created_at = ? WHERE user_id = ?')
    .bind(nowMs + 61_000, member.id)
    .run();
  await change(member, 'B');
  expect(await count(member, 'profile_changed')).toBe(2);
});

describe('adding and removing app passwords', () => {
  const sent = (member: Member, userAgent: string) => ({
    cookie: member.cookie,
    headers: { ...OWNER, 'User-Agent': userAgent, Origin: 'https://latchkey.test' },
  });

  const addAndRemove = async (member: Member, userAgent: string): Promise<void> => {
    const added = await send('/id/app-passwords', { ...sent(member, userAgent), json: { name: 'x' } });
    expect([added.status, added.text]).toEqual([201, expect.any(String)]);
    const { id } = JSON.parse(added.text).appPassword;
    const gone = await send(`/id/app-passwords/${id}`, { ...sent(member, userAgent), method: 'DELETE' });
    expect(gone.status).toBe(204);
  };

  it('causes ten events of each type a minute, from all browsers together', async () => {
    const member = await joined();
    for (let times = 0; times < 15; times += 1) await addAndRemove(member, `browser ${times}`);
    expect(await count(member, 'app_password_added')).toBe(10);
    expect(await count(member, 'app_password_removed')).toBe(10);
    vi.setSystemTime(nowMs + 60_000);
    await addAndRemove(member, 'browser');
    expect(await count(member, 'app_password_added')).toBe(11);
  });

  it('causes events even during a flood of minor changes', async () => {
    const member = await joined();
    for (let times = 0; times < 61; times += 1) await change(member, 'x', sent(member, `browser ${times}`));
    await addAndRemove(member, 'browser');
    expect(await count(member, 'app_password_added')).toBe(1);
    expect(await count(member, 'app_password_removed')).toBe(1);
  });
});
