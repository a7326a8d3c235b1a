// The gate in front of the old service: how many logins can ask, and when none can.
import { describe, expect, it } from 'vitest';
import { createGate } from '../../src/migration/gate.ts';

const START_MS = 1_700_000_000_000;
const SECOND_MS = 1000;

const open = (perMinute = 1000) => createGate({ perMinute, leaseMs: 6000 });

/** Asks and fails at once. Returns whether it could ask. */
const fail = (gate: ReturnType<typeof open>, atMs: number): boolean => {
  const leave = gate.enter(atMs);
  leave?.('failed', atMs);
  return leave !== null;
};

describe('an old service that is down', () => {
  it('gets three questions, then none for ten seconds, then one at a time', () => {
    const gate = open();
    expect([fail(gate, START_MS), fail(gate, START_MS), fail(gate, START_MS)]).toEqual([true, true, true]);
    expect(gate.enter(START_MS)).toBeNull();
    expect(gate.enter(START_MS + 10 * SECOND_MS - 1)).toBeNull();
    const probe = gate.enter(START_MS + 10 * SECOND_MS);
    expect(probe).not.toBeNull();
    expect(gate.enter(START_MS + 10 * SECOND_MS)).toBeNull();
    probe?.('answered', START_MS + 10 * SECOND_MS);
    expect(gate.enter(START_MS + 10 * SECOND_MS)).not.toBeNull();
    expect(gate.enter(START_MS + 10 * SECOND_MS)).not.toBeNull();
  });

  it('gets a pause twice as long after each further failure, up to five minutes', () => {
    const gate = open();
    for (const _ of [1, 2, 3]) fail(gate, START_MS);
    let atMs = START_MS;
    for (const pauseSeconds of [10, 20, 40, 80, 160, 300, 300]) {
      expect(fail(gate, atMs + pauseSeconds * SECOND_MS - 1)).toBe(false);
      atMs += pauseSeconds * SECOND_MS;
      expect(fail(gate, atMs)).toBe(true);
    }
  });

  it('gets no pause for failures that are not in a row', () => {
    const gate = open();
    for (const outcome of ['failed', 'failed', 'answered', 'failed', 'failed'] as const)
      gate.enter(START_MS)?.(outcome, START_MS);
    expect(gate.enter(START_MS)).not.toBeNull();
  });
});

describe('logins that ask the old service', () => {
  it('number at most fifty at a time; one that never reports counts until its lease ends', () => {
    const gate = open();
    const leaving = Array.from({ length: 50 }, () => gate.enter(START_MS));
    expect(leaving).not.toContain(null);
    expect(gate.enter(START_MS)).toBeNull();
    leaving[0]?.('answered', START_MS);
    expect(gate.enter(START_MS)).not.toBeNull();
    expect(gate.enter(START_MS + 5999)).toBeNull();
    expect(gate.enter(START_MS + 6000)).not.toBeNull();
  });

  it('number at most as many per minute as the setting allows', () => {
    const gate = open(2);
    const ask = (atMs: number) => {
      const leave = gate.enter(atMs);
      leave?.('answered', atMs);
      return leave !== null;
    };
    expect([ask(START_MS), ask(START_MS), ask(START_MS), ask(START_MS + 59_999)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(ask(START_MS + 60_000)).toBe(true);
  });
});
