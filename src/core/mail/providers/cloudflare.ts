// Cloudflare Email Service, by the binding `send_email` of wrangler.toml.
import { failed, sent, undeliverable } from '../../outbox/delivery.ts';
import type { EmailBinding, Mailer, MailerOptions } from '../mailer.ts';

/**
 * The codes for a recipient who will never get a mail. All others are temporary: a limit, a failure, or a setting that
 * its owner can fix.
 * @see https://developers.cloudflare.com/email-service/api/send-emails/workers-api/#error-codes
 */
const UNDELIVERABLE = new Set(['E_RECIPIENT_SUPPRESSED', 'E_RECIPIENT_NOT_ALLOWED']);

/** A validation error concerns the recipient only if it says so. It can also concern `MAIL_FROM`. */
const BLAMES_RECIPIENT = /\brecipient|\bto\b/i;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

export const createCloudflareMailer = (binding: EmailBinding, { from }: MailerOptions): Mailer => ({
  async send({ to, subject, text, html }) {
    try {
      const sender = from.name === '' ? from.address : { name: from.name, email: from.address };
      await binding.send({ from: sender, to, subject, text, html });
      return sent;
    } catch (error) {
      const code = codeOf(error);
      const message = error instanceof Error ? error.message : '';
      if (UNDELIVERABLE.has(code) || (code === 'E_VALIDATION_ERROR' && BLAMES_RECIPIENT.test(message)))
        return undeliverable(code);
      return failed(code === '' ? 'The binding failed.' : code);
    }
  },
});
