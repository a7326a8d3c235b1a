// Passkeys: the answers that are accepted, and one test for each reason to refuse one.
import { beforeAll, describe, expect, it } from 'vitest';
import type { AssertionAnswer, RegistrationAnswer } from '../../../src/core/factors/webauthn/answer.ts';
import type { Expected } from '../../../src/core/factors/webauthn/client-data.ts';
import {
  type KnownPasskey,
  verifyAssertion,
  verifyRegistration,
} from '../../../src/core/factors/webauthn/verify.ts';
import {
  type AlgorithmName,
  concat,
  createSoftPasskey,
  fromBase64Url,
  type Said,
  type SoftPasskey,
  toBase64Url,
  toUtf8,
} from '../../support/authenticator.ts';

const challengeBytes = crypto.getRandomValues(new Uint8Array(32));
const challenge = toBase64Url(challengeBytes);
const USER_HANDLE = toBase64Url(crypto.getRandomValues(new Uint8Array(64)));

const expected: Expected = {
  challenge: challengeBytes,
  origins: ['https://example.org', 'https://example.com'],
  rpId: 'example.org',
  userVerification: 'required',
};

const algorithms: readonly AlgorithmName[] = ['ES256', 'EdDSA', 'RS256'];
const hex = (text: string) => Uint8Array.fromHex(text);
const refused = (why: string) => ({ ok: false, why });

/** `{"credProtect": 2}`, which Chromium requests from security keys. */
const CRED_PROTECT = concat(hex('a1'), hex('6b'), toUtf8('credProtect'), hex('02'));

const known = async (passkey: SoftPasskey, said: Partial<Said> = {}): Promise<KnownPasskey> => {
  const registered = await verifyRegistration(await passkey.register({ challenge, ...said }), expected);
  if (!registered.ok) throw new Error(`The registration was refused: ${registered.why}.`);
  return { ...registered.value, userHandle: USER_HANDLE };
};

describe.each(algorithms)('a passkey of %s', (algorithm) => {
  it('registers with its key as SPKI, and authenticates', async () => {
    const passkey = await createSoftPasskey(algorithm);
    const stored = await known(passkey);
    expect(toBase64Url(stored.spki)).toBe(passkey.spki);
    const answer = await passkey.assert({ challenge, counter: 7, userHandle: USER_HANDLE });
    expect(await verifyAssertion(answer, expected, stored)).toEqual({
      ok: true,
      value: { counter: 7, isBackedUp: false, isUserVerified: true },
    });
  });

  it('rejects the signature of another key of the same algorithm', async () => {
    const [passkey, other] = [await createSoftPasskey(algorithm), await createSoftPasskey(algorithm)];
    const answer = {
      ...(await other.assert({ challenge })),
      id: passkey.credentialId,
      rawId: passkey.credentialId,
    };
    expect(await verifyAssertion(answer, expected, await known(passkey))).toEqual(refused('signature'));
  });
});

describe.each(algorithms)('verification by %s', (algorithm) => {
  it.each([0, 1, 63, 65, 300])('refuses a signature of %i zero bytes without throwing', async (length) => {
    const created = await createSoftPasskey(algorithm);
    const answer = await created.assert({ challenge });
    const response = { ...answer.response, signature: toBase64Url(new Uint8Array(length)) };
    const verdict = await verifyAssertion({ ...answer, response }, expected, await known(created));
    expect(verdict).toEqual(refused('signature'));
  });
});

let passkey: SoftPasskey;
let stored: KnownPasskey;

beforeAll(async () => {
  passkey = await createSoftPasskey();
  stored = await known(passkey);
});

const assertion = async (
  said: Partial<Said>,
  change: (answer: AssertionAnswer) => AssertionAnswer = (answer) => answer,
  other: { expected?: Partial<Expected>; known?: Partial<KnownPasskey> } = {},
) => {
  const answer = change(await passkey.assert({ challenge, ...said }));
  return verifyAssertion(answer, { ...expected, ...other.expected }, { ...stored, ...other.known });
};

const registration = async (
  said: Partial<Said>,
  change: (answer: RegistrationAnswer) => RegistrationAnswer = (answer) => answer,
) => {
  const created = await createSoftPasskey();
  return verifyRegistration(change(await created.register({ challenge, ...said })), expected);
};

describe.each([
  ['an authentication', assertion],
  ['a registration', registration],
] as const)('%s', (ceremony, attempt) => {
  const otherType = ceremony === 'a registration' ? 'webauthn.get' : 'webauthn.create';
  const stale = toBase64Url(crypto.getRandomValues(new Uint8Array(32)));

  it.each<[what: string, why: string, said: Partial<Said>]>([
    ['of the other ceremony', 'type', { clientData: { type: otherType } }],
    ['of another challenge', 'challenge', { challenge: stale }],
    ['whose challenge is cut short', 'challenge', { challenge: challenge.slice(0, -1) }],
    ['whose challenge is padded', 'challenge', { challenge: `${challenge}=` }],
    ['without a challenge', 'challenge', { clientData: { challenge: undefined } }],
    ['of a foreign page', 'origin', { origin: 'https://example.net' }],
    ['of a subdomain', 'origin', { origin: 'https://evil.example.org' }],
    ['of another port', 'origin', { origin: 'https://example.org:8443' }],
    ['of plain http', 'origin', { origin: 'http://example.org' }],
    ['of an origin in other letter case', 'origin', { origin: 'https://EXAMPLE.org' }],
    ['of an origin with a slash', 'origin', { origin: 'https://example.org/' }],
    ['without an origin', 'origin', { clientData: { origin: null } }],
    ['within a frame of another site', 'cross_origin', { clientData: { crossOrigin: true } }],
    ['whose crossOrigin is no boolean', 'cross_origin', { clientData: { crossOrigin: 'false' } }],
    ['that names a top origin', 'cross_origin', { clientData: { topOrigin: 'https://example.org' } }],
    [
      'bound to a TLS connection',
      'malformed',
      { clientData: { tokenBinding: { status: 'present', id: 'x' } } },
    ],
    ['of another RP', 'rp_id', { rpId: 'example.net' }],
    ['of a subdomain as RP', 'rp_id', { rpId: 'login.example.org' }],
    ['without user presence', 'user_presence', { flags: { up: false } }],
    ['without user verification', 'user_verification', { flags: { uv: false } }],
    [
      'of a passkey that is backed up although it cannot be',
      'backup_state',
      { flags: { be: false, bs: true } },
    ],
    ['with extensions that are no map', 'malformed', { extensions: hex('80') }],
    ['with extensions that are cut off', 'malformed', { extensions: CRED_PROTECT.subarray(0, -1) }],
    ['with bytes after the extensions', 'malformed', { extensions: concat(CRED_PROTECT, hex('00')) }],
  ])('refuses an answer %s', async (_, why, said) => {
    expect(await attempt(said)).toEqual(refused(why));
  });

  it('accepts unknown fields of client data and extensions that were not requested', async () => {
    expect(await attempt({ clientData: { extra: { any: ['thing'] } } })).toMatchObject({ ok: true });
    expect(await attempt({ extensions: CRED_PROTECT })).toMatchObject({ ok: true });
  });

  it('accepts an answer of a related origin', async () => {
    expect(await attempt({ origin: 'https://example.com' })).toMatchObject({ ok: true });
  });

  it.each([
    ['ignores a byte order mark', concat(hex('efbbbf')), true],
    ['refuses a comma', toUtf8(','), false],
    ['refuses an invalid byte', hex('ff'), false],
  ])('%s before the client data', async (_, start, isTaken) => {
    const created = ceremony === 'a registration' ? await createSoftPasskey() : passkey;
    const said = { challenge };
    if (ceremony === 'a registration') {
      const answer = await created.register(said);
      const clientDataJSON = toBase64Url(concat(start, fromBase64Url(answer.response.clientDataJSON)));
      const changed = { ...answer, response: { ...answer.response, clientDataJSON } };
      expect((await verifyRegistration(changed, expected)).ok).toBe(isTaken);
      return;
    }
    const answer = await created.assert(said);
    const clientData = concat(start, fromBase64Url(answer.response.clientDataJSON));
    const authenticatorData = fromBase64Url(answer.response.authenticatorData);
    const signature = toBase64Url(await created.sign(authenticatorData, clientData));
    const response = { ...answer.response, clientDataJSON: toBase64Url(clientData), signature };
    expect((await verifyAssertion({ ...answer, response }, expected, stored)).ok).toBe(isTaken);
  });

  it.each(['[]', '"text"', 'null', '{', ''])('refuses the client data %s', async (text) => {
    const clientDataJSON = toBase64Url(toUtf8(text));
    const verdict =
      ceremony === 'a registration'
        ? await registration({}, (answer) => ({
            ...answer,
            response: { ...answer.response, clientDataJSON },
          }))
        : await assertion({}, (answer) => ({ ...answer, response: { ...answer.response, clientDataJSON } }));
    expect(verdict.ok).toBe(false);
  });
});

describe('an authentication', () => {
  it('accepts an answer without user verification if that is only preferred', async () => {
    const preferred = { expected: { userVerification: 'preferred' } } as const;
    expect(await assertion({ flags: { uv: false } }, undefined, preferred)).toMatchObject({
      ok: true,
      value: { isUserVerified: false },
    });
  });

  it('refuses a passkey whose backup eligibility changed since registration', async () => {
    expect(await assertion({ flags: { be: true } })).toEqual(refused('backup_eligibility'));
    const known = { isBackupEligible: true };
    expect(await assertion({}, undefined, { known })).toEqual(refused('backup_eligibility'));
    expect(await assertion({ flags: { be: true, bs: true } }, undefined, { known })).toMatchObject({
      ok: true,
      value: { isBackedUp: true },
    });
  });

  it('refuses another credential by its id, its raw id or its type', async () => {
    const known = { credentialId: toBase64Url(new Uint8Array(32)) };
    expect(await assertion({}, undefined, { known })).toEqual(refused('credential'));
    expect(await assertion({}, (answer) => ({ ...answer, rawId: known.credentialId }))).toEqual(
      refused('credential'),
    );
    expect(await assertion({}, (answer) => ({ ...answer, type: 'password' }))).toEqual(refused('credential'));
  });

  it('refuses the user handle of another account', async () => {
    const userHandle = toBase64Url(new Uint8Array(64));
    expect(await assertion({ userHandle })).toEqual(refused('user_handle'));
    expect(await assertion({ userHandle: USER_HANDLE })).toMatchObject({ ok: true });
  });

  it('refuses authenticator data that were not signed', async () => {
    const other = await passkey.assert({ challenge, counter: 9 });
    const { authenticatorData } = other.response;
    const swapped = await assertion({}, (answer) => ({
      ...answer,
      response: { ...answer.response, authenticatorData },
    }));
    expect(swapped).toEqual(refused('signature'));
  });

  it('refuses authenticator data that contain a credential', async () => {
    const { response } = await passkey.register({ challenge });
    const authenticatorData = fromBase64Url(response.authenticatorData);
    const answer = await passkey.assert({ challenge });
    const clientData = fromBase64Url(answer.response.clientDataJSON);
    const signature = toBase64Url(await passkey.sign(authenticatorData, clientData));
    const changed = { ...answer.response, authenticatorData: response.authenticatorData, signature };
    expect(await verifyAssertion({ ...answer, response: changed }, expected, stored)).toEqual(
      refused('malformed'),
    );
  });

  it.each([
    ['empty', ''],
    ['raw, not DER', toBase64Url(new Uint8Array(64).fill(7))],
    ['zero', toBase64Url(hex('3006020100020100'))],
    ['made of negative numbers', toBase64Url(hex('3006020180020180'))],
    ['padded with a zero', toBase64Url(hex('30080202000102020001'))],
    ['followed by a byte', toBase64Url(hex('300602010102010100'))],
    [
      'made of numbers that are too long',
      toBase64Url(concat(hex('30470222'), new Uint8Array(34).fill(1), hex('022101'), new Uint8Array(32))),
    ],
    ['cut off', toBase64Url(hex('3006020101'))],
  ])('refuses a signature that is %s', async (_, signature) => {
    const verdict = await assertion({}, (answer) => ({
      ...answer,
      response: { ...answer.response, signature },
    }));
    expect(verdict).toEqual(refused('signature'));
  });

  it.each(['clientDataJSON', 'authenticatorData', 'signature'] as const)(
    'refuses %s in another form of base64',
    async (part) => {
      for (const change of [
        (text: string) => `${text}=`,
        (text: string) => `${text}!`,
        (text: string) => ` ${text}`,
      ]) {
        const verdict = await assertion({}, (answer) => ({
          ...answer,
          response: { ...answer.response, [part]: change(answer.response[part]) },
        }));
        expect(verdict).toEqual(refused('malformed'));
      }
    },
  );
});

describe('a registration', () => {
  const withResponse =
    (change: Partial<RegistrationAnswer['response']>) =>
    (answer: RegistrationAnswer): RegistrationAnswer => ({
      ...answer,
      response: { ...answer.response, ...change },
    });

  it('returns the values to store', async () => {
    const created = await createSoftPasskey();
    const flags = { be: true, bs: true };
    const verdict = await verifyRegistration(
      await created.register({ challenge, flags, counter: 3 }),
      expected,
    );
    expect(verdict).toEqual({
      ok: true,
      value: {
        algorithm: -7,
        spki: fromBase64Url(created.spki),
        credentialId: created.credentialId,
        counter: 3,
        isBackupEligible: true,
        isBackedUp: true,
        isUserVerified: true,
      },
    });
  });

  it('accepts an answer without a separate public key', async () => {
    const apart = { publicKey: undefined, publicKeyAlgorithm: undefined };
    expect(await registration({}, withResponse(apart))).toMatchObject({ ok: true });
  });

  it('refuses a separate public key that differs from the one in the credential', async () => {
    const other = await createSoftPasskey();
    expect(await registration({}, withResponse({ publicKey: other.spki }))).toEqual(refused('key'));
    expect(await registration({}, withResponse({ publicKeyAlgorithm: -257 }))).toEqual(refused('key'));
  });

  it('refuses an id that differs from the one in the credential', async () => {
    const id = toBase64Url(new Uint8Array(32));
    expect(await registration({}, (answer) => ({ ...answer, id, rawId: id }))).toEqual(refused('credential'));
  });

  it('refuses an answer without a credential', async () => {
    const { response } = await passkey.assert({ challenge });
    const { authenticatorData } = response;
    expect(await registration({}, withResponse({ authenticatorData }))).toEqual(refused('credential'));
  });

  /** Replaces bytes of the authenticator data, counted from the end if `at` is negative. */
  const withBytes = (at: number, bytes: Uint8Array) => (answer: RegistrationAnswer) => {
    const data = fromBase64Url(answer.response.authenticatorData);
    data.set(bytes, at < 0 ? data.byteLength + at : at);
    return withResponse({ authenticatorData: toBase64Url(data), publicKey: undefined })(answer);
  };

  it('refuses a key that is no point of the curve', async () => {
    expect(await registration({}, withBytes(-32, new Uint8Array(32).fill(1)))).toEqual(refused('key'));
  });

  it('refuses a key of another algorithm or curve', async () => {
    // The key has 77 bytes: the fifth is the algorithm, the seventh the curve.
    expect(await registration({}, withBytes(-77 + 4, hex('27')))).toEqual(refused('key'));
    expect(await registration({}, withBytes(-77 + 6, hex('02')))).toEqual(refused('key'));
  });

  it.each([
    ['no id', 0],
    ['an id past the end', 999],
    ['an id of 1,024 bytes', 1024],
  ])('refuses a credential with %s', async (_, length) => {
    const bytes = Uint8Array.of(length >> 8, length & 0xff);
    expect(await registration({}, withBytes(37 + 16, bytes))).toEqual(refused('credential'));
  });

  it('refuses an RSA key of less than 2,048 bits', async () => {
    const rsa = await createSoftPasskey('RS256');
    const answer = await rsa.register({ challenge });
    const data = fromBase64Url(answer.response.authenticatorData);
    const modulusAt = data.byteLength - 5 - 256;
    const modulus = data.slice(modulusAt, modulusAt + 128);
    // An even modulus would be refused for that.
    modulus[127] = (modulus[127] ?? 0) | 1;
    const short = concat(data.subarray(0, modulusAt - 2), hex('0080'), modulus, data.subarray(-5));
    const changed = withResponse({ authenticatorData: toBase64Url(short), publicKey: undefined })(answer);
    expect(await verifyRegistration(changed, expected)).toEqual(refused('key'));
  });
});
