// Reads `COOKIE_DOMAIN`.

/** Labels of letters, digits and inner hyphens, at least two; the last one holds a letter, as no IP address does. */
const DOMAIN = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?=[a-z0-9-]*[a-z])[a-z0-9-]{1,63}$/;

/** Names below which strangers have theirs. Browsers refuse cookies for them, so nobody could sign in. https://publicsuffix.org/ */
const SHARED: ReadonlySet<string> = new Set(['workers.dev', 'pages.dev']);

/**
 * Whether a text is a domain that a cookie can be set for. The list of all public suffixes is not part of the Worker:
 * a suffix of two labels such as `co.uk` is taken, and browsers refuse the cookie.
 */
export const isCookieDomain = (text: string): boolean => DOMAIN.test(text) && !SHARED.has(text);
