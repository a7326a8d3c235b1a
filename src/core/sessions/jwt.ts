// JSON Web Tokens of one kind: HS256 under TOKEN_SECRET, for an account and a session.
import type { Keyring } from '../secrets.ts';

/** Seconds since the epoch in `iat` and `exp`, as RFC 7519 has them. */
export interface Claims {
  sub: string;
  jti: string;
  iat: number;
  exp: number;
}

/** No token made here is longer, because an email and a name are bounded. */
const MAX_TOKEN_CHARACTERS = 8192;
const HEADER = '{"alg":"HS256","typ":"JWT"}';

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encode = (bytes: Uint8Array): string => bytes.toBase64({ alphabet: 'base64url', omitPadding: true });

const ENCODED_HEADER = encode(utf8.encode(HEADER));

/** The form of a JWT: three parts in base64url. */
export const JWT_FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/;

/** Signs a token with these claims, then the `extra` ones. */
export const signJwt = async (
  keyring: Keyring,
  claims: Claims,
  extra: Record<string, string | number>,
): Promise<string> => {
  const payload = encode(utf8.encode(JSON.stringify({ ...claims, ...extra })));
  const signed = `${ENCODED_HEADER}.${payload}`;
  return `${signed}.${encode(await keyring.sign('jwt', signed))}`;
};

/**
 * Returns a token's claims; null if it was not signed here, is expired or lacks a claim. The header must equal ours byte
 * by byte, so that a client never chooses the algorithm.
 *
 * @param nowMs milliseconds since the epoch
 * @see https://www.rfc-editor.org/rfc/rfc8725#section-3.1 on algorithms
 */
export const verifyJwt = async (keyring: Keyring, token: string, nowMs: number): Promise<Claims | null> => {
  if (token.length > MAX_TOKEN_CHARACTERS || !JWT_FORM.test(token)) return null;
  const [header = '', payload = '', signature = ''] = token.split('.');
  if (header !== ENCODED_HEADER) return null;
  const [signatureBytes, payloadBytes] = [decode(signature), decode(payload)];
  if (!signatureBytes || !payloadBytes) return null;
  if (!(await keyring.verify('jwt', `${header}.${payload}`, signatureBytes))) return null;
  const claims = readClaims(payloadBytes);
  return claims && claims.exp * 1000 > nowMs ? claims : null;
};

const decode = (text: string): Uint8Array<ArrayBuffer> | null => {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: 'base64url' });
    // Strict: each signature has one text.
    return encode(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
};

const readClaims = (bytes: Uint8Array): Claims | null => {
  try {
    const value: unknown = JSON.parse(strictUtf8.decode(bytes));
    if (typeof value !== 'object' || value === null) return null;
    if (!('sub' in value && 'jti' in value && 'iat' in value && 'exp' in value)) return null;
    const { sub, jti, iat, exp } = value;
    if (typeof sub !== 'string' || typeof jti !== 'string') return null;
    if (typeof iat !== 'number' || typeof exp !== 'number' || !Number.isFinite(exp)) return null;
    return { sub, jti, iat, exp };
  } catch {
    return null;
  }
};
