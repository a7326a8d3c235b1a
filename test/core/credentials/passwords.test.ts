// Stored password hashes: which passwords they fit, their text form, and what is none of ours.
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
/** `correct horse 1` under the bytes 0 to 15, computed with Python: see derive.test.ts. */
const STORED = `$pbkdf2-sha512$i=1000,r=2$${SALT}$${HASH}`;

describe('the NFC form is hashed, and every character of it counts', () => {
  it.each([
    ['é composed and decomposed', 'caf\u00e9', 'cafe\u0301', true],
    ['한 as a syllable and as its letters', '\ud55c', '\u1112\u1161\u11ab', true],
    ['Å as a letter and as the unit', '\u00c5', '\u212b', true],
    ['fi as two letters and as a ligature', 'fi', '\ufb01', false],
    ['other capitals', 'Password', 'password', false],
    ['a space at the end', 'password', 'password ', false],
    ['a NUL at the end, which HMAC alone would not see,', 'password', 'password\0', false],
    ['two NULs at the end and one', 'password\0\0', 'password\0', false],
    ['a NUL at the end', 'password\0', 'password\0', true],
  ])('%s', async (_name, one, other, same) => {
    const stored = await createPasswords(CHEAP, cryptoRandom).hash(one);
    expect(await createPasswords(CHEAP, cryptoRandom).verify(other, stored)).toBe(same);
  });
});

describe('a stored hash', () => {
  const passwords = createPasswords(CHEAP, cryptoRandom);

  it('names its algorithm, cost, salt and result', async () => {
    expect(await createPasswords(CHEAP, () => countUp).hash(PASSWORD)).toBe(STORED);
    expect(parseHash(STORED)?.salt).toEqual(countUp);
    expect(parseHash(STORED)).toMatchObject({ iterations: 1000, rounds: 2 });
    expect(parseHash(STORED)?.hash.byteLength).toBe(64);
  });

  it('has a salt of its own', async () => {
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

  it('is checked at the cost that it was made at, and is out of date where that is not the one now', async () => {
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
  ])('replaces %s after a password of %i bytes: %s', async (stored, bytes, isReplaced) => {
    expect(await passwords.needsRehash(stored, 'x'.repeat(bytes))).toBe(isReplaced);
  });

  it('counts bytes, not characters, to decide whether bcrypt read the whole password', async () => {
    expect(await passwords.needsRehash(`$2b$10$${BCRYPT_TAIL}`, `${'ü'.repeat(35)}x`)).toBe(true);
    expect(await passwords.needsRehash(`$2b$10$${BCRYPT_TAIL}`, 'ü'.repeat(36))).toBe(false);
  });

  it('is good up to the bounds', () => {
    expect(parseHash(STORED.replace('i=1000', 'i=1'))?.iterations).toBe(1);
    expect(parseHash(STORED.replace('i=1000', 'i=100000'))?.iterations).toBe(100_000);
    expect(parseHash(STORED.replace('r=2', 'r=1'))?.rounds).toBe(1);
    expect(parseHash(STORED.replace('r=2', 'r=50'))?.rounds).toBe(50);
  });

  it.each([
    ['nothing', ''],
    ['no iterations', STORED.replace('i=1000', 'i=0')],
    ['more iterations than a call may have', STORED.replace('i=1000', 'i=100001')],
    ['far more iterations', STORED.replace('i=1000', 'i=10000000000')],
    ['a negative number of iterations', STORED.replace('i=1000', 'i=-1')],
    ['iterations with a leading zero', STORED.replace('i=1000', 'i=01000')],
    ['iterations as a power', STORED.replace('i=1000', 'i=1e3')],
    ['no rounds', STORED.replace('r=2', 'r=0')],
    ['51 rounds', STORED.replace('r=2', 'r=51')],
    ['100 rounds', STORED.replace('r=2', 'r=100')],
    ['rounds with a leading zero', STORED.replace('r=2', 'r=02')],
    ['its parameters the other way round', STORED.replace('i=1000,r=2', 'r=2,i=1000')],
    ['a parameter more', STORED.replace('r=2', 'r=2,l=64')],
    ['a salt of 15 bytes', STORED.replace(SALT, SALT.slice(0, 20))],
    ['a salt of 17 bytes', STORED.replace(SALT, `${SALT}A`)],
    ['a hash of 63 bytes', STORED.replace(HASH, HASH.slice(0, 84))],
    ['a hash of 65 bytes', STORED.replace(HASH, `${HASH}A`)],
    ['a salt with bits that no byte has', STORED.replace('ODw$', 'ODx$')],
    ['a hash with bits that no byte has', STORED.replace(/yA$/, 'yB')],
    ['padding', `${STORED}==`],
    ["base64url's letters", STORED.replaceAll('/', '_')],
    ['a line feed at the end', `${STORED}\n`],
    ['a space before', ` ${STORED}`],
    ['another hash function', STORED.replace('sha512', 'sha256')],
    ["Django's, but damaged", 'pbkdf2_sha256$1000$c2FsdA$aGFzaA=='],
    ["Django's mark of no password", '!58AFjGDjQG9xvcLMtpGgWV80UXR5dYVj0PHnMJFE'],
    ['MD5', '5f4dcc3b5aa765d61d8327deb882cf99'],
  ])('with %s is none of ours: it fits no password, at the usual cost', async (_name, text) => {
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

  it('is out of date, whatever it costs', async () => {
    expect(await passwords.needsRehash(hash, 'any')).toBe(true);
    const cheaper = createPasswords({ iterations: 1000, rounds: 1 }, cryptoRandom);
    expect(await cheaper.needsRehash(hash, 'any')).toBe(true);
  });
});

it('hashes for an unknown account too, and rejects it', async () => {
  const passwords = createPasswords({ iterations: 1500, rounds: 3 }, cryptoRandom);
  const { value, iterations } = await watchHashes(() => passwords.verifyNothing(PASSWORD));
  expect(value).toBe(false);
  expect(iterations).toEqual([1500, 1500, 1500]);
});
