// Measures logins, profiles, admin pages and the clean-up with 1,000, 100,000 and 1,000,000 users.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildWorker, type Modules } from './bundle.ts';
import { DAY_MS, fillDatabase, leaveLitter } from './fill.ts';
import type { Dose, Operation } from './load.ts';
import { compare, type Round, runRounds, summarize } from './rounds.ts';
import { ask, get, PASSWORD, post, type Server, textOf } from './servers/server.ts';
import { type Spread, spreadOf } from './stats.ts';
import { bootWorker, type Running, readSchema, type WorkerOptions } from './workerd.ts';

export const SIZES = [1_000, 100_000, 1_000_000] as const;

/** One operation at one size, with the ratio of its time to that at the smallest size. */
export interface Grown {
  operation: string;
  users: number;
  ms: Spread;
  /** By requests per second or by CPU time: the larger ratio of the two. */
  times: number;
}

const DEPLOYED = { TOKEN_SECRET: 'a secret of the bench that is long enough' };
/** A hash of one iteration: the database work is measured, not the hash. */
const CHEAP = { ...DEPLOYED, PASSWORD_ITERATIONS: '1', PASSWORD_ROUNDS: '1' };

/** Matches more members than a page shows, which is 20. */
const PREFIX = 'member00001';

const ADMIN = { username: 'administrator', email: 'admin@bench.test', password: PASSWORD };
const READERS = 32;

const memberName = (at: number): string => `member${String(at).padStart(7, '0')}`;

const logInAs = async (origin: string, username: string): Promise<string> =>
  textOf(await ask(origin, post('/account/login', { username, password: PASSWORD })), 'token');

/** Members that are spread evenly over the table. */
const readersOf = (users: number): string[] =>
  Array.from({ length: READERS }, (_, at) => memberName(Math.floor((users * at) / READERS)));

const operation = (
  users: number,
  title: string,
  requests: Operation['requests'],
  hashes = false,
): Operation => ({
  id: `${users}/${title}`,
  server: 'latchkey',
  title,
  status: 200,
  requests,
  hashes,
});

const loginsOf = (names: readonly string[]) =>
  names.map((username) => post('/account/login', { username, password: PASSWORD }));

/** The login with the deployed hash. Each member logs in once before, so that the stored hash has that cost. */
const deployedLogin = async (origin: string, users: number): Promise<Operation[]> => {
  const readers = readersOf(users);
  for (const reader of readers) await logInAs(origin, reader);
  return [operation(users, 'login, with the deployed hash', loginsOf(readers), true)];
};

const operationsOf = async (origin: string, users: number): Promise<Operation[]> => {
  const admin = { Authorization: `Token ${await logInAs(origin, ADMIN.username)}` };
  const readers = readersOf(users);
  const tokens: string[] = [];
  for (const reader of readers) tokens.push(await logInAs(origin, reader));
  const of = (name: string, requests: Operation['requests']): Operation => operation(users, name, requests);
  const anyMember = () => memberName(Math.floor(Math.random() * users));
  const last = users - 50;
  return [
    of('way of a login to any member', () =>
      post('/account/login', { username: anyMember(), password: PASSWORD }),
    ),
    of('way of a login to the same members', loginsOf(readers)),
    of(
      'profile',
      tokens.map((token) => get('/account/profile', { Authorization: `Token ${token}` })),
    ),
    of('admin, first page', [get('/api/admin/users?limit=20', admin)]),
    of('admin, last page', [get(`/api/admin/users?limit=20&after=${last}`, admin)]),
    of('`id` admin, last page', [get(`/id/admin/accounts?limit=20&after=${last}`, admin)]),
    of('admin search by prefix', [get(`/id/admin/accounts?limit=20&search=${PREFIX}`, admin)]),
  ];
};

interface Grove {
  users: number;
  worker: Running;
  storage: string;
  server: Server;
  /** Restarts the Worker on the same database with the hash at its deployed cost. */
  deploy: () => Promise<Server>;
}

/** Creates a database of that size with the migrations of the Worker. It is filled while no Worker runs on it. */
const grow = async (modules: Modules, users: number): Promise<Grove> => {
  const storage = mkdtempSync(join(tmpdir(), 'latchkey-growth-'));
  const options: WorkerOptions = { name: 'latchkey', modules, schema: [], settings: CHEAP, storage };
  const first = await bootWorker({ ...options, schema: readSchema() });
  await ask(first.origin, post('/account/register', ADMIN));
  await first.stop();
  fillDatabase(storage, users);
  const worker = await bootWorker(options);
  const operations = await operationsOf(worker.origin, users);
  const name = `${users} users`;
  const grove: Grove = {
    users,
    worker,
    storage,
    server: { ...worker, name, operations },
    async deploy() {
      await grove.worker.stop();
      grove.worker = await bootWorker({ ...options, settings: DEPLOYED });
      return { ...grove.worker, name, operations: await deployedLogin(grove.worker.origin, users) };
    },
  };
  return grove;
};

/** The time of a clean-up in milliseconds. It removes the same number of rows at every size. */
const cleanUp = async ({ worker }: Grove): Promise<number> => {
  await worker.execute(leaveLitter(Date.now() - 365 * DAY_MS));
  const startedAt = performance.now();
  await worker.runScheduled();
  return performance.now() - startedAt;
};

/** Measures all operations at every size. Each round visits all sizes. */
export const measureGrowth = async (plan: {
  sizes: readonly number[];
  rounds: number;
  dose: Dose;
  onVisit: (text: string) => void;
}): Promise<Grown[]> => {
  const modules = buildWorker('wrangler.toml');
  const groves: Grove[] = [];
  try {
    for (const users of plan.sizes) groves.push(await grow(modules, users));
    const servers = groves.map(({ server }) => server);
    const rounds = await runRounds(servers, plan);
    const cleanUps = new Map<number, number[]>(plan.sizes.map((users) => [users, []]));
    for (let round = 0; round <= plan.rounds; round += 1) {
      plan.onVisit(`clean-up, ${round === 0 ? 'warming up' : `round ${round} of ${plan.rounds}`}`);
      for (const grove of groves) {
        const ms = await cleanUp(grove);
        if (round > 0) cleanUps.get(grove.users)?.push(ms);
      }
    }
    const [smallest = 0] = plan.sizes;
    const growthOf = (grown: readonly Server[], measured: readonly Round[]): Grown[] =>
      summarize(grown, measured).map(({ id, title, p50Ms }) => {
        const compared = compare(measured, id, `${smallest}/${title}`);
        const closeness = Math.min(compared?.bySpeed.median ?? 0, compared?.byCpu?.median ?? 1);
        return { operation: title, users: Number.parseInt(id, 10), ms: p50Ms, times: 1 / closeness };
      });
    const deployed: Server[] = [];
    for (const { deploy } of groves) deployed.push(await deploy());
    const logins = growthOf(deployed, await runRounds(deployed, plan));
    const served = growthOf(servers, rounds);
    const base = spreadOf(cleanUps.get(smallest) ?? []).median;
    const cleaned = [...cleanUps].map(([users, times]): Grown => {
      const ms = spreadOf(times);
      return { operation: 'clean-up', users, ms, times: ms.median / base };
    });
    return [...logins, ...served, ...cleaned];
  } finally {
    for (const { worker, storage } of groves) {
      await worker.stop();
      rmSync(storage, { recursive: true, force: true });
    }
  }
};
