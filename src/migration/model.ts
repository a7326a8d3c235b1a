// The settings of the old service, and the kinds of old services.

/** The dialects whose own login an old service may have; null for the signed request. */
export const OLD_DIALECTS = ['users', 'user-v1', 'conjugator', 'account', 'auth'] as const;
export type OldDialect = (typeof OLD_DIALECTS)[number];

export interface MigrationSettings {
  /** Where the signed request goes; with a dialect, the address in front of the paths of its document. */
  url: string;
  dialect: OldDialect | null;
  /** The key of the signed request; null with a dialect. */
  secret: string | null;
  /** Milliseconds that all requests of one login may take together. */
  timeoutMs: number;
  /** Logins that one isolate asks about in a minute. */
  perMinute: number;
}
