// Forward authentication with real proxies, nginx and Caddy, configured as in docs/forward-auth.md.
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitForListener } from '../../scripts/start/port.ts';
import { PROJECT } from '../../scripts/wrangler.ts';
import { isWithoutChromium, launchChromium } from './support-chromium.ts';
import { PASSWORD, someName } from './support-person.ts';
import { type Service, startService } from './support-service.ts';

/** The time for the Worker to start on a busy machine. */
const STARTS_WITHIN_MS = 60_000;

const ID = 'id.example.com';
const APP = 'app.example.com';

const document = readFileSync(join(PROJECT, 'docs/forward-auth.md'), 'utf8');

/** The configuration in the document: the code block of that language. */
const documented = (language: string): string =>
  new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(document)?.[1] ?? expect.fail(`No ${language}.`);

/** Debian installs servers in folders that only root has in PATH. */
const FOLDERS = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];

const findProgram = (name: string): string | null =>
  FOLDERS.map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  }) ?? null;

const isWithout = (name: string): boolean => {
  const isMissing = findProgram(name) === null;
  if (isMissing) console.warn(`No ${name} is found: the tests of forward authentication by it are skipped.`);
  return isMissing;
};

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(portOf(server)));
  });
const isAddress = (address: string | AddressInfo | null): address is AddressInfo =>
  typeof address === 'object' && address !== null;
const portOf = (server: Server): number => {
  const address = server.address();
  return isAddress(address) ? address.port : 0;
};
const freePort = async (): Promise<number> => {
  const server = createServer();
  const port = await listen(server);
  await new Promise((done) => server.close(done));
  return port;
};

interface Heard {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Sends a request to a port of this machine under the name of another host. */
const send = (
  port: number,
  host: string,
  path: string,
  { method = 'GET', headers = {}, body = '' }: { method?: string; headers?: object; body?: string } = {},
): Promise<Heard> =>
  new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers: { ...headers, Host: host }, agent: false },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });

const BROWSER = { Accept: 'text/html,*/*;q=0.8', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'none' };
const FORM = {
  'Content-Type': 'application/x-www-form-urlencoded',
  Origin: `http://${ID}`,
  'Sec-Fetch-Site': 'same-origin',
};

let service: Service;
let servicePort = 0;
/** The app behind the proxy: it responds with the request that it got. */
let app: Server;
let appPort = 0;
let folder = '';

beforeAll(async () => {
  app = createServer((sent, answer) => {
    answer.setHeader('Content-Type', 'application/json');
    answer.end(JSON.stringify({ method: sent.method, path: sent.url, headers: sent.headers }));
  });
  appPort = await listen(app);
  // Plain http, because the proxies of this test have no certificate.
  service = await startService({
    PUBLIC_URL: `https://${ID}`,
    COOKIE_DOMAIN: 'example.com',
    ALLOW_HTTP: 'true',
  });
  servicePort = Number(new URL(service.origin).port);
  folder = mkdtempSync(join(tmpdir(), 'latchkey-proxies-'));
}, STARTS_WITHIN_MS);

afterAll(async () => {
  await service?.close();
  app?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The configuration with the hosts of this test and no other change. */
const localize = (text: string): string =>
  text
    .replaceAll(`https://${ID}`, `http://127.0.0.1:${servicePort}`)
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${appPort}`);

interface Proxy {
  port: number;
  stop: () => Promise<void>;
}

const run = async (program: string, args: string[], port: number): Promise<Proxy> => {
  const path = findProgram(program) ?? '';
  const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  const child: ChildProcess = spawn(path, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  let isOver = false;
  const ended = new Promise<void>((done) => {
    child.on('exit', () => {
      isOver = true;
      done();
    });
  });
  await waitForListener('127.0.0.1', port, () => isOver);
  if (isOver) throw new Error(said);
  return {
    port,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
};

const startNginx = async (): Promise<Proxy> => {
  const port = await freePort();
  const server = localize(documented('nginx')).replace('listen 443 ssl;', `listen 127.0.0.1:${port};`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join('\n');
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr;
     events {} http { access_log off; ${temporary}\n${server}\n}`,
  );
  return run('nginx', ['-p', folder, '-e', 'stderr', '-c', config], port);
};

const startCaddy = async (): Promise<Proxy> => {
  const port = await freePort();
  const site = localize(documented('caddyfile')).replace(`${APP} {`, `http://${APP}:${port} {`);
  const config = join(folder, 'Caddyfile');
  writeFileSync(config, `{\n\tadmin off\n\tauto_https off\n}\n${site}`);
  return run('caddy', ['run', '--adapter', 'caddyfile', '--config', config], port);
};

const cookieOf = (headers: IncomingHttpHeaders): string =>
  (headers['set-cookie'] ?? []).flatMap((line) => /^sessionid=[\w-]+/.exec(line)?.[0] ?? []).at(-1) ?? '';

/** The headers that the app got, by their names. */
const headersOf = (heard: Heard): Record<string, string> => JSON.parse(heard.body).headers;

describe.each([
  ['nginx', startNginx],
  ['caddy', startCaddy],
] as const)('%s', (name, start) => {
  describe.skipIf(isWithout(name))('configured as in docs/forward-auth.md', () => {
    let proxy: Proxy;
    const username = someName();
    const person = { username, email: `${username}@example.com`, password: PASSWORD, name: 'Zoë Jones' };

    beforeAll(async () => {
      proxy = await start();
      const made = await send(servicePort, ID, '/id/register', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(person),
      });
      expect(made.status).toBe(201);
    }, STARTS_WITHIN_MS);

    afterAll(() => proxy?.stop());

    /** Signs in on the page to which the proxy sends a browser; returns the URL that follows, and the cookie. */
    const signIn = async (location: string): Promise<{ url: URL; cookie: string }> => {
      const { pathname, search, searchParams } = new URL(location);
      const page = await send(servicePort, ID, pathname + search, { headers: BROWSER });
      expect(page.body).toContain('<h1>Sign in</h1>');
      const body = new URLSearchParams({
        identifier: person.email,
        password: PASSWORD,
        to: searchParams.get('to') ?? '',
      });
      const answer = await send(servicePort, ID, '/sign-in', {
        method: 'POST',
        headers: { ...BROWSER, ...FORM },
        body: String(body),
      });
      const [, url = ''] = /content="0;url=([^"]*)"/.exec(answer.body) ?? [];
      return { url: new URL(url.replaceAll('&amp;', '&')), cookie: cookieOf(answer.headers) };
    };

    it('sends a browser to sign in and back, identifies it to the app, and drops forged headers', async () => {
      const path = '/orders?id=7&name=a%20b';
      const away = await send(proxy.port, APP, path, { headers: BROWSER });
      // `wrangler dev` writes its own scheme into a Location of its own host.
      expect([away.status, away.headers.location?.replace(/^http:/, 'https:')]).toEqual([
        303,
        `https://${ID}/sign-in?to=${encodeURIComponent(`http://${APP}${path}`)}`,
      ]);
      const { url, cookie } = await signIn(away.headers.location ?? '');
      expect(url.href).toBe(`http://${APP}${path}`);
      const forged = {
        'Remote-User': 'admin',
        'Remote-Groups': 'admin',
        'Remote-Email': 'admin@example.com',
        'Remote-Sub': 'x',
        Remote_User: 'admin',
        'X-Forwarded-Host': 'evil.test',
        'X-Forwarded-Method': 'GET',
      };
      const answer = await send(proxy.port, APP, url.pathname + url.search, {
        headers: { ...BROWSER, ...forged, Cookie: cookie },
      });
      expect(answer.status).toBe(200);
      const { method, path: seen } = JSON.parse(answer.body);
      expect([method, seen]).toEqual(['GET', path]);
      expect(headersOf(answer)).toMatchObject({
        'remote-user': username,
        'remote-email': person.email,
        'remote-email-verified': 'false',
        'remote-name': 'Zo%C3%AB Jones',
        'remote-groups': 'users',
        'remote-sub': expect.stringMatching(/^[0-9a-f]{32}$/),
      });
      expect(headersOf(answer)).not.toHaveProperty('remote_user');
    });

    it('rejects requests without a live session, whatever headers they send', async () => {
      const forged = { 'Remote-User': 'admin', 'X-Original-URL': `http://${APP}/`, Accept: '*/*' };
      expect((await send(proxy.port, APP, '/', { headers: forged })).status).toBe(401);
      const post = await send(proxy.port, APP, '/', { method: 'POST', headers: forged, body: 'a=b' });
      expect(post.status).toBe(401);
      const dead = { ...BROWSER, Cookie: `sessionid=${'A'.repeat(43)}` };
      expect((await send(proxy.port, APP, '/', { headers: dead })).status).toBe(303);
    });

    it('passes on the method and body, and rejects a POST from a page of a sibling host', async () => {
      const { cookie } = await signIn(`https://${ID}/sign-in?to=${encodeURIComponent(`http://${APP}/`)}`);
      const post = (headers: object) =>
        send(proxy.port, APP, '/orders', {
          method: 'POST',
          headers: { Cookie: cookie, ...headers },
          body: 'a=b',
        });
      const answer = await post({ Origin: `http://${APP}`, 'Sec-Fetch-Site': 'same-origin' });
      expect([answer.status, JSON.parse(answer.body).method]).toEqual([200, 'POST']);
      const sibling = { Origin: 'http://evil.example.com', 'Sec-Fetch-Site': 'same-site' };
      expect((await post(sibling)).status).toBe(403);
      // A client cannot disguise it as a GET.
      expect((await post({ ...sibling, 'X-Forwarded-Method': 'GET' })).status).toBe(403);
      expect((await post({ ...sibling, 'X-Original-Method': 'GET' })).status).toBe(403);
    });

    it('rejects a browser after it signed out at the service', async () => {
      const { cookie } = await signIn(`https://${ID}/sign-in?to=${encodeURIComponent(`http://${APP}/`)}`);
      const headers = { ...BROWSER, Cookie: cookie };
      expect((await send(proxy.port, APP, '/', { headers })).status).toBe(200);
      await send(servicePort, ID, '/sign-out', { method: 'POST', headers: { ...headers, ...FORM } });
      expect((await send(proxy.port, APP, '/', { headers })).status).toBe(303);
    });
  });
});

describe.skipIf(isWithoutChromium())('sign-in with `to` in Chromium', () => {
  let browser: Browser;
  let site: Server;
  let origin = '';

  beforeAll(async () => {
    browser = await launchChromium();
    // Another port of the same host: another origin of the same site.
    site = createServer((_sent, answer) => {
      answer.setHeader('Content-Type', 'text/html');
      answer.end(`<!doctype html><title>The app</title><p id="who">waiting</p><script>
        fetch('${service.origin}/id/me', { credentials: 'include' })
          .then((answer) => answer.json())
          .then((body) => { document.getElementById('who').textContent = body.account?.email ?? body.code; });
      </script>`);
    });
    origin = `http://localhost:${await listen(site)}`;
  }, STARTS_WITHIN_MS);

  afterAll(async () => {
    await browser?.close();
    site?.close();
  });

  it('returns to the page of an allowed origin, whose fetch is signed in', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const who = () => page.locator('#who', { hasNotText: 'waiting' }).innerText();
    await page.goto(`${origin}/orders?id=7`);
    expect(await who()).toBe('credentials_missing');
    const name = someName();
    const to = encodeURIComponent(`${origin}/orders?id=7#top`);
    await page.goto(`${service.origin}/sign-up?to=${to}`);
    await page.getByLabel('Email').fill(`${name}@example.com`);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.waitForURL(`${origin}/orders?id=7#top`);
    expect(await who()).toBe(`${name}@example.com`);
    // Already signed in: redirected at once.
    await page.goto(`${service.origin}/sign-in?to=${to}`);
    expect(page.url()).toBe(`${origin}/orders?id=7#top`);
    // After signing out, the form leads there too.
    await page.goto(`${service.origin}/`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto(`${service.origin}/sign-in?to=${to}`);
    await page.getByLabel('Username or email').fill(`${name}@example.com`);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(`${origin}/orders?id=7#top`);
    expect(await who()).toBe(`${name}@example.com`);
    await context.close();
  });
});
