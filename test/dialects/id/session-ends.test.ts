// DELETE /id/sessions/<id> and /id/sessions: end one own session, or all others.
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../src/core/secrets.ts';
import { type Sent, send } from '../../support/worker.ts';
import { bearer, cookieFor, eventsOf, idOfJwt, isLive, join, tokenFor, whole } from './support-id.ts';
import { refused } from './support-refusals.ts';

const list = (sent: Sent) => send('/id/sessions', sent);
const endOne = (id: string, sent: Sent) => send(`/id/sessions/${id}`, { method: 'DELETE', ...sent });
const endOthers = (sent: Sent) => send('/id/sessions', { method: 'DELETE', ...sent });

describe('DELETE /id/sessions/<id>', () => {
  it('ends one session, and answers 404 the second time', async () => {
    const member = await join();
    const [cookie, token] = [await cookieFor(member), await tokenFor(member)];
    const id = await sha256Hex(cookie);
    const answer = await endOne(id, { cookie: member.cookie });
    expect(whole(answer)).toBe('204');
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await isLive({ cookie })).toBe(false);
    expect([await isLive(bearer(token)), await isLive({ cookie: member.cookie })]).toEqual([true, true]);
    expect(whole(await endOne(id, { cookie: member.cookie }))).toBe(refused('not_found'));
    expect(whole(await endOne(await idOfJwt(token), { cookie: member.cookie }))).toBe('204');
    expect(await isLive(bearer(token))).toBe(false);
    expect((await eventsOf(member.id)).filter((type) => type === 'session_ended')).toHaveLength(2);
  });

  it('can end the session of the request', async () => {
    const member = await join();
    const token = await tokenFor(member);
    expect(whole(await endOne(await idOfJwt(token), bearer(token)))).toBe('204');
    expect(whole(await list(bearer(token)))).toBe(refused('credentials_invalid'));
    expect(await isLive({ cookie: member.cookie })).toBe(true);
  });

  it('answers 404 for a session of another account', async () => {
    const [one, other] = [await join(), await join()];
    expect(whole(await endOne(await sha256Hex(other.cookie), { cookie: one.cookie }))).toBe(
      refused('not_found'),
    );
    expect(await isLive({ cookie: other.cookie })).toBe(true);
    expect([await eventsOf(one.id), await eventsOf(other.id)]).toEqual([['registered'], ['registered']]);
  });

  it('answers 404 for an invalid id', async () => {
    const { cookie } = await join();
    const id = await sha256Hex(cookie);
    for (const other of [
      '0'.repeat(64),
      id.slice(1),
      `${id}0`,
      id.toUpperCase(),
      'current',
      cookie,
      "'",
      '%00',
    ])
      expect(whole(await endOne(other, { cookie }))).toBe(refused('not_found'));
    expect(await isLive({ cookie })).toBe(true);
  });
});

describe('DELETE /id/sessions', () => {
  it('ends all sessions but that of the request, and returns how many', async () => {
    const [member, other] = [await join(), await join()];
    const ended = [{ cookie: await cookieFor(member) }, bearer(await tokenFor(member))];
    const answer = await endOthers({ cookie: member.cookie });
    expect(whole(answer)).toBe('200 {"endedSessions":2}');
    expect(answer.headers.getSetCookie()).toEqual([]);
    for (const sent of ended) expect(await isLive(sent)).toBe(false);
    for (const cookie of [member.cookie, other.cookie]) expect(await isLive({ cookie })).toBe(true);
    expect((await eventsOf(member.id))[0]).toBe('sessions_ended');
    expect(whole(await endOthers({ cookie: member.cookie }))).toBe('200 {"endedSessions":0}');
  });

  it('accepts a token instead of the cookie', async () => {
    const member = await join();
    const token = await tokenFor(member);
    expect(whole(await endOthers(bearer(token)))).toBe('200 {"endedSessions":1}');
    expect([await isLive(bearer(token)), await isLive({ cookie: member.cookie })]).toEqual([true, false]);
  });
});
