// Requirements of OWASP ASVS 5.0 that no other test covers. docs/security/asvs.md cites these tests.
import { describe, expect, it } from 'vitest';
import { createTimedCore, DAY_MS, someAccount } from '../support/clock.ts';
import { send, testEnv, uniqueName } from '../support/worker.ts';

it('V6.2.8: compares all 1,024 bytes of a password', async () => {
  const email = `${uniqueName()}@test.com`;
  const password = 'correct horse battery staple '.repeat(40).slice(0, 1_024);
  expect((await send('/id/register', { json: { email, password } })).status).toBe(201);
  const logIn = async (typed: string) =>
    (await send('/id/login', { json: { identifier: email, password: typed } })).status;
  expect(await logIn(`${password.slice(0, -1)}~`)).toBe(401);
  expect(await logIn(password.slice(0, -1))).toBe(401);
  expect(await logIn(password)).toBe(200);
});

it('V6.2.10: accepts a password that is ten years old', async () => {
  const timed = createTimedCore();
  const person = someAccount();
  await timed.register('cookie', person);
  timed.advance(3_653 * DAY_MS);
  expect((await timed.logIn(person, 'cookie')).account.username).toBe(person.username);
});

describe('V7.4.5: all sessions of all accounts', () => {
  it('end at once by the SQL statement in docs/deploying.md, whatever KV still holds', async () => {
    const timed = createTimedCore();
    const opened = [
      { ...(await timed.register('cookie')), carrier: 'cookie' as const },
      { ...(await timed.register('jwt')), carrier: 'header' as const },
      { ...(await timed.register('derived')), carrier: 'header' as const },
    ];
    const areLive = () =>
      Promise.all(
        opened.map(async ({ token, carrier }) => {
          const principal = await timed.core.sessions.authenticate(token, carrier, 'nearest');
          await timed.settle();
          return principal !== null;
        }),
      );
    expect(await areLive()).toEqual([true, true, true]);
    await testEnv.DB.exec('DELETE FROM sessions;');
    expect((await testEnv.SESSIONS.list()).keys.length).toBeGreaterThan(0);
    expect(await areLive()).toEqual([false, false, false]);
  });
});

it('V10.3.3: gives an account that is created again a new sub', async () => {
  const email = `${uniqueName()}@test.com`;
  const password = 'four walls and a door';
  const join = async () => {
    const { text } = await send('/id/register', { json: { email, password, session: 'token' } });
    const token = String(JSON.parse(text).token);
    const { headers } = await send('/id/forward-auth', { token });
    return { token, sub: headers.get('Remote-Sub') };
  };
  const first = await join();
  const removed = await send('/id/me', { method: 'DELETE', token: first.token, json: { password } });
  expect(removed.status).toBe(204);
  const second = await join();
  expect([first.sub, second.sub]).toEqual([
    expect.stringMatching(/^[0-9a-f]{32}$/),
    expect.stringMatching(/^[0-9a-f]{32}$/),
  ]);
  expect(second.sub).not.toBe(first.sub);
});
