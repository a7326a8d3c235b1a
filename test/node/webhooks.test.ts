// A webhook of the built Worker: the lazy module that sends it loads, and a real receiver verifies the message.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addWebhook } from '../../scripts/admin/webhooks.ts';
import { type Service, startService } from './support-service.ts';

interface Request {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

let service: Service;
let receiver: Server;
/** The status of the receiver's responses. */
let status = 204;

beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    response.writeHead(status).end();
    receiver.emit('taken', { path: request.url ?? '', headers: request.headers, body } satisfies Request);
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  service = await startService({ PUBLIC_URL: 'http://localhost' });
});

afterAll(async () => {
  await service?.close();
  receiver.close();
});

const next = async (): Promise<Request> => {
  const [request] = await once(receiver, 'taken');
  return request;
};

const origin = (): string => {
  const address = receiver.address();
  return typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : expect.fail();
};

it('sends a message after the response, and again in the scheduled run if the receiver failed', async () => {
  const { json } = await addWebhook(
    { url: `${origin()}/hook`, eventTypes: null },
    {
      query: async (statements) => {
        for (const sql of statements) await service.execute(sql);
        return statements.map(() => []);
      },
      isRemote: false,
      nowMs: Date.now(),
    },
  );
  const { secret } = Object(json);
  status = 503;
  const first = next();
  const registered = await fetch(`${service.origin}/id/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'mary', email: 'mary@example.com', password: 'four walls and a door' }),
  });
  expect(registered.status).toBe(201);
  expect((await first).path).toBe('/hook');
  await expect
    .poll(() => service.query('SELECT reason FROM deliveries'), { timeout: 10_000 })
    .toEqual([{ reason: 'HTTP 503' }]);

  status = 204;
  await service.execute('UPDATE deliveries SET next_at = 0');
  const second = next();
  const ran = await fetch(`${service.origin}/cdn-cgi/handler/scheduled?cron=*/5+*+*+*+*`);
  expect(ran.status).toBe(200);
  const { path, headers, body } = await second;
  expect(path).toBe('/hook');
  const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  expect(new Webhook(secret).verify(body, flat)).toMatchObject({
    type: 'account.created',
    data: { account: { username: 'mary' } },
  });
  // The run has encrypted the secret.
  const [webhook] = await service.query('SELECT secret FROM webhooks');
  expect(String(webhook?.['secret'])).toMatch(/^[0-9a-f]{8}\./);
});
