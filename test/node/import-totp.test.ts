// Import of authenticator apps: from otpauth: URIs, base32 secrets and Keycloak.
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { unpackTotp } from '../../src/core/factors/generator.ts';
import { BCRYPT, importInto, NOW_MS, openDatabase, type Scratch, tempFile } from './import-support.ts';

/** The secret of RFC 6238: `12345678901234567890`. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const BYTES = [...Buffer.from('12345678901234567890')];
const USUAL = { secret: BYTES, hash: 'SHA-1', digits: 6, periodSeconds: 30 };

/** The generators in the database, by the email of their owner. */
const generatorsIn = ({ database }: Scratch): Record<string, unknown> =>
  Object.fromEntries(
    database
      .prepare('SELECT email, factors.* FROM factors JOIN users ON users.id = user_id')
      .all()
      .map(({ email, secret, kind, name, created_at, confirmed_at, last_step }) => {
        expect([kind, name, created_at, confirmed_at, last_step]).toEqual([
          'totp',
          'Authenticator app',
          NOW_MS,
          NOW_MS,
          0,
        ]);
        const packed = /^plain\.([\w-]+)$/.exec(String(secret))?.[1] ?? '';
        const totp = unpackTotp(new Uint8Array(Buffer.from(packed, 'base64url')));
        return [String(email), totp && { ...totp, secret: [...totp.secret] }];
      }),
  );

const csv = (column: string, values: readonly string[]): string =>
  tempFile(
    'users.csv',
    `email,password,${column}\n${values.map((value, at) => `a${at}@example.com,${BCRYPT},${value}`).join('\n')}\n`,
  );

describe('import of TOTP secrets from CSV', () => {
  it('reads otpauth: URIs with their parameters, and accepts an empty value', async () => {
    const scratch = openDatabase();
    const path = csv('otpauth', [
      `otpauth://totp/Shop:ann?secret=${SECRET}&issuer=Shop`,
      `otpauth://totp/ann?secret=${SECRET.toLowerCase()}&algorithm=SHA256&digits=8&period=60`,
      '',
    ]);
    expect((await importInto(scratch, path)).counts).toMatchObject({ imported: 3, refused: 0 });
    expect(generatorsIn(scratch)).toEqual({
      'a0@example.com': USUAL,
      'a1@example.com': { ...USUAL, hash: 'SHA-256', digits: 8, periodSeconds: 60 },
    });
  });

  it('reads secrets in base32', async () => {
    const scratch = openDatabase();
    await importInto(scratch, csv('totp_secret', [SECRET]));
    expect(generatorsIn(scratch)).toEqual({ 'a0@example.com': USUAL });
  });

  it.each([
    'otpauth://hotp/ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=1',
    'otpauth://totp/ann',
    `otpauth://totp/ann?secret=${SECRET}&digits=4`,
    `otpauth://totp/ann?secret=${SECRET}&period=0`,
    `otpauth://totp/ann?secret=${SECRET}&period=300`,
    `otpauth://totp/ann?secret=${SECRET}&period=29.5`,
    `otpauth://totp/ann?secret=${SECRET}&algorithm=MD5`,
    'MFRGG',
    '123456',
    'true',
  ])('imports the account without the secret %s, and says so in the report', async (value) => {
    const scratch = openDatabase();
    const { counts, lines } = await importInto(scratch, csv('totp_secret', [value]));
    expect(counts).toMatchObject({ imported: 1, refused: 0 });
    expect(generatorsIn(scratch)).toEqual({});
    expect(lines.join('\n')).toContain('its secret for one-time codes is not understood');
  });

  it('adds no factor to an account that exists already', async () => {
    const scratch = openDatabase();
    await importInto(scratch, csv('totp_secret', ['']));
    await importInto(scratch, csv('totp_secret', [SECRET]));
    expect(generatorsIn(scratch)).toEqual({});
  });
});

it('imports TOTP secrets of Keycloak as text and in base32, and no HOTP secrets', async () => {
  const scratch = openDatabase();
  const user = (name: string, secretData: object, credentialData: object) => ({
    username: name,
    email: `${name}@example.com`,
    enabled: true,
    credentials: [
      { type: 'otp', secretData: JSON.stringify(secretData), credentialData: JSON.stringify(credentialData) },
    ],
  });
  const parameters = { subType: 'totp', digits: 6, counter: 0, period: 30, algorithm: 'HmacSHA1' };
  const users = [
    user('ann', { value: '12345678901234567890' }, parameters),
    user('bob', { value: SECRET }, { ...parameters, algorithm: 'HmacSHA256', secretEncoding: 'BASE32' }),
    user('cas', { value: '12345678901234567890' }, { ...parameters, subType: 'hotp' }),
  ];
  await importInto(scratch, tempFile('realm.json', JSON.stringify({ realm: 'shop', users })));
  expect(generatorsIn(scratch)).toEqual({
    'ann@example.com': USUAL,
    'bob@example.com': { ...USUAL, hash: 'SHA-256' },
  });
});
