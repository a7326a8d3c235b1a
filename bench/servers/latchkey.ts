// Latchkey as it is deployed, with the operations to measure: profiles, logins, registrations and refusals.
import { buildWorker } from '../bundle.ts';
import type { Operation, Sent } from '../load.ts';
import { bootWorker, readSchema } from '../workerd.ts';
import {
  ask,
  type Boot,
  type Booted,
  get,
  newcomer,
  PEOPLE,
  type Person,
  post,
  READERS,
  textOf,
} from './server.ts';

const SETTINGS = { TOKEN_SECRET: 'a secret of the bench that is long enough' };

/** The login and registration requests of each dialect. */
const DIALECTS: readonly {
  name: string;
  login: (person: Person) => Sent;
  register: (person: Person) => Sent;
  registered: number;
}[] = [
  {
    name: 'users',
    login: ({ username, password }) => post('/api/users/login/', { username, password }),
    register: (person) => post('/api/users/register/', person),
    registered: 200,
  },
  {
    name: 'user-v1',
    login: ({ username, password }) => post('/api/v1/user/login/', { username, password }),
    register: (person) => post('/api/v1/user/register/', person),
    registered: 200,
  },
  {
    name: 'conjugator',
    login: ({ username, password }) => post('/api/login/', { username, password }),
    register: ({ email, password }) =>
      post('/api/register/', { first_name: 'Kate', last_name: 'Ash', email, password }),
    registered: 201,
  },
  {
    name: 'account',
    login: ({ username, password }) => post('/account/login', { username, password }),
    register: (person) => post('/account/register', person),
    registered: 200,
  },
  {
    name: 'auth',
    login: ({ email, password }) => post('/api/auth/login/', { email, password }),
    register: ({ email, password }) => post('/api/auth/register/', { name: 'Kate', email, password }),
    registered: 200,
  },
  {
    name: 'id',
    login: ({ username, password }) => post('/id/login', { identifier: username, password }),
    register: (person) => post('/id/register', person),
    registered: 201,
  },
];

const token = (value: string) => ({ Authorization: `Token ${value}` });

/** Registers all accounts, and logs each reader in by token, cookie and JWT. */
const admit = async (origin: string) => {
  for (const person of PEOPLE) await ask(origin, post('/account/register', person));
  const tokens: string[] = [];
  const cookies: string[] = [];
  const jwts: string[] = [];
  for (const person of READERS) {
    const { username, email, password } = person;
    tokens.push(textOf(await ask(origin, post('/account/register', person)), 'token'));
    const { cookies: set } = await ask(origin, post('/api/users/login/', { username, password }));
    cookies.push(set.find((cookie) => cookie.startsWith('sessionid=')) ?? '');
    jwts.push(textOf(await ask(origin, post('/api/auth/login/', { email, password })), 'token'));
  }
  return { tokens, cookies, jwts };
};

const read = (id: string, title: string, requests: Sent[]): Operation => ({
  id: `latchkey/${id}`,
  server: 'latchkey',
  title,
  status: 200,
  shows: '@bench.test',
  requests,
  hashes: false,
  floor: 'floor/read',
});

const refusal = (id: string, title: string, status: number, request: Sent, floor: string): Operation => ({
  id: `latchkey/${id}`,
  server: 'latchkey',
  title,
  status,
  requests: [request],
  hashes: false,
  floor,
});

/** The same token with a well-formed but wrong signature. */
const spoil = (jwt: string): string => {
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  return [header, payload, signature.split('').reverse().join('')].join('.').replace(/.$/, 'A');
};

const operationsOf = ({ tokens, cookies, jwts }: Awaited<ReturnType<typeof admit>>): Operation[] => [
  read(
    'profile-account',
    '`account` profile, by token',
    tokens.map((one) => get('/account/profile', token(one))),
  ),
  read(
    'profile-users',
    '`users` profile, by cookie',
    cookies.map((Cookie) => get('/api/users/me/', { Cookie })),
  ),
  read(
    'profile-jwt',
    '`conjugator` profile, by JWT of `auth`',
    jwts.map((jwt) => get('/api/user/', { Authorization: `Bearer ${jwt}` })),
  ),
  ...DIALECTS.map(
    ({ name, login }): Operation => ({
      id: `latchkey/login-${name}`,
      server: 'latchkey',
      title: `\`${name}\` login`,
      status: 200,
      requests: PEOPLE.map(login),
      hashes: true,
      floor: 'floor/login',
    }),
  ),
  ...DIALECTS.map(
    ({ name, register, registered }): Operation => ({
      id: `latchkey/register-${name}`,
      server: 'latchkey',
      title: `\`${name}\` registration`,
      status: registered,
      requests: () => register(newcomer()),
      hashes: true,
      floor: 'floor/register',
    }),
  ),
  refusal(
    'unknown-token',
    'a token that nobody has',
    401,
    get('/account/profile', token('0'.repeat(40))),
    'floor/read',
  ),
  refusal(
    'malformed-token',
    'a malformed token',
    401,
    get('/account/profile', token('malformed')),
    'floor/empty',
  ),
  refusal(
    'bad-jwt',
    'a JWT with a bad signature',
    401,
    get('/account/profile', token(spoil(jwts[0] ?? ''))),
    'floor/empty',
  ),
  refusal(
    'malformed-body',
    'a malformed body',
    400,
    {
      method: 'POST',
      path: '/account/login',
      headers: { 'Content-Type': 'application/json' },
      body: '{"user',
    },
    'floor/empty',
  ),
  refusal('not-found', 'a path that is not there', 404, get('/account/nothing'), 'floor/empty'),
];

/** @param reads the setting SESSION_READS */
export const bootLatchkey =
  (reads: 'nearest' | 'cached') =>
  async ({ counts, delays = null }: Boot): Promise<Booted> => {
    const worker = await bootWorker({
      name: 'latchkey',
      modules: buildWorker('wrangler.toml'),
      schema: readSchema(),
      settings: { ...SETTINGS, SESSION_READS: reads },
      counts,
      delays,
    });
    const operations = operationsOf(await admit(worker.origin));
    if (reads === 'nearest') return { server: { ...worker, name: 'latchkey', operations } };
    // Only reads differ.
    const name = 'latchkey, cached';
    const reading = operations
      .filter(({ id }) => id.startsWith('latchkey/profile-'))
      .map((one) => ({ ...one, id: one.id.replace('latchkey', name), server: name }));
    return { server: { ...worker, name, operations: reading } };
  };
