// Floods: a thousand wrong passwords cost few hashes, and many right passwords at once all succeed.
import { describe, expect, it } from 'vitest';
import { createTimedCore, someAccount, someClient } from '../support/clock.ts';
import { watchHashes } from '../support/counting.ts';
import { makeAllWait } from '../support/failures.ts';
import { type Answer, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

/** The most hashes that a flood against one account may cost. */
const MAX_HASHES = 20;
/** The test pool's hash is two calls. */
const CALLS_PER_HASH = 2;

/** Attempts at the same moment: ten times the free ones. */
const FLOOD = 100;

/** A flood over ten seconds, with 100 attempts each second. Its cost depends on its duration, not on its size. */
const SECONDS = 10;
const AT_ONCE = 100;

const PASSWORD = 'sesame1234';
const LOGIN = '/api/users/login/';

const joined = async () => {
  const username = uniqueName();
  const answer = await send('/api/users/register/', {
    json: { username, email: `${username}@test.com`, password: PASSWORD },
  });
  const device = answer.headers
    .getSetCookie()
    .map((line) => /^device=([^;]+)/.exec(line)?.[1])
    .find((value) => value !== undefined);
  return { username, email: `${username}@test.com`, device: device ?? expect.fail(answer.text) };
};

/** Sends that many requests at the same moment. */
const atOnce = (times: number, path: string, json: unknown): Promise<Answer[]> =>
  Promise.all(Array.from({ length: times }, () => send(path, { json })));

const countRow = async (username: string): Promise<unknown> =>
  testEnv.DB.prepare(
    "SELECT json_extract(login_failures, '$.account[0]') AS count, json_extract(login_failures, '$.account[1]') AS pending FROM users WHERE username = ? AND login_failures IS NOT NULL",
  )
    .bind(username)
    .first();

/** The number of responses with each status. */
const byStatus = (answers: readonly Answer[]): Record<number, number> => {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

describe(`${FLOOD} wrong passwords at the same moment`, () => {
  it('cost at most 20 hashes, and do not lock out the owner on a known device', async () => {
    const owner = await joined();
    const { value: answers, iterations } = await watchHashes(() =>
      atOnce(FLOOD, LOGIN, { username: owner.username, password: 'wrong' }),
    );
    const hashes = iterations.length / CALLS_PER_HASH;
    expect(hashes).toBeGreaterThanOrEqual(10);
    expect(hashes).toBeLessThanOrEqual(MAX_HASHES);
    expect(byStatus(answers)).toEqual({ 400: hashes, 429: FLOOD - hashes });
    expect(await countRow(owner.username)).toEqual({ count: hashes, pending: 0 });

    const json = { username: owner.username, password: PASSWORD };
    // The first wait is one second, which may be over by now on a busy machine.
    await makeAllWait();
    expect((await send(LOGIN, { json })).status).toBe(429);
    expect((await send(LOGIN, { json, headers: { Cookie: `device=${owner.device}` } })).status).toBe(200);
  });

  it('cost at most 20 hashes for an unknown name', async () => {
    const json = { username: uniqueName(), password: 'wrong' };
    const { value: answers, iterations } = await watchHashes(() => atOnce(FLOOD, LOGIN, json));
    const hashes = iterations.length / CALLS_PER_HASH;
    expect(hashes).toBeLessThanOrEqual(MAX_HASHES);
    expect(byStatus(answers)).toEqual({ 400: hashes, 429: FLOOD - hashes });
  });

  it('cost at most 20 hashes across all names and dialects of one account', async () => {
    const { username, email } = await joined();
    const password = 'wrong';
    const { value: answers, iterations } = await watchHashes(async () => {
      const groups = await Promise.all([
        atOnce(FLOOD / 5, LOGIN, { username, password }),
        atOnce(FLOOD / 5, '/api/v1/user/login/', { username: email, password }),
        atOnce(FLOOD / 5, '/api/login/', { username: email, password }),
        atOnce(FLOOD / 5, '/account/login', { username, password }),
        atOnce(FLOOD / 5, '/api/auth/login/', { email, password }),
      ]);
      return groups.flat();
    });
    const hashes = iterations.length / CALLS_PER_HASH;
    expect(hashes).toBeLessThanOrEqual(MAX_HASHES);
    expect(byStatus(answers)[429]).toBe(FLOOD - hashes);
  });
});

describe('1,000 wrong passwords within ten seconds', () => {
  it('cost at most 20 hashes, and make the owner wait only on unknown devices', async () => {
    const timed = createTimedCore();
    const person = someAccount();
    const owner = await timed.register('cookie', person);
    const kept = { client: someClient, open: 'cookie', replaces: null } as const;
    const identifier = { by: 'username', key: person.username, text: person.username } as const;
    const right = { ...kept, identifier, password: person.password };
    const first = await timed.core.login(right);
    const device = first.ok ? first.value.device : expect.fail();
    await timed.settle();

    const outcomes: Record<string, number> = {};
    const { iterations } = await watchHashes(async () => {
      for (let second = 0; second < SECONDS; second += 1) {
        const wrong = { ...right, password: 'wrong' };
        const tries = Array.from({ length: AT_ONCE }, () => timed.core.login(wrong));
        for (const result of await Promise.all(tries)) {
          const outcome = result.ok ? 'in' : result.error.reason;
          outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        }
        await timed.settle();
        timed.advance(1000);
      }
    });
    const hashes = iterations.length / CALLS_PER_HASH;
    expect(hashes).toBeLessThanOrEqual(MAX_HASHES);
    // Ten free attempts, then one after 1, 2 and 4 seconds each: the flood lasts ten seconds.
    expect(outcomes).toEqual({ wrong_credentials: 13, throttled: SECONDS * AT_ONCE - 13 });
    expect(hashes).toBe(13);

    expect((await timed.core.login(right)).ok).toBe(false);
    const again = await timed.core.login({ ...right, client: { ...someClient, device } });
    expect(again.ok && again.value.account.id).toBe(owner.account.id);
    await timed.settle();
  });
});

describe('24 right passwords of one account at the same moment', () => {
  it('open 24 separate sessions', async () => {
    const { username } = await joined();
    const answers = await atOnce(24, LOGIN, { username, password: PASSWORD });
    expect(byStatus(answers)).toEqual({ 200: 24 });
    const cookies = new Set(answers.map((answer) => sessionCookie(answer) ?? ''));
    expect(cookies.size).toBe(24);
    for (const cookie of cookies) expect((await send('/api/users/me/', { cookie })).status).toBe(200);
    expect(await countRow(username)).toBeNull();
  });

  it('get the same API token in account', async () => {
    const { username } = await joined();
    const answers = await atOnce(24, '/account/login', { username, password: PASSWORD });
    expect(byStatus(answers)).toEqual({ 200: 24 });
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    const token = /"token":"([0-9a-f]{40})"/.exec(answers[0]?.text ?? '')?.[1] ?? expect.fail();
    expect((await send('/account/profile', { token })).status).toBe(200);
  });
});
