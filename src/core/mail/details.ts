// The details of a mail, as the outbox stores them.

import { trimUserAgent } from '../events/events.ts';
import type { Client } from '../model.ts';

/** What happened, when and from where. Kept as JSON: neither a text nor a token. */
export interface MailDetails {
  /** Milliseconds since the epoch. */
  atMs: number;
  userAgent: string | null;
  /** Two letters, ISO 3166. */
  country: string | null;
  byAdmin?: boolean;
  hiddenAddress?: string;
  /** The app that the mail tells of: the name that the operator registered, or the host of its document. */
  appName?: string;
  /** The page of another client to which the link leads, with the token as `sign`. */
  callback?: string;
}

export const detailsOf = (
  client: Client,
  nowMs: number,
  more: Omit<Partial<MailDetails>, 'atMs' | 'userAgent' | 'country' | 'hiddenAddress'> = {},
): MailDetails => ({
  atMs: nowMs,
  // The owner learns only that an admin did it.
  userAgent: more.byAdmin ? null : trimUserAgent(client),
  country: more.byAdmin ? null : client.country,
  ...more,
});

const isText = (value: unknown): value is string => typeof value === 'string';

/** Reads stored details. Unreadable ones are left out: the mail still says that something happened. */
export const readDetails = (json: string, createdAtMs: number): MailDetails => {
  const value: unknown = JSON.parse(json);
  const fields: Partial<Record<keyof MailDetails, unknown>> =
    typeof value === 'object' && value !== null ? value : {};
  return {
    atMs: typeof fields.atMs === 'number' ? fields.atMs : createdAtMs,
    userAgent: isText(fields.userAgent) ? fields.userAgent : null,
    country: isText(fields.country) ? fields.country : null,
    byAdmin: fields.byAdmin === true,
    ...(isText(fields.hiddenAddress) ? { hiddenAddress: fields.hiddenAddress } : {}),
    ...(isText(fields.appName) ? { appName: fields.appName } : {}),
    ...(isText(fields.callback) ? { callback: fields.callback } : {}),
  };
};
