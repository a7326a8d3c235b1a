// The API reference at /docs, in Chromium: it shows and tries out every operation, and loads nothing from elsewhere.
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { copyReferenceAssets } from '../../scripts/build-assets.ts';
import { findViolations } from './support-axe.ts';
import { isWithoutChromium, launchChromium } from './support-chromium.ts';
import { operations } from './support-openapi.ts';
import { keepScreenshot } from './support-screenshots.ts';
import { type Service, startService } from './support-service.ts';

/** The time for the Worker or Chromium to start on a busy machine. */
const STARTS_WITHIN_MS = 60_000;

/** Faults of Swagger UI's own markup: a skipped heading level, buttons within a button, a header outside landmarks. */
const SWAGGERS_OWN = new Set(['heading-order', 'nested-interactive', 'region']);

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

let service: Service;

beforeAll(async () => {
  copyReferenceAssets();
  service = await startService({});
}, STARTS_WITHIN_MS);

afterAll(() => service?.close());

describe('files of the API reference', () => {
  const FILES = [
    ['/docs/', 'text/html; charset=utf-8'],
    ['/docs/reference.js', 'text/javascript; charset=utf-8'],
    ['/docs/reference.css', 'text/css; charset=utf-8'],
    ['/docs/swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
    ['/docs/swagger-ui.css', 'text/css; charset=utf-8'],
  ] as const;

  it.each(FILES)(
    'serves %s with its media type and a policy that allows nothing from elsewhere',
    async (path, type) => {
      const { status, headers } = await fetch(service.origin + path, { redirect: 'manual' });
      expect({
        status,
        type: headers.get('Content-Type'),
        policy: headers.get('Content-Security-Policy'),
        nosniff: headers.get('X-Content-Type-Options'),
        frames: headers.get('X-Frame-Options'),
        referrer: headers.get('Referrer-Policy'),
      }).toEqual({
        status: 200,
        type,
        policy: POLICY,
        nosniff: 'nosniff',
        frames: 'DENY',
        referrer: 'no-referrer',
      });
    },
  );

  it('redirects /docs to /docs/', async () => {
    const { status, headers } = await fetch(`${service.origin}/docs`, { redirect: 'manual' });
    expect([status, headers.get('Location')]).toEqual([307, '/docs/']);
  });

  it.each([
    ['/openapi.json', 'application/json', '*'],
    ['/style.css', 'text/css; charset=utf-8', null],
    ['/icon.svg', 'image/svg+xml', null],
    ['/pictures/1.svg', 'image/svg+xml', '*'],
  ])(
    'serves %s with nosniff, and allows other origins only for public files',
    async (path, type, allowed) => {
      const { status, headers } = await fetch(service.origin + path);
      expect([status, headers.get('Content-Type'), headers.get('X-Content-Type-Options')]).toEqual([
        200,
        type,
        'nosniff',
      ]);
      expect(headers.get('Access-Control-Allow-Origin')).toBe(allowed);
    },
  );
});

describe.skipIf(isWithoutChromium())('the API reference in Chromium', () => {
  let browser: Browser;
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  }, STARTS_WITHIN_MS);

  afterAll(() => browser?.close());

  /** With everything that it shows, the page takes seconds to open: it is opened once, in dark mode. */
  let opened: Page | undefined;

  beforeEach(() => {
    complaints.length = 0;
  });

  const open = async (): Promise<Page> => {
    if (opened) return opened;
    const page = await browser.newPage({ colorScheme: 'dark' });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() !== 'log' && message.type() !== 'info') complaints.push(message.text());
    });
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== service.origin && protocol !== 'data:') complaints.push(`It asks for ${request.url()}`);
    });
    await page.goto(`${service.origin}/docs`);
    await page.locator('.opblock').first().waitFor();
    expect(complaints).toEqual([]);
    opened = page;
    return page;
  };

  /** Opens an operation of the page, unless it is open. */
  const expand = async (page: Page, id: string): Promise<Locator> => {
    const block = page.locator(`#operations-${id}`);
    if (!(await block.locator('.opblock-body').isVisible()))
      await block.locator('.opblock-summary-control').click();
    return block;
  };

  it('shows every operation, and requests nothing from another origin', async () => {
    const page = await open();
    const shown = await page.evaluate<string[]>(
      "[...document.querySelectorAll('.opblock')].map(({ id }) => id)",
    );
    expect(shown).toEqual(
      operations.map(({ id, operation }) => `operations-${String(operation['tags'])}-${id}`),
    );
    expect(await page.title()).toBe('API reference · Latchkey');
    expect(complaints).toEqual([]);
  });

  it.each([
    // Dark first, as the page was opened; then it must notice that the scheme changes.
    ['phone', 'dark', 360],
    ['desktop', 'dark', 1280],
    ['phone', 'light', 360],
    ['desktop', 'light', 1280],
  ] as const)('fits a %s in %s mode, without accessibility violations', async (size, colorScheme, width) => {
    const page = await open();
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    await keepScreenshot(page, `docs-${size}-${colorScheme}.png`);
    const block = await expand(page, 'id-idRegister');
    await block.locator('.responses-table').waitFor();
    await keepScreenshot(block, `docs-operation-${size}-${colorScheme}.png`);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    const [ground, ink] = await page.evaluate<string[]>(
      '[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]',
    );
    expect([ground, ink]).toEqual(
      colorScheme === 'dark'
        ? ['rgb(18, 22, 20)', 'rgb(231, 235, 232)']
        : ['rgb(246, 245, 241)', 'rgb(29, 36, 33)'],
    );
    expect(complaints).toEqual([]);
    // Last, because axe writes styles that violate the policy.
    // The two schemes differ in their colours only.
    const violations = await findViolations(page, colorScheme === 'dark' ? undefined : 'colors');
    expect(violations.map(({ id }) => id).filter((id) => !SWAGGERS_OWN.has(id))).toEqual([]);
  });

  it('tries out registration, and is then logged in by the cookie', async () => {
    const page = await open();
    const tryOut = async (id: string): Promise<string> => {
      const block = await expand(page, id);
      await block.getByRole('button', { name: 'Try it out' }).click();
      await block.getByRole('button', { name: 'Execute' }).click();
      const answer = block.locator('.live-responses-table');
      await answer.waitFor();
      return `${await answer.locator('.response-col_status').last().innerText()} ${await answer
        .locator('.response-col_description')
        .last()
        .innerText()}`;
    };
    expect(await tryOut('id-idRegister')).toMatch(/^201[\s\S]*"username": "mary"/);
    expect(complaints).toEqual([]);
    expect(await tryOut('id-idMe')).toMatch(/^200[\s\S]*"email": "mary@example.com"/);
    expect(await tryOut('service-health')).toMatch(/^200[\s\S]*"d1": "ok"/);
    expect(complaints).toEqual([]);
  });

  it('names /openapi.json if scripts are disabled', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${service.origin}/docs`);
    expect(await page.locator('noscript, #reference').first().innerText()).toBe(
      'This page needs JavaScript. The document that it shows is at /openapi.json.',
    );
    await context.close();
  });
});
