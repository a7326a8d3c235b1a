// Long texts cost little everywhere: a text longer than any account can have is not normalized.
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { dialects } from '../../src/dialects/index.ts';
import { pages } from '../../src/pages/surface.ts';
import { services } from '../../src/services/index.ts';
import { addApp } from '../oidc/support-oidc.ts';
import { signingEnv } from '../support/signing.ts';
import { ORIGIN, type Sent, send, sessionCookie, testEnv, uniqueName } from '../support/worker.ts';

/** Combining marks, whose normalization takes time that grows with the square of their number: 60,000 bytes. */
const MARKS = `a${'\u0301\u0323'.repeat(15_000)}`;
const LONG: [name: string, text: string][] = [
  ['a name of combining marks', MARKS],
  ['an email of combining marks', `${MARKS}@test.com`],
  ['an email at a domain of combining marks', `a@${MARKS}.com`],
  ['a URL at a host of combining marks', `https://${MARKS}.com`],
];

/** As many UTF-16 units as 1,024 bytes can have. */
const MAX_UNITS = 1024;

let longest = 0;
const note = (text: unknown): void => {
  longest = Math.max(longest, String(text).length);
};

beforeEach(() => {
  longest = 0;
  const { normalize } = String.prototype;
  vi.spyOn(String.prototype, 'normalize').mockImplementation(function (this: string, form?: string) {
    note(this);
    return Reflect.apply(normalize, this, [form]);
  });
  // The host of a URL is normalized by its parser.
  const { canParse } = URL;
  vi.spyOn(URL, 'canParse').mockImplementation((url) => {
    if (String(url).length > 2_048) note(url);
    return canParse(url);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

let cookie = '';
let token = '';
const password = 'a2 long walk';

beforeAll(async () => {
  const email = `${uniqueName()}@test.com`;
  const { text } = await send('/id/register', { json: { email, password, session: 'token' } });
  token = JSON.parse(text).token;
  await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE email = ?').bind(email).run();
  cookie = sessionCookie(await send('/id/login', { json: { identifier: email, password } })) ?? '';
});

const headers = { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' };

/** Valid values for all other fields, so that none of them is refused first. */
const goodValue = (name: string): unknown => {
  const good: Record<string, () => unknown> = {
    username: uniqueName,
    email: () => `${uniqueName()}@test.com`,
    password: () => password,
    currentPassword: () => password,
    old: () => password,
    identifier: () => 'x',
    id: () => 1,
    pictureId: () => 1,
    session: () => 'cookie',
  };
  return good[name]?.() ?? 'a good text';
};

type Place = [name: string, sent: (text: string) => [path: string, Sent]];

/** Every field of every endpoint, to be sent with the long text. */
const FIELDS: Place[] = [...dialects, pages, ...services].flatMap((surface) =>
  surface.endpoints.flatMap(({ method, path, auth, body }) =>
    Object.keys(body?.schema.shape ?? {}).map((field): Place => {
      const full = surface.basePath + path.replace(/:\w+/g, '1');
      return [
        `${method} ${full}, ${field}`,
        (text) => {
          const fields = Object.keys(body?.schema.shape ?? {});
          const rest = Object.fromEntries(fields.map((name) => [name, goodValue(name)]));
          const takesCookie = auth.via !== 'none' && auth.via.includes('cookie');
          const signedIn = auth.via === 'none' ? {} : takesCookie ? { cookie } : { token };
          return [full, { method, json: { ...rest, [field]: text }, headers, ...signedIn }];
        },
      ];
    }),
  ),
);

/** Texts that are in no schema. */
const OTHERS: Place[] = [
  ['POST /api/login, email', (text) => ['/api/login', { json: { email: text, password } }]],
  ...['to', 'kept'].map(
    (field): Place => [
      `POST /sign-in, ${field}`,
      (text) => ['/sign-in', { json: { identifier: 'x', password, [field]: text }, headers }],
    ],
  ),
  ...['/sign-in?to=', '/sign-up?to=', '/confirm?to=', '/api/users/reset_password?callback=x&lookup='].map(
    (path): Place => [`GET ${path}`, (text) => [path + encodeURIComponent(text), { cookie }]],
  ),
  ...['client_id', 'redirect_uri', 'scope', 'state', 'login_hint', 'prompt', 'id_token_hint'].flatMap(
    (name): Place[] => [
      [
        `GET /oidc/authorize, ${name}`,
        (text) => [
          `/oidc/authorize?${new URLSearchParams({ client_id: 'x', [name]: text })}`,
          { env: signingEnv() },
        ],
      ],
      [
        `POST /oidc/authorize, ${name}`,
        (text) => ['/oidc/authorize', { env: signingEnv(), form: { [name]: text } }],
      ],
      [
        `POST /oidc/logout, ${name}`,
        (text) => ['/oidc/logout', { env: signingEnv(), form: { [name]: text } }],
      ],
    ],
  ),
  ...['client_id', 'client_secret', 'code', 'redirect_uri', 'refresh_token', 'token'].flatMap((name) =>
    ['/oidc/token', '/oidc/introspect', '/oidc/revoke'].map(
      (path): Place => [
        `POST ${path}, ${name}`,
        (text) => [
          path,
          { env: signingEnv(), form: { grant_type: 'authorization_code', client_id: 'x', [name]: text } },
        ],
      ],
    ),
  ),
];

/** An app whose registered URL leaves the port open: what is sent is parsed as a URL and compared with it. */
let app = '';

beforeAll(async () => {
  app = (await addApp({ redirectUris: ['http://127.0.0.1/callback'] })).id;
});

const OF_AN_APP: Place[] = [
  [
    'GET /oidc/authorize of an app, redirect_uri',
    (text) => [
      `/oidc/authorize?${new URLSearchParams({ client_id: app, redirect_uri: text })}`,
      { env: signingEnv() },
    ],
  ],
];

const PLACES = [...FIELDS, ...OTHERS, ...OF_AN_APP];

it('finds more than 120 fields in the endpoints', () => {
  expect(FIELDS.length).toBeGreaterThan(120);
});

describe.each(LONG)('%s', (_name, text) => {
  it.each(PLACES)('gets an answer without being normalized at %s', async (_place, sentWith) => {
    const [path, sent] = sentWith(text);
    expect((await send(path, sent)).status).toBeLessThan(500);
    expect(longest).toBeLessThanOrEqual(MAX_UNITS);
  });
});

it('normalizes a text of allowed length, which shows that the spy works', async () => {
  await send('/api/users/login', { json: { username: 'É'.repeat(512), password } });
  // Decomposed, each letter is two units.
  expect(longest).toBe(MAX_UNITS);
});
