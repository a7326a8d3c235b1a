// Keeps screenshots of pages for the eye, if the variable `SCREENSHOTS` is `true`. No test depends on them.
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';

/** Ignored by git. */
const FOLDER = join(import.meta.dirname, '../../screenshots');

const IS_WANTED = process.env['SCREENSHOTS'] === 'true';

/** Writes what a page or an element looks like into `screenshots/`. Playwright creates the folder. */
export const keepScreenshot = async (
  shown: Page | Locator,
  file: string,
  options: { fullPage?: boolean } = {},
): Promise<void> => {
  if (IS_WANTED) await shown.screenshot({ path: join(FOLDER, file), ...options });
};
