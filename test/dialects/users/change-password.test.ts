// `users`: changing the password.
import { describe, expect, it } from 'vitest';
import { type Answer, ORIGIN, send, sessionCookie, uniqueName } from '../../support/worker.ts';

const PATH = '/api/users/change_password/';
const OLD = 'abcd1234';
const NEXT = 'another1234';
const SENTENCE =
  'Password should contain both numbers and English letters, with the length no less than 6 and no more than 20.';
const REQUIRED = 'This field is required.';

const whole = ({ status, text }: Answer): string => `${status} ${text}`;
const refused = (body: Record<string, string[]>): string => `400 ${JSON.stringify(body)}`;

const join = async () => {
  const username = uniqueName();
  const json = { username, email: `${username}@test.com`, password: OLD };
  const answer = await send('/api/users/register', { json });
  return { username, cookie: sessionCookie(answer) ?? expect.fail(answer.text) };
};
const change = (cookie: string, json: unknown) => send(PATH, { json, cookie });
const logIn = (username: string, password: string) =>
  send('/api/users/login', { json: { username, password } });
const isLive = async (cookie: string): Promise<boolean> =>
  (await send('/api/users/me', { cookie })).status === 200;

describe('POST /api/users/change_password/', () => {
  it('sets the new password, ends the other sessions and renews the current one', async () => {
    const { username, cookie } = await join();
    const other = sessionCookie(await logIn(username, OLD)) ?? '';
    const { text: token } = await send('/account/login', { json: { username, password: OLD } });
    const answer = await change(cookie, { old: OLD, new1: NEXT, new2: NEXT });
    expect(whole(answer)).toBe('200 "OK"');
    const renewed = sessionCookie(answer) ?? '';
    expect([await isLive(cookie), await isLive(other), await isLive(renewed)]).toEqual([false, false, true]);
    expect((await send('/account/profile', { token: JSON.parse(token).token })).status).toBe(401);
    expect((await logIn(username, OLD)).status).toBe(400);
    expect((await logIn(username, NEXT)).status).toBe(200);
  });

  it.each(['json', 'form', 'multipart'].flatMap((kind) => ['', '/'].map((slash) => ({ kind, slash }))))(
    'accepts a $kind body at the path with and without a trailing slash: "$slash"',
    async ({ kind, slash }) => {
      const { username, cookie } = await join();
      const fields = { old: OLD, new1: NEXT, new2: NEXT };
      const answer = await send(`/api/users/change_password${slash}`, { [kind]: fields, cookie });
      expect(whole(answer)).toBe('200 "OK"');
      expect((await logIn(username, OLD)).status).toBe(400);
      expect((await logIn(username, NEXT)).status).toBe(200);
    },
  );

  it.each<[string, Record<string, unknown>, Record<string, string[]>]>([
    ['a wrong old password', { old: 'wrong1234' }, { old: ['Old password mismatched!'] }],
    ['new passwords that differ', { new2: `${NEXT}5` }, { non_field_errors: ['New passwords mismatched!'] }],
    [
      'new passwords that differ only in case',
      { new2: 'Another1234' },
      { non_field_errors: ['New passwords mismatched!'] },
    ],
    [
      'a new password without a digit',
      { new1: 'abcdefg', new2: 'abcdefg' },
      { non_field_errors: [SENTENCE] },
    ],
    [
      'a new password without a letter',
      { new1: '1234567', new2: '1234567' },
      { non_field_errors: [SENTENCE] },
    ],
    ['a new password of 5 characters', { new1: 'abc12', new2: 'abc12' }, { non_field_errors: [SENTENCE] }],
    [
      'a new password of 21 characters',
      { new1: `a1${'x'.repeat(19)}`, new2: 'x' },
      { non_field_errors: [SENTENCE] },
    ],
    ['a missing old password', { old: undefined }, { old: [REQUIRED] }],
    ['an empty old password', { old: '' }, { old: ['This field may not be blank.'] }],
    ['missing new passwords', { new1: undefined, new2: undefined }, { new1: [REQUIRED], new2: [REQUIRED] }],
    ['null as a new password', { new2: null }, { new2: ['This field may not be null.'] }],
    ['a new password that is not text', { new1: true }, { new1: ['Not a valid string.'] }],
  ])('rejects %s and changes nothing', async (_name, fields, body) => {
    const { username, cookie } = await join();
    const answer = await change(cookie, { old: OLD, new1: NEXT, new2: NEXT, ...fields });
    expect(whole(answer)).toBe(refused(body));
    expect(await isLive(cookie)).toBe(true);
    expect((await logIn(username, OLD)).status).toBe(200);
    expect((await logIn(username, NEXT)).status).toBe(400);
  });

  it('answers 403 without a session and for a cross-site request', async () => {
    const json = { old: OLD, new1: NEXT, new2: NEXT };
    expect(whole(await send(PATH, { json }))).toBe(
      '403 {"detail":"Authentication credentials were not provided."}',
    );
    const { username, cookie } = await join();
    const headers = { Origin: 'https://evil.test', 'Sec-Fetch-Site': 'cross-site' };
    expect(whole(await send(PATH, { json, cookie, headers }))).toBe(
      '403 {"detail":"CSRF Failed: cross-site request."}',
    );
    expect((await logIn(username, OLD)).status).toBe(200);
    const own = { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' };
    expect((await send(PATH, { json, cookie, headers: own })).status).toBe(200);
  });

  it('throttles wrong old passwords, so that a stolen session guesses no faster than a login', async () => {
    const { cookie } = await join();
    for (let tries = 0; tries < 10; tries += 1)
      expect((await change(cookie, { old: `wrong123${tries}`, new1: NEXT, new2: NEXT })).status).toBe(400);
    const answer = await change(cookie, { old: OLD, new1: NEXT, new2: NEXT });
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([429, expect.stringMatching(/^\d+$/)]);
  });

  it('counts no failure if the new passwords are invalid', async () => {
    const { cookie } = await join();
    for (let tries = 0; tries < 12; tries += 1)
      await change(cookie, { old: 'wrong1234', new1: NEXT, new2: 'x' });
    expect(whole(await change(cookie, { old: OLD, new1: NEXT, new2: NEXT }))).toBe('200 "OK"');
  });
});
