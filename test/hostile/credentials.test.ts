// Hostile Authorization and Cookie headers: parsing never throws, and only a live credential authenticates.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Authorization, parseAuthorization } from '../../src/http/auth/authorization.ts';
import { send, sessionCookie, uniqueName } from '../support/worker.ts';
import { runs } from './runs.ts';

const username = uniqueName();
const person = { username, email: `${username}@test.com`, password: 'sesame1234' };
let token = '';
let jwt = '';
let cookie = '';

beforeAll(async () => {
  token = /[0-9a-f]{40}/.exec((await send('/account/register', { json: person })).text)?.[0] ?? '';
  jwt = /eyJ[^"]+/.exec((await send('/api/auth/login', { json: person })).text)?.[0] ?? '';
  cookie = sessionCookie(await send('/api/users/login', { json: person })) ?? '';
});

/** The characters that a header can have: printable ASCII and tabs. */
const inHeader = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) },
  { weight: 1, arbitrary: fc.constant('\t') },
);
const headerText = fc.string({ unit: inHeader, maxLength: 80 });
const scheme = fc.constantFrom(
  'Token',
  'token',
  'TOKEN',
  'Bearer',
  'bEARER',
  'Basic',
  'Digest',
  'Tokens',
  'Bearer:',
);
const space = fc.constantFrom(' ', '  ', '\t', ' \t ', '');
const authorization = fc.oneof(
  headerText,
  fc
    .tuple(space, scheme, space, fc.array(headerText, { maxLength: 3 }), space)
    .map(([before, word, between, parts, after]) => before + word + between + parts.join(between) + after),
);

/** A second implementation of the rule, by splitting at blanks. */
const readAgain = (header: string, allowBare: boolean): Authorization => {
  const words = header.replaceAll('\t', ' ').trim().split(' ').filter(Boolean);
  const [first = '', second = ''] = words;
  const isOurs = ['token', 'bearer'].includes(first.toLowerCase());
  if (!isOurs) return allowBare && words.length === 1 ? { token: first } : null;
  if (words.length === 1) return { why: 'empty' };
  return words.length === 2 ? { token: second } : { why: 'spaces' };
};

describe('an Authorization header', () => {
  it('parses as a second implementation of the rule does', () => {
    fc.assert(
      fc.property(authorization, fc.boolean(), (header, allowBare) => {
        expect(parseAuthorization(header, allowBare)).toEqual(readAgain(header, allowBare));
      }),
      runs(1000),
    );
    expect(parseAuthorization(undefined, true)).toBeNull();
    expect(parseAuthorization('', true)).toBeNull();
  });

  it('parses without throwing if it is any Unicode text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (header, allowBare) => {
        const read = parseAuthorization(header, allowBare);
        if (read && 'token' in read) expect(header).toContain(read.token);
      }),
      runs(300),
    );
  });

  const TEXTS = {
    missing: '{"detail":"Authentication credentials were not provided."}',
    invalid: '{"detail":"Invalid token."}',
    empty: '{"detail":"Invalid token header. No credentials provided."}',
    spaces: '{"detail":"Invalid token header. Token string should not contain spaces."}',
  };

  it.each([
    ['/account/profile', false],
    ['/api/user/', true],
  ])('gets 401 with the text for its form at %s', async (path, allowBare) => {
    await fc.assert(
      fc.asyncProperty(authorization, async (header) => {
        const { status, text, headers } = await send(path, { headers: { Authorization: header } });
        const read = readAgain(header, allowBare);
        const why = read === null ? 'missing' : 'token' in read ? 'invalid' : read.why;
        expect([status, text]).toEqual([401, TEXTS[why]]);
        expect(headers.get('WWW-Authenticate')).toBe('Token');
      }),
      runs(100),
    );
  });

  it('authenticates with a live token, and not with any one character of it changed', async () => {
    for (const live of [token, jwt]) {
      expect((await send('/account/profile', { token: live })).status).toBe(200);
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: live.length - 1 }), inHeader, async (at, other) => {
          const changed = live.slice(0, at) + other + live.slice(at + 1);
          fc.pre(changed !== live);
          const { status } = await send('/account/profile', {
            headers: { Authorization: `Bearer ${changed}` },
          });
          expect(status).toBe(401);
        }),
        runs(60),
      );
    }
  });

  it('does not authenticate with a cookie, nor a Cookie header with a token', async () => {
    expect((await send('/account/profile', { token: cookie })).status).toBe(401);
    expect((await send('/api/users/me', { cookie: token })).status).toBe(404);
    expect((await send('/api/users/me', { cookie: jwt })).status).toBe(404);
    expect((await send('/api/users/me', { cookie })).status).toBe(200);
  });
});

describe('a Cookie header', () => {
  const NOT_FOUND = '{"detail":"Not found."}';
  const read = (header: string) => send('/api/users/me', { headers: { Cookie: header } });
  const name = fc.constantFrom(
    'sessionid',
    'SESSIONID',
    ' sessionid',
    'sessionid ',
    '__Host-sessionid',
    'device',
    'a',
  );
  const pair = fc.tuple(name, headerText).map(([key, value]) => `${key}=${value}`);
  const cookies = fc.oneof(
    headerText,
    fc.array(pair, { maxLength: 5 }).map((pairs) => pairs.join('; ')),
  );

  it('does not authenticate with anything that was never issued', async () => {
    await fc.assert(
      fc.asyncProperty(cookies, async (header) => {
        const { status, text } = await read(header);
        expect([status, text]).toEqual([404, NOT_FOUND]);
        const out = await send('/api/v1/user/logout', { method: 'POST', headers: { Cookie: header } });
        expect([out.status, out.text]).toEqual([
          401,
          '{"status":"failed","desc":"login required","error_code":101}',
        ]);
      }),
      runs(100),
    );
  });

  it('authenticates with the live session among other cookies', async () => {
    const others = fc.array(fc.constantFrom('a=b', 'theme=dark', 'x', 'device=nonsense', 'c="d"', 'e=%f0'), {
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(others, others, async (before, after) => {
        const { status } = await read([...before, `sessionid=${cookie}`, ...after].join('; '));
        expect(status).toBe(200);
      }),
      runs(30),
    );
  });

  it('does not authenticate with any one character of the live session changed', async () => {
    const letters = fc.constantFrom(...'ABCXYZabcxyz0123456789-_.%+/ ');
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 42 }), letters, async (at, other) => {
        const changed = cookie.slice(0, at) + other + cookie.slice(at + 1);
        fc.pre(changed !== cookie);
        expect((await read(`sessionid=${changed}`)).status).toBe(404);
      }),
      runs(60),
    );
  });

  it('gets 404 if it is huge or has a thousand pairs', async () => {
    expect((await read(`sessionid=${'A'.repeat(16_000)}`)).status).toBe(404);
    expect((await read(Array(1000).fill('sessionid=x').join('; '))).status).toBe(404);
    expect((await read('='.repeat(10_000))).status).toBe(404);
    expect((await read('%'.repeat(10_000))).status).toBe(404);
  });

  it('does not disturb a login with any text as the device mark', async () => {
    await fc.assert(
      fc.asyncProperty(headerText, async (device) => {
        const headers = { Cookie: `device=${device}` };
        expect((await send('/account/login', { json: person, headers })).text).toBe(`{"token":"${token}"}`);
      }),
      runs(30),
    );
  });
});
