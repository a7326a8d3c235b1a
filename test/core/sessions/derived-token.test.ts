// The API token of an account: the same for every login while it lives, in conjugator and account.
import { describe, expect, it } from 'vitest';
import { send, testEnv, uniqueName } from '../../support/worker.ts';

const PASSWORD = 'sesame1234';

interface Person {
  username: string;
  email: string;
  password: string;
}

/** An account without a session: a registration in user-v1 opens none. */
const registered = async (): Promise<Person> => {
  const username = uniqueName();
  const person = { username, email: `${username}@test.com`, password: PASSWORD };
  const answer = await send('/api/v1/user/register/', { json: person });
  expect(answer.text).toMatch(/^\{"status":"success","user_id":\d+\}$/);
  return person;
};

const logIn = (person: Person) => send('/account/login', { json: person });
const logInByEmail = ({ email, password }: Person) =>
  send('/api/login/', { json: { username: email, password } });

const tokenOf = ({ text }: { text: string }): string => /"token":"([0-9a-f]{40})"/.exec(text)?.[1] ?? text;

const rowsOf = async ({ email }: Person) => {
  const found = testEnv.DB.prepare(
    'SELECT s.id, s.kind, s.nonce FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = ?',
  );
  const { results } = await found.bind(email).all<{ id: string; kind: string; nonce: string | null }>();
  return results;
};

describe('the API token of an account', () => {
  it('stays the same at every login in account and conjugator', async () => {
    const person = await registered();
    const token = tokenOf(await logIn(person));
    expect(token).toMatch(/^[0-9a-f]{40}$/);
    expect((await logIn(person)).text).toBe(`{"token":"${token}"}`);
    expect((await logInByEmail(person)).text).toBe(`{"token":"${token}"}`);
    expect(await rowsOf(person)).toHaveLength(1);
  });

  it('stays the same from registration to login in account', async () => {
    const username = uniqueName();
    const person = { username, email: `${username}@test.com`, password: PASSWORD };
    const token = tokenOf(await send('/account/register', { json: person }));
    expect((await logIn(person)).text).toBe(`{"token":"${token}"}`);
  });

  it('differs from that of another account', async () => {
    const [one, other] = [await registered(), await registered()];
    expect(tokenOf(await logIn(one))).not.toBe(tokenOf(await logIn(other)));
  });

  it('does not appear in its row, nor as the digest of its nonce', async () => {
    const person = await registered();
    const token = tokenOf(await logIn(person));
    const [row] = await rowsOf(person);
    expect(row?.kind).toBe('derived');
    expect(row?.nonce).toMatch(/^[0-9a-f]{32}$/);
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(row?.nonce ?? ''));
    expect(new Uint8Array(digest).toHex()).not.toContain(token);
    expect(row?.id).not.toContain(token);
  });

  it('changes after a logout, and the old one stays invalid', async () => {
    const person = await registered();
    const first = tokenOf(await logIn(person));
    expect((await send('/account/logout', { method: 'POST', token: first })).text).toBe('{"success":true}');
    const second = tokenOf(await logIn(person));
    expect(second).toMatch(/^[0-9a-f]{40}$/);
    expect(second).not.toBe(first);
    expect((await send('/account/profile', { token: first })).text).toBe('{"detail":"Invalid token."}');
    expect((await send('/account/profile', { token: second })).status).toBe(200);
  });

  it('has one row, also after it expired: a login writes over it', async () => {
    const person = await registered();
    const first = tokenOf(await logIn(person));
    await testEnv.DB.prepare(
      "UPDATE sessions SET expires_at = 1 WHERE kind = 'derived' AND user_id = (SELECT id FROM users WHERE email = ?)",
    )
      .bind(person.email)
      .run();
    const [expired] = await rowsOf(person);
    const second = tokenOf(await logIn(person));
    expect(second).not.toBe(first);
    const [row, ...others] = await rowsOf(person);
    expect(others).toEqual([]);
    expect(row?.id).not.toBe(expired?.id);
    expect(row?.nonce).not.toBe(expired?.nonce);
    expect((await send('/account/profile', { token: first })).status).toBe(401);
    expect((await send('/account/profile', { token: second })).status).toBe(200);
  });

  it('changes with TOKEN_SECRET, so that the login returns a working token', async () => {
    const person = await registered();
    const first = tokenOf(await logIn(person));
    const env = { ...testEnv, TOKEN_SECRET: 'quite another secret, as long as it must be' };
    const second = tokenOf(await send('/account/login', { json: person, env }));
    expect(second).toMatch(/^[0-9a-f]{40}$/);
    expect(second).not.toBe(first);
    expect((await send('/account/profile', { token: second, env })).status).toBe(200);
    expect((await send('/account/profile', { token: first, env })).status).toBe(401);
    expect(await rowsOf(person)).toHaveLength(1);
  });
});

describe('ten simultaneous logins', () => {
  it('get the same token through account', async () => {
    const person = await registered();
    const answers = await Promise.all(Array.from({ length: 10 }, () => logIn(person)));
    const token = tokenOf(answers[0] ?? { text: '' });
    expect(answers.map(({ text }) => text)).toEqual(Array(10).fill(`{"token":"${token}"}`));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(await rowsOf(person)).toHaveLength(1);
    expect((await send('/account/profile', { token })).status).toBe(200);
  });

  it('get the same token through conjugator and account, also if it is already live', async () => {
    const person = await registered();
    const logins = Array.from({ length: 10 }, (_, index) =>
      index % 2 === 0 ? logIn(person) : logInByEmail(person),
    );
    const answers = await Promise.all(logins);
    const token = tokenOf(answers[0] ?? { text: '' });
    expect(new Set(answers.map(tokenOf))).toEqual(new Set([token]));
    const again = await Promise.all(Array.from({ length: 10 }, () => logIn(person)));
    expect(new Set(again.map(tokenOf))).toEqual(new Set([token]));
    expect(await rowsOf(person)).toHaveLength(1);
    expect(token).toMatch(/^[0-9a-f]{40}$/);
  });

  it('get ten sessions through users', async () => {
    const person = await registered();
    const logins = Array.from({ length: 10 }, () => send('/api/users/login/', { json: person }));
    const answers = await Promise.all(logins);
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(new Set((await rowsOf(person)).map(({ id }) => id)).size).toBe(10);
  });
});

it('counts no failure in forty parallel logins with the right password', async () => {
  const person = await registered();
  const answers = await Promise.all(Array.from({ length: 40 }, () => logIn(person)));
  const token = tokenOf(answers[0] ?? { text: '' });
  expect(answers.map(({ text }) => text)).toEqual(Array(40).fill(`{"token":"${token}"}`));
});
