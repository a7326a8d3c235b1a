// Measures the start of a Worker: bundle size, evaluation time, and the first request of a new isolate.
import { buildWorker, MAIN_MODULE, type Modules, readWorker, sizeOf } from './bundle.ts';
import { betterAuthOptions, buildBetterAuth } from './servers/better-auth.ts';
import { get, send } from './servers/server.ts';
import { type Spread, spreadOf } from './stats.ts';
import { bootWorker, readSchema, type WorkerOptions } from './workerd.ts';

export interface Start {
  server: string;
  /** Bytes after gzip: of the main module, which is loaded at start, and of all modules. */
  size: { main: number; all: number };
  /** Milliseconds to evaluate the modules. */
  evaluationMs: Spread;
  /** Milliseconds of the first request after that, and of a request after many others. */
  firstMs: Spread;
  laterMs: Spread;
  /** Milliseconds until workerd accepts requests, including its own start. */
  bootMs: Spread;
}

/** Wraps the Worker and loads it on request, so that the loading time can be measured from outside. */
const STARTER = `let worker = null;
export default {
  async fetch(request, env, context) {
    if (request.url.endsWith('/__nothing')) return new Response();
    worker ??= (await import('./worker.js')).default;
    return request.url.endsWith('/__load') ? new Response() : worker.fetch(request, env, context);
  },
};`;

const startable = (modules: Modules): Modules =>
  new Map([
    [MAIN_MODULE, STARTER],
    ['worker.js', modules.get(MAIN_MODULE) ?? ''],
    ...[...modules].filter(([name]) => name !== MAIN_MODULE),
  ]);

const LATER = 200;

const time = async (origin: string, path: string): Promise<number> => {
  const startedAt = performance.now();
  await send(origin, get(path));
  return performance.now() - startedAt;
};

interface Started {
  evaluationMs: number;
  firstMs: number;
  laterMs: number;
  bootMs: number;
}

const startOnce = async (options: WorkerOptions, path: string): Promise<Started> => {
  const worker = await bootWorker({ ...options, modules: startable(options.modules) });
  try {
    const { origin } = worker;
    await time(origin, '/__nothing');
    const nothingMs = await time(origin, '/__nothing');
    const evaluationMs = (await time(origin, '/__load')) - nothingMs;
    const firstMs = await time(origin, path);
    const later: number[] = [];
    for (let sent = 0; sent < LATER; sent += 1) later.push(await time(origin, path));
    const laterMs = spreadOf(later.slice(LATER / 2)).median;
    return { evaluationMs, firstMs, laterMs, bootMs: worker.bootMs };
  } finally {
    await worker.stop();
  }
};

interface Candidate {
  options: WorkerOptions;
  /** The request to send: one that needs neither D1 nor KV. */
  path: string;
}

const candidates = (): Candidate[] => {
  const betterAuth = buildBetterAuth();
  const settings = { TOKEN_SECRET: 'a secret of the bench that is long enough' };
  return [
    { options: { name: 'floor: empty', modules: readWorker('floor/empty.js'), schema: [] }, path: '/' },
    {
      options: {
        name: 'latchkey',
        modules: buildWorker('wrangler.toml'),
        schema: readSchema(),
        settings,
      },
      path: '/account/profile',
    },
    ...('modules' in betterAuth
      ? [{ options: betterAuthOptions(betterAuth.modules), path: '/api/auth/get-session' }]
      : []),
  ];
};

/** Starts each Worker `times` times, in turn. */
export const measureStarts = async (times: number, onVisit: (text: string) => void): Promise<Start[]> => {
  const all = candidates().map((candidate) => ({ ...candidate, started: [] as Started[] }));
  for (let number = 1; number <= times; number += 1) {
    for (const { options, path, started } of all) {
      onVisit(`start ${number} of ${times}: ${options.name}`);
      started.push(await startOnce(options, path));
    }
  }
  return all.map(({ options, started }) => {
    const of = (name: keyof Started): Spread => spreadOf(started.map((one) => one[name]));
    return {
      server: options.name,
      size: sizeOf(options.modules),
      evaluationMs: of('evaluationMs'),
      firstMs: of('firstMs'),
      laterMs: of('laterMs'),
      bootMs: of('bootMs'),
    };
  });
};
