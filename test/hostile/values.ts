// Values for fields: plausible ones and hostile ones.
import type { Dice } from './dice.ts';

/** What the fuzzer knows about the accounts that it uses. */
export interface Known {
  usernames: [string, ...string[]];
  emails: [string, ...string[]];
  passwords: [string, ...string[]];
  /** Ids of accounts, as in paths. */
  ids: [string, ...string[]];
  sessionIds: [string, ...string[]];
  /** Each with the name under which it is printed. */
  tokens: [Credential, ...Credential[]];
  cookies: [Credential, ...Credential[]];
}

export interface Credential {
  name: string;
  value: string;
}

const nest = (depth: number): unknown => {
  let value: unknown = 'deep';
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

/** Texts that some software interprets. */
export const hostileTexts: [string, ...string[]] = [
  '',
  ' ',
  '\u0000',
  'nul\u0000inside',
  '\ud800',
  'a\udfffb',
  '\u202egro.elpmaxe@resu',
  'e\u0301\u0301\u0301',
  'İıſK',
  'ﬁ'.repeat(40),
  '🙂'.repeat(300),
  '\r\nSet-Cookie: sessionid=x',
  "' OR '1'='1' --",
  '"; DELETE FROM x; --',
  '%00%0d%0a',
  '%_%_%',
  '../../../../etc/passwd',
  '#{7*7}{{7*7}}',
  '<img src=x onerror=alert(1)>',
  '$2a$10$abcdefghijklmnopqrstuv',
  '__proto__',
  'constructor',
  '1e999',
  '-0',
  '٣',
  '9'.repeat(400),
  'a'.repeat(256),
  'a'.repeat(5_000),
  `${'a.'.repeat(3_000)}@${'b-'.repeat(3_000)}`,
  `${'"'.repeat(2_000)}@x`,
  `a@${'b.'.repeat(10_000)}`,
  'http://[::1',
  'javascript:alert(1)',
  `https://${'a'.repeat(300)}.test/`,
];

const hostileValues: [unknown, ...unknown[]] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  12345678901234567890n.toString(),
  1e308,
  Number.MAX_SAFE_INTEGER,
  [],
  {},
  [[]],
  ['a', 'b'],
  { toString: 'x', valueOf: 1 },
  { length: 1e9 },
  nest(5),
  nest(63),
  nest(200),
];

const plausible = (field: string, dice: Dice, known: Known, fresh: string): unknown => {
  switch (field) {
    case 'username':
    case 'identifier':
      return dice.pick([fresh, fresh, dice.pick(known.usernames), dice.pick(known.emails)]);
    case 'email':
      return dice.pick([`${fresh}@fuzz.test`, `${fresh}@fuzz.test`, dice.pick(known.emails)]);
    case 'password':
    case 'currentPassword':
      return dice.pick(known.passwords);
    case 'newPassword':
      return dice.pick(['kaleidoscope-77', 'another kaleidoscope', 'password']);
    case 'id':
    case 'pictureId':
      return dice.pick<unknown>([1, 10, 11, '3']);
    case 'session':
      return dice.pick(['cookie', 'token']);
    case 'site_url':
    case 'siteUrl':
      return dice.pick(['https://example.org/', '']);
    default:
      return dice.pick(['Ann', 'Zoë', 'a b']);
  }
};

/** A value for a field, mostly a plausible one. */
export const valueFor = (field: string, dice: Dice, known: Known, fresh: string): unknown => {
  if (dice.percent(75)) return plausible(field, dice, known, fresh);
  return dice.percent(60) ? dice.pick(hostileTexts) : dice.pick(hostileValues);
};

/** Keys that every object has, or that no form expects. */
export const oddKeys: [string, ...string[]] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  ' ',
  'a[b]',
  'a.b',
  'isAdmin',
  'is_admin',
  'passwordHash',
  'disabledAtMs',
  '\ud800',
];
