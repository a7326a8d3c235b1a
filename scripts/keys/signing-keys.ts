// Creates and rotates the keys of access tokens. A key is published one rotation before it signs.
import { webcrypto } from 'node:crypto';
import { readSigningKeys, type SigningKey } from '../../src/settings/index.ts';

export type { SigningKey };

/** A list of keys: the signing key, the next one, and the former one, whose tokens may still be valid. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];

/** Six bytes are enough to distinguish the keys of a deployment. The date is for people. */
const NAME_BYTES = 6;

const DAY_CHARACTERS = 'YYYY-MM-DD'.length;

const createKey = async (nowMs: number): Promise<SigningKey> => {
  const pair = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
  const { x, y, d } = await webcrypto.subtle.exportKey('jwk', pair.privateKey);
  if (x === undefined || y === undefined || d === undefined) throw new Error('The key could not be made.');
  const day = new Date(nowMs).toISOString().slice(0, DAY_CHARACTERS);
  const mark = Buffer.from(webcrypto.getRandomValues(new Uint8Array(NAME_BYTES))).toString('base64url');
  return { kid: `${day}-${mark}`, x, y, d };
};

/** Creates two keys: the signing key and the next one. */
export const createSigningKeys = async (nowMs: number): Promise<SigningKeys> => [
  await createKey(nowMs),
  await createKey(nowMs),
];

/**
 * Makes the next key the signing key. Clients that fetched the keys since the last rotation already know it. The former
 * key stays until the next rotation, so existing tokens stay valid.
 */
export const rotateSigningKeys = async (
  [current, next]: SigningKeys,
  nowMs: number,
): Promise<SigningKeys> => [next ?? (await createKey(nowMs)), await createKey(nowMs), current];

/** The value for the secret: one line. */
export const writeSigningKeys = (keys: SigningKeys): string =>
  JSON.stringify(keys.map((key) => ({ kty: 'EC', crv: 'P-256', ...key })));

export const parseSigningKeys = (text: string): SigningKeys | null => readSigningKeys(text);
