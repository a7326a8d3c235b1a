// The five existing dialects over one store: an account created in one can log in through every other.
import { describe, expect, it, vi } from 'vitest';
import { type Answer, send, testEnv, uniqueName } from '../support/worker.ts';

const PASSWORD = 'abcd1234';

const tokenOf = ({ text }: Answer): string => /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
const idOf = ({ text }: Answer): number => Number(/"id":(\d+)/.exec(text)?.[1] ?? expect.fail(text));
const post = (path: string, json: unknown) => send(path, { json });
const whole = ({ status, text }: Answer): string => `${status} ${text}`;

interface Member {
  id: number;
  email: string;
  /** What a dialect shows as the username: the email if the account has none. */
  shown: string;
  password: string;
  /** Every name that a `username` field accepts. */
  names: string[];
}

/** How each dialect creates an account; three of them give it a username. */
const JOINING = {
  users: (username: string, email: string, password: string) =>
    post('/api/users/register/', { username, email, password }),
  'user-v1': (username: string, email: string, password: string) =>
    post('/api/v1/user/register/', { username, email, password }),
  conjugator: (_: string, email: string, password: string) =>
    post('/api/register/', { first_name: 'a', last_name: 'b', email, password }),
  account: (username: string, email: string, password: string) =>
    post('/account/register', { username, email, password }),
  auth: (_: string, email: string, password: string) =>
    post('/api/auth/register/', { name: 'a', email, password }),
};
const DIALECTS = ['users', 'user-v1', 'conjugator', 'account', 'auth'] as const;
type Name = (typeof DIALECTS)[number];

const join = async (dialect: Name, password = PASSWORD, email?: string): Promise<Member> => {
  const username = uniqueName();
  const address = email ?? `${username}@Test.com`;
  expect((await JOINING[dialect](username, address, password)).status).toBeOneOf([200, 201]);
  const me = await post('/api/users/login/', { username: address, password });
  const names = dialect === 'conjugator' || dialect === 'auth' ? [address] : [username, address];
  return { id: idOf(me), email: address, shown: names[0] ?? address, password, names };
};

const logIn: Record<Name, (username: string, password: string) => Promise<Answer>> = {
  users: (username, password) => post('/api/users/login/', { username, password }),
  'user-v1': (username, password) => post('/api/v1/user/login/', { username, password }),
  conjugator: (username, password) => post('/api/login/', { username, password }),
  account: (username, password) => post('/account/login', { username, password }),
  auth: (email, password) => post('/api/auth/login/', { email, password }),
};

/** Expects that a login succeeded as documented, for this member and nobody else. */
const expectLogin: Record<Name, (answer: Answer, member: Member) => Promise<void> | void> = {
  users: ({ status, text }, { id, shown, email }) => {
    expect(status).toBe(200);
    expect(text).toContain(`"username":"${shown}","email":"${email}"`);
    expect(text).toMatch(new RegExp(`^\\{"id":${id},`));
  },
  'user-v1': (answer, { id, shown, email }) =>
    expect(whole(answer)).toBe(
      `200 ${JSON.stringify({ status: 'success', username: shown, email, uid: String(id) })}`,
    ),
  conjugator: (answer, member) => expectToken(answer, member),
  account: (answer, member) => expectToken(answer, member),
  auth: (answer, member) => expectToken(answer, member),
};
const expectToken = async (answer: Answer, { id, shown, email }: Member): Promise<void> => {
  expect(answer.status).toBe(200);
  const { text } = await send('/account/profile', { token: tokenOf(answer) });
  expect(text).toContain(`"data":{"id":${id},"username":"${shown}","email":"${email}",`);
};

const REFUSED = {
  users: '400 {"non_field_errors":["Username or password is incorrect."]}',
  'user-v1': '200 {"status":"failed","desc":"user name or password incorrect","error_code":102}',
  conjugator: '400 {"non_field_errors":["Unable to login with provided credentials."]}',
  account: '400 {"non_field_errors":["Unable to log in with provided credentials."]}',
  auth: '400 {"status":"fail","errors":{"main":{"msg":"user password incorrect"}}}',
};

const PAIRS = DIALECTS.flatMap((from) => DIALECTS.map((to) => ({ from, to })));

describe.each(PAIRS)('account created in $from', ({ from, to }) => {
  it(`logs in through ${to} with each of its names, but not with a wrong password`, async () => {
    const member = await join(from);
    const names = to === 'auth' ? [member.email] : member.names;
    for (const name of [...names, ...names.map((name) => ` ${name.toUpperCase()} `)]) {
      await expectLogin[to](await logIn[to](name, PASSWORD), member);
      for (const wrong of ['abcd1235', 'ABCD1234', ` ${PASSWORD}`])
        expect(whole(await logIn[to](name, wrong))).toBe(REFUSED[to]);
    }
  });

  it(`blocks the registration of its email in ${to}`, async () => {
    const { email } = await join(from);
    const taken = await JOINING[to](uniqueName(), email.toUpperCase(), PASSWORD);
    expect(taken.text).toMatch(/already exist|^\{\}$/);
    expect(taken.status).toBe(to === 'user-v1' ? 200 : to === 'conjugator' ? 500 : 400);
  });
});

describe('username', () => {
  it.each(['users', 'user-v1', 'account'] as const)(
    'cannot be used in an email field if created in %s',
    async (from) => {
      const { shown } = await join(from);
      expect(whole(await logIn['auth'](shown, PASSWORD))).toContain('"msg":"Email format invalid!"');
      expect(whole(await post('/api/login/', { email: shown, password: PASSWORD }))).toBe(
        REFUSED['conjugator'],
      );
    },
  );
});

describe('credentials that only another dialect accepts at registration', () => {
  it.each(DIALECTS)('log in through %s', async (to) => {
    const longest = `${uniqueName()}`.padEnd(63, 'x');
    const members = [
      await join('account', 'x'),
      await join('account', PASSWORD, `${longest}@${`${'d'.repeat(62)}.`.repeat(3)}com`),
      await join('auth', `${'€'.repeat(341)}x`),
      await join('conjugator', '  \0  '),
      await join('account', 'e\u0301'),
    ];
    expect(members[1]?.email).toHaveLength(256);
    for (const member of members)
      await expectLogin[to](await logIn[to](member.email, member.password), member);
    expect(whole(await logIn[to](members[3]?.email ?? '', '\0'))).toBe(REFUSED[to]);
    await expectLogin[to](
      await logIn[to](members[4]?.email ?? '', 'é'.normalize('NFC')),
      members[4] ?? expect.fail(),
    );
  });
});

describe('password', () => {
  it.each(DIALECTS)('appears in no answer and no log line, nor does its hash: %s', async (dialect) => {
    const methods = ['debug', 'log', 'info', 'warn', 'error'] as const;
    const logs = methods.map((method) => vi.spyOn(console, method).mockImplementation(() => undefined));
    const password = 'Secret4242';
    const { email } = await join(dialect, password);
    const answers = [
      await logIn[dialect](email, password),
      await logIn[dialect](email, `${password}x`),
      await logIn[dialect]('', password),
      await logIn[dialect](`x${email}`, password),
      await JOINING[dialect]('', email, password),
      await JOINING[dialect](uniqueName(), '', password),
      await JOINING[dialect](uniqueName(), email, password),
      await JOINING[dialect](uniqueName(), `x${email}`, `${password}\ud800`),
      await post('/api/auth/login', `{"email":"${email}","password":"${password}"`),
    ];
    const { results } = await testEnv.DB.prepare('SELECT password_hash FROM users WHERE email = ?')
      .bind(email)
      .all();
    const hash = String(results[0]?.['password_hash']);
    const lines = logs.flatMap((log) => log.mock.calls.flat().map(String));
    vi.restoreAllMocks();
    const said = [...answers.map(({ text, headers }) => text + JSON.stringify([...headers])), ...lines].join(
      '\n',
    );
    expect(hash).toMatch(/^\$pbkdf2-sha512\$/);
    for (const secret of ['Secret4242', hash, hash.split('$').at(-1) ?? hash])
      expect(said).not.toContain(secret);
    expect(said.length).toBeGreaterThan(500);
  });
});
