// The token of a link and the code that is typed, computed from a proof's id under TOKEN_SECRET: a copy of D1 contains
// neither.

import { equalBytes, equalTexts, type Keyring, sha256Hex } from '../secrets.ts';
import type { proofs } from '../store/schema.ts';

/** What a proof lets its holder do. */
export type Purpose = (typeof proofs.$inferSelect)['purpose'];

/** 128 bits each, so that neither an id nor the signature of a known id can be guessed. */
export const PROOF_ID_BYTES = 16;
const SIGNATURE_BYTES = 16;

/** The 32 bytes of a token in base64url. */
const TOKEN_FORM = /^[A-Za-z0-9_-]{43}$/;

/**
 * The token of a link that an operator creates with `npm run admin -- reset-link`: 256 random bits behind a prefix. The
 * command does not know TOKEN_SECRET, so the id of its proof is the SHA-256 of the token: a copy of D1 contains no
 * token.
 */
const OPERATOR_TOKEN_FORM = /^op_[A-Za-z0-9_-]{43}$/;

/** Long enough that five attempts are hopeless, short enough to type. */
const CODE_DIGITS = 8;
const CODE_FORM = /^\d{8}$/;

export interface ProofTokens {
  /** The token of a link. */
  tokenOf(purpose: Purpose, id: string): Promise<string>;
  /** The code of a proof, 8 digits. */
  codeOf(id: string): Promise<string>;
  /** The id of the proof of a token; null if the token was not issued here for this purpose. No I/O. */
  readToken(purpose: Purpose, token: string): Promise<string | null>;
  /** Whether this is the code of a proof. Spaces and hyphens, which people type, do not count. */
  isCode(id: string, typed: string): Promise<boolean>;
}

/** 64 bits of an HMAC as 8 digits: all codes are equally likely, within one part in 10^11. */
const toCode = (signature: Uint8Array<ArrayBuffer>): string => {
  const number = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  return String(number % 10n ** BigInt(CODE_DIGITS)).padStart(CODE_DIGITS, '0');
};

export const createProofTokens = (keyring: Keyring): ProofTokens => {
  const signed = (purpose: Purpose, id: string): string => `${purpose} ${id}`;

  return {
    async tokenOf(purpose, id) {
      const signature = await keyring.sign('proof', signed(purpose, id));
      const bytes = [...Uint8Array.fromHex(id), ...signature.subarray(0, SIGNATURE_BYTES)];
      return Uint8Array.from(bytes).toBase64({ alphabet: 'base64url', omitPadding: true });
    },

    async codeOf(id) {
      return toCode(await keyring.sign('proof code', id));
    },

    async readToken(purpose, token) {
      if (purpose === 'reset_password' && OPERATOR_TOKEN_FORM.test(token)) return sha256Hex(token);
      if (!TOKEN_FORM.test(token)) return null;
      const bytes = Uint8Array.fromBase64(token, { alphabet: 'base64url' });
      const id = bytes.subarray(0, PROOF_ID_BYTES).toHex();
      const signatures = await keyring.signAll('proof', signed(purpose, id));
      const isOurs = signatures.some((signature) =>
        equalBytes(signature.subarray(0, SIGNATURE_BYTES), bytes.subarray(PROOF_ID_BYTES)),
      );
      return isOurs ? id : null;
    },

    async isCode(id, typed) {
      const code = typed.replaceAll(/[\s-]/g, '');
      if (!CODE_FORM.test(code)) return false;
      const signatures = await keyring.signAll('proof code', id);
      return signatures.some((signature) => equalTexts(toCode(signature), code));
    },
  };
};
