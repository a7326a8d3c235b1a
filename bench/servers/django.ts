// The peer Django REST framework with token authentication, SQLite and gunicorn.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Operation } from '../load.ts';
import { childrenOf, pinServers } from '../processes.ts';
import { ask, type Booted, get, newcomer, PEOPLE, post, send, textOf } from './server.ts';

const FOLDER = join(import.meta.dirname, '..', 'peers', 'django');

/** The Python of Debian, for which Debian's packages are installed. */
const PYTHON = '/usr/bin/python3';

/** With threads, because the sync workers of gunicorn do not keep connections open. */
const GUNICORN = ['--workers', '2', '--threads', '4', '--worker-class', 'gthread', '--log-level', 'error'];

const START_TRIES = 100;
const START_PAUSE_MS = 100;

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

const waitFor = async (origin: string): Promise<void> => {
  for (let tries = 0; tries < START_TRIES; tries += 1) {
    const answer = await send(origin, get('/profile')).catch(() => null);
    if (answer) return;
    await new Promise((resolve) => setTimeout(resolve, START_PAUSE_MS));
  }
  throw new Error('gunicorn did not start.');
};

const isInstalled = (): boolean =>
  spawnSync(PYTHON, ['-c', 'import django, rest_framework, gunicorn']).status === 0;

export const bootDjango = async (): Promise<Booted> => {
  if (!isInstalled())
    return { skipped: 'Django is not here: apt-get install python3-djangorestframework gunicorn' };
  const storage = mkdtempSync(join(tmpdir(), 'latchkey-django-'));
  const env = {
    ...process.env,
    PEER_DATABASE: join(storage, 'peer.sqlite'),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const migrated = spawnSync(PYTHON, ['peer.py'], { cwd: FOLDER, env, encoding: 'utf8' });
  if (migrated.status !== 0) return { skipped: `Django could not make its tables: ${migrated.stderr}` };

  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const command = ['-m', 'gunicorn', '--bind', `127.0.0.1:${port}`, ...GUNICORN, 'peer:application'];
  const child = spawn(PYTHON, command, { cwd: FOLDER, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  await waitFor(origin);
  const processIds = child.pid === undefined ? [] : [child.pid, ...childrenOf(child.pid)];
  pinServers(processIds);

  const tokens: string[] = [];
  for (const person of PEOPLE) tokens.push(textOf(await ask(origin, post('/register', person)), 'token'));
  const of = (id: string, title: string, requests: Operation['requests'], hashes: boolean): Operation => ({
    id: `django/${id}`,
    server: 'django',
    title,
    status: 200,
    requests,
    hashes,
  });
  const reads = tokens.map((token) => get('/profile', { Authorization: `Token ${token}` }));
  const operations = [
    of('read', 'profile, by token', reads, false),
    of(
      'login',
      'login',
      PEOPLE.map((person) => post('/login', person)),
      true,
    ),
    of('register', 'registration', () => post('/register', newcomer()), true),
  ];
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
    rmSync(storage, { recursive: true, force: true });
  };
  return { server: { name: 'django', origin, processIds, operations, stop } };
};
