// Reads an address of another origin to which a browser may be sent. Whether the origin is trusted is decided elsewhere.

/** Proxies and servers refuse longer request lines. */
const MAX_CHARACTERS = 2_000;

/**
 * Scheme, host and port, then visible ASCII without quotes, angle brackets and backslashes, which browsers read in
 * different ways. No user name: it could pass for the host. No host in Unicode: it could look like another.
 * @see https://www.rfc-editor.org/rfc/rfc3986#section-7.6 and https://url.spec.whatwg.org/#concept-url-origin
 */
const WEB_ADDRESS =
  /^(https?:\/\/(?:[a-z0-9.-]*[a-z0-9]|\[[0-9a-f:]+\])(?::\d{1,5})?)(?:[/?#][\x21\x23-\x3b\x3d\x3f-\x5b\x5d-\x7e]*)?$/;

/**
 * Reads an absolute http or https address; null for every other text. The origin must be written as browsers
 * serialise it: what parsing changes, such as `HTTPS://`, `:443` or `0x7f.1`, is refused.
 */
export const readWebAddress = (text: string): URL | null => {
  if (text.length > MAX_CHARACTERS) return null;
  const [, origin] = WEB_ADDRESS.exec(text) ?? [];
  if (origin === undefined || !URL.canParse(text)) return null;
  const url = new URL(text);
  return url.origin === origin ? url : null;
};
