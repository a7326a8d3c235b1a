// People with sessions of every kind, and the type of an endpoint under test.
import { type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

/** The bindings of the tests with almost free hashes, which these tests are not about. */
export const cheapEnv = { ...testEnv, PASSWORD_ITERATIONS: '1', PASSWORD_ROUNDS: '1' };

export interface Person {
  id: number;
  username: string;
  email: string;
  password: string;
  derived: string;
  cookie: string;
  jwt: string;
  /** The id of the cookie's session. */
  sessionId: string;
  /** For an admin, the account that the request is about; otherwise 0. */
  otherId: number;
}

const PASSWORD = 'sesame1234';

/** An account with a session of each kind. */
export const createPerson = async (): Promise<Person> => {
  const username = uniqueName();
  const json = { username, email: `${username}@test.com`, password: PASSWORD };
  const derived = await send('/account/register', { json, env: cheapEnv });
  const cookie = sessionCookie(await send('/api/users/login', { json, env: cheapEnv }));
  const jwt = await send('/api/auth/login', { json, env: cheapEnv });
  const row = testEnv.DB.prepare(
    "SELECT user_id, id FROM sessions WHERE kind = 'cookie' AND user_id = (SELECT id FROM users WHERE username = ?)",
  );
  const found = await row.bind(username).first<{ user_id: number; id: string }>();
  return {
    ...json,
    id: found?.user_id ?? 0,
    derived: tokenOf(derived.text),
    cookie: cookie ?? '',
    jwt: tokenOf(jwt.text),
    sessionId: found?.id ?? '',
    otherId: 0,
  };
};

/** An admin, and another account for the requests of the admin. */
const createAdmin = async (): Promise<Person> => {
  const other = await createPerson();
  const admin = await createPerson();
  await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(admin.id).run();
  return { ...admin, otherId: other.id };
};

/** A person or an admin, as the endpoint needs. */
export const createPersonFor = ({ isForAdmins }: Endpoint): Promise<Person> =>
  isForAdmins ? createAdmin() : createPerson();

/** The token in a body; empty if there is none. */
export const tokenOf = (text: string): string => /"token":"([^"]+)"/.exec(text)?.[1] ?? '';

/** How the tables change: the difference in rows, and the new events in the audit log. */
export interface Effect {
  users?: number;
  sessions?: number;
  events?: string[];
  /** True if the row of an account changes. */
  changed?: boolean;
}

export interface Endpoint {
  name: string;
  path: string | ((person: Person) => string);
  sent: (person: Person) => Sent;
  /** The body of its 503, and the body's media type. */
  unavailable: string;
  mediaType: string;
  /** The status if nothing fails. */
  status: number;
  effect: Effect;
  isForAdmins: boolean;
}

/** Fields that no account has. */
export const newcomer = () => {
  const username = uniqueName();
  return { username, email: `${username}@test.com`, password: PASSWORD };
};

export const byCookie = ({ cookie }: Person): Sent => ({ cookie });
export const byToken = ({ derived }: Person): Sent => ({ token: derived });
export const byJwt = ({ jwt }: Person): Sent => ({ token: jwt });

export const pathOf = ({ path }: Endpoint, person: Person): string =>
  typeof path === 'string' ? path : path(person);
