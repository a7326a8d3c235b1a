// Resend, by its HTTP API. https://resend.com/docs/api-reference/emails/send-email
import { sent, undeliverable } from '../../outbox/delivery.ts';
import type { Mailer, MailerOptions } from '../mailer.ts';
import { formatSender, readAnswer, refused, textOf } from './http.ts';

const ENDPOINT = 'https://api.resend.com';

export const createResendMailer = (
  { apiKey, endpoint }: { apiKey: string; endpoint: string | null },
  { from, timeoutMs }: MailerOptions,
): Mailer => ({
  async send({ to, subject, text, html, idempotencyKey }) {
    const response = await fetch(`${endpoint ?? ENDPOINT}/emails`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${apiKey}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': idempotencyKey,
      },
      body: JSON.stringify({ from: formatSender(from), to: [to], subject, text, html }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = await readAnswer(response);
    if (response.ok) return sent;
    const name = textOf(answer, 'name');
    // The key was used with another text: the mail was accepted before, and has since been written again under another
    // secret.
    if (name === 'invalid_idempotent_request') return sent;
    // https://resend.com/docs/api-reference/errors: the message quotes the field that is wrong.
    const blamesRecipient = name === 'validation_error' && /`to`/.test(textOf(answer, 'message'));
    return blamesRecipient ? undeliverable(name) : refused(answer, name);
  },
});
