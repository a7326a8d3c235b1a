// Hashes at the cost that each tool has by default, at the Worker as it is deployed: each lets its owner in, and
// nobody else. The tests in test/core/credentials/foreign look at the same code with cheap hashes, in every detail.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadHashCheck } from '../../scripts/import/hashes.ts';
import { damage, FILES, MAKERS } from '../core/credentials/foreign/support.ts';
import { type Service, startService } from './support-service.ts';

let service: Service;

beforeAll(async () => {
  service = await startService({});
});

afterAll(() => service?.close());

let made = 0;

/** Logs in to a new account that has this hash; gives the status. */
const logIn = async (hash: string, password: string): Promise<number> => {
  made += 1;
  const username = `user${made}`;
  await service.execute(
    `INSERT INTO users (username, username_key, email, email_key, password_hash, created_at, updated_at, last_login_at)
      VALUES (?1, ?1, ?2, ?2, ?3, 1, 1, 1)`,
    username,
    `${username}@example.com`,
    hash,
  );
  const body = JSON.stringify({ username, password });
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(`${service.origin}/account/login`, { method: 'POST', headers, body });
  await response.body?.cancel();
  return response.status;
};

const costly = Object.entries(FILES).flatMap(([file, fixtures]) =>
  // Those of Django 5.2 log in in moving-django.test.ts.
  (file === 'Django 5.2' ? [] : fixtures.costly)
    // The first of each kind: what differs is the password, and that is tried with the cheap ones.
    .filter(({ kind }, index, all) => all.findIndex((other) => other.kind === kind) === index)
    .map((fixture) => ({ file, ...fixture })),
);

describe.each(costly.map((fixture, index) => ({ ...fixture, index })))(
  'a hash of the kind $kind made by $file',
  ({ kind, password, hash, index }) => {
    it('lets its owner in, and nobody once it or the password is changed', async () => {
      const checkHash = await loadHashCheck();
      expect(checkHash(hash)).toEqual({ ok: true, algorithm: kind, hash, make: null });
      expect(await logIn(hash, password)).toBe(200);
      // One of the three, in turn, since each takes long.
      const { badSalt, badKey } = damage(hash, index);
      const changed: [string, string][] = [
        [badKey, password],
        [hash, `!${password}`],
        [badSalt, password],
      ];
      const [otherHash, otherPassword] = changed[index % 3] ?? ['', ''];
      expect(checkHash(otherHash)).toMatchObject({ ok: true, algorithm: kind });
      expect(await logIn(otherHash, otherPassword)).toBe(400);
    });
  },
);

const ofMakers = Object.entries(MAKERS).flatMap(([maker, { costly }]) =>
  costly.map((fixture) => ({ maker, ...fixture })),
);

it.each(ofMakers.map((fixture, index) => ({ ...fixture, index })))(
  'a hash of the kind $kind in the form of $maker lets its owner in, and nobody else',
  async ({ kind, password, hash, index }) => {
    const verdict = (await loadHashCheck())(hash);
    if (!verdict.ok || verdict.hash === null) return expect.fail(JSON.stringify(verdict));
    expect(verdict.algorithm).toBe(kind);
    expect(await logIn(verdict.hash, password)).toBe(200);
    // What takes seconds in software is tried once: its wrong passwords are in the tests with cheap hashes.
    if (index % 3 === 0) expect(await logIn(verdict.hash, `!${password}`)).toBe(400);
  },
);
