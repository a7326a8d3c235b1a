// The secrets of second factors: sealed secrets, recovery codes, app passwords, challenges.
import { describe, expect, it } from 'vitest';
import { hashAppPassword, makeAppPassword } from '../../../src/core/credentials/app-password.ts';
import {
  CHALLENGE_SECONDS,
  createChallenges,
  idOf,
  type NewChallenge,
} from '../../../src/core/factors/challenges.ts';
import { hashRecoveryCode, makeRecoveryCodes } from '../../../src/core/factors/recovery-codes.ts';
import { createSealing } from '../../../src/core/sealing.ts';
import { createKeyring, cryptoRandom, sha256Hex } from '../../../src/core/secrets.ts';

const OLD = 'an old secret that is long enough to be one';
const NEW = 'a new secret that is long enough to be one';

const under = (...secrets: [string, ...string[]]) => createSealing(createKeyring(secrets), cryptoRandom);

describe('a sealed secret', () => {
  const bytes = cryptoRandom(20);

  it('unseals to the same bytes, which its text does not show', async () => {
    const sealed = await under(OLD).seal(bytes, 'totp:1');
    expect(sealed).toMatch(/^[0-9a-f]{8}\.[\w-]{16}\.[\w-]{48}$/);
    expect(sealed).not.toContain(bytes.toBase64({ alphabet: 'base64url', omitPadding: true }));
    expect(await under(OLD).unseal(sealed, 'totp:1')).toEqual({ bytes, isCurrent: true });
  });

  it('differs each time', async () => {
    expect(await under(OLD).seal(bytes, 'totp:1')).not.toBe(await under(OLD).seal(bytes, 'totp:1'));
  });

  it('unseals during a rotation of the secret, and not after it', async () => {
    const sealed = await under(OLD).seal(bytes, 'totp:1');
    expect(await under(NEW, OLD).unseal(sealed, 'totp:1')).toEqual({ bytes, isCurrent: false });
    expect(await under(NEW).unseal(sealed, 'totp:1')).toBeNull();
    expect(sealed.startsWith(await under(NEW, OLD).currentPrefix())).toBe(false);
    expect(sealed.startsWith(await under(OLD).currentPrefix())).toBe(true);
  });

  it('does not unseal in the row of another account', async () => {
    const sealed = await under(OLD).seal(bytes, 'totp:1');
    expect(await under(OLD).unseal(sealed, 'totp:2')).toBeNull();
  });

  it('does not unseal with any character changed', async () => {
    const sealed = await under(OLD).seal(bytes, 'totp:1');
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`;
      expect(await under(OLD).unseal(changed, 'totp:1')).toBeNull();
    }
    expect(await under(OLD).unseal('', 'totp:1')).toBeNull();
  });
});

describe('recovery codes', () => {
  it('come as ten different codes of 112 bits each', () => {
    const codes = makeRecoveryCodes(cryptoRandom);
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^[0-9a-f]{4}(-[0-9a-f]{4}){6}$/);
    expect(28 * Math.log2(16)).toBe(112);
  });

  it('have one hash with any letter case, hyphens and spaces', async () => {
    const [code = ''] = makeRecoveryCodes(cryptoRandom);
    const hash = await sha256Hex(code.replaceAll('-', ''));
    for (const typed of [
      code,
      code.toUpperCase(),
      code.replaceAll('-', ''),
      ` ${code.replaceAll('-', ' ')} `,
    ])
      expect(await hashRecoveryCode(typed)).toBe(hash);
  });

  it.each(['', '123456', 'abcd-'.repeat(8), 'ghij-'.repeat(7)])('cannot be %j', async (typed) => {
    expect(await hashRecoveryCode(typed)).toBeNull();
  });
});

describe('app passwords', () => {
  it('have 24 base32 characters in groups: 120 bits, enough for a plain hash', () => {
    const made = Array.from({ length: 200 }, () => makeAppPassword(cryptoRandom));
    expect(new Set(made).size).toBe(200);
    for (const password of made) expect(password).toMatch(/^[a-z2-7]{4}( [a-z2-7]{4}){5}$/);
    // All 32 characters occur.
    expect(new Set(made.join('').replaceAll(' ', '')).size).toBe(32);
  });

  it('have one hash with any letter case, spaces and hyphens', async () => {
    const password = makeAppPassword(cryptoRandom);
    const hash = await sha256Hex(password.replaceAll(' ', ''));
    for (const typed of [
      password,
      password.toUpperCase(),
      password.replaceAll(' ', ''),
      password.replaceAll(' ', '-'),
    ])
      expect(await hashAppPassword(typed)).toBe(hash);
  });

  it.each(['', 'correct horse battery', 'abcd '.repeat(5), 'abcd '.repeat(7), 'abc1 '.repeat(6)])(
    'cannot be %j',
    async (typed) => {
      expect(await hashAppPassword(typed)).toBeNull();
    },
  );
});

describe('a challenge', () => {
  const START_MS = 1_700_000_000_000;
  const setUp = (secrets: [string, ...string[]] = [OLD]) => {
    let nowMs = START_MS;
    const challenges = createChallenges({
      keyring: createKeyring(secrets),
      random: cryptoRandom,
      nowMs: () => nowMs,
    });
    return { challenges, at: (ms: number) => (nowMs = ms) };
  };
  const wanted: NewChallenge = {
    purpose: 'second_factor',
    accountId: 7,
    state: 'abc',
    open: 'cookie',
    holder: 'the cookie of a browser',
  };
  const HOLDER = wanted.holder;

  it.each([null, 'email_code' as const])(
    'has 32 random bytes and reads back with its purpose, account and first factor %s',
    async (firstFactor) => {
      const { challenges } = setUp();
      const { token, challenge } = await challenges.issue({ ...wanted, firstFactor });
      expect(challenge.bytes.byteLength).toBe(32);
      expect(await challenges.read(token, 'second_factor', HOLDER)).toEqual({
        purpose: 'second_factor',
        bytes: challenge.bytes,
        expiresAtMs: START_MS + 5 * 60 * 1000,
        accountId: 7,
        state: 'abc',
        open: 'cookie',
        firstFactor,
      });
      expect(token).not.toContain(String(HOLDER));
    },
  );

  it('differs each time', async () => {
    const { challenges } = setUp();
    const [one, other] = [await challenges.issue(wanted), await challenges.issue(wanted)];
    expect(await idOf(one.challenge)).not.toBe(await idOf(other.challenge));
  });

  it('expires after five minutes', async () => {
    const { challenges, at } = setUp();
    const { token } = await challenges.issue(wanted);
    at(START_MS + CHALLENGE_SECONDS * 1000 - 1);
    expect(await challenges.read(token, 'second_factor', HOLDER)).not.toBeNull();
    at(START_MS + CHALLENGE_SECONDS * 1000);
    expect(await challenges.read(token, 'second_factor', HOLDER)).toBeNull();
  });

  it('works for one purpose only', async () => {
    const { challenges } = setUp();
    const { token } = await challenges.issue(wanted);
    for (const purpose of ['sign_in', 'add_passkey', 'reauthenticate'] as const)
      expect(await challenges.read(token, purpose, HOLDER)).toBeNull();
  });

  it('works only for the browser that got it, or for any if it has no holder', async () => {
    const { challenges } = setUp();
    const { token } = await challenges.issue(wanted);
    expect(await challenges.read(token, 'second_factor', 'another cookie')).toBeNull();
    expect(await challenges.read(token, 'second_factor', null)).toBeNull();
    const open = await challenges.issue({ ...wanted, holder: null });
    expect(await challenges.read(open.token, 'second_factor', null)).not.toBeNull();
    expect(await challenges.read(open.token, 'second_factor', HOLDER)).not.toBeNull();
  });

  it('works during a rotation of the secret, and not after it', async () => {
    const { token } = await setUp([OLD]).challenges.issue(wanted);
    expect(await setUp([NEW, OLD]).challenges.read(token, 'second_factor', HOLDER)).not.toBeNull();
    expect(await setUp([NEW]).challenges.read(token, 'second_factor', HOLDER)).toBeNull();
  });

  it('does not work with any character changed', async () => {
    const { challenges } = setUp();
    const { token } = await challenges.issue(wanted);
    for (let at = 0; at < token.length; at += 1) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
      expect(await challenges.read(changed, 'second_factor', HOLDER)).toBeNull();
    }
    for (const text of ['', '.', 'a.b', `${token}.`, `${token}.x`])
      expect(await challenges.read(text, 'second_factor', HOLDER)).toBeNull();
  });
});
