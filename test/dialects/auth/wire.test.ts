// `auth`: media types, sizes and syntax of request bodies, and throttling. Rules for every dialect: ../wire.test.ts.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeAllWait } from '../../support/failures.ts';
import { type Answer, type Sent, send, uniqueName } from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
  return `${status} ${text}`;
};

const main = (status: number, msg: string): string =>
  `${status} {"status":"fail","errors":{"main":{"msg":"${msg}"}}}`;

const MAX_BODY_BYTES = 65_536;
const FORM = 'application/x-www-form-urlencoded';
const PATHS = ['/api/auth/register', '/api/auth/register/', '/api/auth/login', '/api/auth/login/'];
const TOO_LARGE = main(413, 'Request body too large!');
const UNSUPPORTED = main(415, 'Unsupported media type!');
const MALFORMED = main(400, 'Malformed JSON!');

const typed = (body: string, type: string): Sent => ({ json: body, headers: { 'Content-Type': type } });

describe.each(PATHS)('POST %s', (path) => {
  it.each(['text/plain', 'application/xml', 'text/plain; charset=utf-8', 'application/jsonx'])(
    'answers 415 for the media type %s',
    async (type) => {
      expect(whole(await send(path, typed('{}', type)))).toBe(UNSUPPORTED);
    },
  );

  it('answers 413 for a body of more than 65,536 bytes', async () => {
    const full = await send(path, { json: '{}'.padEnd(MAX_BODY_BYTES) });
    expect(full.status).toBe(400);
    expect(full.text).toContain('Email is required!');
    expect(whole(await send(path, { json: '{}'.padEnd(MAX_BODY_BYTES + 1) }))).toBe(TOO_LARGE);
    expect(whole(await send(path, { form: { x: 'x'.repeat(MAX_BODY_BYTES - 1) } }))).toBe(TOO_LARGE);
    expect(whole(await send(path, { multipart: { x: 'x'.repeat(MAX_BODY_BYTES) } }))).toBe(TOO_LARGE);
    expect(whole(await send(path, { json: `{"x":"${'é'.repeat(MAX_BODY_BYTES / 2)}"}` }))).toBe(TOO_LARGE);
  });

  it.each(['{', '{"a":1,}', "{'a':1}", '{"a":1} x', 'NaN', 'email=x'])(
    'answers 400 for invalid JSON, without quoting it: %s',
    async (json) => {
      expect(whole(await send(path, { json }))).toBe(MALFORMED);
    },
  );

  it.each(['[]', '[{}]', '"text"', '1', '1.5', 'true', 'null'])(
    'answers 400 for JSON that is not an object: %s',
    async (json) => {
      expect(whole(await send(path, { json }))).toBe(main(400, 'Invalid request body!'));
    },
  );

  it.each([1_000, 30_000])('answers 400 for a field nested %i levels deep', async (depth) => {
    const nested = '['.repeat(depth) + ']'.repeat(depth);
    const answer = await send(path, { json: `{"email":${nested},"password":"password","name":"a"}` });
    expect(whole(answer)).toMatch(/^400 \{"status":"fail","errors":\{/);
  });

  it('treats an empty body as an empty object, whatever its media type', async () => {
    const { text } = await send(path, { json: {} });
    for (const sent of [
      typed('', 'application/json'),
      typed('', 'text/plain'),
      typed('', FORM),
      { method: 'POST' },
    ])
      expect(whole(await send(path, sent))).toBe(`400 ${text}`);
  });

  it('checks the media type first, then size, JSON, fields', async () => {
    const huge = '{'.padEnd(MAX_BODY_BYTES + 1);
    expect(whole(await send(path, typed(huge, 'text/plain')))).toBe(UNSUPPORTED);
    expect(whole(await send(path, { json: huge }))).toBe(TOO_LARGE);
    expect(whole(await send(path, { json: '{"email":"no"' }))).toBe(MALFORMED);
    expect((await send(path, { json: '{"email":"no"}' })).text).toContain('Email format invalid!');
  });
});

describe('request body', () => {
  const person = () => ({ name: 'a', email: `${uniqueName()}@example.com`, password: 'password' });

  it('accepts 65,536 bytes', async () => {
    const json = JSON.stringify(person()).padEnd(MAX_BODY_BYTES);
    expect((await send('/api/auth/register', { json })).status).toBe(200);
    const form = `${new URLSearchParams(person())}&pad=`.padEnd(MAX_BODY_BYTES, 'x');
    expect((await send('/api/auth/register', typed(form, FORM))).status).toBe(200);
  });

  it.each(['application/json; charset=utf-8', 'Application/JSON'])(
    'accepts the media type %s',
    async (type) => {
      expect((await send('/api/auth/register', typed(JSON.stringify(person()), type))).status).toBe(200);
    },
  );

  it('uses the last value of a repeated form field', async () => {
    const answer = await send('/api/auth/login', typed('email=a&email=b&password=x&password=', FORM));
    expect(whole(answer)).toBe(
      '400 {"status":"fail","errors":{"email":{"value":"b","msg":"Email format invalid!","param":"email","location":"body"},"password":{"msg":"Password is required!","param":"password","location":"body"}}}',
    );
  });

  it('rejects an invalid multipart form', async () => {
    const sent = typed('nothing', 'multipart/form-data; boundary=edge');
    expect(whole(await send('/api/auth/login', sent))).toBe(main(400, 'Malformed form!'));
  });
});

describe('throttling', () => {
  afterEach(() => vi.restoreAllMocks());

  it('answers 429 after many failures, even for the right password', async () => {
    const email = `${uniqueName()}@example.com`;
    await send('/api/auth/register', { json: { name: 'a', email, password: 'password' } });
    const logIn = (password: string) => send('/api/auth/login', { json: { email, password } });
    expect(whole(await logIn('wrong'))).toBe(main(400, 'user password incorrect'));
    await makeAllWait();
    const answer = await logIn('password');
    expect(whole(answer)).toBe(main(429, 'Too many requests!'));
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(800);
  });
});
