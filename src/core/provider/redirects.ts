// Where a code may be sent: the addresses that an app has registered, to the letter.
import { isLoopbackName } from '../outbound-url.ts';

const isLoopback = ({ protocol, hostname }: URL): boolean => protocol === 'http:' && isLoopbackName(hostname);

const readUrl = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null);

/** Longer ones are no addresses of apps. */
const MAX_CHARACTERS = 2_000;

/** A scheme of an app's own is a domain name turned round. https://www.rfc-editor.org/rfc/rfc8252#section-7.1 */
const PRIVATE_SCHEME = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:$/;

/**
 * Whether an app may register an address: https, http on its person's own machine, or a scheme of the app's own. No
 * fragment, and no user name that could pass for the host.
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-2.1
 */
export const canBeRedirectUri = (text: string): boolean => {
  const url = text.length <= MAX_CHARACTERS ? readUrl(text) : null;
  if (!url || text.includes('#') || url.username !== '' || url.password !== '' || /[\s\\]/.test(text))
    return false;
  return url.protocol === 'https:' || isLoopback(url) || PRIVATE_SCHEME.test(url.protocol);
};

/**
 * Whether an address is one of those that were registered: the same text, but for the port on the person's own
 * machine, which an app learns when it starts.
 * @see https://www.rfc-editor.org/rfc/rfc8252#section-7.3
 */
export const isRegistered = (uri: string, registered: readonly string[]): boolean =>
  registered.includes(uri) || registered.some((each) => isSameButForPort(uri, each));

const isSameButForPort = (uri: string, registered: string): boolean => {
  const [asked, known] = [readUrl(uri), readUrl(registered)];
  if (!asked || !known || !isLoopback(asked) || !isLoopback(known)) return false;
  // The text, not the parsed URL, is what the browser is sent to: it must be one that parsing leaves as it is.
  if (asked.href !== uri || uri.includes('#')) return false;
  known.port = asked.port;
  return known.href === asked.href;
};
