// Shared by the tests of `id`: accounts, sessions of every kind, and comparison of whole answers.
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { sha256Hex } from '../../../src/core/secrets.ts';
import { type Answer, type Sent, send, sessionCookie, testEnv, uniqueName } from '../../support/worker.ts';

/** When each test with `atFixedTime()` begins, so that bodies with times can be compared whole. */
export const START_MS = Date.UTC(2030, 0, 1, 12);
export const START = '2030-01-01T12:00:00.000Z';
/** When an unused session that began at `START` expires: after two weeks. */
export const START_EXPIRES = '2030-01-15T12:00:00.000Z';

/** Starts each test of a file at `START_MS`; tests advance the clock with `vi.setSystemTime`. */
export const atFixedTime = (): void => {
  beforeEach(() => {
    vi.setSystemTime(START_MS);
  });
  afterEach(() => {
    vi.useRealTimers();
  });
};

/** The time `ms` after the start, as answers show it. */
export const after = (ms: number): string => new Date(START_MS + ms).toISOString();

export const PASSWORD = 'four walls and a door';
export const OTHER_PASSWORD = 'a roof over them';

/** Registration fields that no other test uses. */
export const person = () => {
  const username = uniqueName();
  return { username, email: `${username}@test.com`, password: PASSWORD };
};
export type Person = ReturnType<typeof person>;

export interface Member extends Person {
  id: number;
  cookie: string;
}

/** The status and the whole body; checks the headers that every answer of `id` has. */
export const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers.get('Cache-Control')).toBe('no-store');
  expect(headers.get('Content-Type')).toBe(mediaTypeOf(status));
  return text === '' ? String(status) : `${status} ${text}`;
};

const mediaTypeOf = (status: number): string | null => {
  if (status === 204) return null;
  return status < 400 ? 'application/json' : 'application/problem+json';
};

/** An account as its owner sees it; `account` overrides the fields of a new one of `START`. */
export const shownAccount = (account: object): object => ({
  id: 0,
  username: null,
  email: '',
  emailVerified: false,
  pendingEmail: null,
  name: '',
  firstName: '',
  lastName: '',
  address: '',
  siteUrl: '',
  description: '',
  locale: 'en',
  picture: null,
  isAdmin: false,
  createdAt: START,
  updatedAt: START,
  lastLoginAt: START,
  ...account,
});

/** The three name fields of one name, split at its last space. */
export const called = (name: string): object => {
  const at = name.lastIndexOf(' ');
  return {
    name,
    firstName: at < 0 ? name : name.slice(0, at),
    lastName: at < 0 ? '' : name.slice(at + 1),
  };
};

/** The fields of a member that answers show. */
export const namesOf = ({ id, username, email }: Member) => ({ id, username, email });

/** The first id in an answer. */
export const idOf = ({ text }: Answer): number =>
  Number(/"id":(\d+)[,}]/.exec(text)?.[1] ?? expect.fail(text));

/** The token in an answer. */
export const tokenOf = ({ text }: Answer): string => /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);

export const cookieOf = (answer: Answer): string => sessionCookie(answer) || expect.fail(answer.text);

/** The names and attributes of the cookies that an answer sets, without their values. */
export const cookiesOf = ({ headers }: Answer): string[] =>
  headers
    .getSetCookie()
    .map((line) => line.replace(/^(\w+)=[^;]+/, '$1=…'))
    .sort();

const SCOPE = 'Path=/; HttpOnly; Secure; SameSite=Lax';
export const SESSION_COOKIE = `sessionid=…; Max-Age=1209600; ${SCOPE}`;
export const DEVICE_COOKIE = `device=…; Max-Age=34560000; ${SCOPE}`;
export const NO_SESSION_COOKIE = `sessionid=; Max-Age=0; ${SCOPE}`;

/** Creates an account with a cookie session. */
export const join = async (fields: Partial<Person> & { name?: string } = {}): Promise<Member> => {
  const wanted = { ...person(), ...fields };
  const answer = await send('/id/register', { json: wanted });
  expect(answer.status).toBe(201);
  return { ...wanted, id: idOf(answer), cookie: cookieOf(answer) };
};

/** Creates an admin. */
export const joinAdmin = async (fields: Partial<Person> = {}): Promise<Member> => {
  const admin = await join(fields);
  await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(admin.id).run();
  return admin;
};

/** Starts each test without an admin. */
export const withoutAdmins = (): void => {
  beforeEach(async () => {
    await testEnv.DB.prepare('UPDATE users SET is_admin = 0').run();
  });
};

/** Logs in by email, for a cookie unless `fields` asks for a token. */
export const logIn = ({ email, password }: Person, fields: object = {}, sent: Sent = {}): Promise<Answer> =>
  send('/id/login', { ...sent, json: { identifier: email, password, ...fields } });

/** Another cookie session of the account. */
export const cookieFor = async (member: Person): Promise<string> => cookieOf(await logIn(member));

/** A token of the account. */
export const tokenFor = async (member: Person): Promise<string> =>
  tokenOf(await logIn(member, { session: 'token' }));

/** The header that carries a token. */
export const bearer = (token: string): Sent => ({ headers: { Authorization: `Bearer ${token}` } });

/** The id of the session of a JSON Web Token. */
export const idOfJwt = (token: string): Promise<string> => {
  const claims = Uint8Array.fromBase64(token.split('.')[1] ?? '', { alphabet: 'base64url' });
  return sha256Hex(/"jti":"([^"]+)"/.exec(new TextDecoder().decode(claims))?.[1] ?? expect.fail(token));
};

/** Whether the sent credentials are those of a live session. */
export const isLive = async (sent: Sent): Promise<boolean> => (await send('/id/me', sent)).status === 200;

export const rowOf = (id: number) => testEnv.DB.prepare('SELECT * FROM users WHERE id = ?').bind(id).first();

/** The types of the events of an account, newest first. */
export const eventsOf = async (id: number): Promise<unknown[]> => {
  const query = testEnv.DB.prepare('SELECT type FROM events WHERE user_id = ? ORDER BY id DESC').bind(id);
  return (await query.all()).results.map(({ type }) => type);
};
