// `users`: tokens of other dialects in the Authorization header, beside or instead of the cookie.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Sent, send } from '../../support/worker.ts';
import {
  cookieFor,
  disable,
  eightKeys,
  hexTokenFor,
  idOf,
  isLive,
  join,
  jwtFor,
  type Member,
  person,
  shown,
  whole,
} from '../support-cookies.ts';

const ME = '/api/users/me/';
const INVALID = 'Invalid token.';
const EMPTY = 'Invalid token header. No credentials provided.';
const SPACES = 'Invalid token header. Token string should not contain spaces.';
const MISSING = 'Authentication credentials were not provided.';

/** Every endpoint that needs a login, and its answer without one. */
const CLOSED: [string, Sent, string][] = [
  [ME, {}, '404 {"detail":"Not found."}'],
  [ME, { method: 'PATCH', json: {} }, `403 {"detail":"${MISSING}"}`],
  ['/api/users/logout/', {}, `403 {"detail":"${MISSING}"}`],
  ['/api/users/logout/', { method: 'POST' }, `403 {"detail":"${MISSING}"}`],
];

let member: Member;
let other: Member;
beforeAll(async () => {
  member = await join();
  other = await join();
});
const withHeader = (authorization: string, sent: Sent = {}): Sent => ({
  ...sent,
  headers: { Authorization: authorization },
});

describe.each([
  ['account', hexTokenFor],
  ['auth', jwtFor],
] as const)('token of %s', (_, tokenFor) => {
  it.each(['Token', 'Bearer', 'token', 'bearer', 'TOKEN', 'bEaReR'])(
    'works after `%s` to read, to change and to log out',
    async (scheme) => {
      const fields = await join();
      const token = await tokenFor(fields);
      const header = withHeader(`${scheme} ${token}`);
      expect(shown(await send(ME, header))).toBe(await eightKeys(fields));
      const changed = await send(ME, { method: 'PATCH', json: { address: scheme }, ...header });
      expect(shown(changed)).toBe(await eightKeys({ ...fields, address: scheme }));
      expect(whole(await send('/api/users/logout/', { method: 'POST', ...header }))).toBe('200 "OK"');
      expect(whole(await send(ME, header))).toBe(`401 {"detail":"${INVALID}"}`);
      expect(whole(await send('/account/profile', { token }))).toBe(`401 {"detail":"${INVALID}"}`);
      expect(await isLive(fields.cookie)).toBe(true);
    },
  );

  it('takes precedence over a cookie', async () => {
    const token = await tokenFor(member);
    const { cookie } = other;
    expect(shown(await send(ME, { token, cookie }))).toBe(await eightKeys(member));
    expect(shown(await send(ME, { cookie }))).toBe(await eightKeys(other));
    expect(whole(await send('/api/users/logout/', { token, cookie }))).toBe('200 "OK"');
    expect(whole(await send(ME, { token }))).toBe(`401 {"detail":"${INVALID}"}`);
    expect(await isLive(cookie)).toBe(true);
  });

  it('does not work if changed', async () => {
    const token = await tokenFor(member);
    const flipped = token.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    for (const wrong of [token.slice(0, -1), token.slice(1), `${token}0`, flipped, token.toUpperCase()]) {
      const answer = await send(ME, withHeader(`Token ${wrong}`));
      expect(whole(answer)).toBe(`401 {"detail":"${INVALID}"}`);
    }
    expect(shown(await send(ME, { token }))).toBe(await eightKeys(member));
  });

  it('does not work for a disabled account', async () => {
    const disabled = await join();
    const token = await tokenFor(disabled);
    await disable(disabled.id);
    for (const [path, sent] of CLOSED)
      expect(whole(await send(path, { ...sent, token }))).toBe(`401 {"detail":"${INVALID}"}`);
  });
});

describe.each(CLOSED)('%s %j', (path, sent, anonymous) => {
  it.each([
    ['Token', EMPTY],
    ['bearer', EMPTY],
    ['Token a b', SPACES],
    ['Bearer a b c', SPACES],
    ['Token garbage', INVALID],
    ['Bearer a.b.c', INVALID],
    [`Token ${'0'.repeat(40)}`, INVALID],
  ])('answers 401 for the header `%s`, despite a live cookie: %s', async (authorization, text) => {
    for (const cookie of [member.cookie, 'nonsense']) {
      const answer = await send(path, { ...withHeader(authorization, sent), cookie });
      expect(whole(answer)).toBe(`401 {"detail":"${text}"}`);
      expect(answer.headers.get('WWW-Authenticate')).toBe('Token');
    }
    expect(await isLive(member.cookie)).toBe(true);
  });

  it('answers alike without a cookie and for an ended or unknown one', async () => {
    const dead = await cookieFor(member);
    await send('/api/users/logout/', { cookie: dead });
    expect(whole(await send(path, sent))).toBe(anonymous);
    for (const cookie of [dead, 'nonsense', '', 'A'.repeat(43)])
      expect(whole(await send(path, { ...sent, cookie }))).toBe(anonymous);
  });

  it('ignores an unknown scheme, and a token without a scheme', async () => {
    const token = await hexTokenFor(member);
    for (const authorization of ['Basic dGVzdDp0ZXN0', `Digest ${token}`, token])
      expect(whole(await send(path, withHeader(authorization, sent)))).toBe(anonymous);
  });
});

describe('registration and login', () => {
  it.each(['Token', 'Token a b', 'Bearer garbage', 'Basic dGVzdDp0ZXN0'])(
    'ignore the header `Authorization: %s`',
    async (authorization) => {
      const { username, password } = member;
      const loggedIn = await send(
        '/api/users/login/',
        withHeader(authorization, { json: { username, password } }),
      );
      expect(shown(loggedIn)).toBe(await eightKeys(member));
      const fields = person();
      const registered = await send('/api/users/register/', withHeader(authorization, { json: fields }));
      expect(shown(registered)).toBe(await eightKeys({ ...fields, id: idOf(registered) }));
    },
  );

  it("ignore another account's token and leave it valid", async () => {
    const token = await jwtFor(other);
    const { username, password } = member;
    expect(shown(await send('/api/users/login/', { json: { username, password }, token }))).toBe(
      await eightKeys(member),
    );
    expect((await send('/api/users/register/', { json: person(), token })).status).toBe(200);
    expect(shown(await send(ME, { token }))).toBe(await eightKeys(other));
  });
});

describe('session cookie', () => {
  it.each([
    ['/api/user/', {}],
    ['/api/user/', { method: 'PUT', json: {} }],
    [`/api/accounts/1/`, {}],
    ['/api/admin/users', {}],
    ['/account/profile', {}],
    ['/account/logout', { method: 'POST' }],
    ['/account/delete', { method: 'POST' }],
    ['/account/get_pictures', {}],
    ['/account/set_picture', { method: 'POST', json: { id: 1 } }],
  ])('gets 401 in conjugator and account: %s %j', async (path, sent) => {
    const { cookie } = member;
    expect(whole(await send(path, { ...sent, cookie }))).toBe(`401 {"detail":"${MISSING}"}`);
    expect(await isLive(cookie)).toBe(true);
  });
});
