// The cost of password hashes: its settings, their limits, and the rehash at login after the cost changed.
import { describe, expect, it } from 'vitest';
import { type Env, Misconfigured, readSettings } from '../../../src/env.ts';
import { measure } from '../../support/counting.ts';
import { send, testEnv, uniqueName } from '../../support/worker.ts';

const storedHash = async (username: string): Promise<string> => {
  const row = testEnv.DB.prepare('SELECT password_hash FROM users WHERE username = ?').bind(username);
  return (await row.first<string>('password_hash')) ?? '';
};

const registered = async (env: Env = testEnv) => {
  const username = uniqueName();
  const json = { username, email: `${username}@test.com`, password: 'caf\u00e9 1234' };
  const answer = await send('/account/register', { json, env });
  expect(answer.status).toBe(200);
  return { username, password: json.password };
};

describe('the default hash cost', () => {
  const unset = { ...testEnv, PASSWORD_ITERATIONS: '', PASSWORD_ROUNDS: '' };

  it('has three rounds of 75,000 iterations', () => {
    expect(readSettings(unset).policy.hashCost).toEqual({ iterations: 75_000, rounds: 3 });
  });

  it('never asks PBKDF2 for more than 100,000 iterations in one call', async () => {
    const username = uniqueName();
    const json = { username, email: `${username}@test.com`, password: 'sesame1234' };
    const register = await measure('/account/register', { json, env: unset });
    const login = await measure('/account/login', { json, env: unset });
    const wrong = await measure('/account/login', { json: { ...json, password: 'no' }, env: unset });
    const unknown = await measure('/account/login', { json: { ...json, username: 'nobody' }, env: unset });

    expect(register.answer.status).toBe(200);
    expect(login.answer.status).toBe(200);
    for (const { hashed } of [register, login, wrong, unknown]) {
      expect(hashed).toEqual([75_000, 75_000, 75_000]);
      expect(Math.max(...hashed)).toBeLessThanOrEqual(100_000);
    }
    expect(await storedHash(username)).toMatch(/^\$pbkdf2-sha512\$i=75000,r=3\$/);
  });
});

describe('a setting of the hash cost', () => {
  it.each([
    [
      { PASSWORD_ITERATIONS: '100000', PASSWORD_ROUNDS: '50' },
      { iterations: 100_000, rounds: 50 },
    ],
    [
      { PASSWORD_ITERATIONS: '1', PASSWORD_ROUNDS: '1' },
      { iterations: 1, rounds: 1 },
    ],
  ])('accepts %o', (settings, hashCost) => {
    expect(readSettings({ ...testEnv, ...settings }).policy.hashCost).toEqual(hashCost);
  });

  it.each([
    [{ PASSWORD_ITERATIONS: '100001' }],
    [{ PASSWORD_ITERATIONS: '600000' }],
    [{ PASSWORD_ITERATIONS: '0' }],
    [{ PASSWORD_ITERATIONS: '-1' }],
    [{ PASSWORD_ITERATIONS: '75,000' }],
    [{ PASSWORD_ITERATIONS: '7.5e4' }],
    [{ PASSWORD_ITERATIONS: 'many' }],
    [{ PASSWORD_ROUNDS: '0' }],
    [{ PASSWORD_ROUNDS: '51' }],
  ])('rejects %o as a misconfiguration', (settings) => {
    expect(() => readSettings({ ...testEnv, ...settings })).toThrow(Misconfigured);
    expect(() => readSettings({ ...testEnv, ...settings })).toThrow(Object.keys(settings)[0] ?? '-');
  });
});

describe('a login after the hash cost changed', () => {
  const dearer = { ...testEnv, PASSWORD_ITERATIONS: '2000', PASSWORD_ROUNDS: '3' };

  it('replaces the hash once if it succeeds', async () => {
    const person = await registered();
    const before = await storedHash(person.username);
    expect(before).toMatch(/^\$pbkdf2-sha512\$i=100,r=2\$/);

    const first = await measure('/account/login', { json: person, env: dearer });
    expect(first.answer.status).toBe(200);
    expect(first.hashed).toEqual([100, 100, 2000, 2000, 2000]);
    expect(first.operations.d1).toBe(2);
    const after = await storedHash(person.username);
    expect(after).toMatch(/^\$pbkdf2-sha512\$i=2000,r=3\$/);

    const second = await measure('/account/login', { json: person, env: dearer });
    expect(second.answer.text).toBe(first.answer.text);
    expect(second.hashed).toEqual([2000, 2000, 2000]);
    expect(await storedHash(person.username)).toBe(after);

    const decomposed = { ...person, password: 'cafe\u0301 1234' };
    expect((await send('/account/login', { json: decomposed, env: dearer })).status).toBe(200);
    const wrong = { ...person, password: 'cafe 1234' };
    expect((await send('/account/login', { json: wrong, env: dearer })).status).toBe(400);
  });

  it('replaces a hash of higher cost too', async () => {
    const person = await registered(dearer);
    expect((await send('/account/login', { json: person })).status).toBe(200);
    expect(await storedHash(person.username)).toMatch(/^\$pbkdf2-sha512\$i=100,r=2\$/);
  });

  it('keeps the hash if the password is wrong', async () => {
    const person = await registered();
    const before = await storedHash(person.username);
    const { answer, hashed } = await measure('/account/login', {
      json: { ...person, password: 'wrong' },
      env: dearer,
    });
    expect(answer.status).toBe(400);
    expect(hashed).toEqual([100, 100]);
    expect(await storedHash(person.username)).toBe(before);
  });

  it('keeps the hash of a disabled account', async () => {
    const person = await registered();
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE username = ?')
      .bind(person.username)
      .run();
    const before = await storedHash(person.username);
    expect((await send('/account/login', { json: person, env: dearer })).status).toBe(400);
    expect(await storedHash(person.username)).toBe(before);
  });
});

it('answers a login against an unreadable hash like a wrong password, at the same cost', async () => {
  const person = await registered();
  await testEnv.DB.prepare("UPDATE users SET password_hash = '!' WHERE username = ?")
    .bind(person.username)
    .run();
  const { answer, hashed } = await measure('/account/login', { json: person });
  expect(answer.status).toBe(400);
  expect(answer.text).toBe('{"non_field_errors":["Unable to log in with provided credentials."]}');
  expect(hashed).toEqual([100, 100]);
});
