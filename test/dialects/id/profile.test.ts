// PATCH /id/me: the limits of each profile field, and several errors at once.
import { describe, expect, it } from 'vitest';
import { type Sent, send } from '../../support/worker.ts';
import { atFixedTime, eventsOf, join, type Member, namesOf, shownAccount, whole } from './support-id.ts';
import { type FieldFault, invalid } from './support-refusals.ts';

atFixedTime();

const me = (sent: Sent) => send('/id/me', sent);
const patch = ({ cookie }: Member, json: unknown) => send('/id/me', { method: 'PATCH', cookie, json });
const shown = (member: Member, more: object = {}): string =>
  `200 ${JSON.stringify({ account: shownAccount({ ...namesOf(member), ...more }) })}`;

describe('PATCH /id/me', () => {
  const LIMITS: [string, number][] = [
    ['name', 255],
    ['firstName', 255],
    ['lastName', 255],
    ['address', 200],
    ['description', 1023],
  ];
  it.each(LIMITS)('limits %s to %i characters', async (field, limit) => {
    const member = await join();
    const most = '🦊'.repeat(limit);
    // A single word as name sets the first name too; a first or last name alone sets the name too.
    const other = { name: { firstName: most }, firstName: { name: most }, lastName: { name: most } }[field];
    const expected = shown(member, { [field]: most, ...other });
    expect(whole(await patch(member, { [field]: most }))).toBe(expected);
    expect(whole(await patch(member, { [field]: `${most}!` }))).toBe(
      invalid([field, 'too_many_characters', limit]),
    );
    expect(whole(await me({ cookie: member.cookie }))).toBe(expected);
  });

  it('limits siteUrl to a web address of 200 characters', async () => {
    const member = await join();
    const most = `https://ann.example/${'x'.repeat(180)}`;
    expect(whole(await patch(member, { siteUrl: most }))).toBe(shown(member, { siteUrl: most }));
    expect(whole(await patch(member, { siteUrl: `${most}x` }))).toBe(
      invalid(['siteUrl', 'too_many_characters', 200]),
    );
    const others = [
      'ann.example',
      'ftp://a.example',
      'javascript:alert(1)',
      'https://',
      'https:// a',
      'x y',
      '//a',
      'https://bank.test@evil.test/',
      'https://evil.test\\@bank.test',
    ];
    for (const siteUrl of others)
      expect(whole(await patch(member, { siteUrl }))).toBe(invalid(['siteUrl', 'not_url']));
  });

  const TEXTS = ['name', 'firstName', 'lastName', 'address', 'siteUrl', 'description'];
  it.each(TEXTS)('rejects a value of %s that is not text', async (field) => {
    const member = await join();
    const faults: [unknown, FieldFault][] = [
      [null, [field, 'null']],
      [true, [field, 'not_text']],
      [['a'], [field, 'not_text']],
      [{}, [field, 'not_text']],
      ['a\ud800', [field, 'not_text']],
      ['a\u0000b', [field, 'nul']],
      ['a\u0007b', [field, 'not_text']],
    ];
    for (const [value, fault] of faults)
      expect(whole(await patch(member, { [field]: value }))).toBe(invalid(fault));
  });

  it.each(['address', 'description'])(
    'accepts tabs and line breaks in %s, with LF and CRLF',
    async (field) => {
      const member = await join();
      const lines = 'a\r\n\tb\nc';
      expect(whole(await patch(member, { [field]: lines }))).toBe(shown(member, { [field]: lines }));
      for (const value of ['a\rb', 'a\u000bb', 'a\u001bb'])
        expect(whole(await patch(member, { [field]: value }))).toBe(invalid([field, 'not_text']));
    },
  );

  it.each(['name', 'firstName', 'lastName', 'siteUrl'])(
    'rejects tabs and line breaks in %s',
    async (field) => {
      const member = await join();
      for (const value of ['a\nb', 'a\tb', 'a\rb'])
        expect(whole(await patch(member, { [field]: value }))).toBe(invalid([field, 'not_text']));
    },
  );

  it('limits pictureId to the numbers 1 to 10', async () => {
    const member = await join();
    for (const [pictureId, number] of [
      [1, 1],
      [10, 10],
      ['7', 7],
      [2, 2],
    ])
      expect(whole(await patch(member, { pictureId }))).toBe(
        shown(member, { picture: `https://latchkey.test/pictures/${number}.svg` }),
      );
    for (const pictureId of [0, 11, -1, 3.5, '', 'x', '3 ', '1e0', '٣', 4294967297])
      expect(whole(await patch(member, { pictureId }))).toBe(invalid(['pictureId', 'not_a_choice']));
    for (const pictureId of [true, [3], { id: 3 }])
      expect(whole(await patch(member, { pictureId }))).toBe(invalid(['pictureId', 'not_text']));
  });

  it('reads the same number in pictureId, however JSON writes it', async () => {
    const member = await join();
    for (const number of ['1', '1.0', '1e0', '10e-1', '"1.0"']) {
      await patch(member, { pictureId: null });
      const headers = { 'Content-Type': 'application/json' };
      const json = `{"pictureId":${number}}`;
      const answer = await send('/id/me', { method: 'PATCH', json, headers, cookie: member.cookie });
      expect([number, answer.text]).toEqual([number, expect.stringContaining('/pictures/1.svg')]);
    }
  });

  it('removes the picture if pictureId is null', async () => {
    const member = await join();
    await patch(member, { pictureId: 3 });
    expect(whole(await patch(member, { pictureId: null }))).toBe(shown(member, { picture: null }));
  });

  it('reports all errors together, in the order of the fields, and changes nothing', async () => {
    const member = await join();
    const json = { pictureId: 0, description: null, siteUrl: 'x', firstName: 1, name: 'n'.repeat(256) };
    expect(whole(await patch(member, json))).toBe(
      invalid(
        ['name', 'too_many_characters', 255],
        ['siteUrl', 'not_url'],
        ['description', 'null'],
        ['pictureId', 'not_a_choice'],
      ),
    );
    expect(whole(await me({ cookie: member.cookie }))).toBe(shown(member));
    expect(await eventsOf(member.id)).toEqual(['registered']);
  });
});
