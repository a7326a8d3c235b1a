// The same text is the same password: in JSON, in both kinds of forms, in every dialect and on every page.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, ORIGIN, type Sent, send, sessionCookie, uniqueName } from '../support/worker.ts';

/** Accepted in every dialect: 8 to 16 characters with a digit and an English letter. */
const PASSWORDS = [
  '100%pure',
  '%41%zz %4+1a&b=',
  '\ufeff\ufffda1b2c3',
  '100%é%C3%A9x',
  'a1\r\nb2\nc3%00\0\r',
];

type Fields = Record<string, string>;

/** The form of a client that percent-encodes only what would be misread. */
const carelessly = (fields: Fields): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${value.replaceAll(/[&+]|%(?=[0-9a-f]{2})/gi, encodeURIComponent)}`)
    .join('&');

const ENCODINGS: Record<string, (fields: Fields) => Sent> = {
  JSON: (json) => ({ json }),
  'a url-encoded form': (form) => ({ form }),
  'a form with minimal encoding': (fields) => ({
    json: carelessly(fields),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  }),
  'a multipart form': (multipart) => ({ multipart }),
};

/** A request from the service's own pages. */
const toPage = (path: string, sent: Sent): Promise<Answer> =>
  send(path, { ...sent, headers: { ...sent.headers, Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' } });

type Endpoint = [path: string, fields: (username: string, email: string, password: string) => Fields];

const REGISTRATIONS: Record<string, Endpoint> = {
  users: ['/api/users/register', (username, email, password) => ({ username, email, password })],
  'user-v1': ['/api/v1/user/register', (username, email, password) => ({ username, email, password })],
  conjugator: [
    '/api/register',
    (_, email, password) => ({ first_name: 'a', last_name: 'b', email, password }),
  ],
  account: ['/account/register', (username, email, password) => ({ username, email, password })],
  auth: ['/api/auth/register', (_, email, password) => ({ name: 'a', email, password })],
  id: ['/id/register', (_, email, password) => ({ email, password })],
  'the sign-up page': ['/sign-up', (_, email, password) => ({ email, password })],
};

const LOGINS: Record<string, Endpoint> = {
  users: ['/api/users/login', (_, username, password) => ({ username, password })],
  'user-v1': ['/api/v1/user/login', (_, username, password) => ({ username, password })],
  conjugator: ['/api/login', (_, username, password) => ({ username, password })],
  account: ['/account/login', (_, username, password) => ({ username, password })],
  auth: ['/api/auth/login', (_, email, password) => ({ email, password })],
  id: ['/id/login', (_, identifier, password) => ({ identifier, password })],
  'the sign-in page': ['/sign-in', (_, identifier, password) => ({ identifier, password })],
};

const someone = (): [username: string, email: string] => {
  const username = uniqueName();
  return [username, `${username}@test.com`];
};

const registerWithId = async (password: string): Promise<{ email: string; cookie: string }> => {
  const [, email] = someone();
  const answer = await send('/id/register', { json: { email, password } });
  return { email, cookie: sessionCookie(answer) ?? expect.fail(answer.text) };
};

const logInWithId = async (email: string, password: string): Promise<number> =>
  (await send('/id/login', { json: { identifier: email, password } })).status;

/** Whether dialect or page accepted it; user-v1 refuses with 200. */
const isDone = ({ status, text }: Answer): boolean =>
  status >= 200 && status < 400 && !text.includes('"failed"');

/** The email of one account for each password. */
const emails = new Map<string, string>();

beforeAll(async () => {
  for (const password of PASSWORDS) emails.set(password, (await registerWithId(password)).email);
});

describe.each(Object.keys(ENCODINGS))('password in %s', (encoding) => {
  const encode = ENCODINGS[encoding] ?? expect.fail(encoding);

  it.each(Object.entries(REGISTRATIONS))('registers exactly as sent: %s', async (_, [path, fields]) => {
    for (const password of PASSWORDS) {
      const [username, email] = someone();
      const answer = await toPage(path, encode(fields(username, email, password)));
      expect([password, answer.text, isDone(answer)]).toEqual([password, answer.text, true]);
      expect([password, await logInWithId(email, password)]).toEqual([password, 200]);
    }
  });

  it.each(Object.entries(LOGINS))('logs in as it was registered: %s', async (_, [path, fields]) => {
    for (const password of PASSWORDS) {
      const answer = await toPage(path, encode(fields('', emails.get(password) ?? '', password)));
      expect([password, answer.text, isDone(answer)]).toEqual([password, answer.text, true]);
    }
  });

  it('confirms every change in id', async () => {
    for (const password of PASSWORDS) {
      const { email, cookie } = await registerWithId(password);
      const [username] = someone();
      const put = (path: string, fields: Fields, session: string, method = 'PUT') =>
        send(path, { ...encode(fields), method, cookie: session });
      const named = await put('/id/me/username', { username, password }, cookie);
      const mailed = await put('/id/me/email', { email, password }, sessionCookie(named) ?? '');
      const change = { currentPassword: password, newPassword: `${password} new` };
      const changed = await put('/id/me/password', change, sessionCookie(mailed) ?? '');
      const next = sessionCookie(changed) ?? '';
      const removed = await put('/id/me', { password: `${password} new` }, next, 'DELETE');
      const statuses = [named, mailed, changed, removed].map(({ status }) => status);
      expect([password, ...statuses]).toEqual([password, 200, 200, 200, 204]);
    }
  });

  it('confirms every change on the account pages', async () => {
    for (const password of PASSWORDS) {
      const { email, cookie } = await registerWithId(password);
      const [username] = someone();
      const post = (path: string, fields: Fields, session: string) =>
        toPage(path, { ...encode(fields), cookie: session });
      const named = await post('/username', { username, password }, cookie);
      const mailed = await post('/email', { email, password }, sessionCookie(named) ?? '');
      const change = { currentPassword: password, newPassword: `${password} new` };
      const changed = await post('/password', change, sessionCookie(mailed) ?? '');
      expect([password, await logInWithId(email, `${password} new`)]).toEqual([password, 200]);
      const removed = await post('/delete', { password: `${password} new` }, sessionCookie(changed) ?? '');
      const statuses = [named, mailed, changed, removed].map(({ status }) => status);
      expect([password, ...statuses]).toEqual([password, 303, 303, 303, 303]);
      expect([password, await logInWithId(email, `${password} new`)]).toEqual([password, 401]);
    }
  });
});

describe('form bytes that are not UTF-8', () => {
  const LOGIN_TYPE = { 'Content-Type': 'application/x-www-form-urlencoded' };

  it.each(Object.entries(LOGINS))(
    'get 400 at login, whatever else is in the form: %s',
    async (_, [path, fields]) => {
      const { email } = await registerWithId('a sec\ufffdret');
      const names = Object.keys(fields('', email, ''));
      const form = `${names[0]}=${email}&password=`;
      // A replacement character in another field used to let the invalid bytes pass as one.
      const broken = await toPage(path, { json: `other=%EF%BF%BD&${form}a+sec%E9ret`, headers: LOGIN_TYPE });
      expect(broken.status).toBe(400);
      const meant = await toPage(path, { json: `${form}a+sec%EF%BF%BDret`, headers: LOGIN_TYPE });
      expect([meant.text, isDone(meant)]).toEqual([meant.text, true]);
    },
  );
});
