// A running service that people visit in Chromium, for the tests of one `describe`.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { launchChromium } from './support-chromium.ts';
import { arrive, type Person } from './support-person.ts';
import { type Service, startService } from './support-service.ts';

/** The time for the Worker and Chromium to start on a busy machine. */
const STARTS_WITHIN_MS = 60_000;

export interface Visits {
  readonly service: Service;
  /** A new person. Tests share browser contexts, one after the other and without cookies: a window opens slowly. */
  visit: (javaScriptEnabled?: boolean) => Promise<Person>;
  /** A new person whose browser context is closed after the test: for tests that change the browser. */
  visitOnce: () => Promise<Person>;
}

/** Starts both before the tests and stops them afterwards. A test fails if a page has an error or violates its policy. */
export const openVisits = (settings: Parameters<typeof startService>[0]): Visits => {
  /** What to do with each person of the current test when it ends. */
  const people = new Map<Person, () => unknown>();
  const idle = new Map<boolean, Person[]>([true, false].map((each) => [each, []]));
  let service: Service;
  let browser: Browser;

  beforeAll(async () => {
    [service, browser] = await Promise.all([startService(settings), launchChromium()]);
  }, STARTS_WITHIN_MS);

  afterEach(async () => {
    const complaints = [...people.keys()].flatMap((person) => person.complaints);
    await Promise.all([...people.values()].map((end) => end()));
    people.clear();
    expect(complaints).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await service?.close();
  });

  return {
    get service() {
      return service;
    },
    async visit(javaScriptEnabled = true) {
      const person =
        idle.get(javaScriptEnabled)?.pop() ?? (await arrive(browser, service.origin, { javaScriptEnabled }));
      people.set(person, async () => {
        await person.forget();
        idle.get(javaScriptEnabled)?.push(person);
      });
      return person;
    },
    async visitOnce() {
      const person = await arrive(browser, service.origin);
      people.set(person, person.leave);
      return person;
    },
  };
};
