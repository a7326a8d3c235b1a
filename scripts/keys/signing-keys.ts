// Makes the keys of access tokens, and rotates them: the next key is published a whole rotation before it signs.
import { webcrypto } from 'node:crypto';
import { readSigningKeys, type SigningKey } from '../../src/settings/index.ts';

export type { SigningKey };

/** Keys in a list: the one that signs, the next one, and the one before, whose tokens may still be about. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];

/** Six bytes distinguish the keys of a deployment; the date is for people. */
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

/** Two keys: one that signs, and the next. */
export const createSigningKeys = async (nowMs: number): Promise<SigningKeys> => [
  await createKey(nowMs),
  await createKey(nowMs),
];

/**
 * The next key signs from now on. A client that has fetched the keys since the last rotation knows it already, and the former
 * one stays until the next rotation, so no token breaks on either side.
 */
export const rotateSigningKeys = async (
  [current, next]: SigningKeys,
  nowMs: number,
): Promise<SigningKeys> => [next ?? (await createKey(nowMs)), await createKey(nowMs), current];

/** As a secret holds them: one line. */
export const writeSigningKeys = (keys: SigningKeys): string =>
  JSON.stringify(keys.map((key) => ({ kty: 'EC', crv: 'P-256', ...key })));

export const parseSigningKeys = (text: string): SigningKeys | null => readSigningKeys(text);
