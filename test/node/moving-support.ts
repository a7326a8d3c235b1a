// Serves Latchkey as `npm start` does, with a local database that the test gives.
import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { PROJECT, wranglerCommand, wranglerEnvironment } from '../../scripts/wrangler.ts';

const SETTINGS = [
  'TOKEN_SECRET:a secret for tests that is long enough',
  'PASSWORD_ITERATIONS:1000',
  'PASSWORD_ROUNDS:2',
];

/** The response that a client gets. */
export interface Told {
  status: number;
  text: string;
}

export interface Latchkey {
  post(path: string, form: Record<string, string>): Promise<Told>;
  get(path: string, token: string): Promise<Told>;
  stop(): Promise<void>;
}

/** Starts `wrangler dev` on a free port and waits until it answers. Stops with the test, at the latest. */
export const serve = async (folder: string): Promise<Latchkey> => {
  const flags = ['--persist-to', folder, '--ip', '127.0.0.1', '--port', '0', '--inspector-port', '0'];
  const settings = SETTINGS.flatMap((setting) => ['--var', setting]);
  const child = spawn(process.execPath, wranglerCommand(['dev', ...flags, ...settings]), {
    cwd: PROJECT,
    // Its line with the address is a message of this level.
    env: wranglerEnvironment({ CI: 'true', WRANGLER_LOG: 'log' }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  onTestFinished(stop);
  const origin = await new Promise<string>((resolve, reject) => {
    let said = '';
    const listen = (text: string) => {
      said += text;
      const [, found] = /Ready on (http:\/\/\S+)/.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.setEncoding('utf8').on('data', listen);
    child.stderr.setEncoding('utf8').on('data', listen);
    child.on('close', () => reject(new Error(`It did not start:\n${said}`)));
  });

  const tell = async (path: string, request: RequestInit): Promise<Told> => {
    const response = await fetch(origin + path, request);
    return { status: response.status, text: await response.text() };
  };
  return {
    post: (path, form) => tell(path, { method: 'POST', body: new URLSearchParams(form) }),
    get: (path, token) => tell(path, { headers: { Authorization: `Token ${token}` } }),
    stop,
  };
};
