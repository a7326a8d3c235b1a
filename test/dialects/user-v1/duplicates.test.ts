// `user-v1`: taken usernames and emails, and what a registration does to a live session.
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

describe('duplicate username or email', () => {
  let member: Member;
  beforeAll(async () => {
    member = await join();
  });

  it('ignores case, and appears only if all fields are valid', async () => {
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

  it('includes accounts of another dialect, disabled ones and every Unicode form of an email', async () => {
    const { email } = await joinUnnamed(`jörg@${uniqueName()}.com`.normalize('NFC'));
    expect(whole(await register({ email }))).toBe(TAKEN);
    expect(whole(await register({ email: email.normalize('NFD') }))).toBe(TAKEN);
    expect(whole(await register({ email: email.replace('ö', 'o') }))).toMatch(REGISTERED);
    const disabled = await join();
    await disable(disabled.id);
    expect(whole(await register({ username: disabled.username }))).toBe(TAKEN);
  });

  it('accepts one of four concurrent registrations', async () => {
    const fields = person();
    const answers = await Promise.all([1, 2, 3, 4].map(() => register(fields)));
    expect(answers.map(whole).filter((answer) => answer !== TAKEN)).toEqual([
      expect.stringMatching(REGISTERED),
    ]);
  });
});

describe('registration with a live session cookie', () => {
  it('ends the old session and starts none, but ends nothing if it is refused', async () => {
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
