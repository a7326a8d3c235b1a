// The password policy apart from length: common passwords, repetitions, runs and names are refused.
import { describe, expect, it } from 'vitest';
import { commonForm, findPasswordWeakness } from '../../../src/core/credentials/password-policy.ts';

const COMMON = new Set(
  ['password', 'letmein', 'summer', 'hello', 'abc123', '12345678', 'iloveyou'].map(commonForm),
);
const NAMES = ['ann.jones', 'ann.jones@example.com', 'Latchkey'];
const weaknessOf = (password: string) => findPasswordWeakness(password, NAMES, COMMON);

describe('the check for common passwords', () => {
  it.each([
    'password',
    'PassWord',
    'Passw0rd!',
    'p@$$word',
    'PA55W0RD',
    'pa$$w0rd2024!',
    'password 1',
    'letmein123',
    '13tme1n!',
    'summer2024',
    'Summer2024!',
    'hell0!!!',
    'HE110 2024',
    'abc123!!',
    '12345678',
    '12345678!',
    'iloveyou<3',
    'password١٢٣',
  ])('refuses %s', (password) => {
    expect(weaknessOf(password)).toBe('common');
  });

  it.each([
    'password of mine',
    'my password',
    'summerwinter',
    'letmeinside',
    'summer-2024-x',
    '2024summer',
    'abc 123 def',
  ])('allows %s', (password) => {
    expect(weaknessOf(password)).toBeNull();
  });
});

describe('the check for repetitions and runs', () => {
  it.each([
    ...[
      'aaaaaaaaaa',
      'AaAaAaAa',
      '11111111',
      '!!!!!!!!',
      '        ',
      'éééééééé',
      '🦊🦊🦊🦊🦊🦊🦊🦊',
      'aaaaaaaa1!',
    ],
    ...['abcdefgh', 'ABCDefgh', 'hgfedcba', '23456789', '98765432', '1234567890', '7890123456', 'стуфхцчш'],
    ...['abcdefgh!', '23456789!!'],
  ])('refuses %s', (password) => {
    expect(weaknessOf(password)).toBe('common');
  });

  it.each(['aaaaaaab', 'AAAABBBC', 'acegikmo', '13579135', 'abcdefgz', '72944083', '1234987650', '90909090'])(
    'allows %s',
    (password) => {
      expect(weaknessOf(password)).toBeNull();
    },
  );
});

describe('the check for names', () => {
  it.each([
    'ann.jones',
    'Ann.Jones1',
    '1Ann.Jones',
    'xxann.jones',
    '4nn.j0n3s!',
    'ann.jones2024!!',
    'ann.jones@example.com',
    'EXAMPLE.COM',
    'latchkey',
    'Latchkey1',
    'latchkey!!!',
    'L@tchk3y',
    'my-latchkey',
    'latchkey20242025',
  ])('refuses %s', (password) => {
    expect(weaknessOf(password)).toBe('resembling');
  });

  it.each(['ann.jones and more', 'xxann.jonesyy', 'a latchkey each', 'jones-ann'])(
    'allows %s',
    (password) => {
      expect(weaknessOf(password)).toBeNull();
    },
  );

  it('counts characters, not code units, and compares normalized text', () => {
    const findIn = (password: string, name: string) => findPasswordWeakness(password, [name], COMMON);
    expect(findIn('Zoe\u0308lie\u0301xyz', 'zoëlié')).toBe('resembling');
    expect(findIn('zoëlié', 'ZOE\u0308LIE\u0301')).toBe('resembling');
    // Three more characters, of two code units each, then four.
    expect(findIn('zoëlié🦊🐋🐻', 'zoëlié')).toBe('resembling');
    expect(findIn('zoëlié🦊🐋🐻a', 'zoëlié')).toBeNull();
    // A name of two characters is too short to count, although it has four code units.
    expect(findIn('🦊🐋abc', '🦊🐋')).toBeNull();
    expect(findIn('ΟΔΟΣΟΔΟΣ1', 'οδοςοδος')).toBe('resembling');
  });
});

it('checks passwords of up to 1,024 bytes', () => {
  const longest = `a${'1!'.repeat(511)}`;
  expect(weaknessOf(longest)).toBeNull();
  expect(weaknessOf('1'.repeat(1024))).toBe('common');
});

it('ignores passwords and names of more than 1,024 bytes', () => {
  expect(weaknessOf('1'.repeat(1025))).toBeNull();
  expect(findPasswordWeakness('a2 long walk', ['a2 long walk'.padEnd(1025, '!')], COMMON)).toBeNull();
});
