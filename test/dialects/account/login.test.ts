// `account`: what login reports as a field error and what as wrong credentials, and throttling.
import { describe, expect, it } from 'vitest';
import { makeAllWait } from '../../support/failures.ts';
import { type Answer, send, uniqueName } from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  return `${status} ${text}`;
};

const bare = (faults: Record<string, string[]>): string => `400 ${JSON.stringify(faults)}`;

const WRONG_PAIR = bare({ non_field_errors: ['Unable to log in with provided credentials.'] });
const BLANK = 'This field may not be blank.';
const NOT_TEXT = 'Not a valid string.';

const person = (username = uniqueName()) => ({ username, email: `${username}@test.com`, password: 'test' });
const register = (fields: Record<string, string>) => send('/account/register', { json: fields });
const logIn = (fields: Record<string, unknown>) => send('/account/login', { json: fields });

const NO_TEXTS: [unknown, string][] = [
  [null, 'This field may not be null.'],
  ['', BLANK],
  [true, NOT_TEXT],
  [false, NOT_TEXT],
  [[], NOT_TEXT],
  [['test'], NOT_TEXT],
  [{}, NOT_TEXT],
  ['\ud800', NOT_TEXT],
];

describe('POST /account/login', () => {
  it.each([...NO_TEXTS, ['  ', BLANK], ['a\0b', 'Null characters are not allowed.'], ['a\u0007b', NOT_TEXT]])(
    'rejects the username %j: %s',
    async (username, text) => {
      expect(whole(await logIn({ username, password: 'x' }))).toBe(bare({ username: [String(text)] }));
    },
  );

  it.each(NO_TEXTS)('rejects the password %j: %s', async (password, text) => {
    expect(whole(await logIn({ username: 'nobody', password }))).toBe(bare({ password: [text] }));
  });

  it.each(['a b', 'a@b', 'x'.repeat(33), `${'x'.repeat(300)}@b.com`, '😀'])(
    'answers a username of any format as wrong credentials: %s',
    async (username) => {
      expect(whole(await logIn({ username, password: 'x'.repeat(129) }))).toBe(WRONG_PAIR);
    },
  );

  it('accepts at most 1024 bytes of password, counted before normalization', async () => {
    const { username, email } = person();
    await register({ username, email, password: 'test' });
    const longest = `${'e\u0301'.repeat(341)}x`;
    expect(whole(await logIn({ username, password: longest }))).toBe(WRONG_PAIR);
    expect(whole(await logIn({ username, password: `${longest}x` }))).toBe(
      bare({ password: ['Ensure this field has no more than 1024 characters.'] }),
    );
  });

  it('answers 429 after many failures, even for the right password, for this account only', async () => {
    const [one, other] = [person(), person()];
    for (const fields of [one, other]) await register(fields);
    const { username, password } = one;
    expect(whole(await logIn({ username, password: 'wrong' }))).toBe(WRONG_PAIR);
    await makeAllWait();
    const answer = await logIn({ username, password });
    const seconds = Number(answer.headers.get('Retry-After'));
    expect(seconds).toBeGreaterThan(800);
    expect(whole(answer)).toBe(
      `429 {"detail":"Request was throttled. Expected available in ${seconds} seconds."}`,
    );
    expect((await logIn({ username: other.username, password })).status).toBe(200);
  });
});
