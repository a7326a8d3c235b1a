// Parsing of the Authorization header.
import { describe, expect, it } from 'vitest';
import { parseAuthorization } from '../../src/http/auth/authorization.ts';

const TOKEN = '2427f839b8a07d89147375921f75444094d38c05';

describe('parseAuthorization', () => {
  it.each([
    [`Token ${TOKEN}`],
    [`Bearer ${TOKEN}`],
    [`token ${TOKEN}`],
    [`TOKEN ${TOKEN}`],
    [`bEaReR ${TOKEN}`],
    [`Token  ${TOKEN}`],
    [`Token\t${TOKEN}`],
    [` Token ${TOKEN} `],
  ])('reads the token of %j, whether or not bare tokens are accepted', (header) => {
    expect(parseAuthorization(header, false)).toEqual({ token: TOKEN });
    expect(parseAuthorization(header, true)).toEqual({ token: TOKEN });
  });

  it('reads a bare token only if bare tokens are accepted', () => {
    expect(parseAuthorization(TOKEN, true)).toEqual({ token: TOKEN });
    expect(parseAuthorization(` ${TOKEN} `, true)).toEqual({ token: TOKEN });
    expect(parseAuthorization(TOKEN, false)).toBeNull();
  });

  it.each(['Token', 'Bearer', 'token ', ' BEARER\t'])('reports a missing token in %j', (header) => {
    expect(parseAuthorization(header, false)).toEqual({ why: 'empty' });
    expect(parseAuthorization(header, true)).toEqual({ why: 'empty' });
  });

  it.each([`Token ${TOKEN} ${TOKEN}`, 'Token a b', 'Bearer a b c', 'token a\tb'])(
    'reports spaces in the token of %j',
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
  ])('ignores the header %j', (header) => {
    expect(parseAuthorization(header, false)).toBeNull();
    expect(parseAuthorization(header, true)).toBeNull();
  });
});
