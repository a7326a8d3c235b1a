// What webhooks can be told of. Read by the command line too.

export const WEBHOOK_EVENT_TYPES = [
  'account.created',
  'account.updated',
  'account.verified',
  'account.disabled',
  'account.enabled',
  'account.deleted',
  'session.ended',
] as const;
export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number];

export const isWebhookEventType = (text: string): text is WebhookEventType =>
  WEBHOOK_EVENT_TYPES.some((type) => type === text);

/**
 * How long a message is tried: a receiver that is down over a weekend misses nothing. Then it is given up, and
 * `npm run admin -- webhook replay` sends it again.
 */
export const DELIVERY_DAYS = 3;

/** What a secret begins with, as the libraries for Standard Webhooks read it. */
export const SECRET_PREFIX = 'whsec_';
