// The floor: minimal Workers that do only the I/O that an operation needs.
import { readWorker } from '../bundle.ts';
import type { Operation } from '../load.ts';
import { bootWorker, readSchema } from '../workerd.ts';
import { ask, type Boot, type Booted, get, HASH_COST, newcomer, PEOPLE, post } from './server.ts';

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

const read = (id: string, title: string, path: string): Operation => ({
  id,
  server: 'floor: read',
  title,
  status: 200,
  requests: PEOPLE.map(({ username }) => get(path, { Authorization: username })),
  hashes: false,
});

/** Boots a Worker with a session for each of `PEOPLE`. The token is the username. */
const bootReaders = async (
  { counts, delays = null }: Boot,
  worker: 'read' | 'read-parallel',
  operations: readonly Operation[],
): Promise<Booted> => {
  const running = await bootWorker({
    name: worker,
    modules: readWorker(`floor/${worker}.js`),
    schema: readSchema(),
    counts,
    delays,
  });
  const expiresAt = Date.now() + YEAR_MS;
  await running.execute(
    PEOPLE.flatMap(({ username, email }, at) => [
      `INSERT INTO users (id, username, username_key, email, email_key, password_hash, created_at, updated_at, last_login_at)
       VALUES (${at + 1}, '${username}', '${username}', '${email}', '${email}', '-', 0, 0, 0)`,
      `INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at)
       VALUES ('${username}', ${at + 1}, 'derived', 0, 0, ${expiresAt})`,
    ]),
  );
  for (const { username } of PEOPLE) await running.putRecord(`session:${username}`, 'first-unconstrained');
  return { server: { ...running, name: 'floor: read', operations } };
};

/** One KV get and one D1 select, one after the other. */
export const bootReadFloor = (boot: Boot): Promise<Booted> =>
  bootReaders(boot, 'read', [
    read('floor/read', 'KV get, D1 select of what a profile shows', '/'),
    read('floor/read-wide', 'the same, of the whole account', '/wide'),
    {
      id: 'floor/unknown',
      server: 'floor: read',
      title: 'the same for a token that nobody has',
      status: 401,
      requests: [get('/', { Authorization: 'nobody' })],
      hashes: false,
    },
  ]);

/** One KV get and one D1 select at the same time, for the run with the delays of an edge. */
export const bootParallelReadFloor = (boot: Boot): Promise<Booted> =>
  bootReaders(boot, 'read-parallel', [
    read('floor/read-parallel', 'KV get and D1 select at the same time, of what a profile shows', '/'),
  ]);

/** One D1 select, one hash, one D1 batch. */
export const bootLoginFloor = async ({ counts, delays = null }: Boot): Promise<Booted> => {
  const worker = await bootWorker({
    name: 'login',
    modules: readWorker('floor/login.js'),
    schema: readSchema(),
    settings: HASH_COST,
    counts,
    delays,
  });
  for (const person of PEOPLE) await ask(worker.origin, post('/register', person));
  const operations: Operation[] = [
    {
      id: 'floor/login',
      server: 'floor: login',
      title: 'D1 select, hash, D1 batch of two',
      status: 200,
      requests: PEOPLE.map((person) => post('/login', person)),
      hashes: true,
    },
    {
      id: 'floor/register',
      server: 'floor: login',
      title: 'the same, to register',
      status: 200,
      requests: () => post('/register', newcomer()),
      hashes: true,
    },
  ];
  return { server: { ...worker, name: 'floor: login', operations } };
};

/** No I/O. */
export const bootEmptyFloor = async ({ counts, delays = null }: Boot): Promise<Booted> => {
  const worker = await bootWorker({
    name: 'empty',
    modules: readWorker('floor/empty.js'),
    schema: [],
    counts,
    delays,
  });
  const of = (id: string, title: string, path: string): Operation => ({
    id,
    server: 'floor: empty',
    title,
    status: 404,
    requests: [get(path)],
    hashes: false,
  });
  const operations = [
    of('floor/empty', 'an empty Worker', '/'),
    of('floor/empty-logged', 'the same, and one line in the log', '/logged'),
    of('floor/empty-worded', 'the same, with an id, a body and the headers of every answer', '/worded'),
  ];
  return { server: { ...worker, name: 'floor: empty', operations } };
};
