// `user-v1`: media types, sizes and syntax of request bodies, and the order of checks.
import { describe, expect, it } from 'vitest';
import { type Sent, send } from '../../support/worker.ts';
import { FORM, failed, isLive, join, MAX_BODY_BYTES, person, typed, whole } from '../support-cookies.ts';

const REGISTER = '/api/v1/user/register/';
const LOGIN = '/api/v1/user/login/';
const LOGOUT = '/api/v1/user/logout/';
const REGISTERED = /^200 \{"status":"success","user_id":\d+\}$/;
const UNKNOWN = `200 ${failed(102)}`;

/** The answer of both endpoints that read a body, which must be the same. */
const everywhere = async (sent: Sent): Promise<string> => {
  const [registered, loggedIn] = [await send(REGISTER, sent), await send(LOGIN, sent)];
  expect(whole(loggedIn)).toBe(whole(registered));
  expect(registered.headers.getSetCookie()).toEqual([]);
  return whole(registered);
};

describe('media type of a body', () => {
  it.each(['json', 'form', 'multipart'])('accepts a body as %s', async (kind) => {
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
    'accepts parameters and any case: %s',
    async (type) => {
      expect(whole(await send(REGISTER, typed(JSON.stringify(person()), type)))).toMatch(REGISTERED);
    },
  );

  it.each(['text/plain', 'application/xml', 'application/jsonx', 'text/json'])(
    'answers 415 for the media type %s',
    async (type) => {
      expect(await everywhere(typed(JSON.stringify(person()), type))).toBe(`415 ${failed(103)}`);
    },
  );
});

describe('size of a body', () => {
  it('allows at most 65,536 bytes of JSON', async () => {
    const json = JSON.stringify(person());
    expect(await everywhere({ json: json.padEnd(MAX_BODY_BYTES + 1) })).toBe(`413 ${failed(103)}`);
    expect(whole(await send(REGISTER, { json: json.padEnd(MAX_BODY_BYTES) }))).toMatch(REGISTERED);
  });

  it('allows at most 65,536 bytes of a form', async () => {
    const form = `${new URLSearchParams(person())}&pad=`;
    expect(await everywhere(typed(form.padEnd(MAX_BODY_BYTES + 1, 'x'), FORM))).toBe(`413 ${failed(103)}`);
    expect(await everywhere({ multipart: { pad: 'x'.repeat(MAX_BODY_BYTES) } })).toBe(`413 ${failed(103)}`);
    expect(whole(await send(REGISTER, typed(form.padEnd(MAX_BODY_BYTES, 'x'), FORM)))).toMatch(REGISTERED);
  });

  it('counts bytes, not characters', async () => {
    const json = `{"x":"${'é'.repeat(MAX_BODY_BYTES / 2)}"}`;
    expect(await everywhere({ json })).toBe(`413 ${failed(103)}`);
  });
});

describe('syntax of a body', () => {
  it.each([
    ...['{', '{"a":1,}', "{'a':1}", '{"a":1} x', 'NaN', 'username=x', ' ', '{"password":"secret1'],
    ...['[]', '[{"username":"x"}]', '"text"', '1', '1.5', 'true', 'false', 'null'],
  ])('answers 400 for invalid JSON and for JSON that is not an object: %s', async (json) => {
    expect(await everywhere({ json })).toBe(`400 ${failed(103)}`);
  });

  it.each(['application/json', FORM, 'multipart/form-data', 'text/plain'])(
    'treats an empty body as an empty object, whatever its media type: %s',
    async (type) => {
      expect(await everywhere(typed('', type))).toBe(`200 ${failed(103)}`);
    },
  );

  it('reports invalid fields for a missing body and for an empty object', async () => {
    expect(await everywhere({ method: 'POST' })).toBe(`200 ${failed(103)}`);
    expect(await everywhere({ json: {} })).toBe(`200 ${failed(103)}`);
  });

  it('reads no fields from `__proto__`', async () => {
    const json = `{"__proto__":${JSON.stringify(person())}}`;
    expect(await everywhere({ json })).toBe(`200 ${failed(103)}`);
  });

  it('uses the last value of a repeated form field, and decodes %00 as NUL', async () => {
    const { username, email, password } = person();
    const form = `username=x&username=${username}&email=${email}&password=${password}`;
    expect(whole(await send(REGISTER, typed(form, FORM)))).toMatch(REGISTERED);
    expect(whole(await send(LOGIN, typed(`username=%00&password=${password}`, FORM)))).toBe(
      `200 ${failed(103)}`,
    );
  });
});

describe('order of checks', () => {
  it('starts with the method, then media type, size, JSON, fields, duplicates', async () => {
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

  it('checks only the session at logout, which needs no request data', async () => {
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
