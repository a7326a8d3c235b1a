// A software authenticator: creates passkeys and answers challenges in the form that a browser returns.
import type { AssertionAnswer, RegistrationAnswer } from '../../src/core/factors/webauthn/answer.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export type AlgorithmName = 'ES256' | 'EdDSA' | 'RS256';

const BASE64URL = { alphabet: 'base64url', omitPadding: true } as const;
export const toBase64Url = (bytes: Uint8Array): string => bytes.toBase64(BASE64URL);
export const fromBase64Url = (text: string): Bytes => Uint8Array.fromBase64(text, { alphabet: 'base64url' });

const utf8 = new TextEncoder();

export const concat = (...parts: readonly Uint8Array[]): Bytes =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

const sha256 = async (bytes: BufferSource): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

/** The contents of an answer; a test can make each part wrong. */
export interface Said {
  challenge: string;
  origin?: string;
  rpId?: string;
  /** Fields that are added to the client data or replace its usual ones. */
  clientData?: Readonly<Record<string, unknown>>;
  flags?: Partial<Flags>;
  counter?: number;
  /** CBOR that is appended to the authenticator data. */
  extensions?: Bytes;
  userHandle?: string;
}

export interface Flags {
  up: boolean;
  uv: boolean;
  be: boolean;
  bs: boolean;
  rfu: boolean;
}

export interface SoftPasskey {
  algorithm: AlgorithmName;
  credentialId: string;
  spki: string;
  register(said: Said): Promise<RegistrationAnswer>;
  assert(said: Said): Promise<AssertionAnswer>;
  /** Signs any bytes, for tests that tamper with an answer. */
  sign(authenticatorData: Bytes, clientData: Bytes): Promise<Bytes>;
}

const GENERATE = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  EdDSA: { name: 'Ed25519' },
  RS256: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  },
} as const;

const COSE_NUMBER = { ES256: -7, EdDSA: -8, RS256: -257 } as const;

/** The COSE key of a JWK, in canonical CBOR. */
const coseKey = (algorithm: AlgorithmName, jwk: JsonWebKey): Bytes => {
  const part = (text: string | undefined): Bytes => fromBase64Url(text ?? '');
  const hex = (text: string): Bytes => Uint8Array.fromHex(text);
  switch (algorithm) {
    case 'ES256':
      return concat(hex('a5010203262001215820'), part(jwk.x), hex('225820'), part(jwk.y));
    case 'EdDSA':
      return concat(hex('a4010103272006215820'), part(jwk.x));
    case 'RS256':
      return concat(hex('a401030339010020590100'), part(jwk.n), hex('2143'), part(jwk.e));
  }
};

/** An ECDSA signature in DER, the form that authenticators use. */
export const derSignature = (raw: Uint8Array): Bytes => {
  const integer = (number: Uint8Array): Uint8Array => {
    const from = number.findIndex((byte) => byte !== 0);
    const short = number.subarray(from === -1 ? number.byteLength - 1 : from);
    const content = (short[0] ?? 0) >= 0x80 ? concat(Uint8Array.of(0), short) : short;
    return concat(Uint8Array.of(2, content.byteLength), content);
  };
  const content = concat(integer(raw.subarray(0, 32)), integer(raw.subarray(32)));
  return concat(Uint8Array.of(0x30, content.byteLength), content);
};

const flagsByte = (
  { up = true, uv = true, be = false, bs = false, rfu = false }: Partial<Flags>,
  more: number,
): number => (up ? 1 : 0) | (rfu ? 2 : 0) | (uv ? 4 : 0) | (be ? 8 : 0) | (bs ? 16 : 0) | more;

export const authenticatorHead = async (said: Said, moreFlags = 0): Promise<Bytes> => {
  const counter = new Uint8Array(4);
  new DataView(counter.buffer).setUint32(0, said.counter ?? 0);
  return concat(
    await sha256(utf8.encode(said.rpId ?? 'example.org')),
    Uint8Array.of(flagsByte(said.flags ?? {}, moreFlags | (said.extensions ? 0x80 : 0))),
    counter,
  );
};

/** The UTF-8 of a text. */
export const toUtf8 = (text: string): Bytes => new Uint8Array(utf8.encode(text));

export const clientDataOf = (type: string, said: Said): Bytes =>
  toUtf8(
    JSON.stringify({
      type,
      challenge: said.challenge,
      origin: said.origin ?? 'https://example.org',
      crossOrigin: false,
      ...said.clientData,
    }),
  );

/** Creates a passkey with a new key pair. */
export const createSoftPasskey = async (algorithm: AlgorithmName = 'ES256'): Promise<SoftPasskey> => {
  const pair = await crypto.subtle.generateKey(GENERATE[algorithm], true, ['sign', 'verify']);
  if (!('publicKey' in pair)) throw new Error('This algorithm has no key pairs.');
  const jwk = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const spkiBytes = await crypto.subtle.exportKey('spki', pair.publicKey);
  if (!(spkiBytes instanceof ArrayBuffer) || jwk instanceof ArrayBuffer) throw new Error('No such format.');
  const id = crypto.getRandomValues(new Uint8Array(32));
  const credentialId = toBase64Url(id);
  const spki = toBase64Url(new Uint8Array(spkiBytes));
  const cose = coseKey(algorithm, jwk);

  const sign: SoftPasskey['sign'] = async (authenticatorData, clientData) => {
    const signed = concat(authenticatorData, await sha256(clientData));
    const parameters =
      algorithm === 'ES256' ? { name: 'ECDSA', hash: 'SHA-256' } : { name: GENERATE[algorithm].name };
    const signature = new Uint8Array(await crypto.subtle.sign(parameters, pair.privateKey, signed));
    return algorithm === 'ES256' ? derSignature(signature) : signature;
  };

  return {
    algorithm,
    credentialId,
    spki,
    sign,
    async register(said) {
      const head = await authenticatorHead(said, 0x40);
      const idLength = Uint8Array.of(id.byteLength >> 8, id.byteLength & 0xff);
      const extensions = said.extensions ?? new Uint8Array(0);
      const authenticatorData = concat(head, new Uint8Array(16), idLength, id, cose, extensions);
      return {
        id: credentialId,
        rawId: credentialId,
        type: 'public-key',
        response: {
          clientDataJSON: toBase64Url(clientDataOf('webauthn.create', said)),
          authenticatorData: toBase64Url(authenticatorData),
          publicKey: spki,
          publicKeyAlgorithm: COSE_NUMBER[algorithm],
          transports: ['internal'],
        },
      };
    },
    async assert(said) {
      const head = await authenticatorHead(said);
      const authenticatorData = concat(head, said.extensions ?? new Uint8Array(0));
      const clientData = clientDataOf('webauthn.get', said);
      return {
        id: credentialId,
        rawId: credentialId,
        type: 'public-key',
        response: {
          clientDataJSON: toBase64Url(clientData),
          authenticatorData: toBase64Url(authenticatorData),
          signature: toBase64Url(await sign(authenticatorData, clientData)),
          ...(said.userHandle === undefined ? {} : { userHandle: said.userHandle }),
        },
      };
    },
  };
};
