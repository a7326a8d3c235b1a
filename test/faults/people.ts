// People with sessions of every kind, and what an endpoint is to be told of.
import { type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

/** The bindings of the test pool, with hashes that cost next to nothing: nothing here is about them. */
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
  /** For an admin, the account to do something with; else 0. */
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

/** An admin, and another account for the admin to do something with. */
const createAdmin = async (): Promise<Person> => {
  const other = await createPerson();
  const admin = await createPerson();
  await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(admin.id).run();
  return { ...admin, otherId: other.id };
};

/** Whoever an endpoint is for. */
export const createPersonFor = ({ isForAdmins }: Endpoint): Promise<Person> =>
  isForAdmins ? createAdmin() : createPerson();

/** The token that a body holds; empty if it holds none. */
export const tokenOf = (text: string): string => /"token":"([^"]+)"/.exec(text)?.[1] ?? '';

/** What becomes of the tables: rows more or fewer, and what the audit log tells. */
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
  /** The body of its 503, and what that is. */
  unavailable: string;
  mediaType: string;
  /** The status when all is well. */
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
