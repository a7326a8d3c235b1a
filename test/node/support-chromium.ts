// Finds and starts Chromium for the browser tests, which are skipped without it.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** A name of this machine that is not a loopback name. Pages of loopback names are allowed during development. */
export const FOREIGN_HOST = 'foreign.test';

/** The first is Chromium without what shows windows: the browser tests take a third less time in it. */
const NAMES = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
];

const isRunnable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Where Chromium is: `CHROMIUM`, or the first on the path; null if there is none. */
export const findChromium = (): string | null => {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [process.env['CHROMIUM'] ?? '', ...paths].find((path) => path !== '' && isRunnable(path)) ?? null;
};

/** For `describe.skipIf`: warns if the tests cannot run. */
export const isWithoutChromium = (): boolean => {
  const isMissing = findChromium() === null;
  if (isMissing)
    console.warn('No Chromium is found (set CHROMIUM to its path): the browser tests are skipped.');
  return isMissing;
};

export const launchChromium = (): Promise<Browser> => {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('There is no Chromium.');
  // Root, as in a container, has no sandbox; the pages are our own.
  // Without a graphics card, its process only costs time.
  const args = ['--no-sandbox', '--disable-gpu', `--host-resolver-rules=MAP ${FOREIGN_HOST} 127.0.0.1`];
  return chromium.launch({ executablePath, args });
};
