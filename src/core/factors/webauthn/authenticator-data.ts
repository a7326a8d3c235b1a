// The authenticator data: 37 bytes, then a new credential and extensions where the flags say so.
import { accept, type Bytes, type Refusal, refuse, type Verdict } from './answer.ts';
import { isOneMap } from './cbor.ts';
import { type PublicKey, readCoseKey } from './public-key.ts';

/** @see https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data */
const LAYOUT = { rpIdHashEnd: 32, flags: 32, counter: 33, end: 37 } as const;
const FLAG = {
  userPresent: 0x01,
  userVerified: 0x04,
  backupEligible: 0x08,
  backedUp: 0x10,
  credential: 0x40,
  extensions: 0x80,
} as const;

/** AAGUID of 16 bytes, then two bytes for the length of the id. */
const ID_LENGTH_AT = LAYOUT.end + 16;
const ID_AT = ID_LENGTH_AT + 2;
/** @see https://www.w3.org/TR/webauthn-3/#reg-ceremony-verify-credential-id-length */
const MAX_ID_BYTES = 1023;

export interface AuthenticatorData {
  rpIdHash: Bytes;
  isUserPresent: boolean;
  isUserVerified: boolean;
  /** Whether the passkey can be synced to other devices; never changes. */
  isBackupEligible: boolean;
  /** Whether it is synced now. */
  isBackedUp: boolean;
  /** How often it was used, 0 where the authenticator does not count. */
  counter: number;
  /** Set by a registration alone. */
  credential: { id: Bytes; key: PublicKey } | null;
}

/** Reads every byte: bytes that are left over, missing or malformed refuse the whole. */
export const readAuthenticatorData = (bytes: Bytes): Verdict<AuthenticatorData> => {
  if (bytes.byteLength < LAYOUT.end) return refuse('malformed');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint8(LAYOUT.flags);
  const has = (flag: number): boolean => (flags & flag) !== 0;

  let end: number = LAYOUT.end;
  let credential: AuthenticatorData['credential'] = null;
  if (has(FLAG.credential)) {
    const read = readCredential(bytes, view);
    if (!read.ok) return read;
    credential = read.value;
    end = read.value.end;
  }
  const rest = bytes.subarray(end);
  if (has(FLAG.extensions) ? !isOneMap(rest) : rest.byteLength > 0) return refuse('malformed');
  return accept({
    rpIdHash: bytes.subarray(0, LAYOUT.rpIdHashEnd),
    isUserPresent: has(FLAG.userPresent),
    isUserVerified: has(FLAG.userVerified),
    isBackupEligible: has(FLAG.backupEligible),
    isBackedUp: has(FLAG.backedUp),
    counter: view.getUint32(LAYOUT.counter),
    credential: credential && { id: credential.id, key: credential.key },
  });
};

const readCredential = (
  bytes: Bytes,
  view: DataView,
): Verdict<{ id: Bytes; key: PublicKey; end: number }> => {
  if (bytes.byteLength < ID_AT) return refuse('malformed');
  const idBytes = view.getUint16(ID_LENGTH_AT);
  const idEnd = ID_AT + idBytes;
  if (idBytes === 0 || idBytes > MAX_ID_BYTES || bytes.byteLength < idEnd) return refuse('credential');
  const read = readCoseKey(bytes.subarray(idEnd));
  if (!read) return refuse('key');
  return accept({ id: bytes.subarray(ID_AT, idEnd), key: read.key, end: idEnd + read.length });
};

/** The first flag that is wrong; null if all are right. */
export const flagsFault = (
  { isUserPresent, isUserVerified, isBackupEligible, isBackedUp }: AuthenticatorData,
  userVerification: 'required' | 'preferred',
): Refusal | null => {
  if (!isUserPresent) return 'user_presence';
  if (userVerification === 'required' && !isUserVerified) return 'user_verification';
  return isBackedUp && !isBackupEligible ? 'backup_state' : null;
};
