// `user-v1`: what a login accepts, which logins it refuses, and the cookie that it sets.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Sent, send, uniqueName } from '../../support/worker.ts';
import {
  cookieFor,
  cookieLine,
  cookieOf,
  disable,
  eightKeys,
  failed,
  isLive,
  join,
  joinUnnamed,
  jwtFor,
  type Member,
  NO_LINES,
  NO_SINGLE_LINES,
  NO_TEXTS,
  person,
  shown,
  whole,
} from '../support-cookies.ts';

const INVALID = `200 ${failed(103)}`;
const WRONG = `200 ${failed(102)}`;

const post = (json: unknown, sent: Sent = {}) => send('/api/v1/user/login/', { json, ...sent });
const logIn = async (json: unknown): Promise<string> => whole(await post(json));
const success = ({ id, username, email }: { id: number; username: string; email: string }): string =>
  `200 ${JSON.stringify({ status: 'success', username, email, uid: String(id) })}`;

let member: Member;
beforeAll(async () => {
  member = await join();
});

describe('fields of a login', () => {
  it.each([undefined, '', ...NO_TEXTS.map(([value]) => value), 0, 12345678, 1.5])(
    'must be non-empty strings, not %j',
    async (value) => {
      expect(await logIn({ username: value, password: member.password })).toBe(INVALID);
      expect(await logIn({ username: member.username, password: value })).toBe(INVALID);
      expect(await logIn({ username: value, password: value })).toBe(INVALID);
    },
  );

  it.each([...NO_LINES, ...NO_SINGLE_LINES, [' ', ''], [' \t ', '']])(
    'reject the username %j, which is not one line of text',
    async (username) => {
      expect(await logIn({ username, password: 'x' })).toBe(INVALID);
    },
  );

  it('must be strings, even if both consist only of digits', async () => {
    const digits = `1${String(crypto.getRandomValues(new Uint32Array(1))[0]).padStart(10, '0')}`;
    const fields = { ...person(), username: digits, password: digits };
    const registered = await send('/api/v1/user/register/', { json: fields });
    const id = Number(/\d+(?=\}$)/.exec(registered.text)?.[0] ?? expect.fail());
    expect(await logIn({ username: digits, password: digits })).toBe(success({ ...fields, id }));
    expect(await logIn({ username: Number(digits), password: digits })).toBe(INVALID);
    expect(await logIn({ username: digits, password: Number(digits) })).toBe(INVALID);
  });

  it.each(['x', '@', 'a b', 'é', 'x'.repeat(300), `${'x'.repeat(300)}@b.com`, "' OR 1=1 --"])(
    'answer a username of any format as wrong credentials: %s',
    async (username) => {
      expect(await logIn({ username, password: 'x' })).toBe(WRONG);
    },
  );

  it('accept at most 1024 bytes of password, as sent', async () => {
    const { username } = person();
    for (const password of ['x'.repeat(1024), `${'€'.repeat(341)}x`, 'e\u0301'.repeat(341)])
      expect(await logIn({ username, password })).toBe(WRONG);
    for (const password of ['x'.repeat(1025), `${'€'.repeat(341)}xx`, 'e\u0301'.repeat(342)])
      expect(await logIn({ username, password })).toBe(INVALID);
  });
});

describe('POST /api/v1/user/login/', () => {
  it('accepts username or email, ignoring case and surrounding white space', async () => {
    const { username, email, password } = member;
    for (const name of [
      username,
      email,
      username.toUpperCase(),
      email.toUpperCase(),
      ` ${username}\t`,
      ` ${email} `,
    ])
      expect(await logIn({ username: name, password })).toBe(success(member));
    for (const name of [`${username}x`, `x${email}`, `@${email}`])
      expect(await logIn({ username: name, password })).toBe(WRONG);
  });

  it('accepts every Unicode form of an email, but not without its accent', async () => {
    const fields = { ...person(), email: `jörg@${uniqueName()}.com`.normalize('NFC') };
    const { id } = await join(fields);
    const { email, password } = fields;
    expect(await logIn({ username: email.normalize('NFD').toUpperCase(), password })).toBe(
      success({ ...fields, id }),
    );
    expect(await logIn({ username: email.replace('ö', 'o'), password })).toBe(WRONG);
  });

  it('shows the email if there is no username, and accepts a short password of another dialect', async () => {
    const { id, email, password } = await joinUnnamed(`Peter.${uniqueName()}@Quahog.com`, 'x');
    expect(await logIn({ username: email.toLowerCase(), password })).toBe(
      success({ id, username: email, email }),
    );
    expect(await logIn({ username: email, password: 'xx' })).toBe(WRONG);
  });

  it('answers alike to a wrong password, unknown user and disabled account, without a cookie', async () => {
    const disabled = await join();
    await disable(disabled.id);
    for (const fields of [
      { username: member.username, password: 'abcd1235' },
      { username: member.username, password: ` ${member.password}` },
      { username: uniqueName(), password: member.password },
      { username: `${uniqueName()}@test.com`, password: member.password },
      { username: disabled.username, password: disabled.password },
      { username: disabled.email, password: disabled.password },
    ]) {
      const answer = await post(fields);
      expect(whole(answer)).toBe(WRONG);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });

  it("ignores the Authorization header, and leaves another account's token valid", async () => {
    const { username, password } = member;
    const other = await join();
    const token = await jwtFor(other);
    for (const authorization of ['Token', 'Token a b', 'Bearer garbage', `Bearer ${token}`]) {
      const headers = { Authorization: authorization };
      expect(whole(await post({ username, password }, { headers }))).toBe(success(member));
    }
    expect(shown(await send('/api/users/me/', { token }))).toBe(await eightKeys(other));
  });
});

describe('session cookie', () => {
  const OVER_HTTPS = ['HttpOnly', 'Max-Age=1209600', 'Path=/', 'SameSite=Lax', 'Secure'];
  const OVER_HTTP = OVER_HTTPS.filter((attribute) => attribute !== 'Secure');

  it.each([
    ['https://latchkey.test', OVER_HTTPS],
    ['http://127.0.0.1:8787', OVER_HTTP],
  ])('lasts 14 days, is HttpOnly, and is Secure only over HTTPS: %s', async (origin, attributes) => {
    const { username, password } = member;
    const line = cookieLine(await post({ username, password }, { origin })) ?? expect.fail();
    expect(line.attributes).toEqual(attributes);
    expect(line.value).toMatch(/^[\w-]{43}$/);
  });

  it('works in users', async () => {
    const { username, password } = member;
    const cookie = cookieOf(await post({ username, password }));
    expect(shown(await send('/api/users/me/', { cookie }))).toBe(await eightKeys(member));
  });

  it('ends at the next login of any account, and no other session does', async () => {
    const { username, password } = member;
    const [old, further, other] = [await cookieFor(member), await cookieFor(member), await join()];
    const fresh = cookieOf(await post({ username, password }, { cookie: old }));
    expect([await isLive(old), await isLive(fresh), await isLive(further)]).toEqual([false, true, true]);
    const fields = { username: other.username, password: other.password };
    expect(whole(await post(fields, { cookie: fresh }))).toBe(success(other));
    expect([await isLive(fresh), await isLive(further), await isLive(other.cookie)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('survives a refused login', async () => {
    const { username, password, cookie } = member;
    for (const sent of [
      { json: { username, password: 'abcd1235' } },
      { json: { username, password: null } },
      { json: { username: uniqueName(), password } },
      { json: '{' },
    ])
      expect((await post(sent.json, { cookie })).headers.getSetCookie()).toEqual([]);
    expect(await isLive(cookie)).toBe(true);
  });
});
