// PUT /id/me/password: requires the old password, and ends every other session. The session of the request:
// renewal.test.ts.
import { describe, expect, it, vi } from 'vitest';
import type { Env } from '../../../src/env.ts';
import { type Sent, send, testEnv } from '../../support/worker.ts';
import {
  atFixedTime,
  cookieFor,
  eventsOf,
  isLive,
  join,
  logIn,
  type Member,
  OTHER_PASSWORD,
  PASSWORD,
  rowOf,
  START_MS,
  tokenFor,
  whole,
} from './support-id.ts';
import { type FieldFault, invalid, refused, throttled } from './support-refusals.ts';

atFixedTime();

const put = (sent: Sent) => send('/id/me/password', { method: 'PUT', ...sent });
const change = ({ cookie }: Member, currentPassword: unknown, newPassword: unknown, sent: Sent = {}) =>
  put({ cookie, json: { currentPassword, newPassword }, ...sent });
const hashOf = async ({ id }: Member): Promise<unknown> => (await rowOf(id))?.['password_hash'];

describe('PUT /id/me/password', () => {
  it('replaces the password: the new one logs in, and the old one does not', async () => {
    const member = await join();
    expect((await change(member, PASSWORD, OTHER_PASSWORD)).status).toBe(200);
    expect(whole(await logIn(member))).toBe(refused('wrong_credentials'));
    expect((await logIn({ ...member, password: OTHER_PASSWORD })).status).toBe(200);
    expect((await eventsOf(member.id)).slice(1)).toEqual(['login_refused', 'password_changed', 'registered']);
  });

  it('ends every other session of the account, and none of another', async () => {
    const [member, other] = [await join(), await join()];
    const legacy = { username: member.email, password: PASSWORD };
    const { text } = await send('/account/login', { json: legacy });
    const derived = /"token":"([0-9a-f]{40})"/.exec(text)?.[1] ?? expect.fail(text);
    const others: Sent[] = [
      { cookie: await cookieFor(member) },
      { token: await tokenFor(member) },
      { token: derived },
    ];
    for (const sent of others) expect(await isLive(sent)).toBe(true);
    expect((await change(member, PASSWORD, OTHER_PASSWORD)).status).toBe(200);
    for (const sent of others) expect(await isLive(sent)).toBe(false);
    expect(await isLive({ cookie: other.cookie })).toBe(true);
  });

  it('accepts the old password as the new one: it is hashed again, and other sessions end', async () => {
    const member = await join();
    const [cookie, hash] = [await cookieFor(member), await hashOf(member)];
    expect((await change(member, PASSWORD, PASSWORD)).status).toBe(200);
    expect(await hashOf(member)).not.toBe(hash);
    expect(await isLive({ cookie })).toBe(false);
    expect((await logIn(member)).status).toBe(200);
  });

  it('rejects the password of another account', async () => {
    const [one, other] = [await join(), await join({ password: OTHER_PASSWORD })];
    expect(whole(await change(one, OTHER_PASSWORD, 'a third one'))).toBe(refused('wrong_credentials'));
    expect((await logIn(one)).status).toBe(200);
    expect((await logIn(other)).status).toBe(200);
  });
});

describe('a refused PUT /id/me/password', () => {
  const expectUnchanged = async (member: Member, attempt: () => Promise<string>, expected: string) => {
    const [hash, cookie] = [await hashOf(member), await cookieFor(member)];
    expect(await attempt()).toBe(expected);
    expect(await hashOf(member)).toBe(hash);
    for (const sent of [{ cookie: member.cookie }, { cookie }]) expect(await isLive(sent)).toBe(true);
  };

  it.each(['x', PASSWORD.toUpperCase(), `${PASSWORD} `])(
    'changes nothing if the old password is wrong: %j',
    async (current) => {
      const member = await join();
      await expectUnchanged(
        member,
        async () => whole(await change(member, current, OTHER_PASSWORD)),
        refused('wrong_credentials'),
      );
      expect((await eventsOf(member.id))[0]).toBe('login_refused');
    },
  );

  const [current, next] = ['currentPassword', 'newPassword'];
  const FAULTS: [object, FieldFault[]][] = [
    [
      {},
      [
        [current, 'required'],
        [next, 'required'],
      ],
    ],
    [{ newPassword: OTHER_PASSWORD }, [[current, 'required']]],
    [{ currentPassword: PASSWORD }, [[next, 'required']]],
    [{ password: PASSWORD, newPassword: OTHER_PASSWORD }, [[current, 'required']]],
    [
      { currentPassword: '', newPassword: '' },
      [
        [current, 'blank'],
        [next, 'blank'],
      ],
    ],
    [
      { currentPassword: null, newPassword: null },
      [
        [current, 'null'],
        [next, 'null'],
      ],
    ],
    [
      { currentPassword: [], newPassword: {} },
      [
        [current, 'not_text'],
        [next, 'not_text'],
      ],
    ],
    [{ currentPassword: 'wrong', newPassword: 'seven77' }, [[next, 'too_few_characters', 8]]],
    [{ currentPassword: 'wrong', newPassword: 'iloveyou' }, [[next, 'common_password']]],
    [{ currentPassword: 'x'.repeat(1025), newPassword: OTHER_PASSWORD }, [[current, 'too_many_bytes', 1024]]],
    [{ currentPassword: PASSWORD, newPassword: 'abcdefgh\ud800' }, [[next, 'not_text']]],
  ];
  it.each(FAULTS)(
    'names invalid fields, whether the old password is right or wrong: %j',
    async (json, faults) => {
      const member = await join();
      await expectUnchanged(
        member,
        async () => whole(await put({ cookie: member.cookie, json })),
        invalid(...faults),
      );
      expect(await eventsOf(member.id)).not.toContain('login_refused');
    },
  );

  it('changes nothing without credentials or in an ended session', async () => {
    const member = await join();
    const json = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
    expect(whole(await put({ json }))).toBe(refused('credentials_missing'));
    expect(whole(await put({ json, token: 'x' }))).toBe(refused('credentials_invalid'));
    await send('/id/logout', { method: 'POST', cookie: member.cookie });
    expect(whole(await put({ json, cookie: member.cookie }))).toBe(refused('credentials_missing'));
    expect((await logIn(member)).status).toBe(200);
  });

  it('counts as a failed login, and has to wait after too many', async () => {
    const env: Env = { ...testEnv, THROTTLE_FREE_FAILURES: '2', THROTTLE_FIRST_WAIT_SECONDS: '8' };
    const member = await join();
    for (let tries = 0; tries < 2; tries += 1)
      expect(whole(await change(member, 'wrong', OTHER_PASSWORD, { env }))).toBe(
        refused('wrong_credentials'),
      );
    const answer = await change(member, PASSWORD, OTHER_PASSWORD, { env });
    expect(whole(answer)).toBe(throttled(8));
    expect(answer.headers.get('Retry-After')).toBe('8');
    expect(await isLive({ cookie: member.cookie })).toBe(true);
    vi.setSystemTime(START_MS + 8000);
    expect((await change(member, PASSWORD, OTHER_PASSWORD, { env })).status).toBe(200);
  });
});
