// examples/api and Latchkey in two Workers: the example asks Latchkey by an RPC call who is signed in.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestHarness } from 'wrangler';
import { PROJECT } from '../../scripts/wrangler.ts';
import { harnessWorker } from './support-service.ts';

const EXAMPLE = 'latchkey-example-api';

const harness = createTestHarness({
  root: PROJECT,
  workers: [await harnessWorker({}), { configPath: 'examples/api/wrangler.toml' }],
});

beforeAll(async () => {
  await harness.listen();
  await harness.getWorker('latchkey').applyD1Migrations('DB');
}, 60_000);
afterAll(() => harness.close());

const register = async () => {
  const response = await harness.getWorker('latchkey').fetch('http://localhost/id/register', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'mary', email: 'mary@example.com', password: 'four walls and a door' }),
  });
  const cookie = /sessionid=[^;]+/.exec(response.headers.get('Set-Cookie') ?? '')?.[0];
  return cookie ?? expect.fail(`no cookie with ${response.status}`);
};

const ask = async (headers: Record<string, string>) => {
  const response = await harness.getWorker(EXAMPLE).fetch('http://localhost/', { headers });
  return [response.status, await response.json()];
};

it('recognises a signed-in user until the session ends', async () => {
  expect(await ask({})).toEqual([401, { error: 'Sign in first.' }]);
  const Cookie = await register();
  expect(await ask({ Cookie })).toEqual([
    200,
    { hello: 'mary', sub: expect.stringMatching(/^[0-9a-f]{32}$/) },
  ]);
  const out = await harness
    .getWorker('latchkey')
    .fetch('http://localhost/id/logout', { method: 'POST', headers: { Cookie } });
  expect(out.status).toBe(204);
  expect(await ask({ Cookie })).toEqual([401, { error: 'Sign in first.' }]);
});
