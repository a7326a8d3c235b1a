// GET and PATCH /id/me: the own account and its profile.
import { describe, expect, it, vi } from 'vitest';
import { type Sent, send } from '../../support/worker.ts';
import {
  after,
  atFixedTime,
  bearer,
  called,
  eventsOf,
  isLive,
  join,
  type Member,
  namesOf,
  START_MS,
  shownAccount,
  tokenFor,
  whole,
} from './support-id.ts';
import { refused } from './support-refusals.ts';

atFixedTime();

const me = (sent: Sent) => send('/id/me', sent);
const patch = ({ cookie }: Member, json: unknown) => send('/id/me', { method: 'PATCH', cookie, json });
const shown = (member: Member, more: object = {}): string =>
  `200 ${JSON.stringify({ account: shownAccount({ ...namesOf(member), ...more }) })}`;

describe('GET /id/me', () => {
  it('returns the account of the cookie or the token, and the token wins', async () => {
    const [one, other] = [await join(), await join()];
    const token = await tokenFor(other);
    expect(whole(await me({ cookie: one.cookie }))).toBe(shown(one));
    expect(whole(await me(bearer(token)))).toBe(shown(other));
    expect(whole(await me({ cookie: one.cookie, token }))).toBe(shown(other));
  });

  it('contains no secret', async () => {
    const { text } = await me({ cookie: (await join()).cookie });
    expect(text).not.toMatch(/password|hash|pbkdf2|key|disabled/i);
  });

  it.each<[string, Sent, Parameters<typeof refused>[0]]>([
    ['missing credentials', {}, 'credentials_missing'],
    ['an unknown cookie', { cookie: 'A'.repeat(43) }, 'credentials_missing'],
    ['a malformed cookie', { cookie: '"' }, 'credentials_missing'],
    ['another scheme', { headers: { Authorization: 'Digest x' } }, 'credentials_missing'],
    ['a token without its scheme', { headers: { Authorization: '0'.repeat(40) } }, 'credentials_missing'],
    ['an unknown token', { token: '0'.repeat(40) }, 'credentials_invalid'],
    ['a malformed token', bearer('x'), 'credentials_invalid'],
    ['an empty token', { headers: { Authorization: 'Bearer ' } }, 'credentials_empty'],
    ['two tokens', bearer('x y'), 'credentials_spaces'],
  ])('rejects %s, as does PATCH', async (_who, sent, code) => {
    for (const method of ['GET', 'PATCH']) {
      const answer = await me({ ...sent, method });
      expect(whole(answer)).toBe(refused(code));
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
    }
  });

  it('rejects an invalid token even with a valid cookie', async () => {
    const { cookie } = await join();
    expect(whole(await me({ cookie, token: 'x' }))).toBe(refused('credentials_invalid'));
    expect(await isLive({ cookie })).toBe(true);
  });
});

describe('PATCH /id/me', () => {
  const all = {
    name: 'Ann Jones',
    firstName: 'Ann',
    lastName: 'Jones',
    address: '1 Long Road\n\tLittle Town',
    siteUrl: 'https://ann.example/page?a=b',
    description: 'I am\nI.',
  };

  it('sets every field of the profile, and returns the account', async () => {
    const member = await join();
    vi.setSystemTime(START_MS + 1000);
    const picture = 'https://latchkey.test/pictures/3.svg';
    const expected = shown(member, { ...all, picture, updatedAt: after(1000) });
    expect(whole(await patch(member, { ...all, pictureId: 3 }))).toBe(expected);
    expect(whole(await me({ cookie: member.cookie }))).toBe(expected);
    expect(await eventsOf(member.id)).toEqual(['profile_changed', 'registered']);
  });

  it('keeps fields that the body does not name', async () => {
    const member = await join();
    await patch(member, { ...all, pictureId: 10 });
    const picture = 'https://latchkey.test/pictures/10.svg';
    expect(whole(await patch(member, {}))).toBe(shown(member, { ...all, picture }));
    expect(whole(await patch(member, { name: 'A' }))).toBe(
      shown(member, { ...all, ...called('A'), picture }),
    );
    expect(whole(await send('/id/me', { method: 'PATCH', cookie: member.cookie }))).toBe(
      shown(member, { ...all, ...called('A'), picture }),
    );
  });

  it('empties each text field that gets only white space', async () => {
    const member = await join({ name: 'Ann' });
    await patch(member, all);
    const empty = Object.fromEntries(Object.keys(all).map((field) => [field, ' ']));
    expect(whole(await patch(member, empty))).toBe(shown(member));
  });

  it('ignores fields that are not part of the profile', async () => {
    const member = await join();
    const fields = {
      id: 1,
      username: 'root',
      email: 'root@test.com',
      isAdmin: true,
      password: 'x',
      passwordHash: 'x',
      disabledAt: null,
      picture: 'x',
      createdAt: after(1),
    };
    expect(whole(await patch(member, fields))).toBe(shown(member));
  });

  it('changes no other account', async () => {
    const [one, other] = [await join(), await join()];
    await patch(one, { name: 'One' });
    expect(whole(await me({ cookie: other.cookie }))).toBe(shown(other));
  });

  it('accepts a token instead of the cookie', async () => {
    const member = await join();
    const answer = await send('/id/me', {
      method: 'PATCH',
      token: await tokenFor(member),
      json: { name: 'T' },
    });
    expect(whole(answer)).toBe(shown(member, called('T')));
  });
});
