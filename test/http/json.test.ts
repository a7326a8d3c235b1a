// JSON bodies: what is malformed, what is no object, and what a client may hide in one.
import { beforeEach, describe, expect, it } from 'vitest';
import { send, testEnv, uniqueName } from '../support/worker.ts';

const REFUSED = '{"non_field_errors":["Unable to log in with provided credentials."]}';
const MALFORMED = '{"detail":"JSON parse error - The body is not valid JSON."}';
const BOTH_MISSING = '{"username":["This field is required."],"password":["This field is required."]}';

const login = (json: string) => send('/account/login', { json });

beforeEach(async () => {
  await testEnv.DB.prepare('DELETE FROM login_failures').run();
});

describe('JSON', () => {
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
  ])('%j is malformed', async (text) => {
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
  ])('%s is no object', async (text, told) => {
    const answer = await login(text);
    expect(answer.status).toBe(400);
    expect(answer.text).toBe(`{"non_field_errors":["${told}"]}`);
  });

  it('adds no fields that were not sent', async () => {
    expect((await login('{"__proto__":{"username":"nobody","password":"x"}}')).text).toBe(BOTH_MISSING);
    expect((await login('{"constructor":{"username":"nobody"},"password":"x"}')).text).toBe(
      '{"username":["This field is required."]}',
    );
  });

  it('reads a number as its decimal text, to the last digit', async () => {
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
    'that is nested ten thousand deep is a bad request at %s, not a fault',
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

describe('an email in the place of a username, in conjugator,', () => {
  it.each([
    ['null', 'This field may not be null.'],
    ['""', 'This field may not be blank.'],
    ['true', 'Not a valid string.'],
    ['["a@b.co"]', 'Not a valid string.'],
  ])('that is %s is told so by its own name', async (value, told) => {
    const answer = await send('/api/login/', { json: `{"email":${value},"password":"x"}` });
    expect(answer.status).toBe(400);
    expect(answer.text).toBe(`{"email":["${told}"]}`);
  });
});
