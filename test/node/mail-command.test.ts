// `npm run mail`: shows the last mails of the local service in the terminal.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from './import-cli-support.ts';
import { awaitMail, MAIL_ON, pathIn, tokenIn } from './support-mailbox.ts';
import { type Service, startService } from './support-service.ts';

let service: Service;

beforeAll(async () => {
  service = await startService(MAIL_ON);
});

afterAll(() => service?.close());

const register = async (name: string): Promise<string> => {
  const email = `${name}@example.com`;
  const response = await fetch(`${service.origin}/id/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password: 'four walls and a door' }),
  });
  expect(response.status).toBe(201);
  await awaitMail(service.origin, email, 'Confirm');
  return email;
};

const show = (...args: string[]) => run('mail', ['--url', service.origin, ...args]);

it('says that there are no mails yet', async () => {
  expect(await show()).toEqual({ status: 0, stdout: 'No mails yet.\n', stderr: '' });
});

it('shows as many mails as -n says with their links, the newest last', async () => {
  const emails = [await register('first'), await register('second'), await register('third')];
  const { status, stdout, stderr } = await show('-n', '2');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect([...stdout.matchAll(/^To: (.*)$/gm)].map(([, to]) => to)).toEqual(emails.slice(1));
  const last = await awaitMail(service.origin, emails[2] ?? '', 'Confirm');
  expect(stdout).toContain(`${MAIL_ON.PUBLIC_URL}${pathIn(last)}\n`);
  expect(stdout.endsWith(`${last.text}\n`)).toBe(true);
  expect(tokenIn(last)).toMatch(/^[\w-]{43}$/);
});

it.each([
  [['-n', '0'], 2, 'error: --number takes a whole number from 1 to 100'],
  [['-n', 'x'], 2, 'error: --number takes a whole number from 1 to 100'],
  [['--url', 'here'], 2, 'error: --url takes an origin such as http://127.0.0.1:8787'],
  [
    ['--url', 'http://127.0.0.1:1'],
    1,
    'Nothing listens there. Run `npm start` first, or say where with --url.',
  ],
])('rejects the arguments %j', async (args, status, message) => {
  const told = await run('mail', args);
  expect([told.status, told.stdout]).toEqual([status, '']);
  expect(told.stderr).toContain(message);
});

it('reports a server that is not `npm start`', async () => {
  const { createServer } = await import('node:http');
  const server = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const told = await run('mail', ['--url', origin]);
  server.close();
  expect(told).toEqual({
    status: 1,
    stdout: '',
    stderr: `${origin} lists no mails: it is answered by something other than \`npm start\`.\n`,
  });
});
