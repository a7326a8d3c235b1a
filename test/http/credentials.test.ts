// What an Authorization header says.
import { describe, expect, it } from 'vitest';
import { parseAuthorization } from '../../src/http/auth/authorization.ts';

const TOKEN = '2427f839b8a07d89147375921f75444094d38c05';

describe('an Authorization header', () => {
  it.each([
    [`Token ${TOKEN}`],
    [`Bearer ${TOKEN}`],
    [`token ${TOKEN}`],
    [`TOKEN ${TOKEN}`],
    [`bEaReR ${TOKEN}`],
    [`Token  ${TOKEN}`],
    [`Token\t${TOKEN}`],
    [` Token ${TOKEN} `],
  ])('%j gives its token, whether bare tokens are good or not', (header) => {
    expect(parseAuthorization(header, false)).toEqual({ token: TOKEN });
    expect(parseAuthorization(header, true)).toEqual({ token: TOKEN });
  });

  it('gives a bare token only where one is good', () => {
    expect(parseAuthorization(TOKEN, true)).toEqual({ token: TOKEN });
    expect(parseAuthorization(` ${TOKEN} `, true)).toEqual({ token: TOKEN });
    expect(parseAuthorization(TOKEN, false)).toBeNull();
  });

  it.each(['Token', 'Bearer', 'token ', ' BEARER\t'])('%j lacks its token', (header) => {
    expect(parseAuthorization(header, false)).toEqual({ why: 'empty' });
    expect(parseAuthorization(header, true)).toEqual({ why: 'empty' });
  });

  it.each([`Token ${TOKEN} ${TOKEN}`, 'Token a b', 'Bearer a b c', 'token a\tb'])(
    '%j has a space in its token',
    (header) => {
      expect(parseAuthorization(header, false)).toEqual({ why: 'spaces' });
      expect(parseAuthorization(header, true)).toEqual({ why: 'spaces' });
    },
  );

  it.each([
    undefined,
    '',
    ' ',
    '\t',
    'Basic dXNlcjpwYXNz',
    `Tokens ${TOKEN}`,
    `JWT ${TOKEN}`,
    `a ${TOKEN} b`,
  ])('%j says nothing that concerns us', (header) => {
    expect(parseAuthorization(header, false)).toBeNull();
    expect(parseAuthorization(header, true)).toBeNull();
  });
});
