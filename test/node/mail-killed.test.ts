// The runtime is killed with SIGKILL while mails are written and sent: each mail is sent or still in the outbox.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Miniflare, Response } from 'miniflare';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PROJECT } from '../../scripts/wrangler.ts';
import { buildWorker } from './support-build.ts';

/** The time for a build on a busy machine. */
const BUILDS_WITHIN_MS = 120_000;
const RUNS_WITHIN_MS = 120_000;
const PEOPLE_AT_ONCE = 6;
const OUTBOX_SCHEDULE = '*/5 * * * *';

let folder = '';
let built = '';
let modules: { type: 'ESModule'; path: string }[] = [];
let provider: Server;
let providerOrigin = '';
/** The number of mails that the provider has accepted, by address. */
const taken = new Map<string, number>();
/** Called at each step of a registration. */
let onStep: (step: Step) => void = () => {};
let isDead = false;

const takeMail = async (request: AsyncIterable<unknown>): Promise<void> => {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const { To: address } = JSON.parse(body);
  taken.set(address, (taken.get(address) ?? 0) + 1);
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-killed-'));
  built = await buildWorker();
  const names = readdirSync(built).filter((name) => name.endsWith('.js'));
  modules = ['index.js', ...names.filter((name) => name !== 'index.js')].map((name) => ({
    type: 'ESModule',
    path: join(built, name),
  }));
  provider = createServer((request, response) => {
    void (async () => {
      onStep('asked');
      // A request of the killed runtime is not accepted.
      if (isDead) return void request.destroy();
      await takeMail(request);
      onStep('taken');
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end('{"ErrorCode":0}');
    })();
  });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const address = provider.address();
  if (typeof address !== 'object' || address === null) throw new Error('The provider does not listen.');
  providerOrigin = `http://127.0.0.1:${address.port}`;
}, BUILDS_WITHIN_MS);

afterAll(() => {
  provider?.closeAllConnections();
  provider?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The Worker over the same stores as before, and the process that runs it. */
const start = async () => {
  const before = runtimes();
  const options = convertV4MiniflareOptions({
    resourcePersistencePath: join(folder, 'stores'),
    modulesRoot: built,
    modules,
    compatibilityDate: '2026-10-23',
    d1Databases: ['DB'],
    kvNamespaces: ['SESSIONS'],
    cf: false,
    // An empty list of common passwords.
    serviceBindings: { ASSETS: async () => new Response('') },
    bindings: {
      TOKEN_SECRET: 'a secret for tests that is long enough',
      PASSWORD_ITERATIONS: '1000',
      PASSWORD_ROUNDS: '1',
      MAIL_FROM: 'Test <id@example.com>',
      PUBLIC_URL: 'https://id.example.com',
      MAIL_PROVIDER: 'postmark',
      POSTMARK_SERVER_TOKEN: 'pm-123456789012',
      MAIL_ENDPOINT: providerOrigin,
    },
  });
  const worker = new Miniflare(options);
  await worker.ready;
  const [pid = expect.fail('There is no runtime.')] = runtimes().filter((each) => !before.includes(each));
  return { worker, kill: () => process.kill(pid, 'SIGKILL') };
};

/** The workerd processes that this process started. */
const runtimes = (): number[] => {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,comm='], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, name]) => Number(parent) === process.pid && name?.includes('workerd'))
    .map(([pid]) => Number(pid));
};

const migrate = async (worker: Miniflare): Promise<void> => {
  const db = await worker.getD1Database('DB');
  const migrations = join(PROJECT, 'migrations');
  for (const name of readdirSync(migrations)
    .filter((each) => each.endsWith('.sql'))
    .toSorted())
    for (const statement of readFileSync(join(migrations, name), 'utf8').split('--> statement-breakpoint'))
      if (statement.trim() !== '') await db.prepare(statement).run();
};

interface Row {
  email: string;
  mails: number;
  waiting: number;
  sent: number;
}

/** Every account, and the state of its mail in the outbox. */
const readOutbox = async (worker: Miniflare): Promise<Row[]> => {
  const db = await worker.getD1Database('DB');
  const { results } = await db
    .prepare(
      `SELECT email, count(outbox.id) AS mails, sum(outcome IS NULL) AS waiting, sum(outcome IS 'sent') AS sent
        FROM users LEFT JOIN outbox ON outbox.user_id = users.id GROUP BY users.id`,
    )
    .all<Row>();
  return results;
};

/** The steps of a registration, in this order. */
type Step = 'sent' | 'registered' | 'asked' | 'taken';

/** When the runtime is killed: at the n-th time of a step. */
const MOMENTS: readonly (readonly [moment: string, step: Step, times: number])[] = [
  ['before the first response', 'sent', PEOPLE_AT_ONCE],
  ['when the first account was created', 'registered', 1],
  ['when the provider is asked for the first time', 'asked', 1],
  ['when the provider is asked for the last time', 'asked', PEOPLE_AT_ONCE],
  ['when the provider has accepted a mail that is not recorded yet', 'taken', 1],
  ['when the provider has accepted half of the mails', 'taken', PEOPLE_AT_ONCE / 2],
];

/** Calls a function at the n-th time of a step, and resolves then. */
const callAt = (step: Step, times: number, call: () => void): Promise<void> =>
  new Promise((resolve) => {
    let counted = 0;
    onStep = (happened) => {
      if (happened !== step) return;
      counted += 1;
      if (counted !== times) return;
      call();
      resolve();
    };
  });

/** Registers people at the same time. Returns the addresses of those who got a 201. */
const registerPeople = async (worker: Miniflare, name: string): Promise<string[]> => {
  const emails = Array.from({ length: PEOPLE_AT_ONCE }, (_, index) => `${name}.${index}@test.com`);
  const answers = emails.map(async (email) => {
    const body = JSON.stringify({ email, password: 'four walls and a door' });
    const headers = { 'Content-Type': 'application/json' };
    const request = worker.dispatchFetch('https://id.example.com/id/register', {
      method: 'POST',
      headers,
      body,
    });
    onStep('sent');
    const { status } = await request.catch(() => ({ status: 0 }));
    if (status === 201) onStep('registered');
    return status === 201 ? [email] : [];
  });
  return (await Promise.all(answers)).flat();
};

it(
  'leaves each mail sent or in the outbox at every moment of a kill, and sends the rest later',
  async () => {
    let running = await start();
    await migrate(running.worker);
    const promised: string[] = [];

    for (const [index, [moment, step, times]] of MOMENTS.entries()) {
      const { kill } = running;
      const killed = callAt(step, times, () => {
        isDead = true;
        kill();
      });
      promised.push(...(await registerPeople(running.worker, `person${index}`)));
      // Mails go out after the answers.
      await killed;
      onStep = () => {};
      await running.worker.dispose().catch(() => {});

      isDead = false;
      running = await start();
      const rows = await readOutbox(running.worker);
      for (const { email, mails, waiting, sent } of rows) {
        // The account and its mail are written together: neither exists without the other.
        expect([moment, email, mails, waiting + sent]).toEqual([moment, email, 1, 1]);
        if (sent > 0) expect([moment, email, taken.get(email)]).toEqual([moment, email, 1]);
      }
      // Every account with a 201 still exists.
      expect([moment, rows.map(({ email }) => email)]).toEqual([moment, expect.arrayContaining(promised)]);
    }

    // The provider is back, and the leases of the killed runtimes have expired.
    const { worker } = running;
    const db = await worker.getD1Database('DB');
    const before = await readOutbox(worker);
    const waiting = before.filter((row) => row.waiting > 0).map(({ email }) => email);
    expect(waiting.length).toBeGreaterThan(0);
    const takenBefore = new Map(taken);
    await db.prepare('UPDATE outbox SET next_at = 0 WHERE done_at IS NULL').run();
    await (await worker.getWorker()).scheduled({ cron: OUTBOX_SCHEDULE });
    for (const { email, waiting: left } of await readOutbox(worker)) {
      expect([email, left]).toEqual([email, 0]);
      // A mail is sent twice only if the provider accepted it and the runtime was killed before it recorded that.
      const expected = waiting.includes(email) ? (takenBefore.get(email) ?? 0) + 1 : 1;
      expect([email, taken.get(email)]).toEqual([email, expected]);
    }
    await worker.dispose();
  },
  RUNS_WITHIN_MS,
);
