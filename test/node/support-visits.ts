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
  /** A new person, with a browser context that is closed after the test. */
  visit: (javaScriptEnabled?: boolean) => Promise<Person>;
}

/** Starts both before the tests and stops them afterwards. A test fails if a page has an error or violates its policy. */
export const openVisits = (settings: Parameters<typeof startService>[0]): Visits => {
  const people: Person[] = [];
  let service: Service;
  let browser: Browser;

  beforeAll(async () => {
    [service, browser] = await Promise.all([startService(settings), launchChromium()]);
  }, STARTS_WITHIN_MS);

  afterEach(async () => {
    const complaints = people.flatMap((person) => person.complaints);
    await Promise.all(people.splice(0).map((person) => person.leave()));
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
      const person = await arrive(browser, service.origin, { javaScriptEnabled });
      people.push(person);
      return person;
    },
  };
};
