// The credentials of the five existing dialects: which endpoint accepts which, and what ends them.
import { describe, expect, it } from 'vitest';
import { type Answer, type Sent, send, sessionCookie, uniqueName } from '../support/worker.ts';

const PASSWORD = 'abcd1234';

const tokenOf = ({ text }: Answer): string => /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
const cookieOf = (answer: Answer): string => sessionCookie(answer) ?? expect.fail(answer.text);
const idOf = ({ text }: Answer): number => Number(/"id":(\d+)/.exec(text)?.[1] ?? expect.fail(text));
const post = (path: string, json: unknown) => send(path, { json });
const whole = ({ status, text }: Answer): string => `${status} ${text}`;

interface Member {
  id: number;
  email: string;
}

const join = async (): Promise<Member> => {
  const username = uniqueName();
  const email = `${username}@test.com`;
  const made = await post('/api/users/register', { username, email, password: PASSWORD });
  return { id: idOf(made), email };
};
const openCookie = async ({ email }: Member): Promise<string> =>
  cookieOf(await post('/api/users/login', { username: email, password: PASSWORD }));
const openV1Cookie = async ({ email }: Member): Promise<string> =>
  cookieOf(await post('/api/v1/user/login', { username: email, password: PASSWORD }));
const openToken = async ({ email }: Member): Promise<string> =>
  tokenOf(await post('/account/login', { username: email, password: PASSWORD }));
const openJwt = async ({ email }: Member): Promise<string> =>
  tokenOf(await post('/api/auth/login', { email, password: PASSWORD }));

const header = (authorization: string): Sent => ({ headers: { Authorization: authorization } });

/** Every credential of an account, as it is sent. */
const CREDENTIALS: Record<string, (member: Member) => Promise<Sent>> = {
  'cookie of users': async (member) => ({ cookie: await openCookie(member) }),
  'cookie of user-v1': async (member) => ({ cookie: await openV1Cookie(member) }),
  'token of account': async (member) => header(`Token ${await openToken(member)}`),
  'token of account as Bearer': async (member) => header(`Bearer ${await openToken(member)}`),
  'token of account, bare': async (member) => header(await openToken(member)),
  'JWT of auth': async (member) => header(`Bearer ${await openJwt(member)}`),
  'JWT of auth as Token': async (member) => header(`Token ${await openJwt(member)}`),
  'JWT of auth, bare': async (member) => header(await openJwt(member)),
};

const NOT_PROVIDED = '{"detail":"Authentication credentials were not provided."}';
const LOGIN_REQUIRED = '{"status":"failed","desc":"login required","error_code":101}';

/** Endpoints that need a login: the status for a credential that they accept, the answer for any other. */
const CLOSED: [dialect: string, method: string, path: string, good: number, other: string][] = [
  ['users', 'GET', '/api/users/me/', 200, '404 {"detail":"Not found."}'],
  ['users', 'PATCH', '/api/users/me/', 200, `403 ${NOT_PROVIDED}`],
  ['users', 'GET', '/api/users/logout/', 200, `403 ${NOT_PROVIDED}`],
  ['users', 'POST', '/api/users/logout/', 200, `403 ${NOT_PROVIDED}`],
  ['user-v1', 'POST', '/api/v1/user/logout/', 200, `401 ${LOGIN_REQUIRED}`],
  ['conjugator', 'GET', '/api/user/', 200, `401 ${NOT_PROVIDED}`],
  ['conjugator', 'PUT', '/api/user/', 200, `401 ${NOT_PROVIDED}`],
  ['conjugator', 'GET', '/api/accounts/<id>/', 200, `401 ${NOT_PROVIDED}`],
  ['conjugator', 'GET', '/api/admin/users', 403, `401 ${NOT_PROVIDED}`],
  ['account', 'GET', '/account/profile', 200, `401 ${NOT_PROVIDED}`],
  ['account', 'GET', '/account/get_pictures', 200, `401 ${NOT_PROVIDED}`],
  ['account', 'POST', '/account/set_picture', 200, `401 ${NOT_PROVIDED}`],
  ['account', 'POST', '/acount/set_picture', 200, `401 ${NOT_PROVIDED}`],
  ['account', 'POST', '/account/logout', 200, `401 ${NOT_PROVIDED}`],
  ['account', 'POST', '/account/delete', 200, `401 ${NOT_PROVIDED}`],
];

describe.each(CLOSED)('%s %s %s', (dialect, method, path, good, other) => {
  const counts = (kind: string): boolean => {
    if (kind.startsWith('cookie')) return dialect === 'users' || dialect === 'user-v1';
    return dialect === 'conjugator' || !kind.endsWith('bare');
  };

  it.each(Object.entries(CREDENTIALS))('accepts or refuses the %s as documented', async (kind, open) => {
    const member = await join();
    const body = method === 'GET' ? {} : { json: { id: 1 } };
    const address = path.replace('<id>', String(member.id));
    const answer = await send(address, { ...(await open(member)), ...body, method });
    if (counts(kind)) expect(answer.status).toBe(good);
    else expect(whole(answer)).toBe(other);
  });
});

describe('one session of an account', () => {
  const me = (sent: Sent) => send('/api/users/me/', sent);

  it.each(['cookie of users', 'cookie of user-v1', 'token of account', 'JWT of auth'])(
    'ends at its logout without ending the others: %s',
    async (ended) => {
      const member = await join();
      const carried: [string, Sent][] = [];
      for (const kind of ['cookie of users', 'cookie of user-v1', 'token of account', 'JWT of auth'])
        carried.push([kind, (await CREDENTIALS[kind]?.(member)) ?? expect.fail()]);
      for (const [, sent] of carried) expect(idOf(await me(sent))).toBe(member.id);
      const credential = carried.find(([kind]) => kind === ended)?.[1] ?? {};
      expect((await send('/api/users/logout/', { ...credential, method: 'POST' })).status).toBe(200);
      for (const [kind, sent] of carried) {
        const refusal = kind.startsWith('cookie') ? 404 : 401;
        expect([kind, (await me(sent)).status]).toEqual([kind, kind === ended ? refusal : 200]);
      }
    },
  );

  it('survives a login in a dialect without cookies', async () => {
    const member = await join();
    const cookie = await openCookie(member);
    const json = { username: member.email, email: member.email, password: PASSWORD };
    for (const path of ['/api/login/', '/account/login', '/api/auth/login/'])
      expect((await send(path, { cookie, json })).status).toBe(200);
    expect(idOf(await me({ cookie }))).toBe(member.id);
  });
});

describe('Authorization header beside a session cookie', () => {
  it('takes precedence, even if it is invalid or belongs to another account', async () => {
    const [one, other] = [await join(), await join()];
    const cookie = await openCookie(one);
    const token = await openToken(other);
    expect(idOf(await send('/api/users/me/', { cookie }))).toBe(one.id);
    expect(idOf(await send('/api/users/me/', { cookie, token }))).toBe(other.id);
    const invalid = await send('/api/users/me/', { cookie, token: 'x' });
    expect(whole(invalid)).toBe('401 {"detail":"Invalid token."}');
    const loggedOut = await send('/api/v1/user/logout/', { cookie, token, method: 'POST' });
    expect(whole(loggedOut)).toBe(`200 {"status":"success","uid":${other.id}}`);
    expect(idOf(await send('/api/users/me/', { cookie }))).toBe(one.id);
  });

  it('accepts no cookie value, and a cookie accepts no token', async () => {
    const member = await join();
    const token = await openCookie(member);
    expect(whole(await send('/account/profile', { token }))).toBe('401 {"detail":"Invalid token."}');
    for (const value of [await openToken(member), await openJwt(member)]) {
      expect((await send('/api/users/me/', { cookie: value })).status).toBe(404);
      expect((await send('/api/users/me/', { token: value })).status).toBe(200);
    }
  });
});
