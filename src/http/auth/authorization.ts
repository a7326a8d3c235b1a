// Reads the Authorization header.

/** A token; why there is none; or null for no header or another scheme. */
export type Authorization = { token: string } | { why: 'empty' | 'spaces' } | null;

/**
 * Reads `Token <t>` and `Bearer <t>`, the scheme without regard to case, and `<t>` alone if `allowBare`. Another scheme
 * counts as no header, as in Django REST framework.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.4
 */
export const parseAuthorization = (header: string | undefined, allowBare: boolean): Authorization => {
  const [scheme, token, ...rest] = (header ?? '').split(/[ \t]+/).filter((part) => part !== '');
  if (scheme === undefined) return null;
  if (!/^(token|bearer)$/i.test(scheme)) return allowBare && token === undefined ? { token: scheme } : null;
  if (token === undefined) return { why: 'empty' };
  return rest.length > 0 ? { why: 'spaces' } : { token };
};
