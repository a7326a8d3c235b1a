// `npx node bench/profile.ts [read|not-found|malformed-token|login]`: a CPU profile of one request to Latchkey.

import autocannon from 'autocannon';
import { buildWorker } from './bundle.ts';
import type { Sent } from './load.ts';
import { ask, get, PEOPLE, post, textOf } from './servers/server.ts';
import { bootWorker, readSchema } from './workerd.ts';

const CONNECTIONS = 8;
const WARM_UP_SECONDS = 2;
const SECONDS = 4;
const SAMPLING_MICROSECONDS = 100;
const SHOWN_FUNCTIONS = 40;
const INSPECTOR_PORT = 19_229;

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
}

/** @see https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
interface Profile {
  nodes: ProfileNode[];
  samples: number[];
  /** Microseconds between two samples. */
  timeDeltas: number[];
}

const isProfile = (value: unknown): value is { profile: Profile } =>
  typeof value === 'object' && value !== null && 'profile' in value;

/** Connects to the V8 inspector of the Worker. `call` sends a command and returns its result. */
const connect = async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${INSPECTOR_PORT}/core:user:latchkey`);
  const waiting = new Map<number, (result: unknown) => void>();
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  socket.addEventListener('message', ({ data }) => {
    const { id, result }: { id?: number; result?: unknown } = JSON.parse(String(data));
    if (id !== undefined) waiting.get(id)?.(result);
  });
  let sent = 0;
  const call = (method: string, params: object = {}): Promise<unknown> =>
    new Promise((resolve) => {
      sent += 1;
      waiting.set(sent, resolve);
      socket.send(JSON.stringify({ id: sent, method, params }));
    });
  return { call, close: () => socket.close() };
};

const nameOf = ({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string =>
  `${functionName || '(anonymous)'} ${url.split('/').at(-1) ?? ''}:${lineNumber + 1}`;

/** Microseconds per function: in the function alone, and including the functions that it calls. */
const tally = ({ nodes, samples, timeDeltas }: Profile) => {
  const byNode = new Map<number, number>();
  samples.forEach((id, at) => {
    byNode.set(id, (byNode.get(id) ?? 0) + (timeDeltas[at] ?? 0));
  });
  const found = new Map(nodes.map((node) => [node.id, node]));
  const alone = new Map<string, number>();
  const whole = new Map<string, number>();
  const walk = (node: ProfileNode, above: ReadonlySet<string>): number => {
    const name = nameOf(node);
    const own = byNode.get(node.id) ?? 0;
    const names = new Set([...above, name]);
    const below = (node.children ?? []).flatMap((id) => found.get(id) ?? []);
    const all = below.reduce((sum, child) => sum + walk(child, names), own);
    alone.set(name, (alone.get(name) ?? 0) + own);
    // A recursive function is counted once, at its outermost call.
    if (!above.has(name)) whole.set(name, (whole.get(name) ?? 0) + all);
    return all;
  };
  const [root] = nodes;
  if (root) walk(root, new Set());
  return { alone, whole };
};

const print = (head: string, times: ReadonlyMap<string, number>, requests: number): void => {
  console.log(`\n${head}, microseconds a request`);
  const slowest = [...times].sort((one, other) => other[1] - one[1]).slice(0, SHOWN_FUNCTIONS);
  for (const [name, time] of slowest) console.log(`${(time / requests).toFixed(1).padStart(8)}  ${name}`);
};

const requestsFor = (token: string): ReadonlyMap<string, Sent> => {
  const [person] = PEOPLE;
  const credentials = { username: person?.username, password: person?.password };
  return new Map([
    ['read', get('/account/profile', { Authorization: `Token ${token}` })],
    ['not-found', get('/account/nothing')],
    ['malformed-token', get('/account/profile', { Authorization: 'Token malformed' })],
    ['login', post('/account/login', credentials)],
  ]);
};

const worker = await bootWorker({
  name: 'latchkey',
  modules: buildWorker('wrangler.toml', ['--minify=false']),
  schema: readSchema(),
  settings: {
    TOKEN_SECRET: 'a secret of the bench that is long enough',
    PASSWORD_ITERATIONS: '1',
    PASSWORD_ROUNDS: '1',
  },
  inspectorPort: INSPECTOR_PORT,
});
try {
  const registered = await ask(worker.origin, post('/account/register', PEOPLE[0] ?? {}));
  const request = requestsFor(textOf(registered, 'token')).get(process.argv[2] ?? 'read');
  if (!request) throw new Error('There is no such request: read, not-found, malformed-token or login.');
  const load = { url: worker.origin, connections: CONNECTIONS, requests: [{ ...request }] };
  const inspector = await connect();
  await inspector.call('Profiler.enable');
  await inspector.call('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS });
  await autocannon({ ...load, duration: WARM_UP_SECONDS });
  await inspector.call('Profiler.start');
  const { requests } = await autocannon({ ...load, duration: SECONDS });
  const stopped = await inspector.call('Profiler.stop');
  inspector.close();
  if (!isProfile(stopped)) throw new Error('There is no profile.');
  const { alone, whole } = tally(stopped.profile);
  print('With all that it calls', whole, requests.total);
  print('Alone', alone, requests.total);
} finally {
  await worker.stop();
}
