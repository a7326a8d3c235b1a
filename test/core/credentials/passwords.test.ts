// Stored password hashes: the passwords that they match, their text form, and texts that are not hashes of ours.
import { describe, expect, it } from 'vitest';
import { parseHash } from '../../../src/core/credentials/own-hash.ts';
import { createPasswords } from '../../../src/core/credentials/passwords.ts';
import { cryptoRandom } from '../../../src/core/secrets.ts';
import { watchHashes } from '../../support/counting.ts';
import { fixture } from './foreign/support.ts';

const countUp = new Uint8Array([...Array(16).keys()]);

const CHEAP = { iterations: 1000, rounds: 2 };
const PASSWORD = 'correct horse 1';
const SALT = 'AAECAwQFBgcICQoLDA0ODw';
const HASH = 'iRw0M/3n72v6roGxlv0QcP+Vn4C1/E2OItgmwrXINvfMGzqs9Jb9SrDkleL2wfgxICWzId0NJ3EbWAMYGaBJyA';
/** `correct horse 1` with the salt 0 to 15, computed with Python: see derive.test.ts. */
const STORED = `$pbkdf2-sha512$i=1000,r=2$${SALT}$${HASH}`;

describe('a hash of the NFC form of a password', () => {
  it.each([
    ['accepts é decomposed', 'caf\u00e9', 'cafe\u0301', true],
    ['accepts 한 as its letters', '\ud55c', '\u1112\u1161\u11ab', true],
    ['accepts Å as the unit', '\u00c5', '\u212b', true],
    ['rejects fi as a ligature', 'fi', '\ufb01', false],
    ['rejects other letter case', 'Password', 'password', false],
    ['rejects a trailing space', 'password', 'password ', false],
    ['rejects a trailing NUL, which HMAC alone would ignore', 'password', 'password\0', false],
    ['rejects one trailing NUL instead of two', 'password\0\0', 'password\0', false],
    ['accepts the same trailing NUL', 'password\0', 'password\0', true],
  ])('%s', async (_name, one, other, same) => {
    const stored = await createPasswords(CHEAP, cryptoRandom).hash(one);
    expect(await createPasswords(CHEAP, cryptoRandom).verify(other, stored)).toBe(same);
  });
});

describe('a stored hash', () => {
  const passwords = createPasswords(CHEAP, cryptoRandom);

  it('contains its algorithm, cost, salt and key', async () => {
    expect(await createPasswords(CHEAP, () => countUp).hash(PASSWORD)).toBe(STORED);
    expect(parseHash(STORED)?.salt).toEqual(countUp);
    expect(parseHash(STORED)).toMatchObject({ iterations: 1000, rounds: 2 });
    expect(parseHash(STORED)?.hash.byteLength).toBe(64);
  });

  it('has a new salt each time', async () => {
    const [one, other] = [await passwords.hash(PASSWORD), await passwords.hash(PASSWORD)];
    expect(one).toMatch(/^\$pbkdf2-sha512\$i=1000,r=2\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{86}$/);
    expect(one.slice(0, 48)).not.toBe(other.slice(0, 48));
    expect(one.slice(-86)).not.toBe(other.slice(-86));
  });

  it('matches its own password and no other', async () => {
    expect(await passwords.verify(PASSWORD, STORED)).toBe(true);
    expect(await passwords.verify('correct horse 2', STORED)).toBe(false);
    expect(await passwords.verify('', STORED)).toBe(false);
  });

  it('verifies at its own cost, and needs a rehash if the current cost differs', async () => {
    const dearer = createPasswords({ iterations: 2000, rounds: 2 }, cryptoRandom);
    const longer = createPasswords({ iterations: 1000, rounds: 3 }, cryptoRandom);
    const { value, iterations } = await watchHashes(() => dearer.verify(PASSWORD, STORED));
    expect(value).toBe(true);
    expect(iterations).toEqual([1000, 1000]);
    expect(await passwords.needsRehash(STORED, 'any')).toBe(false);
    expect(await dearer.needsRehash(STORED, 'any')).toBe(true);
    expect(await longer.needsRehash(STORED, 'any')).toBe(true);
    expect(await passwords.needsRehash('', 'any')).toBe(true);
  });

  const BCRYPT_TAIL = '.'.repeat(53);

  it.each([
    [`$2b$10$${BCRYPT_TAIL}`, 71, true],
    [`$2b$10$${BCRYPT_TAIL}`, 72, false],
    [`$2y$10$${BCRYPT_TAIL}`, 72, false],
    [`bcrypt$$2b$12$${BCRYPT_TAIL}`, 71, true],
    [`bcrypt$$2b$12$${BCRYPT_TAIL}`, 72, false],
    [`bcrypt_sha256$$2b$12$${BCRYPT_TAIL}`, 72, true],
    [`pbkdf2_sha256$1000$salt$${'A'.repeat(43)}=`, 72, true],
    [`$argon2id$v=19$m=64,t=1,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`, 72, true],
  ])('needs a rehash for %s after a password of %i bytes: %s', async (stored, bytes, isReplaced) => {
    expect(await passwords.needsRehash(stored, 'x'.repeat(bytes))).toBe(isReplaced);
  });

  it('needs a rehash by the bytes of the password that bcrypt read, not its characters', async () => {
    expect(await passwords.needsRehash(`$2b$10$${BCRYPT_TAIL}`, `${'ü'.repeat(35)}x`)).toBe(true);
    expect(await passwords.needsRehash(`$2b$10$${BCRYPT_TAIL}`, 'ü'.repeat(36))).toBe(false);
  });

  it('parses with 1 to 100,000 iterations and 1 to 50 rounds', () => {
    expect(parseHash(STORED.replace('i=1000', 'i=1'))?.iterations).toBe(1);
    expect(parseHash(STORED.replace('i=1000', 'i=100000'))?.iterations).toBe(100_000);
    expect(parseHash(STORED.replace('r=2', 'r=1'))?.rounds).toBe(1);
    expect(parseHash(STORED.replace('r=2', 'r=50'))?.rounds).toBe(50);
  });

  it.each([
    ['an empty text', ''],
    ['zero iterations', STORED.replace('i=1000', 'i=0')],
    ['more iterations than a call allows', STORED.replace('i=1000', 'i=100001')],
    ['far more iterations', STORED.replace('i=1000', 'i=10000000000')],
    ['a negative number of iterations', STORED.replace('i=1000', 'i=-1')],
    ['iterations with a leading zero', STORED.replace('i=1000', 'i=01000')],
    ['iterations as a power', STORED.replace('i=1000', 'i=1e3')],
    ['zero rounds', STORED.replace('r=2', 'r=0')],
    ['51 rounds', STORED.replace('r=2', 'r=51')],
    ['100 rounds', STORED.replace('r=2', 'r=100')],
    ['rounds with a leading zero', STORED.replace('r=2', 'r=02')],
    ['its parameters in reverse order', STORED.replace('i=1000,r=2', 'r=2,i=1000')],
    ['an extra parameter', STORED.replace('r=2', 'r=2,l=64')],
    ['a salt of 15 bytes', STORED.replace(SALT, SALT.slice(0, 20))],
    ['a salt of 17 bytes', STORED.replace(SALT, `${SALT}A`)],
    ['a hash of 63 bytes', STORED.replace(HASH, HASH.slice(0, 84))],
    ['a hash of 65 bytes', STORED.replace(HASH, `${HASH}A`)],
    ['a salt with unused bits set', STORED.replace('ODw$', 'ODx$')],
    ['a hash with unused bits set', STORED.replace(/yA$/, 'yB')],
    ['padding', `${STORED}==`],
    ["base64url's letters", STORED.replaceAll('/', '_')],
    ['a line feed at the end', `${STORED}\n`],
    ['a leading space', ` ${STORED}`],
    ['another hash function', STORED.replace('sha512', 'sha256')],
    ['a damaged Django hash', 'pbkdf2_sha256$1000$c2FsdA$aGFzaA=='],
    ["Django's marker of an unusable password", '!58AFjGDjQG9xvcLMtpGgWV80UXR5dYVj0PHnMJFE'],
    ['MD5', '5f4dcc3b5aa765d61d8327deb882cf99'],
  ])('matches no password, at the usual cost, if the text has %s', async (_name, text) => {
    expect(parseHash(text)).toBeNull();
    expect(await passwords.needsRehash(text, 'any')).toBe(true);
    const { value, iterations } = await watchHashes(() => passwords.verify(PASSWORD, text));
    expect(value).toBe(false);
    expect(iterations).toEqual([1000, 1000]);
  });
});

describe('a hash of other software', () => {
  const passwords = createPasswords(CHEAP, cryptoRandom);
  const { password, hash } = fixture('Django 5.2', 'pbkdf2_sha256$1000$', 'correct horse battery staple');

  it('matches its own password and no other, at its own cost', async () => {
    expect(parseHash(hash)).toBeNull();
    const right = await watchHashes(() => passwords.verify(password, hash));
    const wrong = await watchHashes(() => passwords.verify(`${password}!`, hash));
    expect([right.value, wrong.value]).toEqual([true, false]);
    expect([right.iterations, wrong.iterations]).toEqual([[1000], [1000]]);
  });

  it('needs a rehash at any cost', async () => {
    expect(await passwords.needsRehash(hash, 'any')).toBe(true);
    const cheaper = createPasswords({ iterations: 1000, rounds: 1 }, cryptoRandom);
    expect(await cheaper.needsRehash(hash, 'any')).toBe(true);
  });
});

it('hashes for an unknown account too, and rejects the password', async () => {
  const passwords = createPasswords({ iterations: 1500, rounds: 3 }, cryptoRandom);
  const { value, iterations } = await watchHashes(() => passwords.verifyNothing(PASSWORD));
  expect(value).toBe(false);
  expect(iterations).toEqual([1500, 1500, 1500]);
});
