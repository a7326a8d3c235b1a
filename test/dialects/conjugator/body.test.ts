// `conjugator`: media types, sizes and syntax of request bodies, and the order of checks.
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
const FORM = 'application/x-www-form-urlencoded';

let token = '';
beforeAll(async () => {
  const email = `${uniqueName()}@quahog.com`;
  const json = { first_name: 'Peter', last_name: 'Griffin', email, password: 'Tom Brady' };
  await send('/api/register/', { json });
  const { text } = await send('/api/login/', { json: { username: email, password: 'Tom Brady' } });
  token = /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
});
const put = (sent: Sent) => send('/api/user/', { method: 'PUT', token, ...sent });
const typed = (body: string, type: string): Sent => ({ json: body, headers: { 'Content-Type': type } });

describe('request body', () => {
  it.each(['text/plain', 'application/xml', 'text/plain; charset=utf-8', 'application/jsonx'])(
    'answers 415 for the media type %s',
    async (type) => {
      const expected = `415 {"detail":"Unsupported media type \\"${type}\\" in request."}`;
      expect(whole(await put(typed('{}', type)))).toBe(expected);
      for (const path of ['/api/register/', '/api/login/'])
        expect(whole(await send(path, typed('{}', type)))).toBe(expected);
    },
  );

  it.each(['application/json; charset=utf-8', 'Application/JSON'])(
    'accepts the media type %s',
    async (type) => {
      expect((await put(typed('{"first_name":"Lois"}', type))).text).toContain('"first_name":"Lois"');
    },
  );

  it('accepts 65,536 bytes and answers 413 for more', async () => {
    const json = '{"first_name":"Chris"}';
    expect((await put({ json: json.padEnd(MAX_BODY_BYTES) })).text).toContain('"first_name":"Chris"');
    expect(whole(await put({ json: json.padEnd(MAX_BODY_BYTES + 1) }))).toBe(TOO_LARGE);
    const form = 'first_name=Meg&pad=';
    expect((await put(typed(form.padEnd(MAX_BODY_BYTES, 'x'), FORM))).text).toContain('"first_name":"Meg"');
    expect(whole(await put(typed(form.padEnd(MAX_BODY_BYTES + 1, 'x'), FORM)))).toBe(TOO_LARGE);
    expect(whole(await put({ multipart: { first_name: 'x'.repeat(MAX_BODY_BYTES) } }))).toBe(TOO_LARGE);
  });

  it('counts bytes, not characters', async () => {
    expect(whole(await put({ json: `{"x":"${'é'.repeat(MAX_BODY_BYTES / 2)}"}` }))).toBe(TOO_LARGE);
  });

  it.each(['{', '{"a":1,}', "{'a':1}", '{"a":1} x', 'NaN', 'first_name=x', ' '])(
    'answers 400 for invalid JSON, without quoting it: %s',
    async (json) => {
      for (const path of ['/api/register/', '/api/login/'])
        expect(whole(await send(path, { json }))).toBe(MALFORMED);
      expect(whole(await put({ json }))).toBe(MALFORMED);
    },
  );

  it.each([
    ['[]', 'Invalid data. Expected a dictionary, but got list.'],
    ['[{"first_name":"x"}]', 'Invalid data. Expected a dictionary, but got list.'],
    ['"text"', 'Invalid data. Expected a dictionary, but got str.'],
    ['1', 'Invalid data. Expected a dictionary, but got int.'],
    ['1.5', 'Invalid data. Expected a dictionary, but got float.'],
    ['true', 'Invalid data. Expected a dictionary, but got bool.'],
    ['null', 'No data provided'],
  ])('answers 400 for JSON that is not an object: %s', async (json, text) => {
    const expected = `400 {"non_field_errors":["${text}"]}`;
    for (const path of ['/api/register/', '/api/login/'])
      expect(whole(await send(path, { json }))).toBe(expected);
    expect(whole(await put({ json }))).toBe(expected);
  });

  it('treats an empty body as an empty object, whatever its media type', async () => {
    const required = '["This field is required."]';
    for (const sent of [
      typed('', 'application/json'),
      typed('', 'text/plain'),
      typed('', FORM),
      { method: 'POST' },
    ])
      expect(whole(await send('/api/login/', sent))).toBe(
        `400 {"username":${required},"password":${required}}`,
      );
  });

  it('uses the last value of a repeated form field', async () => {
    const answer = await put(typed('first_name=Stewie&first_name=Brian', FORM));
    expect(answer.text).toContain('"first_name":"Brian"');
  });

  it('rejects a file in a text field of a multipart form', async () => {
    const part = 'Content-Disposition: form-data; name="first_name"; filename="a.txt"\r\n\r\nBrian';
    const sent = typed(`--edge\r\n${part}\r\n--edge--\r\n`, 'multipart/form-data; boundary=edge');
    expect(whole(await put(sent))).toBe('400 {"first_name":["Not a valid string."]}');
  });

  it('rejects an invalid multipart form', async () => {
    expect(whole(await put(typed('nothing', 'multipart/form-data; boundary=edge')))).toBe(
      '400 {"detail":"Multipart form parse error - The body is not a valid form."}',
    );
  });
});

describe('order of checks', () => {
  it('starts with credentials, then media type, size, JSON, fields', async () => {
    const huge = '{'.padEnd(MAX_BODY_BYTES + 1);
    const anonymous: Sent = { method: 'PUT', ...typed(huge, 'text/plain') };
    expect(whole(await send('/api/user/', anonymous))).toBe(ANONYMOUS);
    expect(whole(await put(typed(huge, 'text/plain')))).toMatch(/^415 /);
    expect(whole(await put(typed(huge, 'application/json')))).toBe(TOO_LARGE);
    expect(whole(await put({ json: '{"first_name":""' }))).toBe(MALFORMED);
    expect(whole(await put({ json: '{"first_name":""}' }))).toBe(
      '400 {"first_name":["This field may not be blank."]}',
    );
  });
});
