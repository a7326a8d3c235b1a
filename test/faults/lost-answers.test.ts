// D1 committed and its answer was lost: the client repeats the request and finds what is stored; nobody is locked out.
import { afterEach, expect, it, vi } from 'vitest';
import { failD1 } from '../support/faults.ts';
import { send, uniqueName } from '../support/worker.ts';
import { cheapEnv, createPerson, tokenOf } from './people.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** A D1 that breaks in its second round trip, the one that stores a registration or a login. */
const losing = (moment: 'middle' | 'after') =>
  failD1((nth) => (nth === 2 ? moment : null), { env: cheapEnv }).env;

const newcomer = () => {
  const username = uniqueName();
  const email = `${username}@test.com`;
  return { username, email, password: 'sesame1234', name: 'Ann', first_name: 'Ann', last_name: 'Lee' };
};
type Newcomer = ReturnType<typeof newcomer>;

const USERS = (): string =>
  '{"username":["A user with that username already exists."],"email":["user with this email address already exists."]}';
const USER_V1 = (): string =>
  '{"status":"failed","desc":"username or email already exists","error_code":114}';
const ACCOUNT = (): string =>
  '{"success":false,"errors":{"username":["user with this username already exists."],' +
  '"email":["user with this email already exists."]}}';
const AUTH = ({ email }: Newcomer): string =>
  `{"status":"fail","errors":{"email":{"value":"${email}","msg":"Email already exist!","param":"email","location":"body"}}}`;

const registrations: [string, number, number, (sent: Newcomer) => string][] = [
  ['/api/users/register/', 200, 400, USERS],
  ['/api/v1/user/register/', 200, 200, USER_V1],
  ['/api/register/', 201, 500, () => '{}'],
  ['/account/register', 200, 400, ACCOUNT],
  ['/api/auth/register/', 200, 400, AUTH],
];

it.each(registrations)(
  '%s, repeated after its answer was lost, says that the name is taken, and the account works',
  async (path, _made, refused, text) => {
    const json = newcomer();
    expect((await send(path, { json, env: losing('after') })).status).toBe(503);
    const again = await send(path, { json, env: cheapEnv });
    expect([again.status, again.text]).toEqual([refused, text(json)]);
    const login = { username: json.email, password: json.password };
    const token = tokenOf((await send('/account/login', { json: login, env: cheapEnv })).text);
    expect((await send('/account/profile', { token })).text).toContain(`"email":"${json.email}"`);
    const wrong = await send('/account/login', { json: { ...login, password: 'sesame1235' }, env: cheapEnv });
    expect(wrong.text).toBe('{"non_field_errors":["Unable to log in with provided credentials."]}');
  },
);

it.each(registrations)('%s, repeated after a rollback, creates the account', async (path, made) => {
  const json = newcomer();
  expect((await send(path, { json, env: losing('middle') })).status).toBe(503);
  expect((await send(path, { json, env: cheapEnv })).status).toBe(made);
});

it('returns the same token for a login repeated after its answer was lost', async () => {
  const person = await createPerson();
  const env = losing('after');
  expect((await send('/account/login', { json: person, env })).status).toBe(503);
  expect((await send('/account/login', { json: person, env: cheapEnv })).text).toBe(
    `{"token":"${person.derived}"}`,
  );
});

it('ends the session by a logout whose answer was lost', async () => {
  const { derived: token, jwt } = await createPerson();
  const env = losing('after');
  expect((await send('/account/logout', { method: 'POST', token, env })).status).toBe(503);
  const read = await send('/account/profile', { token });
  expect([read.status, read.text]).toEqual([401, '{"detail":"Invalid token."}']);
  expect((await send('/account/logout', { method: 'POST', token })).status).toBe(401);
  expect((await send('/account/profile', { token: jwt })).status).toBe(200);
});

it('frees the name by a deletion whose answer was lost', async () => {
  const person = await createPerson();
  const env = losing('after');
  expect((await send('/account/delete', { method: 'POST', token: person.jwt, env })).status).toBe(503);
  expect((await send('/account/profile', { token: person.derived })).status).toBe(401);
  expect((await send('/api/users/me', { cookie: person.cookie })).status).toBe(404);
  expect((await send('/account/register', { json: person, env: cheapEnv })).status).toBe(200);
});

/** Right passwords at a D1 that rolls back the second round trip: each attempt is counted, and none is forgiven. */
const tryInVain = async (json: object, times: number, msBetween: number) => {
  for (let done = 0; done < times; done += 1) {
    const { status } = await send('/account/login', { json, env: losing('middle') });
    expect(status).toBe(503);
    if (msBetween > 0) vi.setSystemTime(Date.now() + msBetween);
  }
};

it('logs in without a wait after nine logins that D1 lost', async () => {
  const person = await createPerson();
  await tryInVain(person, 9, 0);
  expect((await send('/account/login', { json: person, env: cheapEnv })).status).toBe(200);
});

it('does not count twelve logins that D1 lost within an hour as wrong passwords', async () => {
  const person = await createPerson();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  await tryInVain(person, 12, 5 * 60_000);
  vi.setSystemTime(Date.now() - 5 * 60_000 + 1);
  const { status, headers } = await send('/account/login', { json: person, env: cheapEnv });
  expect([status, headers.get('Retry-After')]).toEqual([200, null]);
});
