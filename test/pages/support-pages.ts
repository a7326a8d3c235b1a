// Test helpers for the pages: accounts with a session, forms as a browser sends them, and the contents of a page.
import { expect } from 'vitest';
import {
  type Answer,
  ORIGIN,
  type Sent,
  send,
  sessionCookie,
  testEnv,
  uniqueName,
} from '../support/worker.ts';

export const PASSWORD = 'four walls and a door';

export interface Person {
  id: number;
  username: string;
  email: string;
  cookie: string;
}

/** The headers of a form that a page of the service sends. */
export const OWN_PAGE = { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' };
export const FOREIGN_PAGE = { Origin: 'https://evil.test', 'Sec-Fetch-Site': 'cross-site' };

/** Opens a page. */
export const open = (path: string, person?: Person | null, sent: Sent = {}): Promise<Answer> =>
  send(path, {
    ...sent,
    ...(person ? { cookie: person.cookie } : {}),
    headers: { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8', ...sent.headers },
  });

/** Sends a form from a page of the service. */
export const post = (
  path: string,
  form: Record<string, string> = {},
  person?: Person | null,
  sent: Sent = {},
): Promise<Answer> =>
  open(path, person, { method: 'POST', form, ...sent, headers: { ...OWN_PAGE, ...sent.headers } });

/** Creates an account on /sign-up. */
export const signUp = async (fields: Record<string, string> = {}): Promise<Person> => {
  const username = fields['username'] ?? uniqueName();
  const email = fields['email'] ?? `${username}@test.com`;
  const answer = await post('/sign-up', { username, email, password: PASSWORD, ...fields });
  const cookie = sessionCookie(answer);
  if (answer.status !== 303 || cookie === null) throw new Error(`No account was made: ${answer.text}`);
  const row = await testEnv.DB.prepare('SELECT id FROM users WHERE email = ?')
    .bind(email)
    .first<{ id: number }>();
  return { id: row?.id ?? 0, username, email, cookie };
};

/** Creates an account and makes it an admin. */
export const signUpAdmin = async (): Promise<Person> => {
  const person = await signUp();
  await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(person.id).run();
  return person;
};

/** Opens a second session of the same account. */
export const signInAgain = async (person: Person, headers: Record<string, string> = {}): Promise<Person> => {
  const answer = await post('/sign-in', { identifier: person.email, password: PASSWORD }, null, { headers });
  return { ...person, cookie: sessionCookie(answer) ?? '' };
};

/** The same person with the new session cookie of an answer. */
export const withNewCookie = (person: Person, answer: Answer): Person => {
  const cookie = sessionCookie(answer);
  if (cookie === null || cookie === person.cookie) throw new Error(`No new cookie: ${answer.text}`);
  return { ...person, cookie };
};

export const isSignedIn = async (person: Person): Promise<boolean> =>
  (await open('/devices', person)).status === 200;

/** Opens a page with the one-time cookie `done`, which asks for a message. */
export const openDone = (path: string, done: string, person?: Person): Promise<Answer> =>
  open(path, null, { headers: { Cookie: `done=${done}${person ? `; sessionid=${person.cookie}` : ''}` } });

/** The value of the one-time cookie `done` that an answer sets; null if it sets none. */
const doneOf = ({ headers }: Answer): string | null =>
  headers
    .getSetCookie()
    .map((line) => /^done=([^;]*);/.exec(line)?.[1])
    .find(Boolean) ?? null;

/** An answer as one text: its status, its `Location` and the code of its message. */
export const goesTo = (answer: Answer): string => {
  const done = doneOf(answer);
  return `${answer.status} ${answer.headers.get('Location')}${done === null ? '' : ` done=${done}`}`;
};

/** The title of a page. */
export const titleOf = ({ text }: Answer): string => /<title>(.*?)<\/title>/s.exec(text)?.[1] ?? '';

/** The message above the content, without its tags; null if there is none. */
export const noticeOf = ({ text }: Answer): string | null => {
  const [, inside] = /<div class="notice \w+" role="(?:alert|status)">(.*?)<\/div>/s.exec(text) ?? [];
  return inside === undefined ? null : inside.replace(/<[^>]*>/g, '');
};

/** The HTML of a field. */
export const fieldOf = ({ text }: Answer, name: string): string =>
  new RegExp(`<(?:input|textarea) id="${name}"[^>]*>`).exec(text)?.[0] ?? '';

/** The id of the first session on /devices that can be ended. */
export const otherSessionOf = ({ text }: Answer): string =>
  /name="session" value="([0-9a-f]{64})"/.exec(text)?.[1] ?? '';

const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
export const SCRIPT_POLICY = `${POLICY}; script-src 'self'; connect-src 'self'`;
const PASSWORD_POLICY = `${POLICY}; script-src 'self'`;

/** The script of the pages that use passkeys. */
export const SCRIPT = '<script type="module" src="/passkeys.js"></script>';
/** The script of the pages with a password field. */
export const PASSWORD_SCRIPT = '<script type="module" src="/show-password.js"></script>';

export const withoutOwnScripts = (text: string): string =>
  text.replace(SCRIPT, '').replace(PASSWORD_SCRIPT, '');

const policyOf = (text: string): string => {
  if (text.includes(SCRIPT)) return SCRIPT_POLICY;
  return text.includes(PASSWORD_SCRIPT) ? PASSWORD_POLICY : POLICY;
};

/** Expects a page with this status and title, and with the headers of every page. */
export const expectPage = (answer: Answer, status: number, title: string): void => {
  expect({ status: answer.status, title: titleOf(answer) }).toEqual({ status, title: `${title} · Latchkey` });
  expect(answer.headers.get('Content-Type')).toBe('text/html; charset=UTF-8');
  expect(answer.headers.get('Cache-Control')).toBe('no-store');
  expect(answer.headers.get('Content-Security-Policy')).toBe(policyOf(answer.text));
  expect(answer.text.includes(PASSWORD_SCRIPT)).toBe(answer.text.includes('type="password"'));
  expect(withoutOwnScripts(answer.text)).not.toMatch(/<script|javascript:|\sstyle=|\son[a-z]+=/i);
};
