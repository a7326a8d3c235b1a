// An old service for tests: its responses, the questions that it got, and a deployment that asks it.
import { vi } from 'vitest';
import type { Env } from '../../src/env.ts';
import { testEnv } from '../support/worker.ts';

export const OLD_URL = 'https://old.example.com/check';

/** A new environment for each call, so that tests do not share a gate. */
export const movingEnv = (settings: Partial<Env> = {}, env: Env = testEnv): Env => ({
  ...env,
  LAZY_MIGRATION_URL: OLD_URL,
  LAZY_MIGRATION_SECRET: 'a secret of the old service, long enough',
  ...settings,
});

export interface OldPerson {
  password: string;
  account: Readonly<Record<string, unknown>>;
}

export interface OldService {
  /** By the name exactly as typed. */
  people: Map<string, OldPerson>;
  /** The questions that it got, in order. */
  asked: { identifier: string; password: string }[];
  /** Replaces the usual response, if set. */
  answer: (() => Promise<Response>) | null;
  /** Restores the network. */
  stop: () => void;
}

const readAsked = (body: unknown): { identifier: string; password: string } => {
  const value: unknown = JSON.parse(String(body));
  if (typeof value !== 'object' || value === null || !('identifier' in value) || !('password' in value))
    throw new Error('The request has no name and password.');
  return { identifier: String(value.identifier), password: String(value.password) };
};

/** Replaces the network until the spy is restored. */
export const startOldService = (): OldService => {
  const old: OldService = { people: new Map(), asked: [], answer: null, stop: () => network.mockRestore() };
  const network = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    if (input !== OLD_URL) throw new Error(`Nobody is at ${String(input)}.`);
    const asked = readAsked(init?.body);
    old.asked.push(asked);
    if (old.answer) return old.answer();
    const person = old.people.get(asked.identifier);
    if (person?.password !== asked.password) return new Response('{}', { status: 401 });
    return Response.json(person.account);
  });
  return old;
};
