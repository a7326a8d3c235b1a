// `users`: what a login accepts in `username`, which logins it refuses, and when `last_login` changes.
import { beforeAll, describe, expect, it } from 'vitest';
import { send, testEnv, uniqueName } from '../../support/worker.ts';
import {
  BLANK,
  disable,
  eightKeys,
  isLive,
  join,
  joinUnnamed,
  type Member,
  NO_LINES,
  NO_SINGLE_LINES,
  NO_TEXTS,
  NULL,
  person,
  REQUIRED,
  shown,
  whole,
} from '../support-cookies.ts';

const WRONG_PAIR = '400 {"non_field_errors":["Username or password is incorrect."]}';

const refused = (faults: Record<string, string[]>): string => `400 ${JSON.stringify(faults)}`;
const logIn = (json: Record<string, unknown>) => send('/api/users/login/', { json });

let member: Member;
beforeAll(async () => {
  member = await join();
});

describe('fields of a login', () => {
  it('must both be sent', async () => {
    expect(whole(await logIn({}))).toBe(refused({ username: [REQUIRED], password: [REQUIRED] }));
    expect(whole(await logIn({ password: 'x' }))).toBe(refused({ username: [REQUIRED] }));
    expect(whole(await logIn({ email: member.email, password: member.password }))).toBe(
      refused({ username: [REQUIRED] }),
    );
  });

  it.each([...NO_TEXTS, ...NO_LINES, ...NO_SINGLE_LINES, ['', BLANK], ['  ', BLANK]])(
    'reject the username %j: %s',
    async (username, text) => {
      expect(whole(await logIn({ username, password: 'x' }))).toBe(refused({ username: [text] }));
    },
  );

  it('report their errors together, before any password is checked', async () => {
    expect(whole(await logIn({ username: null, password: '' }))).toBe(
      refused({ username: [NULL], password: [BLANK] }),
    );
    expect(whole(await logIn({ username: '', password: member.password }))).toBe(
      refused({ username: [BLANK] }),
    );
  });

  it.each(['a b', 'é', '@', 'a@b@c', 'x'.repeat(300), `${'x'.repeat(300)}@b.com`, '😀', "' OR 1=1 --", '%'])(
    'answer a username of any format as wrong credentials: %s',
    async (username) => {
      expect(whole(await logIn({ username, password: 'abcd1234' }))).toBe(WRONG_PAIR);
    },
  );
});

describe('POST /api/users/login/', () => {
  it('accepts username or email, ignoring case and surrounding white space', async () => {
    const { username, email, password } = member;
    const expected = await eightKeys(member);
    for (const name of [
      username,
      email,
      username.toUpperCase(),
      email.toUpperCase(),
      ` ${username}\t`,
      ` ${email} `,
    ])
      expect(shown(await logIn({ username: name, password }))).toBe(expected);
    for (const name of [`${username}x`, `x${email}`, `${email}x`, `@${email}`, username.slice(1)])
      expect(whole(await logIn({ username: name, password }))).toBe(WRONG_PAIR);
  });

  it('accepts compatibility forms of a username, which it compares in NFKC', async () => {
    const { username, password } = member;
    const wide = username.replace(/[0-9a-z]/g, (sign) =>
      String.fromCodePoint((sign.codePointAt(0) ?? 0) + 0xfee0),
    );
    expect(wide).not.toBe(username);
    expect(shown(await logIn({ username: wide, password }))).toBe(await eightKeys(member));
  });

  it('accepts every Unicode form of an email, but not without its accent', async () => {
    const fields = { ...person(), email: `jörg@${uniqueName()}.com`.normalize('NFC') };
    const { id } = await join(fields);
    const expected = await eightKeys({ ...fields, id });
    const { email, password } = fields;
    for (const username of [email, email.normalize('NFD'), email.toUpperCase().normalize('NFD')])
      expect(shown(await logIn({ username, password }))).toBe(expected);
    expect(whole(await logIn({ username: email.replace('ö', 'o'), password }))).toBe(WRONG_PAIR);
  });

  it('accepts a number as a username, as its decimal text to the last digit', async () => {
    const number = `9${String(crypto.getRandomValues(new BigUint64Array(1))[0])
      .padStart(18, '1')
      .slice(0, 17)}1`;
    const fields = { ...person(), username: number };
    const { id } = await join(fields);
    const withNumber = (text: string) =>
      send('/api/users/login/', { json: `{"username":${text},"password":"${fields.password}"}` });
    expect(shown(await withNumber(number))).toBe(await eightKeys({ ...fields, id }));
    expect(whole(await withNumber(number.replace(/1$/, '2')))).toBe(WRONG_PAIR);
  });

  it('shows the email if there is no username', async () => {
    const { id, email, password } = await joinUnnamed(`Peter.${uniqueName()}@Quahog.com`);
    const answer = await logIn({ username: email.toLowerCase(), password });
    expect(shown(answer)).toBe(await eightKeys({ id, username: email, email }));
  });

  it('rejects the password of another account', async () => {
    const other = await join({ ...person(), password: 'wxyz9876' });
    expect(whole(await logIn({ username: member.username, password: 'wxyz9876' }))).toBe(WRONG_PAIR);
    expect(shown(await logIn({ username: other.username, password: 'wxyz9876' }))).toBe(
      await eightKeys(other),
    );
  });
});

describe('refused login', () => {
  it('answers alike to a wrong password, unknown user and disabled account, without a cookie', async () => {
    const disabled = await join();
    await disable(disabled.id);
    for (const fields of [
      { username: member.username, password: 'abcd1235' },
      { username: member.email, password: 'ABCD1234' },
      { username: uniqueName(), password: member.password },
      { username: `${uniqueName()}@test.com`, password: member.password },
      { username: disabled.username, password: disabled.password },
      { username: disabled.email, password: disabled.password },
    ]) {
      const answer = await logIn(fields);
      expect(whole(answer)).toBe(WRONG_PAIR);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });

  it('leaves last_login unchanged', async () => {
    const { id, username, cookie } = await join();
    await testEnv.DB.prepare('UPDATE users SET last_login_at = 1000 WHERE id = ?').bind(id).run();
    await logIn({ username, password: 'wrong' });
    expect((await send('/api/users/me/', { cookie })).text).toContain(
      '"last_login":"1970-01-01T00:00:01.000000+00:00"',
    );
  });
});

describe('last_login', () => {
  it.each([
    ['users', '/api/users/login/', 'username'],
    ['user-v1', '/api/v1/user/login/', 'username'],
    ['conjugator', '/api/login/', 'username'],
    ['account', '/account/login', 'username'],
    ['auth', '/api/auth/login/', 'email'],
  ] as const)('changes at a login in %s', async (_, path, field) => {
    const { id, cookie, password, ...names } = await join();
    await testEnv.DB.prepare('UPDATE users SET last_login_at = 0 WHERE id = ?').bind(id).run();
    const startedMs = Date.now();
    const loggedIn = await send(path, { json: { [field]: names[field], password } });
    expect(loggedIn.status).toBe(200);
    const { text } = await send('/api/users/me/', { cookie });
    const shownMs = Date.parse(/"last_login":"([^"]*)"/.exec(text)?.[1] ?? '');
    expect(shownMs).toBeGreaterThanOrEqual(startedMs);
    expect(shownMs).toBeLessThanOrEqual(Date.now());
  });
});

describe('disabled account', () => {
  it('loses its session, and other accounts keep theirs', async () => {
    const disabled = await join();
    expect(await isLive(disabled.cookie)).toBe(true);
    await disable(disabled.id);
    const { cookie } = disabled;
    const anonymous = '403 {"detail":"Authentication credentials were not provided."}';
    expect(whole(await send('/api/users/me/', { cookie }))).toBe('404 {"detail":"Not found."}');
    expect(whole(await send('/api/users/me/', { method: 'PATCH', json: {}, cookie }))).toBe(anonymous);
    expect(whole(await send('/api/users/logout/', { cookie }))).toBe(anonymous);
    expect(whole(await send('/api/users/logout/', { method: 'POST', cookie }))).toBe(anonymous);
    expect(await isLive(member.cookie)).toBe(true);
  });
});

it('shows the creation as last_login for an imported account that never logged in', async () => {
  const one = await join();
  await testEnv.DB.prepare('UPDATE users SET last_login_at = 0, created_at = 1000 WHERE id = ?')
    .bind(one.id)
    .run();
  expect((await send('/api/users/me/', { cookie: one.cookie })).text).toContain(
    '"last_login":"1970-01-01T00:00:01.000000+00:00"',
  );
  expect((await send('/id/me', { cookie: one.cookie })).text).toContain(
    '"lastLoginAt":"1970-01-01T00:00:01.000Z"',
  );
});
