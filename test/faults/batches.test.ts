// D1 breaks before, during or after any one round trip of a change: all of the change is stored, or none of it.
import { expect, it } from 'vitest';
import { failD1, type Moment } from '../support/faults.ts';
import { type Answer, send } from '../support/worker.ts';
import { endpoints } from './endpoints.ts';
import { cheapEnv, createPersonFor, type Endpoint, type Person, pathOf } from './people.ts';
import { expectEffect, expectWhole, readTables } from './tables.ts';

/** More round trips than any request makes. */
const MAX_TRIPS = 5;

const changes = endpoints.filter(({ effect }) => effect.events !== undefined);

/** Sends the request with a D1 whose nth round trip breaks; `isReached` is false if it makes fewer. */
const sendBroken = async (endpoint: Endpoint, person: Person, nth: number, moment: Moment) => {
  const { env, trips } = failD1((trip) => (trip === nth ? moment : null), {
    env: { ...cheapEnv, D1_TIMEOUT_MS: moment.startsWith('silent') ? '250' : '5000' },
  });
  const answer = await send(pathOf(endpoint, person), { ...endpoint.sent(person), env });
  return { answer, isReached: trips() >= nth };
};

/** A refused login is recorded in the audit log after its answer. */
const isAnsweredBefore = ({ effect }: Endpoint, nth: number): boolean =>
  nth === 2 && effect.events?.[0] === 'login_refused';

const expectBroken = (answer: Answer, endpoint: Endpoint, nth: number): void => {
  if (isAnsweredBefore(endpoint, nth)) {
    expect(answer.status).toBe(endpoint.status);
    return;
  }
  expect([answer.status, answer.text]).toEqual([503, endpoint.unavailable]);
  expect(answer.headers.get('Retry-After')).toMatch(/^[1-9]\d?$/);
  expect(answer.headers.getSetCookie()).toEqual([]);
};

it.each(changes)('$name leaves nothing if D1 breaks before or during a round trip', async (endpoint) => {
  const person = await createPersonFor(endpoint);
  const before = await readTables();
  for (let nth = 1; nth <= MAX_TRIPS; nth += 1) {
    for (const moment of ['before', 'middle'] as const) {
      const { answer, isReached } = await sendBroken(endpoint, person, nth, moment);
      if (!isReached) {
        // Nothing broke, and the failed tries before left nothing that is in the way.
        expect(nth).toBeGreaterThan(2);
        expect(answer.status).toBe(endpoint.status);
        expectEffect(before, await readTables(), endpoint.effect);
        return expectWhole();
      }
      expectBroken(answer, endpoint, nth);
      expect(await readTables()).toEqual(before);
    }
  }
  throw new Error(`${endpoint.name} makes more than ${MAX_TRIPS} round trips.`);
});

const leavesAllOrNothing = async (endpoint: Endpoint, moment: Moment): Promise<void> => {
  const person = await createPersonFor(endpoint);
  const before = await readTables();
  for (let nth = 1; nth <= MAX_TRIPS; nth += 1) {
    const { answer, isReached } = await sendBroken(endpoint, person, nth, moment);
    expect(isReached).toBe(true);
    expectBroken(answer, endpoint, nth);
    const after = await readTables();
    if (after.events.length > before.events.length) {
      expectEffect(before, after, endpoint.effect);
      return expectWhole();
    }
    expect(after).toEqual(before);
  }
  throw new Error(`${endpoint.name} makes more than ${MAX_TRIPS} round trips.`);
};

it.each(changes)('$name leaves all or nothing if D1 commits and its answer is lost', (endpoint) =>
  leavesAllOrNothing(endpoint, 'after'),
);

const gravest = changes.filter(({ effect }) => effect.users !== undefined);

it.each(gravest)('$name leaves all or nothing if D1 commits and never answers', (endpoint) =>
  leavesAllOrNothing(endpoint, 'silent after'),
);
