// The signature of a request to the old service, as Standard Webhooks writes it.

/** Names one request, so that the old service can refuse a second one with the same name. */
const newId = (): string => `msg_${crypto.randomUUID().replaceAll('-', '')}`;

const PREFIX = 'whsec_';

/** As the standard has it, a secret is `whsec_` and base64 of the key. Any other text is the key itself. */
const keyOf = (secret: string): Uint8Array<ArrayBuffer> =>
  secret.startsWith(PREFIX)
    ? Uint8Array.fromBase64(secret.slice(PREFIX.length))
    : new Uint8Array(new TextEncoder().encode(secret));

/**
 * `webhook-id`, `webhook-timestamp` and `webhook-signature: v1,<base64>`: HMAC-SHA256 under the secret of
 * `<id>.<seconds>.<body>`. Libraries for it exist in most languages.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const signRequest = async (
  secret: string,
  body: string,
  nowMs: number,
): Promise<Readonly<Record<string, string>>> => {
  const utf8 = new TextEncoder();
  const id = newId();
  const seconds = Math.floor(nowMs / 1000);
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', keyOf(secret), hmac, false, ['sign']);
  const signature = await crypto.subtle.sign('HMAC', key, utf8.encode(`${id}.${seconds}.${body}`));
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${new Uint8Array(signature).toBase64()}`,
  };
};
