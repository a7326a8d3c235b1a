// The validation rules of fields and their error codes, without the wording of a dialect.
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import * as field from '../../src/http/body/fields.ts';

/** The error codes of a value, each with its limit if it has one. */
const faultsOf = (type: z.ZodMiniType, value: unknown): string[] => {
  const sent = { it: value };
  const result = z.safeParse(z.object({ it: type }), sent);
  if (result.success) return [];
  return field
    .readFieldErrors(result.error.issues, sent)
    .map(({ code, limit }) => (limit === null ? code : `${code} ${limit}`));
};

const parsed = (type: z.ZodMiniType, value: unknown): unknown => z.parse(type, value);

const username = field.username(field.atMost(20));
const email = field.email(field.atMost(255));
const line = field.line(field.atMost(3));
const lines = field.lines(field.atMost(10));
const password = field.password(field.atLeast(8));
const url = field.urlOrNothing(field.atMost(200));

describe('every text field', () => {
  it.each([
    ['a boolean', true, ['not_text']],
    ['a list', ['a'], ['not_text']],
    ['an object', { a: 1 }, ['not_text']],
    ['null', null, ['null']],
    ['a missing value', undefined, ['required']],
    ['a lone high surrogate', 'a\ud800', ['not_text']],
    ['a lone low surrogate', '\udc00a', ['not_text']],
    ['an empty text', '', ['blank']],
  ])('rejects %s', (_name, value, faults) => {
    for (const type of [username, email, line, password]) expect(faultsOf(type, value)).toEqual(faults);
  });

  it('trims its value, except a password', () => {
    expect(parsed(username, '  someone\n')).toBe('someone');
    expect(parsed(email, ' a@b.co ')).toBe('a@b.co');
    expect(parsed(line, '\tabc ')).toBe('abc');
    expect(parsed(lines, ' a\nb ')).toBe('a\nb');
    expect(parsed(password, ' 12345678 ')).toBe(' 12345678 ');
    expect(faultsOf(line, ' \t\n ')).toEqual(['blank']);
  });

  it('counts characters, not bytes or code units', () => {
    expect(faultsOf(line, 'abc')).toEqual([]);
    expect(faultsOf(line, '😀😀😀')).toEqual([]);
    expect(faultsOf(line, '😀😀😀😀')).toEqual(['too_many_characters 3']);
    expect(faultsOf(password, '😀'.repeat(8))).toEqual([]);
    expect(faultsOf(password, '😀'.repeat(7))).toEqual(['too_few_characters 8']);
  });
});

describe('the check for control characters', () => {
  it.each([
    ['a NUL', 'a\0b', 'nul'],
    ['a bell', 'a\u0007', 'not_text'],
    ['an escape', 'a\u001bb', 'not_text'],
    ['a delete', 'a\u007fb', 'not_text'],
    ['a Latin-1 control character', 'a\u0085b', 'not_text'],
  ])('reports %s as the only error, in every text but a password', (_name, value, code) => {
    for (const type of [username, email, line, lines, url]) expect(faultsOf(type, value)).toEqual([code]);
  });

  it('allows line feeds and tabs in multi-line texts only', () => {
    expect(faultsOf(lines, 'a\nb\tc\r\nd')).toEqual([]);
    expect(parsed(lines, 'a\r\nb')).toBe('a\r\nb');
    for (const text of ['a\rb', 'a\r\rb', 'a\r\n\rb', 'a\n\rb'])
      expect(faultsOf(lines, text)).toEqual(['not_text']);
    expect(faultsOf(line, 'a\nb')).toEqual(['not_text']);
    expect(faultsOf(line, 'a\tb')).toEqual(['not_text']);
    expect(faultsOf(lines, 'a\u000bb')).toEqual(['not_text']);
  });

  it('allows every control character in a password', () => {
    expect(faultsOf(password, '\0\u0007\u001b\u007f\n\t  ')).toEqual([]);
  });
});

describe('the username field', () => {
  it.each(['a', 'Z9', 'a.b+c-d_e', '_', '12345', 'x'.repeat(20)])('accepts %s', (value) => {
    expect(faultsOf(username, value)).toEqual([]);
  });

  it.each(['a@b', 'a b', 'zoë', 'ａ', 'a/b', 'a\u200bb', '名前', "o'b"])('rejects %s', (value) => {
    expect(faultsOf(username, value)).toEqual(['not_username']);
  });

  it('reports invalid characters before excess length', () => {
    expect(faultsOf(username, 'x'.repeat(21))).toEqual(['too_many_characters 20']);
    expect(faultsOf(username, '@'.repeat(21))).toEqual(['not_username', 'too_many_characters 20']);
  });
});

describe('the email field', () => {
  it.each([
    'a@b.co',
    'a.b+c@sub.example.com',
    "!#$%&'*+/=?^_`{|}~-@example.com",
    '"quoted name"@example.com',
    'user@localhost',
    'user@xn--exmple-cua.com',
    'A@B.CO',
    'user@[127.0.0.1]',
    'user@[2001:db8::1]',
    `${'a'.repeat(64)}@example.com`,
  ])('accepts %s', (value) => {
    expect(faultsOf(email, value)).toEqual([]);
  });

  it.each([
    'a',
    'a@',
    '@b.co',
    'a@b',
    'a@b.c',
    'a@@b.co',
    'a b@c.co',
    'a@b c.co',
    '.a@b.co',
    'a.@b.co',
    'a..b@c.co',
    'a@-b.co',
    'a@b-.co',
    'a@b..co',
    'a@.co',
    'a@b.co.',
    'a@b_c.co',
    'a@b.co, c@d.co',
    'a@[1.2.3]',
    'a@[::::]',
    '<a@b.co>',
    `a@${'b'.repeat(64)}.co`,
  ])('rejects %s', (value) => {
    expect(faultsOf(email, value)).toEqual(['not_email']);
  });

  it('allows 255 characters, and reports excess length before invalid syntax', () => {
    const domain = `${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.co`;
    const local = 'a'.repeat(255 - domain.length - 1);
    expect(faultsOf(email, `${local}@${domain}`)).toEqual([]);
    expect(faultsOf(email, `${local}a@${domain}`)).toEqual(['too_many_characters 255']);
    expect(faultsOf(email, 'a'.repeat(256))).toEqual(['too_many_characters 255', 'not_email']);
  });
});

describe('the password field', () => {
  it('allows 1,024 bytes of UTF-8 and no more', () => {
    expect(faultsOf(password, 'x'.repeat(1024))).toEqual([]);
    expect(faultsOf(password, 'x'.repeat(1025))).toEqual(['too_many_bytes 1024']);
    expect(faultsOf(password, 'é'.repeat(512))).toEqual([]);
    expect(faultsOf(password, `${'é'.repeat(512)}x`)).toEqual(['too_many_bytes 1024']);
  });

  it('counts the bytes as sent, before NFC normalization', () => {
    expect(faultsOf(password, `${'e\u0301'.repeat(341)}x`)).toEqual([]);
    expect(faultsOf(password, `${'e\u0301'.repeat(341)}xy`)).toEqual(['too_many_bytes 1024']);
  });

  it('accepts spaces only', () => {
    expect(faultsOf(password, ' '.repeat(8))).toEqual([]);
  });
});

describe('the URL field', () => {
  it.each(['', ' ', 'http://example.com', 'HTTPS://example.com/a?b#c', 'https://exämple.com/ü'])(
    'accepts %j',
    (value) => {
      expect(faultsOf(url, value)).toEqual([]);
    },
  );

  it.each([
    'example.com',
    'javascript:alert(1)',
    'data:text/html,x',
    'http://',
    'https:/a',
    'http://a b.co',
    '//a.co',
    'https://bank.test@evil.test',
    'https://user:secret@example.com/',
    'https://evil.test\\@bank.test',
  ])('rejects %j', (value) => {
    expect(faultsOf(url, value)).toEqual(['not_url']);
  });
});
