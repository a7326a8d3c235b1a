// `account`: media types, sizes and syntax of request bodies, and the order of checks.
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Sent, send, uniqueName } from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  return `${status} ${text}`;
};

const MAX_BODY_BYTES = 65_536;
const ANONYMOUS = '401 {"detail":"Authentication credentials were not provided."}';
const TOO_LARGE = '413 {"detail":"Request body too large."}';
const MALFORMED = '400 {"detail":"JSON parse error - The body is not valid JSON."}';
const SET = '200 {"success":true}';
const NOT_SET = '400 {"success":false,"errors":{"id":["Invalid picture id."]}}';
const FORM = 'application/x-www-form-urlencoded';
const PATHS = ['/account/register', '/account/login', '/account/set_picture', '/acount/set_picture'];

let token = '';
beforeAll(async () => {
  const username = uniqueName();
  const json = { username, email: `${username}@test.com`, password: 'test' };
  const { text } = await send('/account/register', { json });
  token = /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
});
const setPicture = (sent: Sent) => send('/account/set_picture', { token, ...sent });
const typed = (body: string, type: string): Sent => ({ json: body, headers: { 'Content-Type': type } });

describe.each(PATHS)('POST %s', (path) => {
  it.each(['text/plain', 'application/xml', 'text/plain; charset=utf-8', 'application/jsonx'])(
    'answers 415 for the media type %s',
    async (type) => {
      const expected = `415 {"detail":"Unsupported media type \\"${type}\\" in request."}`;
      expect(whole(await send(path, { token, ...typed('{}', type) }))).toBe(expected);
    },
  );

  it('answers 413 for a body of more than 65,536 bytes', async () => {
    const answerTo = (sent: Sent) => send(path, { token, ...sent });
    expect((await answerTo({ json: '{}'.padEnd(MAX_BODY_BYTES) })).status).toBe(400);
    expect((await answerTo({ json: '{}'.padEnd(MAX_BODY_BYTES) })).text).not.toContain('detail');
    expect(whole(await answerTo({ json: '{}'.padEnd(MAX_BODY_BYTES + 1) }))).toBe(TOO_LARGE);
    expect(whole(await answerTo({ form: { x: 'x'.repeat(MAX_BODY_BYTES - 1) } }))).toBe(TOO_LARGE);
    expect(whole(await answerTo({ multipart: { x: 'x'.repeat(MAX_BODY_BYTES) } }))).toBe(TOO_LARGE);
    expect(whole(await answerTo({ json: `{"x":"${'é'.repeat(MAX_BODY_BYTES / 2)}"}` }))).toBe(TOO_LARGE);
  });

  it.each(['{', '{"a":1,}', "{'a':1}", '{"a":1} x', 'NaN', 'id=1'])(
    'answers 400 for invalid JSON, without `errors` and without quoting it: %s',
    async (json) => {
      expect(whole(await send(path, { token, json }))).toBe(MALFORMED);
    },
  );

  it.each([
    ['[]', 'Invalid data. Expected a dictionary, but got list.'],
    ['"text"', 'Invalid data. Expected a dictionary, but got str.'],
    ['1', 'Invalid data. Expected a dictionary, but got int.'],
    ['1.5', 'Invalid data. Expected a dictionary, but got float.'],
    ['false', 'Invalid data. Expected a dictionary, but got bool.'],
    ['null', 'No data provided'],
  ])('answers 400 for JSON that is not an object, in `errors` except at login: %s', async (json, text) => {
    const errors = { non_field_errors: [text] };
    const expected = path.endsWith('login') ? errors : { success: false, errors };
    for (const spelling of [path, `${path}/`])
      expect(whole(await send(spelling, { token, json }))).toBe(`400 ${JSON.stringify(expected)}`);
  });

  it('treats an empty body as an empty object, whatever its media type', async () => {
    const { text } = await send(path, { token, json: {} });
    for (const sent of [
      typed('', 'application/json'),
      typed('', 'text/plain'),
      typed('', FORM),
      { method: 'POST' },
    ])
      expect(whole(await send(path, { token, ...sent }))).toBe(`400 ${text}`);
  });
});

describe('request body', () => {
  it('accepts 65,536 bytes', async () => {
    expect(whole(await setPicture({ json: '{"id":1}'.padEnd(MAX_BODY_BYTES) }))).toBe(SET);
    expect(whole(await setPicture(typed('id=1&pad='.padEnd(MAX_BODY_BYTES, 'x'), FORM)))).toBe(SET);
  });

  it.each(['application/json; charset=utf-8', 'Application/JSON'])(
    'accepts the media type %s',
    async (type) => {
      expect(whole(await setPicture(typed('{"id":1}', type)))).toBe(SET);
      expect(whole(await setPicture(typed('{"id":11}', type)))).toBe(NOT_SET);
    },
  );

  it('uses the last value of a repeated form field', async () => {
    expect(whole(await setPicture(typed('id=11&id=1', FORM)))).toBe(SET);
    expect(whole(await setPicture(typed('id=1&id=11', FORM)))).toBe(NOT_SET);
  });

  it('rejects an invalid multipart form', async () => {
    expect(whole(await setPicture(typed('nothing', 'multipart/form-data; boundary=edge')))).toBe(
      '400 {"detail":"Multipart form parse error - The body is not a valid form."}',
    );
  });
});

describe('percent-encoded path', () => {
  it('reaches the same endpoint, with errors in the same form', async () => {
    const { text } = await send('/account/register', { json: {} });
    expect(text).toMatch(/^\{"success":false,"errors":\{"username"/);
    expect(whole(await send('/account/%72egister', { json: {} }))).toBe(`400 ${text}`);
  });
});

describe('order of checks', () => {
  const huge = '{'.padEnd(MAX_BODY_BYTES + 1);

  it.each(['/account/set_picture', '/acount/set_picture'])(
    'starts with credentials, then media type, size, JSON, fields: %s',
    async (path) => {
      expect(whole(await send(path, typed(huge, 'text/plain')))).toBe(ANONYMOUS);
      expect(whole(await send(path, { json: '{"id":1}' }))).toBe(ANONYMOUS);
      expect(whole(await send(path, { token, ...typed(huge, 'text/plain') }))).toMatch(/^415 /);
      expect(whole(await send(path, { token, json: huge }))).toBe(TOO_LARGE);
      expect(whole(await send(path, { token, json: '{"id":11' }))).toBe(MALFORMED);
      expect(whole(await send(path, { token, json: '{"id":11}' }))).toBe(NOT_SET);
    },
  );

  it.each(['/account/register', '/account/login'])(
    'starts with the media type, then size, JSON: %s',
    async (path) => {
      expect(whole(await send(path, typed(huge, 'text/plain')))).toMatch(/^415 /);
      expect(whole(await send(path, { json: huge }))).toBe(TOO_LARGE);
      expect(whole(await send(path, { json: '{"username":1' }))).toBe(MALFORMED);
    },
  );
});
