// Moving accounts at login: the built Worker asks an old service, a real server, over the network.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PROJECT } from '../../scripts/wrangler.ts';
import { type Service, startService } from './support-service.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=';
const PASSWORD = 'sesame1234';

let server: Server;
let service: Service;
let asked: string[] = [];

const readAll = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
};

// The example of docs/migrating/without-a-file.md: how an old service checks the signature.
const isOurs = (
  { headers }: Pick<IncomingMessage, 'headers'>,
  body: string,
  nowSeconds = Date.now() / 1000,
): boolean => {
  const [id, time] = [String(headers['webhook-id']), String(headers['webhook-timestamp'])];
  if (Math.abs(nowSeconds - Number(time)) > 300) return false;
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
  const expected = `v1,${createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64')}`;
  const got = String(headers['webhook-signature']);
  return got.length === expected.length && timingSafeEqual(Buffer.from(got), Buffer.from(expected));
};

const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const body = await readAll(request);
  asked.push(request.url ?? '');
  const { identifier, password } = JSON.parse(body);
  if (request.url !== '/check' || !isOurs(request, body)) return void response.writeHead(500).end();
  if (identifier === 'silent') return;
  if (identifier === 'moved') return void response.writeHead(307, { Location: '/elsewhere' }).end();
  if (identifier !== 'ann' || password !== PASSWORD) return void response.writeHead(401).end();
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ id: 7, username: 'ann', email: 'ann@example.com', name: 'Ann Lee' }));
};

beforeAll(async () => {
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  service = await startService(
    { LAZY_MIGRATION_URL: `http://127.0.0.1:${port}/check`, LAZY_MIGRATION_TIMEOUT_MS: '500' },
    { LAZY_MIGRATION_SECRET: SECRET },
  );
});

afterAll(async () => {
  await service?.close();
  server?.closeAllConnections();
  server?.close();
});

const logIn = async (username: string, password = PASSWORD): Promise<[status: number, text: string]> => {
  const response = await fetch(`${service.origin}/account/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  return [response.status, await response.text()];
};

it('documents a request in docs/migrating/without-a-file.md whose signature is valid', () => {
  const page = readFileSync(join(PROJECT, 'docs/migrating/without-a-file.md'), 'utf8');
  const [, id, time, signature, body = ''] =
    /webhook-id: (\S+)\nwebhook-timestamp: (\d+)\nwebhook-signature: (\S+)\n\n(.+)\n/.exec(page) ?? [];
  expect(page).toContain(`\`${SECRET}\``);
  const headers = { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature };
  expect(isOurs({ headers }, body, Number(time))).toBe(true);
  expect(isOurs({ headers }, body.replace('7', '8'), Number(time))).toBe(false);
  expect(isOurs({ headers }, body, Number(time) + 301)).toBe(false);
});

const REFUSED = [400, '{"non_field_errors":["Unable to log in with provided credentials."]}'];

it('creates the account at its first login, and then no longer asks the old service', async () => {
  asked = [];
  expect(await logIn('ann', 'wrong12345')).toEqual(REFUSED);
  const [status, text] = await logIn('ann');
  expect([status, text]).toEqual([200, expect.stringMatching(/^\{"token":"[0-9a-f]{40}"\}$/)]);
  const { token } = JSON.parse(text);
  const profile = await fetch(`${service.origin}/account/profile`, {
    headers: { Authorization: `Token ${token}` },
  });
  expect(await profile.json()).toMatchObject({
    success: true,
    data: { username: 'ann', email: 'ann@example.com' },
  });
  expect(asked).toEqual(['/check', '/check']);
  expect((await logIn('ann@example.com'))[0]).toBe(200);
  expect(await logIn('ann', 'wrong12345')).toEqual(REFUSED);
  expect(asked).toHaveLength(2);
});

it('answers as for a wrong password if the old service times out or redirects', async () => {
  asked = [];
  expect(await logIn('moved')).toEqual(REFUSED);
  expect(await logIn('silent')).toEqual(REFUSED);
  expect(asked).toEqual(['/check', '/check']);
});
