// Request bodies: the accepted media types, the size limit, UTF-8 and forms.
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import worker from '../../src/index.ts';
import { ORIGIN, send, testEnv } from '../support/worker.ts';

const LIMIT = 64 * 1024;

const REFUSED = '{"non_field_errors":["Unable to log in with provided credentials."]}';
const MALFORMED_JSON = '{"detail":"JSON parse error - The body is not valid JSON."}';
const MALFORMED_FORM = '{"detail":"Multipart form parse error - The body is not a valid form."}';
const BOTH_MISSING = '{"username":["This field is required."],"password":["This field is required."]}';
const TOO_LARGE = '{"detail":"Request body too large."}';

/** Sends bytes, or a stream without a Content-Length, unchanged. */
const sendRaw = async (body: BodyInit, type: string) => {
  const context = createExecutionContext();
  const headers = { 'Content-Type': type };
  const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}/account/login`, {
    method: 'POST',
    headers,
    body,
  });
  const response = await worker.fetch(request, testEnv, context);
  const text = await response.text();
  await waitOnExecutionContext(context);
  return { status: response.status, text };
};

const login = (body: string, type = 'application/json') =>
  send('/account/login', { json: body, headers: { 'Content-Type': type } });

const credentials = '{"username":"nobody","password":"x"}';

beforeEach(async () => {
  await testEnv.DB.prepare('DELETE FROM login_failures').run();
});

describe('the Content-Type of a body', () => {
  it.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;x=y',
  ])('allows JSON: %s', async (type) => {
    expect((await login(credentials, type)).text).toBe(REFUSED);
  });

  it.each([
    'application/x-www-form-urlencoded',
    'Application/X-WWW-Form-Urlencoded',
    'application/x-www-form-urlencoded; charset=utf-8',
  ])('allows a form: %s', async (type) => {
    expect((await login('username=nobody&password=x', type)).text).toBe(REFUSED);
  });

  it.each(['text/plain', 'application/xml', 'application/jsonp', 'application/vnd.api+json', 'json'])(
    'gets 415 if it is %s, unless the body is empty',
    async (type) => {
      const answer = await login(credentials, type);
      expect(answer.status).toBe(415);
      expect(answer.text).toBe(`{"detail":"Unsupported media type \\"${type}\\" in request."}`);
      const empty = await send('/account/login', { method: 'POST', headers: { 'Content-Type': type } });
      expect(empty.text).toBe(BOTH_MISSING);
      expect((await login('', type)).text).toBe(BOTH_MISSING);
    },
  );
});

describe('the size limit of a body', () => {
  const padded = (length: number): string => credentials.padEnd(length);

  it('allows 65,536 bytes and answers 413 to one more', async () => {
    expect((await login(padded(LIMIT))).text).toBe(REFUSED);
    const answer = await login(padded(LIMIT + 1));
    expect(answer.status).toBe(413);
    expect(answer.text).toBe(TOO_LARGE);
  });

  it('applies to a stream without a Content-Length', async () => {
    const stream = (text: string) => new Blob([text]).stream();
    expect((await sendRaw(stream(padded(LIMIT)), 'application/json')).text).toBe(REFUSED);
    expect(await sendRaw(stream(padded(LIMIT + 1)), 'application/json')).toEqual({
      status: 413,
      text: TOO_LARGE,
    });
  });

  it('counts bytes, not characters', async () => {
    const text = JSON.stringify({ username: 'é'.repeat(LIMIT / 2), password: 'x' });
    expect(text.length).toBeLessThan(LIMIT);
    expect((await login(text)).status).toBe(413);
  });

  it('applies to forms', async () => {
    const form = (length: number) => `username=nobody&password=x&more=`.padEnd(length, 'y');
    const type = 'application/x-www-form-urlencoded';
    expect((await login(form(LIMIT), type)).text).toBe(REFUSED);
    expect((await login(form(LIMIT + 1), type)).text).toBe(TOO_LARGE);
  });
});

it('rejects a JSON body that is not valid UTF-8', async () => {
  const bytes = new TextEncoder().encode(credentials.replace('nobody', 'nob?dy'));
  bytes[bytes.indexOf(0x3f)] = 0xff;
  expect(await sendRaw(bytes, 'application/json')).toEqual({ status: 400, text: MALFORMED_JSON });
});

describe('a form body', () => {
  const FORM = 'application/x-www-form-urlencoded';
  const multipart = (name: string, value: string, more = '') =>
    `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;

  it('gives a repeated field its last value', async () => {
    expect((await login('username=nobody&username=&password=x', FORM)).text).toBe(
      '{"username":["This field may not be blank."]}',
    );
    expect((await login('username=&username=nobody&password=x', FORM)).text).toBe(REFUSED);
  });

  it('gets 400 for a file in a text field', async () => {
    const body = `${multipart('username', 'nobody', '; filename="a.txt"')}${multipart('password', 'x')}--b--\r\n`;
    const answer = await login(body, 'multipart/form-data; boundary=b');
    expect(answer.status).toBe(400);
    expect(answer.text).toBe('{"username":["Not a valid string."]}');
  });

  it.each(['multipart/form-data', 'multipart/form-data; boundary=other'])(
    'gets 400 if its type does not name its boundary: %s',
    async (type) => {
      const answer = await login(`${multipart('username', 'nobody')}--b--\r\n`, type);
      expect(answer.status).toBe(400);
      expect(answer.text).toBe(MALFORMED_FORM);
    },
  );
});
