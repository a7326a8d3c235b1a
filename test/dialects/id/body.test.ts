// `id`: request bodies as JSON, form and multipart form, and the bodies that are rejected.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Sent, send } from '../../support/worker.ts';
import {
  cookiesOf,
  idOf,
  isLive,
  join,
  type Member,
  OTHER_PASSWORD,
  PASSWORD,
  person,
  tokenFor,
  whole,
} from './support-id.ts';
import { invalid, refused } from './support-refusals.ts';

const MAX_BODY_BYTES = 65_536;
const KINDS = ['json', 'form', 'multipart'] as const;

/** Every endpoint that requires a body, and the fields that are missing in `{}`. */
const READING: [method: string, path: string, missing: string[]][] = [
  ['POST', '/id/register', ['email', 'password']],
  ['POST', '/id/login', ['identifier', 'password']],
  ['DELETE', '/id/me', ['password']],
  ['PUT', '/id/me/password', ['currentPassword', 'newPassword']],
  ['PUT', '/id/me/email', ['email', 'password']],
  ['PUT', '/id/me/username', ['username', 'password']],
];
const WITH_PATCH: [string, string][] = [
  ...READING.map(([method, path]): [string, string] => [method, path]),
  ['PATCH', '/id/me'],
];

let member: Member | null = null;
let token = '';
beforeAll(async () => {
  member = await join();
  token = await tokenFor(member);
});

const typed = (method: string, body: string, type: string): Sent => ({
  method,
  token,
  json: body,
  headers: { 'Content-Type': type },
});

describe.each(KINDS)('a body of kind %s', (kind) => {
  it('works for registration, login, changes and deletion', async () => {
    const { username, email, password } = person();
    const made = await send('/id/register', { [kind]: { username, email, password } });
    expect([made.status, cookiesOf(made)]).toEqual([201, [expect.anything(), expect.anything()]]);
    const loggedIn = await send('/id/login/', {
      [kind]: { identifier: username, password, session: 'token' },
    });
    expect([loggedIn.status, idOf(loggedIn)]).toEqual([200, idOf(made)]);
    const own = /"token":"([^"]+)"/.exec(loggedIn.text)?.[1] ?? expect.fail(loggedIn.text);

    const patched = await send('/id/me/', {
      method: 'PATCH',
      token: own,
      [kind]: { name: 'Ä b', pictureId: '5' },
    });
    expect(patched.text).toContain('"name":"Ä b"');
    expect(patched.text).toContain('/pictures/5.svg');
    const renamed = { [kind]: { username: `${username}_`, password }, method: 'PUT', token: own };
    expect((await send('/id/me/username', renamed)).status).toBe(200);
    const wrong = { [kind]: { password: OTHER_PASSWORD }, method: 'DELETE' };
    const again = await send('/id/login', { [kind]: { identifier: email, password, session: 'token' } });
    const last = /"token":"([^"]+)"/.exec(again.text)?.[1] ?? expect.fail(again.text);
    expect(whole(await send('/id/me', { ...wrong, token: last }))).toBe(refused('wrong_credentials'));
    const right = { [kind]: { password }, method: 'DELETE', token: last };
    expect(whole(await send('/id/me', right))).toBe('204');
  });

  it('gets the same field errors as the other kinds', async () => {
    const fields = { username: 'a b', email: 'x', password: 'short' };
    expect(whole(await send('/id/register', { [kind]: fields }))).toBe(
      invalid(['username', 'not_username'], ['email', 'not_email'], ['password', 'too_few_characters', 8]),
    );
  });
});

describe.each(READING)('%s %s', (method, path, missing) => {
  const all = invalid(...missing.map((field) => [field, 'required'] as const));

  it('reads an empty body as one without fields, whatever its media type', async () => {
    expect(whole(await send(path, { method, token }))).toBe(all);
    for (const type of [
      'application/json',
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data',
    ])
      expect(whole(await send(path, typed(method, '', type)))).toBe(all);
    expect(whole(await send(path, { method, token, json: {} }))).toBe(all);
  });

  it('reads only own properties of the JSON object', async () => {
    for (const json of ['{"__proto__":{"password":"a fine long one"}}', '{"constructor":"x","toString":"y"}'])
      expect(whole(await send(path, typed(method, json, 'application/json')))).toBe(all);
  });
});

describe.each(WITH_PATCH)('%s %s', (method, path) => {
  it.each(['{', ' ', '[]x', "{'a':1}", '{"a":1,}', 'undefined', '\u00ff'])(
    'rejects invalid JSON: %j',
    async (body) => {
      const answer = await send(path, typed(method, body, 'application/json'));
      expect(whole(answer)).toBe(refused('malformed'));
    },
  );

  it('rejects JSON that is nested 100 levels deep', async () => {
    const body = `{"name":${'['.repeat(100)}${']'.repeat(100)}}`;
    expect(whole(await send(path, typed(method, body, 'application/json')))).toBe(refused('malformed'));
  });

  it.each(['null', 'true', '1', '1.5', '"text"', '[]', '[{}]'])(
    'rejects JSON that is not an object: %s',
    async (body) => {
      expect(whole(await send(path, typed(method, body, 'application/json')))).toBe(refused('not_an_object'));
    },
  );

  it('rejects a malformed form', async () => {
    expect(whole(await send(path, typed(method, 'x', 'multipart/form-data')))).toBe(refused('malformed'));
    expect(whole(await send(path, typed(method, 'password=%ff', 'application/x-www-form-urlencoded')))).toBe(
      refused('malformed'),
    );
  });

  it.each([
    'text/plain',
    'application/xml',
    'application/problem+json',
    'text/json',
    'x',
    'application/jsonp',
  ])('rejects the media type %s', async (type) => {
    expect(whole(await send(path, typed(method, '{}', type)))).toBe(refused('unsupported_media_type'));
  });

  it('reads a body of 64 KiB, and rejects a larger one of every kind', async () => {
    const padded = (bytes: number) => `{"x":"${'x'.repeat(bytes - 8)}"}`;
    for (const type of [
      'application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=b',
    ])
      expect(whole(await send(path, typed(method, padded(MAX_BODY_BYTES + 1), type)))).toBe(
        refused('too_large'),
      );
    const most = await send(path, typed(method, padded(MAX_BODY_BYTES), 'application/json'));
    expect(most.status).toBe(method === 'PATCH' ? 200 : 400);
    expect(most.text).not.toContain('too_large');
  });

  it('repeats nothing of a malformed body in the refusal', async () => {
    for (const type of ['application/json', 'text/plain', 'multipart/form-data']) {
      const { text } = await send(path, typed(method, '{"password":"S3cret-word"', type));
      expect(text).not.toContain('S3cret');
    }
  });

  it('ignores a charset and the case of the media type', async () => {
    for (const type of ['application/json; charset=utf-8', 'Application/JSON', ' application/json ;x=y']) {
      const { text } = await send(path, typed(method, '{}', type));
      expect(text).not.toMatch(/unsupported|malformed/);
    }
  });
});

it('checks credentials before the body, and the media type before the size', async () => {
  const huge = 'x'.repeat(MAX_BODY_BYTES + 1);
  for (const [method, path] of WITH_PATCH.slice(2)) {
    const anonymous = { ...typed(method, huge, 'text/plain'), token: 'x' };
    expect(whole(await send(path, anonymous))).toBe(refused('credentials_invalid'));
    expect(whole(await send(path, typed(method, huge, 'text/plain')))).toBe(
      refused('unsupported_media_type'),
    );
  }
  expect(await isLive({ token })).toBe(true);
  expect((await send('/id/login', { json: { identifier: member?.email, password: PASSWORD } })).status).toBe(
    200,
  );
});
