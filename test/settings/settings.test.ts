// Misspelt or invalid settings: a 500 for every request, and a log line that names them.
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { type Env, Misconfigured, readSettings } from '../../src/env.ts';
import { readValues, SETTINGS } from '../../src/settings/index.ts';
import { ISSUER, KEYS } from '../support/signing.ts';
import { send, testEnv } from '../support/worker.ts';

const json = { username: 'somebody1', password: 'sesame1234' };

/** The error message for these settings. */
const refusal = (settings: Record<string, unknown>): string => {
  try {
    readSettings({ ...testEnv, ...settings });
  } catch (error) {
    if (error instanceof Misconfigured) return error.message;
    throw error;
  }
  return expect.fail('The settings are taken.');
};

const accepted = (settings: Partial<Env>) => readSettings({ ...testEnv, ...settings });

let errors: MockInstance<typeof console.error>;
let warnings: MockInstance<typeof console.warn>;

beforeEach(() => {
  errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('LAZY_MIGRATION_URL', () => {
  const LAZY_MIGRATION_URL = 'https://old.example.com';
  const LAZY_MIGRATION_SECRET = 'a secret of the old service, long enough';

  it('has no effect by default, and needs the secret or a dialect', () => {
    expect(accepted({}).migration).toBeNull();
    expect(accepted({ LAZY_MIGRATION_SECRET }).migration).toBeNull();
    expect(accepted({ LAZY_MIGRATION_URL, LAZY_MIGRATION_SECRET }).migration).toEqual({
      url: LAZY_MIGRATION_URL,
      dialect: null,
      secret: LAZY_MIGRATION_SECRET,
      timeoutMs: 3000,
      perMinute: 300,
    });
    expect(accepted({ LAZY_MIGRATION_URL, LAZY_MIGRATION_DIALECT: 'user-v1' }).migration).toMatchObject({
      dialect: 'user-v1',
      secret: null,
    });
    expect(refusal({ LAZY_MIGRATION_URL })).toBe(
      'LAZY_MIGRATION_URL needs LAZY_MIGRATION_SECRET, or the LAZY_MIGRATION_DIALECT that the service speaks.',
    );
    expect(refusal({ LAZY_MIGRATION_DIALECT: 'auth' })).toBe(
      'LAZY_MIGRATION_DIALECT needs LAZY_MIGRATION_URL.',
    );
  });

  it.each([
    'http://old.example.com',
    'https://ann:secret@old.example.com',
    'https://old.example.com/#login',
    'ftp://old.example.com',
    'old.example.com',
  ])('rejects %s, which is not safe for passwords', (url) => {
    expect(refusal({ LAZY_MIGRATION_URL: url, LAZY_MIGRATION_SECRET })).toContain(
      'LAZY_MIGRATION_URL must be an https address',
    );
  });

  it.each(['http://127.0.0.1:8000/check', 'http://localhost:8000', 'http://[::1]:8000'])(
    'accepts the loopback address %s',
    (url) => {
      expect(accepted({ LAZY_MIGRATION_URL: url, LAZY_MIGRATION_SECRET }).migration?.url).toBe(url);
    },
  );

  it('cannot have a query if LAZY_MIGRATION_DIALECT adds paths', () => {
    expect(
      refusal({ LAZY_MIGRATION_URL: 'https://old.example.com/?a=b', LAZY_MIGRATION_DIALECT: 'users' }),
    ).toBe('LAZY_MIGRATION_URL must have no query: the paths of LAZY_MIGRATION_DIALECT are put behind it.');
  });

  it.each(['too short', 'whsec_not base64, and long enough for it', 'whsec_abcdefghijklmnopqrstuvwxyzabcde'])(
    'does not show an invalid secret in the error: %s',
    (secret) => {
      expect(refusal({ LAZY_MIGRATION_URL, LAZY_MIGRATION_SECRET: secret })).toBe(
        'LAZY_MIGRATION_SECRET must be a text of at least 32 characters, or whsec_ and base64.',
      );
    },
  );
});

describe('the check of the mail settings', () => {
  const MAIL = { MAIL_FROM: 'Example <id@example.com>', PUBLIC_URL: 'https://id.example.com' };

  it.each([
    ['resend', {}, 'MAIL_PROVIDER is resend, which needs RESEND_API_KEY.'],
    ['postmark', {}, 'MAIL_PROVIDER is postmark, which needs POSTMARK_SERVER_TOKEN.'],
    [
      'ses',
      { SES_REGION: 'eu-central-1' },
      'MAIL_PROVIDER is ses, which needs SES_ACCESS_KEY_ID. MAIL_PROVIDER is ses, which needs SES_SECRET_ACCESS_KEY.',
    ],
  ])('names the missing settings of the provider %s', (MAIL_PROVIDER, others, message) => {
    expect(refusal({ ...MAIL, MAIL_PROVIDER, ...others })).toBe(message);
  });

  it('names a missing PUBLIC_URL and a missing binding', () => {
    expect(refusal({ MAIL_FROM: MAIL.MAIL_FROM, EMAIL: {} })).toBe(
      'MAIL_FROM needs PUBLIC_URL: the links in mails begin with it.',
    );
    expect(refusal({ ...MAIL, EMAIL: undefined })).toBe(
      'MAIL_FROM needs the binding EMAIL ([[send_email]] in wrangler.toml), or another MAIL_PROVIDER.',
    );
  });

  it.each(['REQUIRE_VERIFIED_EMAIL', 'EMAIL_SIGN_IN'])('names MAIL_FROM if %s is set without it', (name) => {
    expect(refusal({ [name]: 'true' })).toBe(`${name} needs MAIL_FROM: without mail nobody gets in.`);
  });
});

describe('SIGNING_KEYS', () => {
  const [first, second] = KEYS;
  const takes =
    'SIGNING_KEYS must be a JSON list of private ES256 keys with names of their own (`npm run keys`).';

  it('accepts a list of keys, or a key set of RFC 7517', () => {
    for (const keys of [[first], [first, second], { keys: [first] }])
      expect(
        accepted({ SIGNING_KEYS: JSON.stringify(keys), PUBLIC_URL: ISSUER }).accessTokens?.keys[0].kid,
      ).toBe('first');
  });

  it.each([
    ['a text that is not JSON', '{'],
    ['an object without keys', '{}'],
    ['an empty list', '[]'],
    ['a public key', JSON.stringify([{ ...first, d: undefined }])],
    ['a key of another curve', JSON.stringify([{ ...first, crv: 'P-384' }])],
    ['a key of another type', JSON.stringify([{ ...first, kty: 'RSA' }])],
    ['a key without a name', JSON.stringify([{ ...first, kid: '' }])],
    ['two keys of the same name', JSON.stringify([first, first])],
    [
      'nine keys',
      JSON.stringify(Array.from({ length: 9 }, (_, index) => ({ ...first, kid: String(index) }))),
    ],
  ])('rejects %s, and does not show it in the error', (_, SIGNING_KEYS) => {
    expect(refusal({ SIGNING_KEYS, PUBLIC_URL: ISSUER })).toBe(takes);
  });

  it('signs nothing without PUBLIC_URL, and logs a warning', () => {
    const { accessTokens, warnings } = accepted({ SIGNING_KEYS: JSON.stringify(KEYS) });
    expect(accessTokens).toBeNull();
    expect(warnings).toContain(
      'SIGNING_KEYS needs PUBLIC_URL, the issuer: without it there are no access tokens and no OpenID Connect.',
    );
    expect(accepted({ SIGNING_KEYS: JSON.stringify(KEYS), PUBLIC_URL: ISSUER }).warnings).not.toContainEqual(
      expect.stringContaining('SIGNING_KEYS'),
    );
  });

  it('allows at most 15 for ACCESS_TOKEN_MINUTES', () => {
    expect(refusal({ ACCESS_TOKEN_MINUTES: 16 })).toBe(
      'ACCESS_TOKEN_MINUTES must be a whole number from 1 to 15, not 16.',
    );
  });
});

describe('the check of setting values', () => {
  it.each([
    ['HIDE_UNKNOWN_ACCOUNTS', 'yes', 'true or false'],
    ['HIDE_UNKNOWN_ACCOUNTS', 'TRUE', 'true or false'],
    ['HIDE_UNKNOWN_ACCOUNTS', ' true', 'true or false'],
    ['HIDE_UNKNOWN_ACCOUNTS', 1, 'true or false'],
    ['OPEN_TOKEN_DIALECTS', 'True', 'true or false'],
    ['OPEN_TOKEN_DIALECTS', '1', 'true or false'],
    ['SESSION_READS', 'Primary', 'nearest or primary or cached'],
    ['SESSION_READS', true, 'nearest or primary or cached'],
    ['UTC_OFFSET', 8, 'an offset of the form +HH:MM'],
    ['ALLOWED_ORIGINS', ['https://app.example.com', 'app.example.com'], 'a list of origins'],
    ['ALLOWED_ORIGINS', [1], 'a list of origins'],
    ['ALLOWED_ORIGINS', true, 'a list of origins'],
    ['SESSION_IDLE_DAYS', '401', 'a whole number from 1 to 400'],
    ['SESSION_IDLE_DAYS', 1.5, 'a whole number from 1 to 400'],
    ['SESSION_IDLE_DAYS', true, 'a whole number from 1 to 400'],
    ['SESSION_IDLE_DAYS', '014', 'a whole number from 1 to 400'],
    ['SESSION_ABSOLUTE_DAYS', '3651', 'a whole number from 1 to 3650'],
    ['THROTTLE_FREE_FAILURES', '101', 'a whole number from 1 to 100'],
    ['THROTTLE_MAX_WAIT_SECONDS', '604801', 'a whole number from 1 to 604800'],
    ['D1_TIMEOUT_MS', '60001', 'a whole number from 1 to 60000'],
  ])('rejects %s = %j with 500 and a log line', async (name, value, takes) => {
    expect(refusal({ [name]: value })).toBe(
      `${name} must be ${takes}${takes === 'a list of origins' ? ' such as https://app.example.com' : ''}, not ${JSON.stringify(value)}.`,
    );
    // Object.assign, because a deployment can write what the type Env does not allow.
    const env: Env = Object.assign({ ...testEnv }, { [name]: value });
    const answer = await send('/account/login', { env, json });
    expect([answer.status, answer.text]).toEqual([500, '{"detail":"A server error occurred."}']);
    expect(errors).toHaveBeenCalledTimes(1);
    expect(String(errors.mock.calls[0]?.[0])).toContain(name);
  });
});

describe('the check of setting names', () => {
  it.each([
    ['HIDE_UNKNOWN_ACCOUNT', 'HIDE_UNKNOWN_ACCOUNTS'],
    ['HIDE_UNKOWN_ACCOUNTS', 'HIDE_UNKNOWN_ACCOUNTS'],
    ['hide_unknown_accounts', 'HIDE_UNKNOWN_ACCOUNTS'],
    ['HIDE-UNKNOWN-ACCOUNTS', 'HIDE_UNKNOWN_ACCOUNTS'],
    ['ALLOW_ORIGINS', 'ALLOWED_ORIGINS'],
    ['ORIGINS_ALLOWED', 'ALLOWED_ORIGINS'],
    ['IDLE_SESSION_DAYS', 'SESSION_IDLE_DAYS'],
    ['UTCOFFSET', 'UTC_OFFSET'],
    ['TOKEN_SECRETS', 'TOKEN_SECRET'],
    ['PREVIOUS_TOKEN_SECRET', 'TOKEN_SECRET_PREVIOUS'],
  ])('rejects %s and suggests %s', async (name, meant) => {
    expect(refusal({ [name]: 'true' })).toBe(`${name} is not a setting. Did you mean ${meant}?`);
    const answer = await send('/account/login', {
      env: Object.assign({ ...testEnv }, { [name]: 'true' }),
      json,
    });
    expect(answer.status).toBe(500);
    expect(String(errors.mock.calls[0]?.[0])).toContain(`Did you mean ${meant}?`);
  });

  it.each(['SESSION_SECONDS', 'THROTTLE_OFF', 'PASSWORD_PEPPER', 'session_lifetime'])(
    'rejects %s, which has the prefix of a setting',
    (name) => {
      expect(refusal({ [name]: 'secret value' })).toBe(`${name} is not a setting. See docs/settings.md.`);
    },
  );

  it('rejects every name that differs from a setting by one slip, separator or prefix', () => {
    const names = Object.keys(SETTINGS);
    const slips = (name: string): string[] => [
      ...[...name].map((_, at) => name.slice(0, at) + name.slice(at + 1)),
      ...[...name].slice(1).map((one, at) => name.slice(0, at) + one + name[at] + name.slice(at + 2)),
      name.toLowerCase(),
      name.replaceAll('_', ''),
      name.replaceAll('_', '-'),
      name.split('_').reverse().join('_'),
      `${name}S`,
      `LATCHKEY_${name}`,
      `${name}_VALUE`,
    ];
    const missed = names.flatMap((name) =>
      slips(name).filter((slip) => {
        if (names.includes(slip)) return false;
        const read = readValues({ TOKEN_SECRET: 'x'.repeat(40), [slip]: 'true' });
        return !('problems' in read && read.problems.some((problem) => problem.includes(slip)));
      }),
    );
    expect(missed).toEqual([]);
  });

  it('ignores names of other software and bindings', () => {
    const others = { SENTRY_DSN: 'https://sentry.test', MAIL: 'x', SESSION_STORE: testEnv.SESSIONS };
    expect(() => readSettings({ ...testEnv, ...others })).not.toThrow();
  });
});

it('names every problem at once', () => {
  expect(refusal({ SESSION_IDLE_DAYS: '500', OPEN_TOKEN_DIALECTS: 'on', UTC_OFSET: '+01:00' })).toBe(
    'UTC_OFSET is not a setting. Did you mean UTC_OFFSET? ' +
      'SESSION_IDLE_DAYS must be a whole number from 1 to 400, not "500". ' +
      'OPEN_TOKEN_DIALECTS must be true or false, not "on".',
  );
});

it('rejects a longest wait that is shorter than the first', () => {
  const waits = { THROTTLE_FIRST_WAIT_SECONDS: 61, THROTTLE_MAX_WAIT_SECONDS: 60 };
  expect(refusal(waits)).toBe('THROTTLE_MAX_WAIT_SECONDS must not be less than THROTTLE_FIRST_WAIT_SECONDS.');
  expect(accepted({ ...waits, THROTTLE_MAX_WAIT_SECONDS: 61 }).policy.throttle.maxWaitSeconds).toBe(61);
});

it.each(['TOKEN_SECRET', 'TOKEN_SECRET_PREVIOUS'])(
  'rejects a short %s, and does not show it in the error',
  (name) => {
    for (const text of ['short', 'x'.repeat(31)])
      expect(refusal({ [name]: text })).toBe(`${name} must be a text of at least 32 characters.`);
    expect(() => accepted({ [name]: 'x'.repeat(32) })).not.toThrow();
  },
);

it.each(['DB', 'SESSIONS', 'ASSETS'])('rejects an environment without the binding %s', async (name) => {
  const env: Env = Object.assign({ ...testEnv }, { [name]: undefined });
  expect(refusal({ [name]: undefined })).toBe(
    `${name} is not bound. Bind it in wrangler.toml, in each environment.`,
  );
  expect((await send('/account/login', { env, json })).status).toBe(500);
});

describe('a setting in wrangler.toml', () => {
  it('can be a number', () => {
    expect(accepted({ SESSION_IDLE_DAYS: 400 }).policy.sessionIdleSeconds).toBe(400 * 24 * 60 * 60);
    expect(accepted({ THROTTLE_FREE_FAILURES: 5 }).policy.throttle.freeFailures).toBe(5);
  });

  it('can be a boolean, or its text', () => {
    for (const on of [true, 'true'])
      expect(accepted({ HIDE_UNKNOWN_ACCOUNTS: on }).httpSettings.hideUnknownAccounts).toBe(true);
    for (const off of [false, 'false', ''])
      expect(accepted({ OPEN_TOKEN_DIALECTS: off }).httpSettings.openTokenDialects).toBe(false);
  });

  it('can be a list, or its text with separators', () => {
    const origins = ['https://app.example.com', 'http://localhost:3000'];
    for (const ALLOWED_ORIGINS of [origins, origins.join(','), origins.join(' '), origins.join(', ')])
      expect([...accepted({ ALLOWED_ORIGINS }).httpSettings.allowedOrigins]).toEqual(origins);
  });
});

it('sets a cookie for 400 days if SESSION_IDLE_DAYS is 400', async () => {
  const env: Env = { ...testEnv, SESSION_IDLE_DAYS: '400', SESSION_ABSOLUTE_DAYS: '400' };
  const person = { username: 'idle400', email: 'idle400@test.com', password: 'sesame1234' };
  const answer = await send('/api/users/register/', { json: person, env });
  expect(answer.status).toBe(200);
  expect(answer.headers.getSetCookie().join()).toContain('Max-Age=34560000');
});

describe('a new isolate', () => {
  const logged = (): unknown[] => warnings.mock.calls.map(([line]) => JSON.parse(String(line)));

  it('warns once if a hash costs less than OWASP recommends', async () => {
    const env = { ...testEnv, PASSWORD_ITERATIONS: '70000', PASSWORD_ROUNDS: '3' };
    await send('/health', { env });
    await send('/health', { env });
    expect(logged()).toEqual([
      {
        level: 'warning',
        message:
          'PASSWORD_ITERATIONS × PASSWORD_ROUNDS is 210000: OWASP asks for at least 220000. A stolen database is cheaper to crack.',
      },
    ]);
  });

  it('warns if a flood guard is not bound', async () => {
    const { LOGIN_LIMIT: _, ...env } = { ...testEnv, PASSWORD_ITERATIONS: '', PASSWORD_ROUNDS: '' };
    await send('/health', { env });
    expect(logged()).toEqual([
      {
        level: 'warning',
        message: 'LOGIN_LIMIT is not bound: nothing bounds the hashes that one address can ask for.',
      },
    ]);
  });

  it.each([
    ['', ''],
    ['100000', '3'],
    ['73334', '3'],
  ])(
    'does not warn if PASSWORD_ITERATIONS is %j and PASSWORD_ROUNDS is %j',
    async (PASSWORD_ITERATIONS, PASSWORD_ROUNDS) => {
      await send('/health', { env: { ...testEnv, PASSWORD_ITERATIONS, PASSWORD_ROUNDS } });
      expect(logged()).toEqual([]);
    },
  );
});
