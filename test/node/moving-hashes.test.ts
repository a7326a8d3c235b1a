// Logins with hashes at the default cost of each tool, at the built Worker. The tests in
// test/core/credentials/foreign check the same code in detail, with cheap hashes.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadHashCheck } from '../../scripts/import/hashes.ts';
import { damage, FILES, MAKERS } from '../core/credentials/foreign/support.ts';
import { type Service, startService } from './support-service.ts';

let service: Service;

beforeAll(async () => {
  service = await startService({});
});

afterAll(() => service?.close());

let made = 0;

/** Logs in to a new account with this hash; returns the status. */
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
  // moving-django.test.ts has those of Django 5.2.
  (file === 'Django 5.2' ? [] : fixtures.costly)
    // The first of each kind: the others differ by the password, which the tests with cheap hashes try.
    .filter(({ kind }, index, all) => all.findIndex((other) => other.kind === kind) === index)
    .map((fixture) => ({ file, ...fixture })),
);

it.each(costly)('logs in with a $kind hash made by $file', async ({ kind, password, hash }) => {
  expect((await loadHashCheck())(hash)).toEqual({ ok: true, algorithm: kind, hash, make: null });
  expect(await logIn(hash, password)).toBe(200);
});

// One maker of each kind: at its full cost, each try takes up to a second.
const ofEachKind = [...Map.groupBy(costly, ({ kind }) => kind).values()].flatMap(([first]) => first ?? []);

it.each(ofEachKind.map((fixture, index) => ({ ...fixture, index })))(
  'rejects another password or a damaged hash of the kind $kind',
  async ({ kind, password, hash, index }) => {
    const { badSalt, badKey } = damage(hash, index);
    // One of the three, in turn.
    const changed: [string, string][] = [
      [badKey, password],
      [hash, `!${password}`],
      [badSalt, password],
    ];
    const [otherHash, otherPassword] = changed[index % 3] ?? ['', ''];
    expect((await loadHashCheck())(otherHash)).toMatchObject({ ok: true, algorithm: kind });
    expect(await logIn(otherHash, otherPassword)).toBe(400);
  },
);

const ofMakers = Object.entries(MAKERS).flatMap(([maker, { costly }]) =>
  costly.map((fixture) => ({ maker, ...fixture })),
);

it.each(ofMakers.map((fixture, index) => ({ ...fixture, index })))(
  'logs in with a $kind hash in the form of $maker, and not with another password',
  async ({ kind, password, hash, index }) => {
    const verdict = (await loadHashCheck())(hash);
    if (!verdict.ok || verdict.hash === null) return expect.fail(JSON.stringify(verdict));
    expect(verdict.algorithm).toBe(kind);
    expect(await logIn(verdict.hash, password)).toBe(200);
    // SHA-crypt takes seconds. The tests with cheap hashes try wrong passwords for all.
    if (index % 3 === 0 && !kind.endsWith('-crypt'))
      expect(await logIn(verdict.hash, `!${password}`)).toBe(400);
  },
);
