// The examples run: the typed client, and the browser app of another origin with the session cookie.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isWithoutChromium, launchChromium } from './support-chromium.ts';
import { type Service, startService } from './support-service.ts';

/** The time for the Worker or Chromium to start on a busy machine. */
const STARTS_WITHIN_MS = 60_000;

const EXAMPLES = join(import.meta.dirname, '../../examples');
const TYPES: Readonly<Record<string, string>> = { '/': 'text/html', '/app.js': 'text/javascript' };

interface App {
  origin: string;
  server: Server;
}

/** Serves examples/spa on its own port. */
const serveApp = async (): Promise<App> => {
  const server = createServer(async ({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const type = TYPES[pathname];
    if (type === undefined) return response.writeHead(404).end();
    const text = await readFile(join(EXAMPLES, 'spa', pathname === '/' ? 'index.html' : pathname));
    return response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The app has no port.');
  return { origin: `http://localhost:${address.port}`, server };
};

/** Not a loopback name: a service at a loopback name allows every port of the machine. */
const UNKNOWN = 'http://app.example.com';

const MARY = { email: 'mary@example.com', name: '<b>Mary</b>', password: 'four walls and a door' };

let service: Service;
let allowed: App;

beforeAll(async () => {
  allowed = await serveApp();
  service = await startService({ ALLOWED_ORIGINS: allowed.origin });
  const headers = { 'Content-Type': 'application/json' };
  await fetch(`${service.origin}/id/register`, { method: 'POST', headers, body: JSON.stringify(MARY) });
}, STARTS_WITHIN_MS);

afterAll(async () => {
  await service?.close();
  allowed?.server.close();
});

it('registers and lists the sessions with examples/client.ts', async () => {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [join(EXAMPLES, 'client.ts'), `${service.origin}/id`]);
  expect(stdout).toMatch(/^mary\d+@example\.com is signed in on 1 device\.\n$/);
});

describe.skipIf(isWithoutChromium())('examples/spa on another origin', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  }, STARTS_WITHIN_MS);

  afterAll(async () => {
    await browser?.close();
  });

  const open = async (origin: string): Promise<Page> => {
    const page = await (await browser.newContext()).newPage();
    await page.route(`${UNKNOWN}/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      await route.fulfill({ response: await route.fetch({ url: allowed.origin + pathname }) });
    });
    await page.goto(`${origin}/?latchkey=${encodeURIComponent(service.origin)}`);
    return page;
  };

  const says = (page: Page, text: string) => page.locator('#message', { hasText: text }).waitFor();

  const signIn = async (page: Page, password: string): Promise<void> => {
    await page.getByLabel('Username or email').fill(MARY.email);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };

  it('signs in with a cookie hidden from scripts, stays signed in, and signs out', async () => {
    const page = await open(allowed.origin);
    await says(page, 'You are not signed in.');
    await signIn(page, 'wrong one');
    await says(page, 'The name or the password is wrong.');
    await signIn(page, MARY.password);
    await says(page, 'You are <b>Mary</b>.');
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.reload();
    await says(page, 'You are <b>Mary</b>.');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await says(page, 'You are not signed in.');
    await page.reload();
    await says(page, 'You are not signed in.');
  });

  it('cannot sign in if its origin is not allowed', async () => {
    const page = await open(UNKNOWN);
    await signIn(page, MARY.password);
    await says(page, 'Failed to fetch');
    expect(await page.context().cookies(service.origin)).toEqual([]);
  });
});
