// The fuzzer: a seeded run over every route. No undocumented 5xx, always JSON from a dialect, no internals in any
// answer, and no change of a bystander's account.
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import worker from '../../src/index.ts';
import { type Answer, ORIGIN, send, sessionCookie, testEnv } from '../support/worker.ts';
import { createDice, withDice } from './dice.ts';
import { createShot, routes, type Shot } from './requests.ts';
import { findFaults } from './rules.ts';
import { readNumber } from './runs.ts';
import { isOfDialect } from './shapes.ts';
import type { Credential, Known } from './values.ts';

const REQUESTS = readNumber('FUZZ_REQUESTS', 800);
/** Sessions end and accounts are deleted during a run: after this many requests there are new ones. */
const REQUESTS_A_CREW = 80;

/** Almost free hashes, which this run is not about. */
const env = { ...testEnv, PASSWORD_ITERATIONS: '1', PASSWORD_ROUNDS: '1' };
const PASSWORD = 'sesame1234';

interface Member {
  username: string;
  email: string;
  id: string;
  sessionId: string;
  tokens: [Credential, Credential];
  cookie: Credential;
}

const join = async (username: string): Promise<Member> => {
  const json = { username, email: `${username}@fuzz.test`, password: PASSWORD };
  const derived = await send('/account/register', { json, env });
  const cookie = sessionCookie(await send('/api/users/login', { json, env })) ?? '';
  const jwt = await send('/api/auth/login', { json, env });
  const found = await testEnv.DB.prepare(
    "SELECT user_id, id FROM sessions WHERE kind = 'cookie' AND user_id = (SELECT id FROM users WHERE username = ?)",
  )
    .bind(username)
    .first<{ user_id: number; id: string }>();
  const tokenOf = ({ text }: Answer): string => /"token":"([^"]+)"/.exec(text)?.[1] ?? '';
  return {
    ...json,
    id: String(found?.user_id),
    sessionId: found?.id ?? '',
    tokens: [
      { name: `${username}'s token`, value: tokenOf(derived) },
      { name: `${username}'s JWT`, value: tokenOf(jwt) },
    ],
    cookie: { name: `${username}'s session`, value: cookie },
  };
};

/** Two people and an admin, whose sessions the fuzzer has. */
const joinCrew = async (crew: number): Promise<Known> => {
  const one = await join(`fuzz${crew}one`);
  const other = await join(`fuzz${crew}other`);
  const admin = await join(`fuzz${crew}admin`);
  await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE username = ?').bind(admin.username).run();
  return {
    usernames: [one.username, other.username],
    emails: [one.email, other.email],
    passwords: [PASSWORD, PASSWORD, 'another1234'],
    ids: [one.id, other.id, admin.id],
    sessionIds: [one.sessionId, 'ab'.repeat(32)],
    tokens: [...one.tokens, ...other.tokens, ...admin.tokens],
    cookies: [one.cookie, other.cookie, admin.cookie],
  };
};

const fire = async ({ method, path, headers, body }: Shot): Promise<Answer> => {
  const all = new Headers(headers);
  if (body?.mediaType) all.set('Content-Type', body.mediaType);
  const context = createExecutionContext();
  const init = { method, headers: all, body: body?.bytes ?? null };
  const request = new Request<unknown, IncomingRequestCfProperties>(ORIGIN + path, init);
  const response = await worker.fetch(request, env, context);
  const text = await response.text();
  await waitOnExecutionContext(context);
  return { status: response.status, statusText: response.statusText, headers: response.headers, text };
};

describe('the fuzzer', () => {
  it('has routes of every dialect, and rules that find what is wrong', () => {
    const paths = new Set(routes.map(({ path }) => path.split('/').slice(0, 3).join('/')));
    for (const path of [
      '/api/users',
      '/api/v1',
      '/api/auth',
      '/api/register',
      '/account/login',
      '/acount/set_picture',
    ])
      expect(paths).toContain(path);
    expect(routes.length).toBeGreaterThan(50);
    expect([isOfDialect('/api/users/me'), isOfDialect('/accounts'), isOfDialect('/')]).toEqual([
      true,
      false,
      false,
    ]);
    const shot: Shot = { method: 'POST', path: '/api/auth/login', headers: {}, body: null, shown: '' };
    const headers = new Headers({ 'Content-Type': 'text/html' });
    const bad = { status: 500, statusText: '', headers, text: 'D1_ERROR: no such table: users' };
    expect(findFaults(shot, bad, 'b@c.de')).toEqual([
      'status 500',
      'no X-Request-Id',
      'Cache-Control null',
      'no X-Content-Type-Options',
      'no JSON',
      'something internal: D1_',
    ]);
  });

  it('shrinks and replays what a run found', () => {
    const known: Known = {
      usernames: ['ann'],
      emails: ['ann@fuzz.test'],
      passwords: ['x'],
      ids: ['1'],
      sessionIds: ['a'],
      tokens: [{ name: 't', value: 't' }],
      cookies: [{ name: 'c', value: 'c' }],
    };
    let found = '';
    const property = fc.property(fc.gen(), (draw) => {
      const { headers, shown } = createShot(createDice(draw), known, 'fresh');
      if (headers['Authorization'] !== 'Bearer t') return true;
      found = shown;
      return false;
    });
    const options = { seed: 7, numRuns: 1_000, unbiased: true };
    const { counterexamplePath: path, numShrinks } = fc.check(property, options);
    if (path === null) return expect.fail('Nothing was found.');
    expect(numShrinks).toBeGreaterThan(0);
    // The smallest request that fails: no query, no cookie, no odd header, no body.
    const smallest = found;
    expect(smallest).toMatch(/^GET \/[\w/]* Authorization: Bearer <t> \[\] {2}$/);
    found = '';
    // The first part of the path: fast-check cannot replay a path into the shrunk values of a generator.
    expect(fc.check(property, { ...options, path: path.split(':', 1).join() }).failed).toBe(true);
    expect(found).toBe(smallest);
  });

  it(`finds no fault in ${REQUESTS} requests`, { timeout: 60_000 + REQUESTS * 50 }, async () => {
    const bystander = await join('a-bystander');
    const profile = async () => (await send('/account/profile', { token: bystander.tokens[0].value })).text;
    const before = await profile();
    const statuses = new Map<number, number>();
    let known: Known | null = null;
    let sent = 0;
    await withDice(REQUESTS, async (dice) => {
      if (known === null || sent % REQUESTS_A_CREW === 0) known = await joinCrew(sent / REQUESTS_A_CREW);
      const shot = createShot(dice, known, `fresh${sent}`);
      sent += 1;
      const answer = await fire(shot);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const faults = findFaults(shot, answer, bystander.email);
      expect(faults, `${shot.shown}\n${answer.status} ${answer.text.slice(0, 300)}`).toEqual([]);
    });
    expect(await profile()).toBe(before);
    // The run covered successes and every kind of refusal.
    const times = (status: number): number => statuses.get(status) ?? 0;
    expect(times(200) + times(201)).toBeGreaterThan(REQUESTS / 20);
    for (const status of [204, 400, 401, 403, 404, 405, 415])
      expect(times(status), String(status)).toBeGreaterThan(0);
  });
});
