// Cross-site requests in Chromium: a foreign page cannot read, log in or out, or change anything; an allowed one can.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FOREIGN_HOST, isWithoutChromium } from './support-chromium.ts';
import { beacon, embed, follow, NOTHING, OPAQUE, submit, type Told, tell } from './support-page-actions.ts';
import {
  CSRF,
  FORBIDDEN,
  JSON_TYPE,
  NOT_ALLOWED,
  type Owner,
  PASSWORD,
  type Stage,
  setStage,
  someone,
} from './support-stage.ts';

const FORM = 'application/x-www-form-urlencoded';

const formOf = (fields: Record<string, string>): string => new URLSearchParams(fields).toString();

describe.skipIf(isWithoutChromium())('cross-site requests in Chromium', () => {
  let stage: Stage;
  let owner: Owner;

  beforeAll(async () => {
    stage = await setStage();
    owner = stage.owner;
  });

  afterAll(async () => {
    await stage?.clear();
  });

  beforeEach(() => owner.forget());

  const at = (path: string): string => stage.service.origin + path;

  it('allow a page at another port of localhost, as in development', async () => {
    const page = await owner.openPage(`http://localhost:${stage.foreignPort}`);
    const shown = await owner.join();
    const told = await tell(page, at('/api/users/me/'));
    expect(told).toMatchObject({ status: 200, text: shown });
  });

  describe.each([FOREIGN_HOST])('a foreign page at %s', (host) => {
    let page: Page;

    const openForeignPage = async (): Promise<void> => {
      page = await owner.openPage(`http://${host}:${stage.foreignPort}`);
    };

    beforeEach(openForeignPage);

    it.each(['/api/users/me/', '/api/user/', '/account/profile', '/id/me', '/health'])(
      'cannot read %s',
      async (path) => {
        const shown = await owner.join();
        expect(await tell(page, at(path))).toEqual(NOTHING);
        expect(await tell(page, at(path), { mode: 'no-cors' })).toEqual(OPAQUE);
        expect(await tell(page, at(path), { headers: { Authorization: 'Token x' } })).toEqual(NOTHING);
        expect(await embed(page, 'script', 'src', at(path))).toBe('error');
        expect(await embed(page, 'img', 'src', at(path))).toBe('error');
        expect(await owner.truth()).toEqual({ status: 200, text: shown });
      },
    );

    it('cannot log out by fetch or sendBeacon', async () => {
      const shown = await owner.join();
      for (const path of ['/api/users/logout/', '/api/v1/user/logout/'])
        for (const method of ['POST', 'GET']) {
          expect(await tell(page, at(path), { method })).toEqual(NOTHING);
          expect(await tell(page, at(path), { method, mode: 'no-cors' })).toEqual(OPAQUE);
          expect(await owner.truth()).toEqual({ status: 200, text: shown });
        }
      expect(await beacon(page, at('/api/users/logout/'), '')).toBe(403);
      expect(await owner.truth()).toEqual({ status: 200, text: shown });
    });

    it.each([
      ['an image', 'img', 'src'],
      ['the source of a script', 'script', 'src'],
      ['a frame', 'iframe', 'src'],
    ])('cannot log out by %s', async (_what, tag, attribute) => {
      const shown = await owner.join();
      expect(await embed(page, tag, attribute, at('/api/users/logout/'))).toBe(
        tag === 'iframe' ? 'load' : 'error',
      );
      expect(await owner.truth()).toEqual({ status: 200, text: shown });
    });

    it('cannot log out by a link', async () => {
      const shown = await owner.join();
      expect(await follow(page, at('/api/users/logout/'))).toEqual(CSRF);
      expect(await owner.truth()).toEqual({ status: 200, text: shown });
    });

    it.each([
      ['GET', '/api/users/logout/?', CSRF],
      ['POST', '/api/users/logout/', CSRF],
      ['POST', '/api/v1/user/logout/', NOT_ALLOWED],
    ])('cannot log out by a form: %s %s', async (method, path, refusal) => {
      const shown = await owner.join();
      expect(await submit(page, method, at(path), {})).toEqual(refusal);
      expect(await owner.truth()).toEqual({ status: 200, text: shown });
    });

    it('cannot change or delete the account', async () => {
      const shown = await owner.join();
      const body = JSON.stringify({ address: 'Evil Street' });
      expect(await tell(page, at('/api/users/me/'), { method: 'PATCH', headers: JSON_TYPE, body })).toEqual(
        NOTHING,
      );
      expect(await tell(page, at('/api/users/me/'), { method: 'PATCH', body })).toEqual(NOTHING);
      expect(await tell(page, at('/api/user/'), { method: 'PUT', headers: JSON_TYPE, body })).toEqual(
        NOTHING,
      );
      expect(await tell(page, at('/id/me'), { method: 'DELETE' })).toEqual(NOTHING);
      for (const path of ['/account/delete', '/account/set_picture', '/id/logout']) {
        expect(await tell(page, at(path), { method: 'POST' })).toEqual(NOTHING);
        expect(await tell(page, at(path), { method: 'POST', mode: 'no-cors', body })).toEqual(OPAQUE);
      }
      expect(await owner.truth()).toEqual({ status: 200, text: shown });
    });

    it.each([
      ['/api/users/login/', CSRF],
      ['/api/v1/user/login/', NOT_ALLOWED],
      ['/api/login/', CSRF],
      ['/account/login', CSRF],
      ['/api/auth/login/', FORBIDDEN],
    ])('cannot log anybody in at %s, with or without a session', async (path, refusal) => {
      const other = await stage.elsewhere();
      const fields = { username: other.email, email: other.email, password: PASSWORD };
      const tryAll = async (): Promise<void> => {
        const simple = { method: 'POST', headers: { 'Content-Type': FORM }, body: formOf(fields) };
        const body = JSON.stringify(fields);
        expect(await tell(page, at(path), { method: 'POST', headers: JSON_TYPE, body })).toEqual(NOTHING);
        expect(await tell(page, at(path), simple)).toEqual(NOTHING);
        expect(await tell(page, at(path), { ...simple, mode: 'no-cors' })).toEqual(OPAQUE);
        expect(await submit(page, 'POST', at(path), fields)).toEqual(refusal);
      };
      await tryAll();
      // The form has left it.
      await openForeignPage();
      expect(await owner.cookies()).toEqual([]);
      const shown = await owner.join();
      const cookies = await owner.cookies();
      await tryAll();
      expect(await owner.cookies()).toEqual(cookies);
      expect(await owner.truth()).toEqual({ status: 200, text: shown });
    });

    it.each([
      ['/api/users/register/', CSRF],
      ['/api/v1/user/register/', NOT_ALLOWED],
      ['/account/register', CSRF],
      ['/api/register/', CSRF],
      ['/api/auth/register/', FORBIDDEN],
    ])('cannot register anybody at %s', async (path, refusal) => {
      const person = someone();
      const fields = { ...person, name: 'A', first_name: 'A', last_name: 'B' };
      const simple = { method: 'POST', headers: { 'Content-Type': FORM }, body: formOf(fields) };
      const body = JSON.stringify(fields);
      expect(await tell(page, at(path), { method: 'POST', headers: JSON_TYPE, body })).toEqual(NOTHING);
      expect(await tell(page, at(path), simple)).toEqual(NOTHING);
      expect(await tell(page, at(path), { ...simple, mode: 'no-cors' })).toEqual(OPAQUE);
      expect(await submit(page, 'POST', at(path), fields)).toEqual(refusal);
      expect(await owner.cookies()).toEqual([]);
      expect(await stage.isRegistered({ ...person, username: person.email })).toBe(false);
    });
  });

  describe('an allowed page', () => {
    let page: Page;

    beforeEach(async () => {
      page = await owner.openPage(`http://localhost:${stage.allowedPort}`);
    });

    const post = (path: string, fields: unknown): Promise<Told> =>
      tell(page, at(path), { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(fields) });

    const told = (status: number, text: unknown) => ({
      status,
      type: 'cors',
      text,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });

    it('can register, read, change, log out and log in again with its cookie', async () => {
      const person = someone();
      expect(await post('/api/users/register/', person)).toEqual(
        told(200, expect.stringContaining(`"username":"${person.username}"`)),
      );
      const first = await owner.session();
      expect(first).toMatch(/^[\w-]{43}$/);
      expect(await tell(page, at('/api/users/me/'))).toEqual(told(200, (await owner.truth()).text));

      const body = JSON.stringify({ address: 'Via Roma 1' });
      const changed = await tell(page, at('/api/users/me/'), { method: 'PATCH', headers: JSON_TYPE, body });
      expect(changed).toEqual(told(200, expect.stringContaining('"address":"Via Roma 1"')));
      expect((await owner.truth()).text).toContain('"address":"Via Roma 1"');

      expect(await tell(page, at('/api/users/logout/'), { method: 'POST' })).toEqual(told(200, '"OK"'));
      expect(await owner.session()).toBeUndefined();
      expect(await tell(page, at('/api/users/me/'))).toEqual(told(404, '{"detail":"Not found."}'));

      const { username, password } = person;
      expect(await post('/api/users/login/', { username, password: 'wrong' })).toEqual(
        told(400, '{"non_field_errors":["Username or password is incorrect."]}'),
      );
      expect(await post('/api/users/login/', { username, password })).toMatchObject({ status: 200 });
      expect(await owner.session()).not.toBe(first);
      expect((await owner.truth()).status).toBe(200);
    });

    it('can log in and out in user-v1, and log out by GET in users', async () => {
      const { username, password, email } = await stage.elsewhere();
      const loggedIn = await post('/api/v1/user/login/', { username, password });
      const shown = `{"status":"success","username":"${username}","email":"${email}","uid":"`;
      expect(loggedIn).toEqual(told(200, expect.stringContaining(shown)));
      expect((await owner.truth()).status).toBe(200);
      expect(await tell(page, at('/api/v1/user/logout/'), { method: 'POST' })).toEqual(
        told(200, expect.stringMatching(/^\{"status":"success","uid":\d+\}$/)),
      );
      expect((await owner.truth()).status).toBe(404);
      await post('/api/users/login/', { username, password });
      expect(await tell(page, at('/api/users/logout/'))).toEqual(told(200, '"OK"'));
      expect((await owner.truth()).status).toBe(404);
    });

    it('can log in to the token dialects and read with a token', async () => {
      const { email } = await stage.elsewhere();
      const answer = await post('/account/login', { username: email, password: PASSWORD });
      expect(answer).toEqual(told(200, expect.stringMatching(/^\{"token":"[0-9a-f]{40}"\}$/)));
      const token = 'text' in answer ? (/[0-9a-f]{40}/.exec(answer.text)?.[0] ?? '') : '';
      const headers = { Authorization: `Token ${token}` };
      expect(await tell(page, at('/account/profile'), { headers })).toEqual(
        told(200, expect.stringContaining(`"email":"${email}"`)),
      );
      expect(await post('/api/auth/login/', { email, password: PASSWORD })).toEqual(
        told(200, expect.stringContaining('{"status":"success","token":"eyJ')),
      );
    });

    it('can log in by a form', async () => {
      const { username } = await stage.elsewhere();
      const shown = await submit(page, 'POST', at('/api/users/login/'), { username, password: PASSWORD });
      expect(shown.status).toBe(200);
      expect(await owner.truth()).toEqual(shown);
    });
  });
});
