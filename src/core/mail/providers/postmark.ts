// Postmark, by its HTTP API. https://postmarkapp.com/developer/api/email-api
import { sent, undeliverable } from '../../outbox/delivery.ts';
import type { Mailer, MailerOptions } from '../mailer.ts';
import { formatSender, readAnswer, refused, textOf } from './http.ts';

const ENDPOINT = 'https://api.postmarkapp.com';

/** https://postmarkapp.com/developer/api/overview#error-codes */
const INVALID_REQUEST = 300;
const INACTIVE_RECIPIENT = 406;

export const createPostmarkMailer = (
  { serverToken, endpoint }: { serverToken: string; endpoint: string | null },
  { from, timeoutMs }: MailerOptions,
): Mailer => ({
  async send({ to, subject, text, html }) {
    const response = await fetch(`${endpoint ?? ENDPOINT}/email`, {
      method: 'POST',
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/json',
        'X-Postmark-Server-Token': serverToken,
      },
      body: JSON.stringify({
        From: formatSender(from),
        To: to,
        Subject: subject,
        TextBody: text,
        HtmlBody: html,
        // No tracking: neither of opened mails nor of links.
        TrackOpens: false,
        TrackLinks: 'None',
      }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = await readAnswer(response);
    const { ErrorCode: code } = answer.body;
    if (response.ok && code === 0) return sent;
    const blamesRecipient = code === INVALID_REQUEST && /'To'/.test(textOf(answer, 'Message'));
    if (code === INACTIVE_RECIPIENT || blamesRecipient) return undeliverable(`ErrorCode ${code}`);
    return refused(answer, typeof code === 'number' ? `ErrorCode ${code}` : '');
  },
});
