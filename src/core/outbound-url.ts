// The addresses that the service may send a request to because somebody else named them: public https, and no others.

/**
 * Names that lead into a network, or nowhere: no server on the internet has one.
 * @see https://www.iana.org/assignments/special-use-domain-names and, for `internal`, ICANN's resolution 2024.07.29.06
 */
const SPECIAL_ENDINGS = [
  'alt',
  'arpa',
  'corp',
  'example',
  'home',
  'internal',
  'intranet',
  'invalid',
  'lan',
  'local',
  'localdomain',
  'localhost',
  'mail',
  'onion',
  'private',
  'test',
];

/** A label is at most 63 letters, digits and hyphens; the last one begins with a letter. RFC 1123, section 2.1 */
const PUBLIC_NAME = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/;

/** The longest name in DNS. RFC 1035, section 2.3.4 */
const MAX_NAME_CHARACTERS = 253;

/** Longer addresses are nobody's. */
const MAX_URL_CHARACTERS = 2_000;

/** Names of this machine, as the URL parser spells them. */
const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])$/;

export const isLoopbackName = (hostname: string): boolean => LOOPBACK.test(hostname);

/**
 * Whether a host, as the URL parser spells it, is a name of the public DNS: no address of IPv4 or IPv6 however it was
 * written (the parser turns `0x7f.1`, `2130706433` and `①27.1` into `127.0.0.1`), no name without a dot, none with a
 * dot at the end, and no special one. What a public name resolves to cannot be seen here: the runtime connects to
 * public addresses only.
 * @see https://url.spec.whatwg.org/#concept-host-parser
 */
export const isPublicName = (hostname: string): boolean =>
  hostname.length <= MAX_NAME_CHARACTERS &&
  PUBLIC_NAME.test(hostname) &&
  !SPECIAL_ENDINGS.includes(hostname.slice(hostname.lastIndexOf('.') + 1));

/**
 * Reads an address that somebody else named, for a request of ours. Null for everything but https at a public name:
 * other schemes, addresses in place of names, names of a private network, user names, passwords and fragments.
 * @param allowsLoopback whether http and https at this machine are taken too, for development
 */
export const readOutboundUrl = (
  text: string,
  { allowsLoopback }: { allowsLoopback: boolean },
): URL | null => {
  if (text.length > MAX_URL_CHARACTERS || text.includes('#') || !URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return null;
  if (allowsLoopback && isLoopbackName(url.hostname))
    return url.protocol === 'https:' || url.protocol === 'http:' ? url : null;
  return url.protocol === 'https:' && isPublicName(url.hostname) ? url : null;
};
