// Hashes of a password with a pepper behind it, as Devise makes them: which pepper, and that it is the right one.

/** `pepper$`, the pepper's id, and the hash as it was. */
const FORM = /^pepper\$([0-9a-f]{8})\$(.+)$/s;

/** The hash as its maker wrote it, and the id of the pepper that it needs; null for none. */
export const splitPeppered = (stored: string): { id: string | null; inner: string } => {
  const [, id, inner] = FORM.exec(stored) ?? [];
  return id === undefined || inner === undefined ? { id: null, inner: stored } : { id, inner };
};

/** What is signed to name a pepper. */
const LABEL = 'latchkey import pepper';

/**
 * Identifies a pepper without revealing it: 32 bits of an HMAC under it. They are enough to notice a wrong pepper, and
 * help someone who stole D1 no more than the hash of an own account, which peppers can be tried against too.
 */
export const pepperId = async (pepper: string): Promise<string> => {
  const utf8 = new TextEncoder();
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', utf8.encode(pepper), hmac, false, ['sign']);
  const signature = new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8.encode(LABEL)));
  return Array.from(signature.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join('');
};

/** The deployment has no pepper, or another one: no password of these accounts can be checked. */
export class PepperMissing extends Error {
  override name = 'PepperMissing';
  constructor(id: string) {
    super(
      `An imported hash needs the pepper ${id}, which IMPORT_PEPPER is not. Set it with \`npx wrangler secret put IMPORT_PEPPER\`.`,
    );
  }
}
