// The forms of usernames, emails and URLs: one rule each, for registration, login and import.

/**
 * Longer texts are neither matched nor normalised, because no account has them. The longest email, 256 characters of
 * four bytes, and the longest password are as long.
 */
export const MAX_MATCHED_BYTES = 1024;

const utf8 = new TextEncoder();

/** Whether a text has at most `MAX_MATCHED_BYTES`. */
export const isMatchable = (text: string): boolean =>
  text.length <= MAX_MATCHED_BYTES && utf8.encode(text).byteLength <= MAX_MATCHED_BYTES;

const USERNAME = /^[A-Za-z0-9_.+-]+$/;

/** Whether a text has the alphabet of usernames. It has no `@`, so that no username looks like an email. */
export const isUsername = (text: string): boolean => USERNAME.test(text);

// Django's shape of an email, with every letter of Unicode besides ASCII: a dot-atom or a quoted string, at a
// domain with a dot or `localhost`.
const ATOM = "[\\p{L}\\p{N}\\p{M}!#$%&'*+/=?^_`{|}~-]+";
const LOCAL = `(?:${ATOM}(?:\\.${ATOM})*|"(?:[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\[\\x20-\\x7e])+")`;
const LABEL = '[\\p{L}\\p{N}](?:[\\p{L}\\p{N}\\p{M}-]{0,61}[\\p{L}\\p{N}\\p{M}])?';
const LAST_LABEL = `(?=[\\p{L}\\p{N}\\p{M}-]{2,63}$)${LABEL}`;
const AT_A_DOMAIN = new RegExp(`^${LOCAL}@(?:localhost|(?:${LABEL}\\.)+${LAST_LABEL})$`, 'u');
const AT_A_LITERAL = new RegExp(`^${LOCAL}@\\[([0-9A-Fa-f:.]{2,45})\\]$`, 'u');

/**
 * The domain of placeholder addresses. An import gives them to accounts without an email, because every account has a
 * unique one; `.invalid` never receives mail (https://www.rfc-editor.org/rfc/rfc2606#section-2). Nobody can enter such
 * an address, no mail goes to it, and outside the core it is an empty text.
 */
export const NO_EMAIL_DOMAIN = 'no-email.invalid';

/** The placeholder address: unique, because the username is. */
export const placeholderEmail = (username: string): string => `${username}@${NO_EMAIL_DOMAIN}`;

/** Whether an email is a placeholder. */
export const isPlaceholderEmail = (email: string): boolean =>
  email.toLowerCase().endsWith(`@${NO_EMAIL_DOMAIN}`);

/**
 * Whether a registration takes an email: Django's `EmailValidator`, which DRF's email fields use. An address literal
 * must be an address.
 * @see https://github.com/django/django/blob/5.2/django/core/validators.py
 */
export const isEmail = (text: string): boolean => {
  if (!isMatchable(text) || isPlaceholderEmail(text)) return false;
  const literal = AT_A_LITERAL.exec(text)?.[1];
  return literal === undefined ? AT_A_DOMAIN.test(text) : isAddress(literal);
};

const isAddress = (text: string): boolean => isIpv4(text) || isIpv6(text);

/** Four decimal numbers. No leading zeros, which some software reads as octal. */
const isIpv4 = (text: string): boolean => {
  const numbers = text.split('.');
  return (
    numbers.length === 4 && numbers.every((one) => /^(?:0|[1-9]\d{0,2})$/.test(one) && Number(one) < 256)
  );
};

/** The URL standard's own reader of IPv6. https://url.spec.whatwg.org/#concept-ipv6-parser */
const isIpv6 = (text: string): boolean => text.includes(':') && URL.canParse(`http://[${text}]/`);

// Other services accept more: two dots in a row, letters beside a quoted part, RFC 5321's `[IPv6:…]`.
const IMPORTED_LOCAL = '(?:[^\\s@"]+|".+")';
const IMPORTED_AT_A_DOMAIN = new RegExp(
  `^${IMPORTED_LOCAL}@(?:localhost|[^\\s@.[\\]]+(?:\\.[^\\s@.[\\]]+)+)$`,
);
const IMPORTED_AT_A_LITERAL = new RegExp(`^${IMPORTED_LOCAL}@\\[(?:IPv6:)?([0-9a-f:.]{2,45})\\]$`, 'i');

/**
 * Whether an account can have an email. Wider than `isEmail`, because an import keeps what another service accepted.
 * Logins that check the form of an email use this one.
 */
export const canBeEmail = (text: string): boolean => {
  if (!isMatchable(text)) return false;
  const literal = IMPORTED_AT_A_LITERAL.exec(text)?.[1];
  return literal === undefined ? IMPORTED_AT_A_DOMAIN.test(text) : isAddress(literal);
};

/** Django's limit too. */
const MAX_URL_CHARACTERS = 2048;
const WEB_URL = /^https?:\/\/[^\s/?#@\\]+(?:[/?#][^\s\\]*)?$/i;

/**
 * Whether a text is an http or https URL that leads where it appears to: without credentials before the host, and
 * without a backslash, which browsers read as a slash.
 */
export const isWebUrl = (text: string): boolean =>
  text.length <= MAX_URL_CHARACTERS && WEB_URL.test(text) && URL.canParse(text);

/**
 * What a column begins with that a command wrote: it cannot encrypt, because nobody can read TOKEN_SECRET back. The rest
 * is base64url. A scheduled run encrypts it, or the first use if that is sooner.
 */
export const PLAIN_PREFIX = 'plain.';
