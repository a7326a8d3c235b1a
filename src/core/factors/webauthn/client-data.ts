// The client data: what the browser says the authenticator was asked for, by which page, for which challenge.
import { equalTexts } from '../../secrets.ts';
import { type Bytes, encodeBase64Url, type Refusal } from './answer.ts';

/** What an answer must match. */
export interface Expected {
  /** The 32 random bytes that the service chose. */
  challenge: Bytes;
  /** Origins whose pages may ask for a passkey. */
  origins: readonly string[];
  /** The domain that passkeys belong to. */
  rpId: string;
  /** `required`: the passkey is the only factor, so the authenticator must have checked a PIN or a biometric. */
  userVerification: 'required' | 'preferred';
}

/** A byte order mark is dropped, broken UTF-8 is refused. */
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

const parse = (bytes: Bytes): Record<string, unknown> | null => {
  try {
    const value: unknown = JSON.parse(strictUtf8.decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
};

/**
 * The first thing that is wrong with the client data; null if nothing is.
 *
 * Token binding was removed from the standard and from browsers: only its harmless state is accepted. A page in a frame
 * of another site is refused, because no page of this service is framed.
 * @see https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion steps 7 to 14
 */
export const clientDataFault = (
  bytes: Bytes,
  type: 'webauthn.create' | 'webauthn.get',
  { challenge, origins }: Expected,
): Refusal | null => {
  const data = parse(bytes);
  if (!data) return 'malformed';
  if (data['type'] !== type) return 'type';
  const answered = data['challenge'];
  if (typeof answered !== 'string' || !equalTexts(answered, encodeBase64Url(challenge))) return 'challenge';
  const origin = data['origin'];
  if (typeof origin !== 'string' || !origins.includes(origin)) return 'origin';
  const { crossOrigin = false, topOrigin, tokenBinding } = data;
  if (crossOrigin !== false || topOrigin !== undefined) return 'cross_origin';
  return tokenBinding === undefined || isUnbound(tokenBinding) ? null : 'malformed';
};

const isUnbound = (tokenBinding: unknown): boolean =>
  typeof tokenBinding === 'object' &&
  tokenBinding !== null &&
  'status' in tokenBinding &&
  tokenBinding.status === 'supported';
