// The peer better-auth with Hono, on the same workerd, D1 and KV. Only the benchmark installs its packages.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildWorker, type Modules } from '../bundle.ts';
import type { Operation } from '../load.ts';
import { bootWorker } from '../workerd.ts';
import {
  ask,
  type Boot,
  type Booted,
  get,
  HASH_COST,
  newcomer,
  PEOPLE,
  type Person,
  post,
} from './server.ts';

const FOLDER = join(import.meta.dirname, '..', 'peers', 'better-auth');

const INSTALL = ['ci', '--omit=dev', '--omit=peer', '--no-audit', '--no-fund', '--ignore-scripts'];

/** Installs the pinned packages if they are missing. Returns null, or the reason for the failure. */
const install = (): string | null => {
  if (existsSync(join(FOLDER, 'node_modules', 'better-auth'))) return null;
  const { status, stderr } = spawnSync('npm', INSTALL, { cwd: FOLDER, encoding: 'utf8' });
  if (status === 0) return null;
  return `better-auth could not be installed: ${stderr?.trim().split('\n').at(-1) ?? 'npm is missing'}`;
};

const readSchema = (): string[] =>
  readFileSync(join(FOLDER, 'schema.sql'), 'utf8').split('--> statement-breakpoint');

/** The bundle, or why it could not be built. */
export const buildBetterAuth = (): { modules: Modules } | { skipped: string } => {
  const skipped = install();
  return skipped === null ? { modules: buildWorker('bench/peers/better-auth/wrangler.toml') } : { skipped };
};

const signIn = ({ email, password }: Person) => post('/api/auth/sign-in/email', { email, password });
const signUp = ({ email, password }: Person) =>
  post('/api/auth/sign-up/email', { name: 'Kate', email, password });

export const betterAuthOptions = (modules: Modules, settings: Record<string, string> = {}) => ({
  name: 'better-auth',
  modules,
  schema: readSchema(),
  settings: { SECRET: 'a secret of the bench that is long enough', ...settings },
  compatibilityFlags: ['nodejs_compat'],
});

const VARIANTS = {
  own: { name: 'better-auth', settings: {} },
  equal: { name: 'better-auth, equal hash', settings: HASH_COST },
  database: { name: 'better-auth, database sessions', settings: { DATABASE_SESSIONS: 'true' } },
} as const;

/**
 * @param variant `own` has the defaults of better-auth: scrypt in JavaScript, and sessions in KV. `equal` has the hash
 * of Latchkey at the same cost. `database` has no secondary storage, so sessions are in D1
 */
export const bootBetterAuth =
  (variant: keyof typeof VARIANTS) =>
  async ({ counts, delays = null }: Boot): Promise<Booted> => {
    const built = buildBetterAuth();
    if ('skipped' in built) return built;
    const { name, settings } = VARIANTS[variant];
    const worker = await bootWorker({ ...betterAuthOptions(built.modules, settings), counts, delays });
    const cookies: string[] = [];
    for (const person of PEOPLE) {
      const signedUp = await ask(worker.origin, signUp(person));
      cookies.push(signedUp.cookies.join('; '));
    }
    const of = (id: string, title: string, requests: Operation['requests'], hashes: boolean): Operation => ({
      id: `${name}/${id}`,
      server: name,
      title,
      status: 200,
      requests,
      hashes,
    });
    const reads = cookies.map((Cookie) => get('/api/auth/get-session', { Cookie }));
    const operations = [
      ...(variant === 'equal' ? [] : [of('read', 'session check', reads, false)]),
      ...(variant === 'database'
        ? []
        : [
            of('login', 'sign-in', PEOPLE.map(signIn), true),
            of('register', 'sign-up', () => signUp(newcomer()), true),
          ]),
    ];
    return { server: { ...worker, name, operations } };
  };
