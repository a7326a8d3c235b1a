// Passkeys by WebAuthn Level 3: whether an answer makes a new one, and whether an answer proves an old one.
import { equalBytes } from '../../secrets.ts';
import {
  type AssertionAnswer,
  accept,
  type Bytes,
  decodeBase64Url,
  type RegistrationAnswer,
  readCredentialId,
  refuse,
  type Verdict,
} from './answer.ts';
import { type AuthenticatorData, flagsFault, readAuthenticatorData } from './authenticator-data.ts';
import { clientDataFault, type Expected } from './client-data.ts';
import { importPublicKey, type PublicKey, verifySignature } from './public-key.ts';

/** A new passkey, as it is to be stored. */
export interface NewPasskey extends PublicKey {
  /** Base64url. */
  credentialId: string;
  counter: number;
  isBackupEligible: boolean;
  isBackedUp: boolean;
  isUserVerified: boolean;
}

/** A passkey as it was stored, against which an answer is checked. */
export interface KnownPasskey extends PublicKey {
  credentialId: string;
  isBackupEligible: boolean;
  /** The account's user handle, base64url. */
  userHandle: string;
}

/** What an answer says about a verified passkey. */
export interface Proof {
  /** Not checked: a counter that does not grow is noted in the audit log, because synced passkeys need not count. */
  counter: number;
  isBackedUp: boolean;
  isUserVerified: boolean;
}

const sha256 = async (bytes: BufferSource): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

const utf8 = new TextEncoder();

interface Common {
  data: AuthenticatorData;
  /** What a signature is over, besides the hash of the client data. */
  authenticatorBytes: Bytes;
  clientBytes: Bytes;
}

/** What both ceremonies check: the client data, the RP id, and the flags. */
const checkCommon = async (
  { response }: { response: { clientDataJSON: string; authenticatorData: string } },
  type: 'webauthn.create' | 'webauthn.get',
  expected: Expected,
): Promise<Verdict<Common>> => {
  const clientBytes = decodeBase64Url(response.clientDataJSON);
  const authenticatorBytes = decodeBase64Url(response.authenticatorData);
  if (!clientBytes || !authenticatorBytes) return refuse('malformed');
  const clientFault = clientDataFault(clientBytes, type, expected);
  if (clientFault) return refuse(clientFault);
  const read = readAuthenticatorData(authenticatorBytes);
  if (!read.ok) return read;
  const isOurs = equalBytes(read.value.rpIdHash, await sha256(utf8.encode(expected.rpId)));
  if (!isOurs) return refuse('rp_id');
  const flagFault = flagsFault(read.value, expected.userVerification);
  if (flagFault) return refuse(flagFault);
  return accept({ data: read.value, authenticatorBytes, clientBytes });
};

/**
 * Whether an answer creates a new passkey for this challenge. No attestation is requested or read: the key may come
 * from any software, which is as safe as a password that its owner chose.
 *
 * @see https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential
 */
export const verifyRegistration = async (
  answer: RegistrationAnswer,
  expected: Expected,
): Promise<Verdict<NewPasskey>> => {
  const id = readCredentialId(answer);
  if (!id) return refuse('credential');
  const common = await checkCommon(answer, 'webauthn.create', expected);
  if (!common.ok) return common;
  const { credential, counter, isBackupEligible, isBackedUp, isUserVerified } = common.value.data;
  if (!credential || !equalBytes(credential.id, id)) return refuse('credential');
  const { key } = credential;
  if (!isSentKey(answer.response, key) || !(await importPublicKey(key))) return refuse('key');
  return accept({ ...key, credentialId: answer.id, counter, isBackupEligible, isBackedUp, isUserVerified });
};

/** If the browser describes the key, it must be the key of the authenticator data. */
const isSentKey = (response: RegistrationAnswer['response'], { algorithm, spki }: PublicKey): boolean => {
  const { publicKey, publicKeyAlgorithm = algorithm } = response;
  if (publicKeyAlgorithm !== algorithm) return false;
  if (publicKey === undefined || publicKey === null) return true;
  const sent = decodeBase64Url(publicKey);
  return sent !== null && equalBytes(sent, spki);
};

/**
 * Whether an answer proves a passkey for this challenge.
 *
 * @see https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion
 */
export const verifyAssertion = async (
  answer: AssertionAnswer,
  expected: Expected,
  known: KnownPasskey,
): Promise<Verdict<Proof>> => {
  if (!readCredentialId(answer) || answer.id !== known.credentialId) return refuse('credential');
  const { userHandle, signature: sentSignature } = answer.response;
  // A security key that did not choose an account does not name one.
  if (userHandle !== undefined && userHandle !== null && userHandle !== known.userHandle)
    return refuse('user_handle');
  const common = await checkCommon(answer, 'webauthn.get', expected);
  if (!common.ok) return common;
  const { data, authenticatorBytes, clientBytes } = common.value;
  // A credential comes from a registration alone.
  if (data.credential) return refuse('malformed');
  if (data.isBackupEligible !== known.isBackupEligible) return refuse('backup_eligibility');
  const signature = decodeBase64Url(sentSignature);
  if (!signature) return refuse('malformed');
  const signed = new Uint8Array([...authenticatorBytes, ...(await sha256(clientBytes))]);
  if (!(await verifySignature(known, signature, signed))) return refuse('signature');
  const { counter, isBackedUp, isUserVerified } = data;
  return accept({ counter, isBackedUp, isUserVerified });
};
