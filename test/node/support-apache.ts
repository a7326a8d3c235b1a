// Apache with mod_auth_openidc, as docs/openid-connect.md configures it, on a port of this machine.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT } from '../../scripts/wrangler.ts';

/** The paths of Debian. */
const APACHE = '/usr/sbin/apache2';
const MODULES = '/usr/lib/apache2/modules';

const LOADED = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'dir', 'auth_openidc'];

/** For `describe.skipIf`: warns if the tests cannot run. */
export const isWithoutApache = (): boolean => {
  const paths = [APACHE, ...LOADED.map((name) => join(MODULES, `mod_${name}.so`))];
  const isMissing = !paths.every((path) => existsSync(path));
  if (isMissing)
    console.warn(
      'Apache with mod_auth_openidc is not installed (apt-get install apache2 libapache2-mod-auth-openidc): its tests are skipped.',
    );
  return isMissing;
};

/** The configuration of the document. */
const readConfiguration = (): string => {
  const page = readFileSync(join(PROJECT, 'docs/openid-connect.md'), 'utf8');
  const [, configuration] = /^```apache\n([\s\S]*?)^```$/m.exec(page) ?? [];
  if (configuration === undefined) throw new Error('docs/openid-connect.md has no configuration of Apache.');
  return configuration;
};

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

export interface Apache {
  origin: string;
  close: () => Promise<void>;
}

/**
 * Starts Apache with two pages: one that needs a sign-in, and `/bye`.
 * @param changes texts of the document, and their replacements
 * @param more additional lines
 */
export const startApache = async (
  port: number,
  changes: Readonly<Record<string, string>>,
  more: string,
): Promise<Apache> => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-apache-'));
  const pages = join(folder, 'pages');
  mkdirSync(pages);
  // Started by root, it serves as another user.
  chmodSync(folder, 0o755);
  writeFileSync(join(pages, 'index.html'), '<!doctype html><title>Wiki</title><h1>The wiki</h1>');
  writeFileSync(join(pages, 'bye'), 'Signed out');
  const configuration = Object.entries(changes).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`The configuration in the document has no ${from}.`);
    return text.replaceAll(from, to);
  }, readConfiguration());
  const log = join(folder, 'error.log');
  writeFileSync(
    join(folder, 'apache.conf'),
    [
      `ServerRoot "${folder}"`,
      `Listen 127.0.0.1:${port}`,
      'ServerName localhost',
      `PidFile "${folder}/pid"`,
      `ErrorLog "${log}"`,
      ...(process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : []),
      ...LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`),
      `DocumentRoot "${pages}"`,
      'DirectoryIndex index.html',
      configuration,
      more,
    ].join('\n'),
  );
  const apache = spawn(APACHE, ['-f', join(folder, 'apache.conf'), '-DFOREGROUND'], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => apache.once('exit', () => resolve()));
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  const origin = `http://localhost:${port}`;
  while (!isOver && !(await fetch(`${origin}/bye`).catch(() => null))?.ok)
    await new Promise((resolve) => setTimeout(resolve, 20));
  if (isOver) throw new Error(`Apache did not start: ${existsSync(log) ? readFileSync(log, 'utf8') : ''}`);
  return {
    origin,
    close: async () => {
      apache.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
};

export { freePort };
