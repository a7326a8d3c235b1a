// `node examples/client.ts`: a typed client of Latchkey. The compiler checks paths, bodies and responses.
import { hc } from 'hono/client';
import type { IdRoutes } from '../src/dialects/id/index.ts';

const accounts = hc<IdRoutes>(process.argv[2] ?? 'http://127.0.0.1:8787/id');
const mary = { email: `mary${Date.now()}@example.com`, password: 'four walls and a door' };

const made = await accounts.register.$post({ json: { ...mary, session: 'token' } });
if (!made.ok) throw new Error((await made.json()).title);
const body = await made.json();
const headers = { Authorization: `Bearer ${'token' in body ? body.token : ''}` };
const { sessions } = await (await accounts.sessions.$get({}, { headers })).json();
console.log(`${body.account.email} is signed in on ${sessions.length} device.`);
