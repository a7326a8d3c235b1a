// Logins through each dialect and their expected responses, for the examples and the crossings.
import { createHash } from 'node:crypto';
import { type Answer, post, type Request } from './client.ts';
import type { Expected } from './compare.ts';
import { nameOf, type Person } from './people.ts';
import { aJwt, aMoment, anId, anIdAsText, aToken, type Shape, valueAt } from './shape.ts';

/** The known values of an account. Unknown ones are placeholders. */
export type Known = { id: Shape; token: Shape };

export const NOTHING_KNOWN: Known = { id: anId, token: aToken };

/** The id in a response; a placeholder if it is missing, so that one error is reported once. */
export const idIn = (answer: Answer | null, ...path: string[]): Shape => {
  const id = answer === null ? undefined : valueAt(answer.text, ...path);
  return typeof id === 'number' ? id : anId;
};

/** The 40-hex token in a response; a placeholder if it is missing. */
export const tokenIn = (answer: Answer | null): Shape => {
  const token = answer === null ? undefined : valueAt(answer.text, 'token');
  return typeof token === 'string' ? token : aToken;
};

/** The eight keys of `users` for an account with an unchanged profile. */
export const userOf = (person: Person, { id }: Known): Shape => {
  const hash = createHash('md5').update(person.email.trim().toLowerCase()).digest('hex');
  return {
    id,
    last_login: aMoment,
    username: nameOf(person),
    email: person.email,
    avatar_url: `https://www.gravatar.com/avatar/${hash}?s=328&r=g&d=identicon`,
    address: '',
    site_url: '',
    description: '',
  };
};

export type Login = {
  /** The name of the dialect in the table. */
  dialect: string;
  request: (person: Person, password?: string) => Request;
  success: (person: Person, known: Known) => Expected;
};

export const logins: Record<'users' | 'userV1' | 'conjugator' | 'account' | 'auth', Login> = {
  users: {
    dialect: 'users',
    request: (person, password = person.password) =>
      post('/api/users/login/', { username: nameOf(person), password }),
    success: (person, known) => ({ status: 200, cookie: 'set', body: userOf(person, known) }),
  },
  userV1: {
    dialect: 'user-v1',
    request: (person, password = person.password) =>
      post('/api/v1/user/login/', { username: nameOf(person), password }),
    success: (person, { id }) => ({
      status: 200,
      cookie: 'set',
      body: {
        status: 'success',
        username: nameOf(person),
        email: person.email,
        // A text here and a number in logout, as documented.
        uid: typeof id === 'number' ? String(id) : anIdAsText,
      },
    }),
  },
  conjugator: {
    dialect: 'conjugator',
    request: (person, password = person.password) =>
      post('/api/login/', { username: person.email, password }),
    success: (_, { token }) => ({ status: 200, body: { token } }),
  },
  account: {
    dialect: 'account',
    request: (person, password = person.password) =>
      post('/account/login', { username: nameOf(person), password }),
    success: (_, { token }) => ({ status: 200, body: { token } }),
  },
  auth: {
    dialect: 'auth',
    request: (person, password = person.password) =>
      post('/api/auth/login/', { email: person.email, password }),
    success: () => ({ status: 200, body: { status: 'success', token: aJwt } }),
  },
};
