// `user-v1`: media types, sizes and syntax of bodies, and in which order everything is checked.
import { describe, expect, it } from 'vitest';
import { type Sent, send } from '../../support/worker.ts';
import { FORM, failed, isLive, join, MAX_BODY_BYTES, person, typed, whole } from '../support-cookies.ts';

const REGISTER = '/api/v1/user/register/';
const LOGIN = '/api/v1/user/login/';
const LOGOUT = '/api/v1/user/logout/';
const REGISTERED = /^200 \{"status":"success","user_id":\d+\}$/;
const UNKNOWN = `200 ${failed(102)}`;

/** The answers of both endpoints that read a body, which must be the same. */
const everywhere = async (sent: Sent): Promise<string> => {
  const [registered, loggedIn] = [await send(REGISTER, sent), await send(LOGIN, sent)];
  expect(whole(loggedIn)).toBe(whole(registered));
  expect(registered.headers.getSetCookie()).toEqual([]);
  return whole(registered);
};

describe('the three media types', () => {
  it.each(['json', 'form', 'multipart'])('are taken alike: %s', async (kind) => {
    const fields = person();
    const registered = whole(await send(REGISTER, { [kind]: fields }));
    expect(registered).toMatch(REGISTERED);
    const id = /\d+(?=\}$)/.exec(registered)?.[0] ?? expect.fail();
    const { username, email, password } = fields;
    expect(whole(await send(LOGIN, { [kind]: { username, password } }))).toBe(
      `200 {"status":"success","username":"${username}","email":"${email}","uid":"${id}"}`,
    );
    expect(whole(await send(LOGIN, { [kind]: { username, password: `${password}x` } }))).toBe(UNKNOWN);
    expect(whole(await send(LOGIN, { [kind]: { username } }))).toBe(`200 ${failed(103)}`);
  });

  it.each(['application/json; charset=utf-8', 'Application/JSON'])(
    'may have parameters and any case: %s',
    async (type) => {
      expect(whole(await send(REGISTER, typed(JSON.stringify(person()), type)))).toMatch(REGISTERED);
    },
  );

  it.each(['text/plain', 'application/xml', 'application/jsonx', 'text/json'])(
    'are the only ones: %s is refused',
    async (type) => {
      expect(await everywhere(typed(JSON.stringify(person()), type))).toBe(`415 ${failed(103)}`);
    },
  );
});

describe('the size', () => {
  it('is at most 65,536 bytes of JSON', async () => {
    const json = JSON.stringify(person());
    expect(await everywhere({ json: json.padEnd(MAX_BODY_BYTES + 1) })).toBe(`413 ${failed(103)}`);
    expect(whole(await send(REGISTER, { json: json.padEnd(MAX_BODY_BYTES) }))).toMatch(REGISTERED);
  });

  it('is at most 65,536 bytes of a form', async () => {
    const form = `${new URLSearchParams(person())}&pad=`;
    expect(await everywhere(typed(form.padEnd(MAX_BODY_BYTES + 1, 'x'), FORM))).toBe(`413 ${failed(103)}`);
    expect(await everywhere({ multipart: { pad: 'x'.repeat(MAX_BODY_BYTES) } })).toBe(`413 ${failed(103)}`);
    expect(whole(await send(REGISTER, typed(form.padEnd(MAX_BODY_BYTES, 'x'), FORM)))).toMatch(REGISTERED);
  });

  it('is counted in bytes, not in characters', async () => {
    const json = `{"x":"${'é'.repeat(MAX_BODY_BYTES / 2)}"}`;
    expect(await everywhere({ json })).toBe(`413 ${failed(103)}`);
  });
});

describe('the syntax', () => {
  it.each([
    ...['{', '{"a":1,}', "{'a':1}", '{"a":1} x', 'NaN', 'username=x', ' ', '{"password":"secret1'],
    ...['[]', '[{"username":"x"}]', '"text"', '1', '1.5', 'true', 'false', 'null'],
  ])('is refused where it is no JSON or no object: %s', async (json) => {
    expect(await everywhere({ json })).toBe(`400 ${failed(103)}`);
  });

  it.each(['application/json', FORM, 'multipart/form-data', 'text/plain'])(
    'of an empty body counts as an empty object, whatever its type: %s',
    async (type) => {
      expect(await everywhere(typed('', type))).toBe(`200 ${failed(103)}`);
    },
  );

  it('of no body at all and of an empty object are a fault of the fields', async () => {
    expect(await everywhere({ method: 'POST' })).toBe(`200 ${failed(103)}`);
    expect(await everywhere({ json: {} })).toBe(`200 ${failed(103)}`);
  });

  it('of an object with keys of the language itself finds nothing in them', async () => {
    const json = `{"__proto__":${JSON.stringify(person())}}`;
    expect(await everywhere({ json })).toBe(`200 ${failed(103)}`);
  });

  it('of a form: a repeated field counts as its last, and an escaped NUL is a NUL', async () => {
    const { username, email, password } = person();
    const form = `username=x&username=${username}&email=${email}&password=${password}`;
    expect(whole(await send(REGISTER, typed(form, FORM)))).toMatch(REGISTERED);
    expect(whole(await send(LOGIN, typed(`username=%00&password=${password}`, FORM)))).toBe(
      `200 ${failed(103)}`,
    );
  });
});

describe('the order of checks', () => {
  it('is method, media type, size, JSON, fields, duplicates', async () => {
    const huge = '{'.padEnd(MAX_BODY_BYTES + 1);
    expect(whole(await send(LOGIN, { method: 'PUT', ...typed(huge, 'text/plain') }))).toBe(
      `405 ${failed(104)}`,
    );
    expect(await everywhere(typed(huge, 'text/plain'))).toBe(`415 ${failed(103)}`);
    expect(await everywhere(typed(huge, 'application/json'))).toBe(`413 ${failed(103)}`);
    expect(await everywhere({ json: '{"username":null' })).toBe(`400 ${failed(103)}`);
    const { username } = await join();
    expect(whole(await send(REGISTER, { json: { username } }))).toBe(`200 ${failed(103)}`);
    expect(whole(await send(REGISTER, { json: { ...person(), username } }))).toBe(`200 ${failed(114)}`);
  });

  it('at logout asks who is there and for nothing else: no request data is required', async () => {
    expect(whole(await send(LOGOUT, { json: {} }))).toBe(`401 ${failed(101)}`);
    const [one, other] = [await join(), await join()];
    expect(whole(await send(LOGOUT, { json: {}, cookie: one.cookie }))).toBe(
      `200 {"status":"success","uid":${one.id}}`,
    );
    expect(whole(await send(LOGOUT, { form: { uid: String(one.id) }, cookie: other.cookie }))).toBe(
      `200 {"status":"success","uid":${other.id}}`,
    );
    expect(await isLive(other.cookie)).toBe(false);
  });
});
