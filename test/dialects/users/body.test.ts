// `users`: media types, sizes and syntax of request bodies, and the order of checks.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Sent, send } from '../../support/worker.ts';
import {
  eightKeys,
  FORM,
  idOf,
  join,
  MAX_BODY_BYTES,
  type Member,
  NUL,
  person,
  shown,
  typed,
  whole,
} from '../support-cookies.ts';

const TOO_LARGE = '413 {"detail":"Request body too large."}';
const MALFORMED = '400 {"detail":"JSON parse error - The body is not valid JSON."}';
const ANONYMOUS = '403 {"detail":"Authentication credentials were not provided."}';
const REGISTER = '/api/users/register/';
const LOGIN = '/api/users/login/';
const ME = '/api/users/me/';

let member: Member;
beforeAll(async () => {
  member = await join();
});
const patch = (sent: Sent) => send(ME, { method: 'PATCH', cookie: member.cookie, ...sent });

/** The answer of all three endpoints that read a body, which must be the same. */
const everywhere = async (sent: Sent): Promise<string> => {
  const answers = [await send(REGISTER, sent), await send(LOGIN, sent), await patch(sent)].map(whole);
  const [first = '', ...others] = answers;
  for (const other of others) expect(other).toBe(first);
  return first;
};

describe('media type of a body', () => {
  it.each(['json', 'form', 'multipart'])('accepts a body as %s', async (kind) => {
    const fields = person();
    const registered = await send(REGISTER, { [kind]: fields });
    const account = { ...fields, id: idOf(registered) };
    expect(shown(registered)).toBe(await eightKeys(account));
    const { username, password } = fields;
    expect(shown(await send(LOGIN, { [kind]: { username, password } }))).toBe(await eightKeys(account));
    const changed = await patch({ [kind]: { address: `by ${kind} € & =` } });
    expect(shown(changed)).toBe(await eightKeys({ ...member, address: `by ${kind} € & =` }));
    expect(whole(await send(LOGIN, { [kind]: { username } }))).toBe(
      '400 {"password":["This field is required."]}',
    );
  });

  it.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset=UTF-8'])(
    'accepts parameters and any case: %s',
    async (type) => {
      expect((await patch(typed('{"address":"Quahog"}', type))).text).toContain('"address":"Quahog"');
    },
  );

  it.each(['text/plain', 'application/xml', 'text/plain; charset=utf-8', 'application/jsonx', 'text/json'])(
    'answers 415 for the media type %s',
    async (type) => {
      expect(await everywhere(typed('{}', type))).toBe(
        `415 {"detail":"Unsupported media type \\"${type}\\" in request."}`,
      );
    },
  );
});

describe('size of a body', () => {
  it('allows at most 65,536 bytes of JSON', async () => {
    const json = '{"address":"Spooner Street"}';
    expect((await patch({ json: json.padEnd(MAX_BODY_BYTES) })).text).toContain('"address":"Spooner Street"');
    expect(await everywhere({ json: json.padEnd(MAX_BODY_BYTES + 1) })).toBe(TOO_LARGE);
    const registered = await send(REGISTER, { json: JSON.stringify(person()).padEnd(MAX_BODY_BYTES) });
    expect(registered.status).toBe(200);
  });

  it('allows at most 65,536 bytes of a form', async () => {
    const form = 'address=Meg&pad=';
    expect((await patch(typed(form.padEnd(MAX_BODY_BYTES, 'x'), FORM))).text).toContain('"address":"Meg"');
    expect(await everywhere(typed(form.padEnd(MAX_BODY_BYTES + 1, 'x'), FORM))).toBe(TOO_LARGE);
    expect(await everywhere({ multipart: { address: 'x'.repeat(MAX_BODY_BYTES) } })).toBe(TOO_LARGE);
  });

  it('counts bytes, not characters', async () => {
    expect(await everywhere({ json: `{"x":"${'é'.repeat(MAX_BODY_BYTES / 2)}"}` })).toBe(TOO_LARGE);
  });
});

describe('syntax of a body', () => {
  it.each(['{', '{"a":1,}', "{'a':1}", '{"a":1} x', 'NaN', 'username=x', ' ', '{"password":"secret1'])(
    'answers 400 for invalid JSON, without quoting it: %s',
    async (json) => {
      expect(await everywhere({ json })).toBe(MALFORMED);
    },
  );

  it.each([
    ['[]', 'Invalid data. Expected a dictionary, but got list.'],
    ['[{"username":"x"}]', 'Invalid data. Expected a dictionary, but got list.'],
    ['"text"', 'Invalid data. Expected a dictionary, but got str.'],
    ['1', 'Invalid data. Expected a dictionary, but got int.'],
    ['1.5', 'Invalid data. Expected a dictionary, but got float.'],
    ['true', 'Invalid data. Expected a dictionary, but got bool.'],
    ['false', 'Invalid data. Expected a dictionary, but got bool.'],
    ['null', 'No data provided'],
  ])('answers 400 for JSON that is not an object: %s', async (json, text) => {
    expect(await everywhere({ json })).toBe(`400 {"non_field_errors":["${text}"]}`);
  });

  it('reads no fields from `__proto__` or `constructor`', async () => {
    const json = '{"__proto__":{"username":"x","password":"y"},"constructor":"z"}';
    expect(whole(await send(LOGIN, { json }))).toBe(
      '400 {"username":["This field is required."],"password":["This field is required."]}',
    );
  });

  it.each(['application/json', FORM, 'multipart/form-data', 'text/plain'])(
    'treats an empty body as an empty object, whatever its media type: %s',
    async (type) => {
      const required = '["This field is required."]';
      expect(whole(await send(LOGIN, typed('', type)))).toBe(
        `400 {"username":${required},"password":${required}}`,
      );
      expect((await patch(typed('', type))).status).toBe(200);
    },
  );

  it('treats a missing body as an empty object', async () => {
    const required = '["This field is required."]';
    expect(whole(await send(REGISTER, { method: 'POST' }))).toBe(
      `400 {"username":${required},"email":${required},"password":${required}}`,
    );
  });

  it('uses the last value of a repeated form field, and decodes %00 as NUL', async () => {
    expect((await patch(typed('address=Stewie&address=Brian', FORM))).text).toContain('"address":"Brian"');
    expect(whole(await patch(typed('address=Brian%00', FORM)))).toBe(`400 {"address":["${NUL}"]}`);
  });

  it('rejects a file in a text field of a multipart form', async () => {
    const part = 'Content-Disposition: form-data; name="address"; filename="a.txt"\r\n\r\nBrian';
    const sent = typed(`--edge\r\n${part}\r\n--edge--\r\n`, 'multipart/form-data; boundary=edge');
    expect(whole(await patch(sent))).toBe('400 {"address":["Not a valid string."]}');
  });
});

describe('order of checks', () => {
  it('starts with the method, then credentials, media type, size, JSON, fields', async () => {
    const huge = '{'.padEnd(MAX_BODY_BYTES + 1);
    expect(whole(await patch({ method: 'PUT', ...typed(huge, 'text/plain') }))).toMatch(/^405 /);
    expect(whole(await send(ME, { method: 'PATCH', ...typed(huge, 'text/plain') }))).toBe(ANONYMOUS);
    expect(await everywhere(typed(huge, 'text/plain'))).toMatch(/^415 /);
    expect(await everywhere(typed(huge, 'application/json'))).toBe(TOO_LARGE);
    expect(await everywhere({ json: '{"address":null' })).toBe(MALFORMED);
    expect(whole(await patch({ json: '{"address":null}' }))).toBe(
      '400 {"address":["This field may not be null."]}',
    );
  });
});
