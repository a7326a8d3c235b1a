// Codes and refresh tokens, computed from a grant's id under TOKEN_SECRET: a copy of D1 contains neither.
import type { Keyring } from '../secrets.ts';

const CODE_FORM = /^([0-9a-f]{32})\.([A-Za-z0-9_-]{43})$/;
/** The number increases with each use. */
const REFRESH_FORM = /^([0-9a-f]{32})\.(\d{1,9})\.([A-Za-z0-9_-]{43})$/;

export interface GrantTokens {
  codeOf(grantId: string): Promise<string>;
  /** The grant of a code; null if the code was not issued here. No I/O. */
  readCode(code: string): Promise<string | null>;
  refreshTokenOf(grantId: string, count: number): Promise<string>;
  /** The grant and the number of a refresh token; null if the token was not issued here. No I/O. */
  readRefreshToken(token: string): Promise<{ grantId: string; count: number } | null>;
}

const encode = (bytes: Uint8Array): string => bytes.toBase64({ alphabet: 'base64url', omitPadding: true });

export const createGrantTokens = (keyring: Keyring): GrantTokens => ({
  codeOf: async (grantId) => `${grantId}.${encode(await keyring.sign('authorization code', grantId))}`,

  async readCode(code) {
    const [, grantId = '', signature = ''] = CODE_FORM.exec(code) ?? [];
    if (grantId === '') return null;
    const bytes = Uint8Array.fromBase64(signature, { alphabet: 'base64url' });
    return (await keyring.verify('authorization code', grantId, bytes)) ? grantId : null;
  },

  async refreshTokenOf(grantId, count) {
    const text = `${grantId}.${count}`;
    return `${text}.${encode(await keyring.sign('refresh token', text))}`;
  },

  async readRefreshToken(token) {
    const [, grantId = '', count = '', signature = ''] = REFRESH_FORM.exec(token) ?? [];
    if (grantId === '') return null;
    const bytes = Uint8Array.fromBase64(signature, { alphabet: 'base64url' });
    const isOurs = await keyring.verify('refresh token', `${grantId}.${count}`, bytes);
    return isOurs ? { grantId, count: Number(count) } : null;
  },
});
