// JSON bodies: malformed JSON, values that are not objects, prototype keys, large numbers and deep nesting.
import { beforeEach, describe, expect, it } from 'vitest';
import { send, testEnv, uniqueName } from '../support/worker.ts';

const REFUSED = '{"non_field_errors":["Unable to log in with provided credentials."]}';
const MALFORMED = '{"detail":"JSON parse error - The body is not valid JSON."}';
const BOTH_MISSING = '{"username":["This field is required."],"password":["This field is required."]}';

const login = (json: string) => send('/account/login', { json });

beforeEach(async () => {
  await testEnv.DB.prepare('DELETE FROM login_failures').run();
});

describe('a JSON body', () => {
  it.each([
    '{',
    '{"a":1,}',
    "{'a':1}",
    '{"a":undefined}',
    '{"a":1}{}',
    'hello',
    '\u0000',
    '{"a":"\n"}',
    '{"a":01}',
  ])('gets 400 if it is malformed: %j', async (text) => {
    const answer = await login(text);
    expect(answer.status).toBe(400);
    expect(answer.text).toBe(MALFORMED);
  });

  it.each([
    ['null', 'No data provided'],
    ['[]', 'Invalid data. Expected a dictionary, but got list.'],
    ['[{"username":"a"}]', 'Invalid data. Expected a dictionary, but got list.'],
    ['"a"', 'Invalid data. Expected a dictionary, but got str.'],
    ['5', 'Invalid data. Expected a dictionary, but got int.'],
    ['5.5', 'Invalid data. Expected a dictionary, but got float.'],
    ['true', 'Invalid data. Expected a dictionary, but got bool.'],
  ])('gets 400 if it is not an object: %s', async (text, told) => {
    const answer = await login(text);
    expect(answer.status).toBe(400);
    expect(answer.text).toBe(`{"non_field_errors":["${told}"]}`);
  });

  it('sets no fields through __proto__ or constructor', async () => {
    expect((await login('{"__proto__":{"username":"nobody","password":"x"}}')).text).toBe(BOTH_MISSING);
    expect((await login('{"constructor":{"username":"nobody"},"password":"x"}')).text).toBe(
      '{"username":["This field is required."]}',
    );
  });

  it('keeps every digit of a number that is read as text', async () => {
    const digits = `9${String(Date.now()).padStart(15, '0')}0000007`;
    const json = `{"username":${digits},"email":"${uniqueName()}@test.com","password":12345678901234567890}`;
    const registered = await send('/account/register', { json });
    const token = /[0-9a-f]{40}/.exec(registered.text)?.[0] ?? '';
    expect((await send('/account/profile', { token })).text).toContain(`"username":"${digits}"`);
    const asText = { username: digits, password: '12345678901234567890' };
    expect((await send('/account/login', { json: asText })).text).toBe(`{"token":"${token}"}`);
    const wrong = { ...asText, password: '12345678901234567891' };
    expect((await send('/account/login', { json: wrong })).text).toBe(REFUSED);
  });

  it.each(['/account/login', '/api/login/', '/api/users/login/', '/api/auth/login/', '/api/auth/register/'])(
    'gets 400 if it is nested 10,000 levels deep: %s',
    async (path) => {
      const nested = '['.repeat(10_000) + ']'.repeat(10_000);
      for (const json of [
        `{"email":${nested},"username":${nested},"password":"x"}`,
        `{"name":${nested}}`,
        nested,
      ])
        expect((await send(path, { json })).status).toBe(400);
    },
  );
});

describe('POST /api/login/ with an email field instead of a username', () => {
  it.each([
    ['null', 'This field may not be null.'],
    ['""', 'This field may not be blank.'],
    ['true', 'Not a valid string.'],
    ['["a@b.co"]', 'Not a valid string.'],
  ])('reports the value %s as an error of email', async (value, told) => {
    const answer = await send('/api/login/', { json: `{"email":${value},"password":"x"}` });
    expect(answer.status).toBe(400);
    expect(answer.text).toBe(`{"email":["${told}"]}`);
  });
});
