// `npm run screenshot -- [url]`: takes the screenshots of the account page for README.md, from a running server.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launchChromium } from '../test/node/support-chromium.ts';
import { messageOf, print, printError } from './terminal.ts';
import { PROJECT } from './wrangler.ts';

const DEFAULT_URL = 'http://127.0.0.1:8787';

/** Below docs/. Both have the same size, so that README.md can switch between them. */
const FOLDER = join(PROJECT, 'docs/images');
const VIEWPORT = { width: 960, height: 640 };

const MARY = {
  email: 'mary@example.com',
  username: 'mary',
  name: 'Mary Jones',
  password: 'four walls and a door',
};

const post = (origin: string, path: string, fields: object): Promise<Response> =>
  fetch(origin + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(fields),
  });

const main = async (): Promise<void> => {
  const origin = new URL(process.argv[2] ?? DEFAULT_URL).origin;
  mkdirSync(FOLDER, { recursive: true });
  // On a second run, the account already exists.
  await post(origin, '/id/register', MARY);
  const browser = await launchChromium();
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ viewport: VIEWPORT, colorScheme });
    const { password, email: identifier } = MARY;
    const login = await context.request.post(`${origin}/id/login`, { data: { identifier, password } });
    if (!login.ok()) throw new Error(`The login was answered with ${login.status()}: ${await login.text()}`);
    const page = await context.newPage();
    await page.goto(origin);
    const path = join(FOLDER, `account-${colorScheme}.png`);
    await page.screenshot({ path });
    print(`Wrote ${path}`);
    await context.close();
  }
  await browser.close();
};

main().catch((error: unknown) => {
  printError(messageOf(error));
  process.exitCode = 1;
});
