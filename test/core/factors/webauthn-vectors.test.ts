// The test vectors that WebAuthn Level 3 publishes: https://www.w3.org/TR/webauthn-3/#sctn-test-vectors
import { describe, expect, it } from 'vitest';
import type { RegistrationAnswer } from '../../../src/core/factors/webauthn/answer.ts';
import type { Expected } from '../../../src/core/factors/webauthn/client-data.ts';
import { verifyAssertion, verifyRegistration } from '../../../src/core/factors/webauthn/verify.ts';
import vectors from '../../fixtures/webauthn/vectors.json';
import { toBase64Url } from '../../support/authenticator.ts';

type Vector = (typeof vectors)[number];

const url = (hex: string): string => toBase64Url(Uint8Array.fromHex(hex));

const expected = (challenge: string): Expected => ({
  challenge: Uint8Array.fromHex(challenge),
  origins: ['https://example.org'],
  rpId: 'example.org',
  userVerification: 'preferred',
});

/** The bytes after the last key of the object, `authData`: a byte string with a head of two or three bytes. */
const authenticatorDataOf = (attestationObject: string): string => {
  const [, head = '', rest = ''] = /68617574684461746(?:1)(58..|59....)(.*)$/.exec(attestationObject) ?? [];
  const length = Number.parseInt(head.slice(2), 16);
  return rest.slice(0, length * 2);
};

const registrationOf = ({ credentialId, registration }: Vector): RegistrationAnswer => ({
  id: url(credentialId),
  rawId: url(credentialId),
  type: 'public-key',
  response: {
    clientDataJSON: url(registration.clientDataJSON),
    authenticatorData: url(authenticatorDataOf(registration.attestationObject)),
  },
});

const register = (vector: Vector) =>
  verifyRegistration(registrationOf(vector), expected(vector.registration.challenge));

const authenticate = async (vector: Vector) => {
  const registered = await register(vector);
  if (!registered.ok) throw new Error(`The registration was refused: ${registered.why}.`);
  const { clientDataJSON, authenticatorData, signature, challenge } = vector.authentication;
  const answer = {
    id: url(vector.credentialId),
    rawId: url(vector.credentialId),
    type: 'public-key',
    response: {
      clientDataJSON: url(clientDataJSON),
      authenticatorData: url(authenticatorData),
      signature: url(signature),
    },
  };
  return verifyAssertion(answer, expected(challenge), { ...registered.value, userHandle: '' });
};

/** Whether another site framed the page. */
const isFramed = ({ anchor }: Vector) => /Origin$/.test(anchor);
/** Whether the algorithm is not offered. */
const isForeign = ({ anchor }: Vector) => /es384|es512|ed448/.test(anchor);

const taken = vectors.filter((vector) => !isFramed(vector) && !isForeign(vector));

it('covers all 15 published vectors, of which 10 must be accepted', () => {
  expect(vectors).toHaveLength(15);
  expect(taken).toHaveLength(10);
});

describe.each(taken)('$title', (vector) => {
  it('registers', async () => {
    const registered = await register(vector);
    expect(registered).toMatchObject({ ok: true, value: { credentialId: url(vector.credentialId) } });
  });

  it('authenticates', async () => {
    expect(await authenticate(vector)).toMatchObject({ ok: true, value: { counter: 0 } });
  });
});

describe.each(vectors.filter(isForeign))('$title', (vector) => {
  it('cannot register: the algorithm is not offered', async () => {
    expect(await register(vector)).toEqual({ ok: false, why: 'key' });
  });
});

describe.each(vectors.filter(isFramed))('$title', (vector) => {
  it('cannot register: another site framed the page', async () => {
    expect(await register(vector)).toEqual({ ok: false, why: 'cross_origin' });
  });
});
