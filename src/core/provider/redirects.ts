// The redirect URIs of apps: which may be registered, and which match.
import { isLoopbackName } from '../outbound-url.ts';

const isLoopback = ({ protocol, hostname }: URL): boolean => protocol === 'http:' && isLoopbackName(hostname);

const readUrl = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null);

/** Longer ones are refused. */
const MAX_CHARACTERS = 2_000;

/** A private scheme is a reversed domain name. https://www.rfc-editor.org/rfc/rfc8252#section-7.1 */
const PRIVATE_SCHEME = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:$/;

/**
 * Whether an app may register a URI: https, http at the user's own machine, or a private scheme. No fragment, and no
 * user name that could be mistaken for the host.
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-2.1
 */
export const canBeRedirectUri = (text: string): boolean => {
  const url = text.length <= MAX_CHARACTERS ? readUrl(text) : null;
  if (!url || text.includes('#') || url.username !== '' || url.password !== '' || /[\s\\]/.test(text))
    return false;
  return url.protocol === 'https:' || isLoopback(url) || PRIVATE_SCHEME.test(url.protocol);
};

/**
 * Whether a URI is registered: the same text, except for the port on the user's own machine, which an app learns when
 * it starts.
 * @see https://www.rfc-editor.org/rfc/rfc8252#section-7.3
 */
export const isRegistered = (uri: string, registered: readonly string[]): boolean =>
  uri.length <= MAX_CHARACTERS &&
  (registered.includes(uri) || registered.some((each) => isSameButForPort(uri, each)));

const isSameButForPort = (uri: string, registered: string): boolean => {
  const [asked, known] = [readUrl(uri), readUrl(registered)];
  if (!asked || !known || !isLoopback(asked) || !isLoopback(known)) return false;
  // The browser is sent to the text, not to the parsed URL, so parsing must not change it.
  if (asked.href !== uri || uri.includes('#')) return false;
  known.port = asked.port;
  return known.href === asked.href;
};
