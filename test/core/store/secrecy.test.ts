// No credential is stored or logged: D1 and KV have the SHA-256 of tokens and the salted hash of passwords.
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { sha256Hex } from '../../../src/core/secrets.ts';
import { storedInD1, storedInKv } from '../../support/stored.ts';
import { type Answer, send, sessionCookie, testEnv } from '../../support/worker.ts';

const PASSWORD = 'Quixotic7Zephyr';
const WRONG = 'Wrong4Umbrella';

const logged: string[] = [];
const answered: string[] = [];

const watchLog = () => {
  for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, level).mockImplementation((...parts: unknown[]) => {
      logged.push(parts.map(String).join(' '));
    });
};

const jwtOf = ({ text }: Answer): string => /"token":"([^"]+)"/.exec(text)?.[1] ?? '';

const jtiOf = (jwt: string): string => {
  const payload = Uint8Array.fromBase64(jwt.split('.')[1] ?? '', { alphabet: 'base64url' });
  return /"jti":"([^"]+)"/.exec(new TextDecoder().decode(payload))?.[1] ?? '';
};

/** Credentials and the secret, by name. */
const secrets = new Map<string, string>();

const post = async (path: string, json: unknown): Promise<Answer> => {
  const answer = await send(path, { json });
  answered.push(answer.text);
  return answer;
};

/** Registers and logs in through every dialect, with right and wrong fields, and collects what each returned. */
const useEverything = async (): Promise<void> => {
  const person = { username: 'quixote1', email: 'q@test.com', password: PASSWORD };
  const registered = await post('/api/users/register/', person);
  secrets.set('the cookie of a registration', sessionCookie(registered) ?? '');
  const browser = await post('/api/v1/user/login/', person);
  secrets.set('the cookie of a login', sessionCookie(browser) ?? '');
  const device = /^device=([^;]+)/.exec(
    browser.headers.getSetCookie().find((line) => line.startsWith('device=')) ?? '',
  );
  if (device?.[1]) secrets.set('the mark of a device', device[1]);
  secrets.set('the derived token', jwtOf(await post('/account/login', person)));
  const names = { first_name: 'A', last_name: 'B', email: 'ab@test.com', password: PASSWORD };
  await post('/api/register/', names);
  secrets.set(
    'the derived token of conjugator',
    jwtOf(await post('/api/login/', { ...names, username: names.email })),
  );
  const named = { name: 'C', email: 'c@test.com', password: PASSWORD };
  const jwt = jwtOf(await post('/api/auth/register/', named));
  secrets.set('the JSON Web Token', jwt);
  secrets.set('its jti', jtiOf(jwt));
  secrets.set('its signature', jwt.split('.')[2] ?? '');
  const again = jwtOf(await post('/api/auth/login/', named));
  secrets.set('the second jti', jtiOf(again));
  for (const path of ['/api/users/login/', '/api/v1/user/login/', '/api/login/', '/account/login'])
    await post(path, { ...person, password: WRONG });
  await post('/api/auth/login/', { ...named, password: WRONG });
  await post('/api/users/register/', { ...person, password: WRONG });
  await post('/account/register', { ...person, password: WRONG, email: 'no email' });
  await post('/api/auth/register/', { ...named, password: WRONG, email: 5 });
  await post('/api/users/register/', `{"password":"${WRONG}"`);
  secrets.set('the password', PASSWORD);
  secrets.set('a wrong password', WRONG);
  secrets.set('the secret', testEnv.TOKEN_SECRET ?? '');
};

describe('after every dialect was used', () => {
  beforeAll(async () => {
    watchLog();
    await useEverything();
    vi.restoreAllMocks();
  });

  it('has at least eleven secrets to search for', () => {
    expect(secrets.size).toBeGreaterThanOrEqual(11);
    for (const secret of secrets.values()) expect(secret.length).toBeGreaterThanOrEqual(13);
  });

  it('stores the SHA-256 of each token, which the search finds', async () => {
    const [d1, kv] = [await storedInD1(), await storedInKv()];
    for (const name of ['the cookie of a login', 'the derived token', 'its jti', 'the second jti']) {
      const id = await sha256Hex(secrets.get(name) ?? '');
      expect(d1).toContain(id);
      expect(kv).toContain(`session:${id}`);
    }
    expect(d1).toContain('quixote1');
  });

  it('stores no token and no password in D1', async () => {
    const everything = (await storedInD1()).join('\n');
    for (const [name, secret] of secrets) expect(everything.includes(secret), name).toBe(false);
  });

  it('stores no token and no password in KV', async () => {
    const everything = (await storedInKv()).join('\n');
    for (const [name, secret] of secrets) expect(everything.includes(secret), name).toBe(false);
  });

  it('logs no token, password, hash or email', async () => {
    const everything = logged.join('\n');
    for (const [name, secret] of secrets) expect(everything.includes(secret), name).toBe(false);
    expect(everything).not.toContain('pbkdf2');
    expect(everything).not.toContain('@test.com');
    for (const secret of secrets.values()) expect(everything).not.toContain(await sha256Hex(secret));
  });

  it('shows no password, hash or secret in any response', () => {
    const everything = answered.join('\n');
    for (const name of ['the password', 'a wrong password', 'the secret'])
      expect(everything).not.toContain(secrets.get(name) ?? '-');
    expect(everything).not.toContain('pbkdf2');
    expect(everything).toContain('"password":"********"');
  });
});
