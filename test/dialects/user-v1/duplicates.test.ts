// `user-v1`: who holds a username and an email, and what a registration does to a live session.
import { beforeAll, describe, expect, it } from 'vitest';
import { send, uniqueName } from '../../support/worker.ts';
import {
  disable,
  failed,
  isLive,
  join,
  joinUnnamed,
  type Member,
  person,
  whole,
} from '../support-cookies.ts';

const REGISTER = '/api/v1/user/register/';
const REGISTERED = /^200 \{"status":"success","user_id":\d+\}$/;
const INVALID = `200 ${failed(103)}`;
const TAKEN = `200 ${failed(114)}`;

const register = (changes: Record<string, unknown>) => send(REGISTER, { json: { ...person(), ...changes } });

describe('a duplicate', () => {
  let member: Member;
  beforeAll(async () => {
    member = await join();
  });

  it('of the username or the email, in any case, is reported only for a valid body', async () => {
    const { username, email } = member;
    for (const taken of [
      { username },
      { email },
      { username, email },
      { username: username.toUpperCase() },
      { email: ` ${email.toUpperCase()}` },
    ]) {
      expect(whole(await register(taken))).toBe(TAKEN);
      expect(whole(await register({ ...taken, password: 'short' }))).toBe(INVALID);
      expect(whole(await register({ ...taken, password: undefined }))).toBe(INVALID);
    }
    expect(whole(await register({ username, email: 'no' }))).toBe(INVALID);
    expect(whole(await register({ username: `${username}x`, email: `x${email}` }))).toMatch(REGISTERED);
  });

  it('may be of an account of another dialect, of a disabled one, and of another normal form', async () => {
    const { email } = await joinUnnamed(`jörg@${uniqueName()}.com`.normalize('NFC'));
    expect(whole(await register({ email }))).toBe(TAKEN);
    expect(whole(await register({ email: email.normalize('NFD') }))).toBe(TAKEN);
    expect(whole(await register({ email: email.replace('ö', 'o') }))).toMatch(REGISTERED);
    const disabled = await join();
    await disable(disabled.id);
    expect(whole(await register({ username: disabled.username }))).toBe(TAKEN);
  });

  it('of those that ask at once is every one but the first', async () => {
    const fields = person();
    const answers = await Promise.all([1, 2, 3, 4].map(() => register(fields)));
    expect(answers.map(whole).filter((answer) => answer !== TAKEN)).toEqual([
      expect.stringMatching(REGISTERED),
    ]);
  });
});

describe('over a live cookie', () => {
  it('a registration ends the old session and opens none; a refused one ends nothing', async () => {
    const { cookie, username } = await join();
    for (const changes of [{ password: 'short' }, { username }])
      await send(REGISTER, { json: { ...person(), ...changes }, cookie });
    expect(await isLive(cookie)).toBe(true);
    const answer = await send(REGISTER, { json: person(), cookie, headers: { Authorization: 'Token x' } });
    expect(whole(answer)).toMatch(REGISTERED);
    expect(answer.headers.getSetCookie().filter((line) => /^sessionid=[^;]/.test(line))).toEqual([]);
    expect(await isLive(cookie)).toBe(false);
  });
});
