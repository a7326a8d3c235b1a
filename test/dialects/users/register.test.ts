// `users`: what the username and the email of a registration accept, at their limits and one past them.
import { describe, expect, it } from 'vitest';
import { send, uniqueName } from '../../support/worker.ts';
import {
  atMost,
  BLANK,
  eightKeys,
  emailOf,
  idOf,
  NO_LINES,
  NO_SINGLE_LINES,
  NO_TEXTS,
  NULL,
  noTextsWorded,
  person,
  REQUIRED,
  shown,
  whole,
} from '../support-cookies.ts';

const NOT_USERNAME =
  'Enter a valid username. This value may contain only letters, numbers, and ./+/-/_ characters.';
const NOT_EMAIL = 'Enter a valid email address.';
const WEAK =
  'Password should contain both numbers and English letters, with the length no less than 6 and no more than 20.';

const register = (changes: Record<string, unknown>) =>
  send('/api/users/register/', { json: { ...person(), ...changes } });
const refused = (faults: Record<string, string[]>): string => `400 ${JSON.stringify(faults)}`;

/** A unique number, with more digits than a double holds. */
const bigNumber = (): string =>
  `9${Array.from(crypto.getRandomValues(new Uint8Array(18)), (byte) => byte % 10).join('')}7`;

describe('username', () => {
  it.each([...NO_TEXTS, ...NO_LINES, ...NO_SINGLE_LINES, ['', BLANK], ['   ', BLANK], [' \t\n', BLANK]])(
    'rejects %j: %s',
    async (username, text) => {
      const answer = await register({ username });
      expect(whole(answer)).toBe(refused({ username: [text] }));
      expect(answer.headers.getSetCookie()).toEqual([]);
    },
  );

  it.each(['a b', 'a@b.com', 'é', 'ｔｅｓｔ', '测试', '😀', 'a/b', "a'b", 'a,b', 'a\u200bb', 'a\u00a0b'])(
    'rejects characters outside the allowed alphabet: %j',
    async (username) => {
      expect(whole(await register({ username }))).toBe(refused({ username: [NOT_USERNAME] }));
    },
  );

  it('accepts letters, digits and `_ . + -` in any place', async () => {
    const username = `._+-${uniqueName().toUpperCase()}-+_.`;
    expect((await register({ username })).text).toContain(`"username":${JSON.stringify(username)}`);
    expect((await register({ username: '_' })).text).toContain('"username":"_"');
  });

  it('accepts at most 20 characters', async () => {
    const longest = uniqueName().padEnd(20, 'x');
    expect((await register({ username: longest })).text).toContain(`"username":"${longest}"`);
    expect(whole(await register({ username: uniqueName().padEnd(21, 'x') }))).toBe(
      refused({ username: [atMost(20)] }),
    );
  });

  it('counts code points, and lists every broken rule, the alphabet first', async () => {
    expect(whole(await register({ username: '😀'.repeat(20) }))).toBe(refused({ username: [NOT_USERNAME] }));
    expect(whole(await register({ username: '😀'.repeat(21) }))).toBe(
      refused({ username: [NOT_USERNAME, atMost(20)] }),
    );
  });

  it('loses surrounding white space', async () => {
    const username = uniqueName();
    expect((await register({ username: ` \t\n${username}\u00a0\u3000 ` })).text).toContain(
      `"username":"${username}"`,
    );
  });

  it('accepts a number as its decimal text, to the last digit', async () => {
    const [whole20, negative, fraction] = [
      bigNumber(),
      `-1${bigNumber().slice(2)}`,
      `1${bigNumber().slice(6)}.25`,
    ];
    for (const number of [whole20, negative, fraction]) {
      const { email, password } = person();
      const json = `{"username":${number},"email":"${email}","password":"${password}"}`;
      expect((await send('/api/users/register/', { json })).text).toContain(`"username":"${number}"`);
    }
    const json = JSON.stringify({ ...person(), username: 0 }).replace(':0,', `:${bigNumber()}1,`);
    expect(whole(await send('/api/users/register/', { json }))).toBe(refused({ username: [atMost(20)] }));
  });
});

describe('email', () => {
  it.each([
    ...noTextsWorded('Enter a valid email address.'),
    ...NO_LINES,
    ...NO_SINGLE_LINES,
    ['', BLANK],
    [' ', BLANK],
    ...[
      'no',
      'a@',
      '@b.com',
      'a@b',
      'a b@c.com',
      'a@b c.com',
      'a@@b.com',
      'a.@b.com',
      'a@b.com,',
      'a@-b.com',
    ].map((value): [unknown, string] => [value, NOT_EMAIL]),
    [12, NOT_EMAIL],
  ])('rejects %j: %s', async (email, text) => {
    expect(whole(await register({ email }))).toBe(refused({ email: [text] }));
  });

  it('accepts at most 255 characters', async () => {
    const longest = emailOf(255);
    expect((await register({ email: longest })).text).toContain(`"email":"${longest}"`);
    expect(whole(await register({ email: emailOf(256) }))).toBe(refused({ email: [atMost(255)] }));
  });

  it('counts code points, not UTF-16 units', async () => {
    const longest = emailOf(255, '𝒜');
    expect(longest.length).toBeGreaterThan(256);
    expect((await register({ email: longest })).text).toContain(`"email":"${longest}"`);
    expect(whole(await register({ email: emailOf(256, '𝒜') }))).toBe(refused({ email: [atMost(255)] }));
  });

  it('lists every broken rule, the length first', async () => {
    expect(whole(await register({ email: 'x'.repeat(256) }))).toBe(
      refused({ email: [atMost(255), NOT_EMAIL] }),
    );
  });

  it('loses surrounding white space, keeps its case, and has the avatar of its lower case', async () => {
    const fields = person();
    const email = `${fields.username.toUpperCase()}+Tag@Test.COM`;
    const answer = await register({ ...fields, email: `  ${email} \t` });
    expect(shown(answer)).toBe(await eightKeys({ ...fields, email, id: idOf(answer) }));
  });
});

describe('errors of several fields', () => {
  it('appear together in the documented order', async () => {
    expect(whole(await register({ password: 'x', email: null, username: '' }))).toBe(
      refused({ username: [BLANK], email: [NULL], password: [WEAK] }),
    );
    const { email, ...rest } = person();
    expect(email).toContain('@');
    expect(whole(await send('/api/users/register/', { json: { ...rest, password: '\ud800' } }))).toBe(
      refused({ email: [REQUIRED], password: ['Not a valid string.'] }),
    );
  });

  it('create no account', async () => {
    const fields = person();
    await register({ ...fields, password: 'x' });
    expect(shown(await register(fields))).toMatch(/^200 /);
  });
});

describe('unknown fields', () => {
  it('have no effect, whatever they try to set', async () => {
    const fields = person();
    const answer = await register({ ...fields, id: 1, is_admin: true, address: 'x', last_login: null });
    expect(shown(answer)).toBe(await eightKeys({ ...fields, id: idOf(answer) }));
    expect(idOf(answer)).toBeGreaterThan(1);
  });
});
