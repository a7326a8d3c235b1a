// PUT /id/me/email and /id/me/username: require the password, and renew the session.
import { describe, expect, it, vi } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { type Sent, send, testEnv, uniqueName } from '../../support/worker.ts';
import {
  after,
  atFixedTime,
  cookieFor,
  cookieOf,
  cookiesOf,
  DEVICE_COOKIE,
  eventsOf,
  idOf,
  isLive,
  join,
  logIn,
  type Member,
  namesOf,
  PASSWORD,
  SESSION_COOKIE,
  START_MS,
  shownAccount,
  tokenFor,
  tokenOf,
  whole,
} from './support-id.ts';
import { type FieldFault, invalid, refused, taken, throttled } from './support-refusals.ts';

atFixedTime();

type Field = 'email' | 'username';
const put = (field: Field, sent: Sent) => send(`/id/me/${field}`, { method: 'PUT', ...sent });
const change = (field: Field, { cookie, password }: Member, value: unknown) =>
  put(field, { cookie, json: { [field]: value, password } });
const shown = (member: Member, more: object = {}): string =>
  `200 ${JSON.stringify({ account: shownAccount({ ...namesOf(member), ...more }) })}`;

/** A new value for each field. */
const fresh = {
  email: () => `${uniqueName()}@new.example`,
  username: uniqueName,
};

describe.each<Field>(['email', 'username'])('PUT /id/me/%s', (field) => {
  const logInBy = (identifier: string) => send('/id/login', { json: { identifier, password: PASSWORD } });

  it('changes the value: the new one logs in, and the old one does not and is free', async () => {
    const member = await join();
    const [before, value] = [member[field], fresh[field]()];
    vi.setSystemTime(START_MS + 1000);
    const answer = await change(field, member, ` ${value} `);
    expect(whole(answer)).toBe(shown(member, { [field]: value, updatedAt: after(1000) }));
    expect(cookiesOf(answer)).toEqual([DEVICE_COOKIE, SESSION_COOKIE]);
    expect(await isLive({ cookie: member.cookie })).toBe(false);
    expect(await isLive({ cookie: cookieOf(answer) })).toBe(true);
    expect((await logInBy(value)).status).toBe(200);
    expect(whole(await logInBy(before))).toBe(refused('wrong_credentials'));
    expect(await eventsOf(member.id)).toEqual(['login', `${field}_changed`, 'registered']);
    expect((await join({ [field]: before })).id).toBeGreaterThan(member.id);
  });

  it('accepts a token and renews it, and ends no other session', async () => {
    const member = await join();
    const [cookie, token] = [await cookieFor(member), await tokenFor(member)];
    const value = fresh[field]();
    const answer = await put(field, { token, json: { [field]: value, password: PASSWORD } });
    const renewed = tokenOf(answer);
    const account = shownAccount({ ...namesOf(member), [field]: value });
    expect(whole(answer)).toBe(`200 ${JSON.stringify({ account, token: renewed })}`);
    expect(cookiesOf(answer)).toEqual([DEVICE_COOKIE]);
    expect([await isLive({ token }), await isLive({ token: renewed })]).toEqual([false, true]);
    for (const sent of [{ cookie: member.cookie }, { cookie }]) expect(await isLive(sent)).toBe(true);
  });

  it('accepts the current value, unchanged or in another case', async () => {
    const member = await join();
    const upper = member[field].toUpperCase();
    const first = await change(field, member, upper);
    expect(whole(first)).toBe(shown(member, { [field]: upper }));
    const again = await change(field, { ...member, cookie: cookieOf(first) }, upper);
    expect(whole(again)).toBe(shown(member, { [field]: upper }));
    expect((await logInBy(member[field])).status).toBe(200);
  });

  it('rejects the value of another account, in any case', async () => {
    const [member, other] = [await join(), await join()];
    for (const value of [other[field], other[field].toUpperCase(), ` ${other[field]}`]) {
      const answer = await change(field, member, value);
      expect(whole(answer)).toBe(taken(field));
      expect(cookiesOf(answer)).toEqual([]);
    }
    expect(whole(await send('/id/me', { cookie: member.cookie }))).toBe(shown(member));
    expect(await eventsOf(member.id)).toEqual(['registered']);
  });

  it('gives a value to one of two accounts that request it at once', async () => {
    const [one, other] = [await join(), await join()];
    const value = fresh[field]();
    const answers = await Promise.all([change(field, one, value), change(field, other, value)]);
    expect(answers.map(whole).sort()[1]).toBe(taken(field));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  it('rejects a wrong password with the same answer, whether the new value is free or taken', async () => {
    const [member, other] = [await join(), await join()];
    for (const value of [fresh[field](), other[field]]) {
      const json = { [field]: value, password: 'wrong' };
      expect(whole(await put(field, { cookie: member.cookie, json }))).toBe(refused('wrong_credentials'));
    }
    expect(whole(await send('/id/me', { cookie: member.cookie }))).toBe(shown(member));
  });

  it('names invalid fields, and changes nothing', async () => {
    const member = await join();
    const value = fresh[field]();
    const faults: [object, FieldFault[]][] = [
      [
        {},
        [
          [field, 'required'],
          ['password', 'required'],
        ],
      ],
      [{ [field]: value }, [['password', 'required']]],
      [{ password: PASSWORD }, [[field, 'required']]],
      [
        { [field]: null, password: null },
        [
          [field, 'null'],
          ['password', 'null'],
        ],
      ],
      [
        { [field]: ' ', password: '' },
        [
          [field, 'blank'],
          ['password', 'blank'],
        ],
      ],
      [{ [field]: true, password: PASSWORD }, [[field, 'not_text']]],
      [{ [field]: `${value}\u0000`, password: PASSWORD }, [[field, 'nul']]],
      [{ [field]: `a b`, password: 'wrong' }, [[field, field === 'email' ? 'not_email' : 'not_username']]],
    ];
    for (const [json, expected] of faults)
      expect(whole(await put(field, { cookie: member.cookie, json }))).toBe(invalid(...expected));
    expect(whole(await send('/id/me', { cookie: member.cookie }))).toBe(shown(member));
  });

  it('rejects missing and invalid credentials', async () => {
    const json = { [field]: fresh[field](), password: PASSWORD };
    expect(whole(await put(field, { json }))).toBe(refused('credentials_missing'));
    expect(whole(await put(field, { json, token: 'x' }))).toBe(refused('credentials_invalid'));
  });

  it('counts wrong passwords like a login, and the right one resets the count', async () => {
    const env: Env = { ...testEnv, THROTTLE_FREE_FAILURES: '2', THROTTLE_FIRST_WAIT_SECONDS: '8' };
    const member = await join();
    const attempt = (cookie: string, password: string) =>
      put(field, { cookie, env, json: { [field]: fresh[field](), password } });
    expect(whole(await attempt(member.cookie, 'wrong'))).toBe(refused('wrong_credentials'));
    const cookie = cookieOf(await attempt(member.cookie, PASSWORD));
    for (let tries = 0; tries < 2; tries += 1)
      expect(whole(await attempt(cookie, 'wrong'))).toBe(refused('wrong_credentials'));
    const answer = await attempt(cookie, PASSWORD);
    expect(whole(answer)).toBe(throttled(8));
    expect(answer.headers.get('Retry-After')).toBe('8');
    expect(cookiesOf(answer)).toEqual([]);
  });
});

describe('PUT /id/me/username and /id/me/email, as at registration,', () => {
  it('allow a username of 32 characters, and no longer one', async () => {
    const member = await join();
    const longest = uniqueName().padEnd(32, '-');
    expect(whole(await change('username', member, `${longest}-`))).toBe(
      invalid(['username', 'too_many_characters', 32]),
    );
    expect(whole(await change('username', member, longest))).toBe(shown(member, { username: longest }));
  });

  it('allow an email of 255 characters, and no longer one', async () => {
    const member = await join();
    const longest = `${uniqueName().padEnd(62, 'x')}@${`${'d'.repeat(62)}.`.repeat(3)}com`;
    expect(longest).toHaveLength(255);
    expect(whole(await change('email', member, `x${longest}`))).toBe(
      invalid(['email', 'too_many_characters', 255]),
    );
    expect(whole(await change('email', member, longest))).toBe(shown(member, { email: longest }));
  });
});

it('adds a username to an account without one', async () => {
  const email = `${uniqueName()}@test.com`;
  const made = await send('/id/register', { json: { email, password: PASSWORD, session: 'token' } });
  const [token, username] = [tokenOf(made), uniqueName()];
  const answer = await put('username', { token, json: { username, password: PASSWORD } });
  const account = shownAccount({ id: idOf(made), username, email });
  expect(whole(answer)).toBe(`200 ${JSON.stringify({ account, token: tokenOf(answer) })}`);
  expect((await logIn({ username, email: username, password: PASSWORD })).status).toBe(200);
});
