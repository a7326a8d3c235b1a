// POST /id/admin/accounts/search: search by the beginning of a username, an email or a name.
import { beforeAll, describe, expect, it } from 'vitest';
import { send, uniqueName } from '../../support/worker.ts';
import { ACCOUNTS, idsIn, nextOf, shownToAdmin } from './support-admin.ts';
import { atFixedTime, bearer, called, join, joinAdmin, type Member, tokenFor, whole } from './support-id.ts';

const SEARCH = `${ACCOUNTS}/search`;

let token = '';
beforeAll(async () => {
  token = await tokenFor(await joinAdmin());
});

const search = (text: string, more = '', by = token) =>
  send(`${SEARCH}?${more}`, { ...bearer(by), json: { search: text } });
const found = async (text: string): Promise<number[]> => idsIn(await search(text));
const idsOf = (members: readonly Member[]): number[] => members.map(({ id }) => id);

describe('POST /id/admin/accounts/search', () => {
  atFixedTime();

  it('lists whole accounts: matches by username first, then by email, then by name', async () => {
    const [mark, admin] = [uniqueName(), await tokenFor(await joinAdmin())];
    const byName = await join({ name: `${mark} Jones` });
    const byEmail = await join({ email: `${mark}e@test.com` });
    const byUsername = await join({ username: `${mark}u`, email: `x${mark}@test.com` });
    const page = await search(mark, '', admin);
    const accounts = [byUsername, byEmail].map((member) => shownToAdmin(member));
    accounts.push(shownToAdmin(byName, called(`${mark} Jones`)));
    expect(whole(page)).toBe(`200 ${JSON.stringify({ accounts })}`);
    expect(page.headers.get('Link')).toBeNull();
    expect(whole(await search(`${mark}x`, '', admin))).toBe('200 {"accounts":[]}');
  });
});

describe('a search text', () => {
  it('matches only the beginning of a field, not its middle or end', async () => {
    const mark = uniqueName();
    const one = await join({ username: `${mark}a`, email: `a@${mark}.example`, name: `A ${mark}` });
    await join({ username: `a${mark}`, email: `a.${mark}@test.com`, name: `x${mark}` });
    expect(await found(mark)).toEqual([one.id]);
    expect(await found(`${mark}a`)).toEqual([one.id]);
    expect(await found(`${mark}ab`)).toEqual([]);
  });

  it('finds an account once, even if several of its fields match', async () => {
    const mark = uniqueName();
    const member = await join({ username: mark, email: `${mark}@test.com`, name: mark });
    expect(await found(mark)).toEqual([member.id]);
    expect(await found(`${mark}@`)).toEqual([member.id]);
  });

  it('matches regardless of case and of white space around it', async () => {
    const mark = uniqueName();
    const members = [
      await join({ username: `${mark.toUpperCase()}A` }),
      await join({ email: `${mark.toUpperCase()}B@Test.com` }),
      await join({ name: `${mark.toUpperCase()} C` }),
    ];
    for (const text of [mark, mark.toUpperCase(), ` ${mark} `, `${mark}\n`])
      expect(await found(text)).toEqual(idsOf(members));
  });

  it('matches first and last name if the account has no other name', async () => {
    const mark = uniqueName();
    const fields = {
      first_name: mark,
      last_name: 'Griffin',
      email: `x${mark}@test.com`,
      password: 'abcd1234',
    };
    const made = await send('/api/register/', { json: fields });
    const id = Number(/"id":(\d+)/.exec(made.text)?.[1] ?? expect.fail(made.text));
    expect(await found(`${mark} grif`)).toEqual([id]);
    expect(await found(`${mark}  grif`)).toEqual([]);
  });

  it('matches the wildcards of SQL literally', async () => {
    const mark = uniqueName();
    const [percent, underscore, other] = [
      await join({ name: `${mark}%b` }),
      await join({ username: `${mark}_b` }),
      await join({ username: `${mark}cb` }),
    ];
    expect(await found(`${mark}%`)).toEqual([percent.id]);
    expect(await found(`${mark}_`)).toEqual([underscore.id]);
    expect(await found(`${mark}c`)).toEqual([other.id]);
    for (const text of ['%', '_%', '*', '?', "'", '"', '\\', `${mark}[`, "' OR 1=1 --"])
      expect(await found(text)).toEqual([]);
  });

  it('can be longer than the 50 bytes that D1 allows in a LIKE pattern', async () => {
    const mark = uniqueName();
    const name = `${mark} ${'ш'.repeat(100)}`;
    const member = await join({ name });
    expect(await found(name.slice(0, 60))).toEqual([member.id]);
    expect(await found(name)).toEqual([member.id]);
    expect(await found(`${name}ш`)).toEqual([]);
    expect(await found('x'.repeat(2000))).toEqual([]);
  });

  it('matches text of every script, in any Unicode composition', async () => {
    const mark = uniqueName();
    const members = [
      await join({ name: `${mark}жук` }),
      await join({ name: `${mark}花子` }),
      await join({ name: `${mark}🦊` }),
    ];
    expect(await found(mark)).toEqual(idsOf(members));
    for (const [at, text] of ['ж', '花子', '🦊'].entries())
      expect(await found(mark + text)).toEqual([members[at]?.id]);
    const email = `${mark}.ÄB@test.com`;
    const composed = await join({ email: email.normalize('NFD') });
    expect(await found(`${mark}.äb`.normalize('NFC'))).toEqual([composed.id]);
  });

  it('finds every account if it is only white space', async () => {
    const everybody = await send(`${ACCOUNTS}?limit=1000`, bearer(token));
    for (const text of ['', ' ', '\t\n'])
      expect(idsIn(await search(text, '&limit=1000'))).toEqual(idsIn(everybody));
  });
});

describe('paging of a search', () => {
  it.each([1, 2, 3, 4, 100])('lists each match once, across the fields, in pages of %i', async (size) => {
    const mark = uniqueName();
    const members = [
      await join({ username: `${mark}a` }),
      await join({ username: `${mark}b`, name: `${mark}b` }),
      await join({ email: `${mark}c@test.com` }),
      await join({ email: `${mark}d.e+f@test.com` }),
      await join({ name: `${mark}: &=?#/%41` }),
      await join({ name: `${mark}: &=?#/%41` }),
      await join({ name: `${mark}ш` }),
    ];
    const seen: number[] = [];
    let path: string | null = `${SEARCH}?limit=${size}`;
    while (path !== null) {
      const page = await send(path, { ...bearer(token), json: { search: mark } });
      expect(page.status).toBe(200);
      expect(idsIn(page).length).toBeLessThanOrEqual(size);
      seen.push(...idsIn(page));
      path = nextOf(page);
      // A URL contains no name: neither the search text nor a match.
      if (path !== null) expect(path).toMatch(/^\/id\/admin\/accounts\/search\?limit=\d+&after=\w+%3A\d+$/);
    }
    expect(seen).toEqual(idsOf(members));
  });

  it('links to no next page after a full last page', async () => {
    const mark = uniqueName();
    const members = [await join({ username: `${mark}a` }), await join({ username: `${mark}b` })];
    const full = await search(mark, '&limit=2');
    expect([idsIn(full), nextOf(full)]).toEqual([idsOf(members), null]);
    expect(nextOf(await search(mark, '&limit=1'))).not.toBeNull();
  });

  it.each([
    ['username', (mark: string, i: number) => ({ username: `${mark}${i}` })],
    ['email', (mark: string, i: number) => ({ email: `${mark}${i}@test.com` })],
    ['name', (mark: string, i: number) => ({ name: `${mark} ${i}` })],
  ])('names the next page by a field and an id, never by a %s', async (field, fields) => {
    const mark = uniqueName();
    const members = [];
    for (const i of [1, 2, 3]) members.push(await join(fields(mark, i)));
    const next = /[?&]after=([^&>]*)/.exec((await search(mark, '&limit=1')).headers.get('Link') ?? '')?.[1];
    expect(decodeURIComponent(next ?? '')).toBe(`${field}:${members[0]?.id}`);
    expect(idsIn(await search(mark, `&limit=2&after=${next}`))).toEqual(idsOf(members.slice(1)));
  });

  it('restarts a field if the account of the cursor was deleted, so that no match is skipped', async () => {
    const mark = uniqueName();
    const members = [await join({ username: `${mark}a` }), await join({ username: `${mark}b` })];
    const [first] = members;
    await send(`${ACCOUNTS}/${first?.id}`, { ...bearer(token), method: 'DELETE' });
    expect(idsIn(await search(mark, `&after=username:${first?.id}`))).toEqual(idsOf(members.slice(1)));
  });

  it.each([
    'x',
    '5',
    'name',
    'name:',
    'name:x:y',
    'other:1:x',
    'username:1:key',
    'email:-1',
    '%00',
    'username:-1:a',
  ])('starts with the first match if the cursor is invalid: %j', async (after) => {
    const member = await join({});
    const page = await search(member.username, `&after=${after}`);
    expect(idsIn(page)).toEqual([member.id]);
  });

  it('lists only matches of the text, whatever the cursor is', async () => {
    const [mark, other] = [uniqueName(), await join({})];
    const member = await join({ username: `${mark}a` });
    const found: Record<string, number[]> = {};
    for (const after of ['username:0', `username:${other.id}`, 'email:0', 'name:0']) {
      const page = await search(mark, `&after=${encodeURIComponent(after)}`);
      expect(page.status).toBe(200);
      found[after] = idsIn(page);
    }
    // The email and the name of the account do not match: the search has no more rows for these cursors.
    expect(found).toEqual({
      'username:0': [member.id],
      [`username:${other.id}`]: [member.id],
      'email:0': [],
      'name:0': [],
    });
  });
});
