// One interface for all mail providers.
import type { Delivery } from '../outbox/delivery.ts';

export interface Mail {
  to: string;
  subject: string;
  text: string;
  html: string;
  /** The same for each try of one mail, so that a provider that knows such keys sends it once. */
  idempotencyKey: string;
}

/** Who a mail is from, as `MAIL_FROM` says it. */
export interface Sender {
  /** Empty if there is only an address. */
  name: string;
  address: string;
}

export interface Mailer {
  /** Hands one mail to the provider. Refusals of the provider are returned; an unreachable one throws. */
  send(mail: Mail): Promise<Delivery>;
}

/** The part of Cloudflare's binding `send_email` that is used. */
export interface EmailBinding {
  send(message: {
    from: string | { name: string; email: string };
    to: string;
    subject: string;
    text: string;
    html: string;
  }): Promise<unknown>;
}

/** How to reach a provider. `endpoint` replaces the address of its API: another region, a proxy, or a test. */
export type ProviderSettings =
  | { provider: 'cloudflare'; binding: EmailBinding }
  | { provider: 'resend'; apiKey: string; endpoint: string | null }
  | { provider: 'postmark'; serverToken: string; endpoint: string | null }
  | {
      provider: 'ses';
      region: string;
      accessKeyId: string;
      secretAccessKey: string;
      endpoint: string | null;
    };

/** What every provider needs to know besides its own settings. */
export interface MailerOptions {
  from: Sender;
  /** Milliseconds after which a request to the provider is given up. */
  timeoutMs: number;
}
