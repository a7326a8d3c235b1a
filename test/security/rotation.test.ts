// Rotation of TOKEN_SECRET: with TOKEN_SECRET_PREVIOUS all sessions stay valid; without it, signed tokens do not.
import { describe, expect, it } from 'vitest';
import type { Env } from '../../src/env.ts';
import { type Answer, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

const FORMER = 'the former secret, which is long enough';
const CURRENT = 'the current secret, which is long enough';

const before: Env = { ...testEnv, TOKEN_SECRET: FORMER };
const during: Env = { ...testEnv, TOKEN_SECRET: CURRENT, TOKEN_SECRET_PREVIOUS: FORMER };
const after: Env = { ...testEnv, TOKEN_SECRET: CURRENT };

const INVALID: [number, string] = [401, '{"detail":"Invalid token."}'];

const brief = ({ status, text }: Answer): [number, string] => [status, text];
const tokenOf = ({ text }: Answer): string => /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
const deviceOf = ({ headers }: Answer): string =>
  headers
    .getSetCookie()
    .map((line) => /^device=([^;]+)/.exec(line)?.[1])
    .find((value) => value !== undefined) ?? expect.fail();

/** An account with a session of each kind, opened under the former secret. */
const joined = async () => {
  const username = uniqueName();
  const person = { username, email: `${username}@test.com`, password: 'sesame1234' };
  const { email, password } = person;
  const registered = await send('/api/users/register/', { json: person, env: before });
  const byEmail = { json: { email, password }, env: before };
  return {
    person,
    byEmail: { email, password },
    cookie: sessionCookie(registered) ?? expect.fail(registered.text),
    device: deviceOf(registered),
    hex: tokenOf(await send('/account/login', { json: person, env: before })),
    jwt: tokenOf(await send('/api/auth/login/', byEmail)),
  };
};

const profile = async (token: string, env: Env) => brief(await send('/account/profile', { token, env }));
const me = async (cookie: string, env: Env): Promise<number> =>
  (await send('/api/users/me/', { cookie, env })).status;
const logIn = (json: unknown, env: Env) => send('/account/login', { json, env });

describe('a rotation of TOKEN_SECRET', () => {
  it('keeps every older session valid', async () => {
    const { hex, jwt, cookie } = await joined();
    const shown = await profile(hex, before);
    expect(shown[0]).toBe(200);
    expect(await profile(hex, during)).toEqual(shown);
    expect(await profile(jwt, during)).toEqual(shown);
    expect(await me(cookie, during)).toBe(200);
  });

  it.each(['/account/login', '/api/login/'])('lets %s return the token that is live', async (path) => {
    const { person, hex } = await joined();
    const json = { username: person.email, password: person.password };
    for (let times = 0; times < 2; times += 1) {
      const answer = await send(path, { json, env: during });
      expect(brief(answer)).toEqual([200, `{"token":"${hex}"}`]);
    }
    expect((await profile(hex, during))[0]).toBe(200);
  });

  it('signs new JSON Web Tokens with the current secret', async () => {
    const { byEmail } = await joined();
    const jwt = tokenOf(await send('/api/auth/login/', { json: byEmail, env: during }));
    expect((await profile(jwt, during))[0]).toBe(200);
    expect((await profile(jwt, after))[0]).toBe(200);
    expect(await profile(jwt, before)).toEqual(INVALID);
  });

  it('keeps a token of the new secret valid after it ends', async () => {
    const { person, hex } = await joined();
    await send('/account/logout', { method: 'POST', token: hex, env: during });
    const token = tokenOf(await logIn(person, during));
    expect(token).not.toBe(hex);
    expect(brief(await logIn(person, after))).toEqual([200, `{"token":"${token}"}`]);
    expect((await profile(token, after))[0]).toBe(200);
  });

  it('ends a session under both secrets', async () => {
    const { hex, jwt, cookie } = await joined();
    for (const token of [hex, jwt])
      expect((await send('/account/logout', { method: 'POST', token, env: during })).status).toBe(200);
    await send('/api/users/logout/', { method: 'POST', cookie, env: during });
    for (const env of [before, during]) {
      for (const token of [hex, jwt]) expect(await profile(token, env)).toEqual(INVALID);
      expect(await me(cookie, env)).toBe(404);
    }
  });

  it('rejects a token that was signed with a third secret', async () => {
    const { byEmail } = await joined();
    const third: Env = { ...testEnv, TOKEN_SECRET: 'a third secret, which is long enough too' };
    const jwt = tokenOf(await send('/api/auth/login/', { json: byEmail, env: third }));
    expect(await profile(jwt, during)).toEqual(INVALID);
    expect((await profile(jwt, third))[0]).toBe(200);
  });
});

describe('a device mark', () => {
  const flood = async (username: string, env: Env): Promise<void> => {
    for (let tries = 0; tries < 10; tries += 1)
      expect((await logIn({ username, password: 'wrong' }, env)).status).toBe(400);
  };
  const onDevice = (json: unknown, device: string, env: Env) =>
    send('/account/login', { json, headers: { Cookie: `device=${device}` }, env });

  it('stays valid during a rotation, and is replaced at login', async () => {
    const { person, device } = await joined();
    await flood(person.username, during);
    expect((await logIn(person, during)).status).toBe(429);
    const answer = await onDevice(person, device, during);
    expect(answer.status).toBe(200);
    expect((await onDevice(person, deviceOf(answer), after)).status).toBe(200);
  });

  it('becomes invalid after the rotation if it was not replaced', async () => {
    const { person, device } = await joined();
    await flood(person.username, after);
    expect((await onDevice(person, device, after)).status).toBe(429);
  });
});

describe('a new TOKEN_SECRET without TOKEN_SECRET_PREVIOUS', () => {
  it('makes every older JSON Web Token invalid', async () => {
    const { jwt, byEmail } = await joined();
    expect(await profile(jwt, after)).toEqual(INVALID);
    const fresh = tokenOf(await send('/api/auth/login/', { json: byEmail, env: after }));
    expect((await profile(fresh, after))[0]).toBe(200);
    expect(await profile(jwt, after)).toEqual(INVALID);
  });

  it('keeps cookies and existing API tokens valid', async () => {
    const { cookie, hex } = await joined();
    expect(await me(cookie, after)).toBe(200);
    expect((await profile(hex, after))[0]).toBe(200);
  });

  it.each(['/account/login', '/api/login/'])(
    'lets %s return a new token, and the old one becomes invalid',
    async (path) => {
      const { person, hex } = await joined();
      const json = { username: person.email, password: person.password };
      const answer = await send(path, { json, env: after });
      expect(answer.status).toBe(200);
      const token = tokenOf(answer);
      expect(token).toMatch(/^[0-9a-f]{40}$/);
      expect(token).not.toBe(hex);
      expect((await profile(token, after))[0]).toBe(200);
      expect(await profile(hex, after)).toEqual(INVALID);
      expect(brief(await send(path, { json, env: after }))).toEqual([200, `{"token":"${token}"}`]);
    },
  );

  it('gives 24 parallel logins the same valid token', async () => {
    const { person } = await joined();
    const answers = await Promise.all(Array.from({ length: 24 }, () => logIn(person, after)));
    expect(answers.map(({ status }) => status)).toEqual(Array(24).fill(200));
    const tokens = new Set(answers.map(tokenOf));
    for (const token of tokens) expect((await profile(token, after))[0]).toBe(200);
    expect(tokens.size).toBe(1);
  });
});
