// Imported tokens of 40 hex digits: accepted like the API token, independent of it, and ended like any session.
import { beforeEach, describe, expect, it } from 'vitest';
import { createTimedCore, DAY_MS } from '../../support/clock.ts';
import { measure, NO_OPERATIONS } from '../../support/counting.ts';
import { json, send, testEnv, uniqueName } from '../../support/worker.ts';
import { giveToken, sessionId } from '../credentials/imported-support.ts';

const PASSWORD = 'plain sailing 42';

interface Person {
  id: number;
  username: string;
  email: string;
  password: string;
}

/** An account without a session: a registration in user-v1 opens none. */
const registered = async (): Promise<Person> => {
  const username = uniqueName();
  const person = { username, email: `${username}@test.com`, password: PASSWORD.slice(0, 16) };
  const answer = await send('/api/v1/user/register/', { json: person });
  const [, id] = /^\{"status":"success","user_id":(\d+)\}$/.exec(answer.text) ?? [];
  if (id === undefined) throw new Error(`No account was made: ${answer.text}`);
  return { id: Number(id), ...person };
};

const logIn = async (person: Person): Promise<string> => {
  const { text } = await send('/account/login', { json: person });
  return /^\{"token":"([0-9a-f]{40})"\}$/.exec(text)?.[1] ?? text;
};

const statusOf = async (token: string): Promise<number> => (await send('/account/profile', { token })).status;

const INVALID = '{"detail":"Invalid token."}';

let person: Person;
let imported: string;

beforeEach(async () => {
  person = await registered();
  imported = await giveToken(person.id);
});

describe('an imported token', () => {
  it('authenticates in every dialect with tokens, in every header form', async () => {
    const profile = await send('/account/profile', { token: imported });
    expect([profile.status, json(profile)]).toEqual([
      200,
      {
        success: true,
        data: {
          id: person.id,
          username: person.username,
          email: person.email,
          created: expect.stringMatching(/^\d\d-\d\d-\d{4}$/),
        },
      },
    ]);
    for (const path of ['/api/users/me/', '/api/user/', '/id/me'])
      expect([path, (await send(path, { token: imported })).status]).toEqual([path, 200]);
    for (const Authorization of [`Bearer ${imported}`, imported])
      expect((await send('/api/user/', { headers: { Authorization } })).status).toBe(200);
  });

  it('does not authenticate with a changed character or as a cookie', async () => {
    const other = imported.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    for (const token of [other, imported.toUpperCase(), imported.slice(1), `${imported}0`]) {
      const answer = await send('/account/profile', { token });
      expect([answer.status, answer.text]).toEqual([401, INVALID]);
    }
    expect((await send('/api/users/me/', { cookie: imported })).status).toBe(404);
  });

  it('costs one KV get and one D1 query by key', async () => {
    await send('/account/profile', { token: imported });
    const { answer, operations, statements, hashed } = await measure('/account/profile', { token: imported });
    expect(answer.status).toBe(200);
    expect(operations).toEqual({ ...NO_OPERATIONS, kvGets: 1, d1: 1 });
    expect(hashed).toEqual([]);
    const [sql = ''] = statements;
    const values = Array.from(sql.matchAll(/\?/g), () => null);
    const plan = testEnv.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...values);
    const { results } = await plan.all<{ detail: string }>();
    expect(results.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^SEARCH sessions USING PRIMARY KEY \(id=\?\)/),
      expect.stringMatching(/^SEARCH users USING INTEGER PRIMARY KEY \(rowid=\?\)/),
    ]);
  });

  it('has the kind imported in the list of sessions, and its owner can end it', async () => {
    const other = await giveToken(person.id);
    const listed = await send('/id/sessions', { token: other });
    expect(json(listed)).toMatchObject({
      sessions: expect.arrayContaining([
        expect.objectContaining({ id: await sessionId(imported), kind: 'imported' }),
        expect.objectContaining({ id: await sessionId(other), kind: 'imported' }),
      ]),
    });
    const path = `/id/sessions/${await sessionId(imported)}`;
    // An imported token never proved a recent login, so it cannot end another session.
    expect((await send(path, { method: 'DELETE', token: other })).status).toBe(403);
    const derived = await logIn(person);
    expect((await send(path, { method: 'DELETE', token: derived })).status).toBe(204);
    expect([await statusOf(imported), await statusOf(other)]).toEqual([401, 200]);
  });
});

describe('a login in conjugator or account', () => {
  it('returns the API token, the same each time, and keeps the imported one', async () => {
    const derived = await logIn(person);
    expect(derived).toMatch(/^[0-9a-f]{40}$/);
    expect(derived).not.toBe(imported);
    expect(await logIn(person)).toBe(derived);
    const { text } = await send('/api/login/', {
      json: { username: person.email, password: person.password },
    });
    expect(text).toBe(`{"token":"${derived}"}`);
    expect([await statusOf(imported), await statusOf(derived)]).toEqual([200, 200]);
  });

  it('changes neither token if it is refused', async () => {
    const derived = await logIn(person);
    const answer = await send('/account/login', { json: { ...person, password: 'not this one' } });
    expect(answer.status).toBe(400);
    expect([await statusOf(imported), await statusOf(derived)]).toEqual([200, 200]);
  });
});

describe('a logout', () => {
  const logOut = (token: string) => send('/account/logout', { method: 'POST', token });

  it('ends the imported token for good, and no other token', async () => {
    const derived = await logIn(person);
    expect((await logOut(imported)).text).toBe('{"success":true}');
    expect((await logOut(imported)).text).toBe(INVALID);
    expect(await statusOf(imported)).toBe(401);
    expect(await statusOf(derived)).toBe(200);
    expect(await logIn(person)).toBe(derived);
    expect(await statusOf(imported)).toBe(401);
  });

  it('ends only the API token if that is sent', async () => {
    const derived = await logIn(person);
    expect((await logOut(derived)).text).toBe('{"success":true}');
    expect([await statusOf(imported), await statusOf(derived)]).toEqual([200, 401]);
    expect(await logIn(person)).not.toBe(derived);
    expect(await statusOf(imported)).toBe(200);
  });
});

describe('an imported token, like any session,', () => {
  /** Another person's imported token, which must stay valid. */
  let bystander: string;

  beforeEach(async () => {
    bystander = await giveToken((await registered()).id);
  });

  const expectEnded = async () => {
    const answer = await send('/account/profile', { token: imported });
    expect([answer.status, answer.text]).toEqual([401, INVALID]);
    expect(await statusOf(bystander)).toBe(200);
  };

  it('ends with a change of the password', async () => {
    const change = { currentPassword: person.password, newPassword: 'another fine long one' };
    const wrong = { ...change, currentPassword: 'not this one' };
    const token = await logIn(person);
    expect((await send('/id/me/password', { method: 'PUT', token, json: wrong })).status).toBe(401);
    expect(await statusOf(imported)).toBe(200);
    expect((await send('/id/me/password', { method: 'PUT', token, json: change })).status).toBe(200);
    await expectEnded();
  });

  it('ends with a logout everywhere else', async () => {
    const token = await logIn(person);
    expect(json(await send('/id/sessions', { method: 'DELETE', token }))).toEqual({ endedSessions: 1 });
    await expectEnded();
  });

  it('ends when the account is disabled, and stays ended when it is enabled again', async () => {
    const admin = await registered();
    await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(admin.id).run();
    const token = await logIn(admin);
    const path = `/id/admin/accounts/${person.id}`;
    expect((await send(`${path}/disable`, { method: 'POST', token })).status).toBe(200);
    await expectEnded();
    expect((await send(`${path}/enable`, { method: 'POST', token })).status).toBe(200);
    await expectEnded();
  });

  it('ends with a deletion of the account that it requested', async () => {
    const answer = await send('/account/delete', { method: 'POST', token: imported });
    expect(answer.text).toBe('{"success":true}');
    await expectEnded();
  });
});

describe('the lifetime of an imported token', () => {
  it('ends at its expiry, to the millisecond', async () => {
    const { core, now } = createTimedCore();
    const [live, over] = [await giveToken(person.id, now() + 1), await giveToken(person.id, now())];
    expect((await core.sessions.authenticate(live, 'header', 'primary'))?.account.id).toBe(person.id);
    expect(await core.sessions.authenticate(over, 'header', 'primary')).toBeNull();
  });

  it('ends fourteen days after its last use', async () => {
    const timed = createTimedCore();
    const token = await giveToken(person.id, timed.now() + 90 * DAY_MS);
    timed.advance(2 * DAY_MS);
    expect(await timed.core.sessions.authenticate(token, 'header', 'nearest')).toMatchObject({
      extended: true,
    });
    await timed.settle();
    timed.advance(14 * DAY_MS - 1);
    expect(await timed.core.sessions.authenticate(token, 'header', 'primary')).not.toBeNull();
    await timed.settle();
    timed.advance(14 * DAY_MS);
    expect(await timed.core.sessions.authenticate(token, 'header', 'primary')).toBeNull();
  });
});
