// A consent that is withdrawn while a request of the app is in flight stays withdrawn.
import { expect, it } from 'vitest';
import { createTimedCore, someClient } from '../support/clock.ts';
import { testEnv } from '../support/worker.ts';
import { addApp, ask, env } from './support-oidc.ts';

const rowsOf = async (appId: string) => {
  const count = (table: string) =>
    testEnv.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE app_id = ?`).bind(appId).first<number>('n');
  return { consents: await count('app_consents'), grants: await count('app_grants') };
};

/** A signed-in person who agreed to an app, and the app's next request. */
const agreedTo = async (asksConsent: boolean) => {
  const timed = createTimedCore(undefined, env);
  const provider = (await timed.core.provider()) ?? expect.fail('no provider');
  const { token } = await timed.register('cookie');
  const principal = (await timed.core.sessions.authenticate(token, 'cookie', 'primary')) ?? expect.fail();
  const app = await addApp({ asksConsent });
  const read = await provider.readRequest(Object.entries((await ask(app)).parameters));
  if (!read.ok) return expect.fail('the request was refused');
  await provider.authorize(read.request, principal, someClient, true);
  return { provider, principal, app, request: read.request };
};

it('rejects a request whose stored consent was withdrawn after it was read', async () => {
  const { provider, principal, app, request } = await agreedTo(true);
  expect(await provider.decide(request, principal)).toEqual({ next: 'answer' });
  await provider.withdrawConsent(principal.account.id, app.id, someClient);
  expect(await provider.authorize(request, principal, someClient, false)).toBeNull();
  expect(await rowsOf(app.id)).toEqual({ consents: 0, grants: 0 });
  expect(await provider.decide(request, principal)).toEqual({ next: 'ask-consent' });
});

it('accepts a request whose stored consent is still there', async () => {
  const { provider, principal, app, request } = await agreedTo(true);
  expect(await provider.authorize(request, principal, someClient, false)).not.toBeNull();
  expect(await rowsOf(app.id)).toEqual({ consents: 1, grants: 2 });
});

it('answers an app that needs no consent after a withdrawal too', async () => {
  const { provider, principal, app, request } = await agreedTo(false);
  await provider.withdrawConsent(principal.account.id, app.id, someClient);
  expect(await provider.authorize(request, principal, someClient, false)).not.toBeNull();
});
