// The ids of events: unique and growing within an account, also while an older Worker still writes.
import { expect, it } from 'vitest';
import { DAY_MS } from '../../support/clock.ts';
import { send, testEnv, uniqueName } from '../../support/worker.ts';

const { DB } = testEnv;
const PASSWORD = 'a blue horse 7';

interface EventRow {
  id: number;
  type: string;
  created_at: number;
}

const register = async () => {
  const username = uniqueName();
  const person = { username, email: `${username}@test.com`, password: PASSWORD };
  await send('/account/register', { json: person });
  const id = await DB.prepare('SELECT id FROM users WHERE email = ?').bind(person.email).first<number>('id');
  return { ...person, id: id ?? expect.fail(username) };
};

const eventsOf = async (userId: number): Promise<EventRow[]> => {
  const rows = DB.prepare('SELECT id, type, created_at FROM events WHERE user_id = ? ORDER BY id').bind(
    userId,
  );
  return (await rows.all<EventRow>()).results;
};

const logIn = ({ username }: { username: string }) =>
  send('/account/login', { json: { username, password: PASSWORD } });

it('begin with the time of the first event', async () => {
  const [event, ...others] = await eventsOf((await register()).id);
  expect(others).toEqual([]);
  expect(event?.id).toBe(event?.created_at);
});

it('are unique for eight events at once', async () => {
  const person = await register();
  await Promise.all(Array.from({ length: 8 }, () => logIn(person)));
  const events = await eventsOf(person.id);
  expect(events.map(({ type }) => type)).toEqual(['registered', ...Array(8).fill('login')]);
  expect(new Set(events.map(({ id }) => id)).size).toBe(9);
});

it('grow although the clock went back', async () => {
  const person = await register();
  const ahead = Date.now() + DAY_MS;
  await DB.prepare('UPDATE events SET id = ? WHERE user_id = ?').bind(ahead, person.id).run();
  await logIn(person);
  expect((await eventsOf(person.id)).map(({ id, type }) => [id, type])).toEqual([
    [ahead, 'registered'],
    [ahead + 1, 'login'],
  ]);
});

it('follow the ids from before the migration', async () => {
  const person = await register();
  await DB.prepare('UPDATE events SET id = 17 WHERE user_id = ?').bind(person.id).run();
  await logIn(person);
  const [first, second] = await eventsOf(person.id);
  expect(first?.id).toBe(17);
  expect(second?.id).toBe(second?.created_at);
});

// As the Worker before the migration writes it.
const AS_BEFORE = `insert into "events" ("id", "user_id", "actor_id", "type", "dialect", "address_prefix",
  "user_agent", "created_at") select NULL as "id", "id", ? as "actor_id", ? as "type", ? as "dialect",
  ? as "address_prefix", ? as "user_agent", ? as "created_at" from "users" where "users"."id" = ?`;

it('are given to the events of the Worker before this one, which writes NULL', async () => {
  const person = await register();
  const now = Date.now();
  await DB.prepare(AS_BEFORE).bind(null, 'logout', 'id', null, null, now, person.id).run();
  const event = (await eventsOf(person.id)).find(({ type }) => type === 'logout') ?? expect.fail('none');
  expect(event.created_at).toBe(now);
  // The time in D1 and 0 to 1,023 more, so that two events of one batch differ.
  expect(Math.abs(event.id - now)).toBeLessThan(60_000);
  await logIn(person);
  const events = await eventsOf(person.id);
  expect(events.map(({ type }) => type).at(-1)).toBe('login');
});
