// Amazon SES, by its HTTP API, version 2. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
import { AwsClient } from 'aws4fetch';
import { sent, undeliverable } from '../../outbox/delivery.ts';
import type { Mailer, MailerOptions } from '../mailer.ts';
import { formatSender, readAnswer, refused, textOf } from './http.ts';

const utf8 = (text: string) => ({ Data: text, Charset: 'UTF-8' });

/** SES reports neither a field nor a code, only a message. */
const BLAMES_RECIPIENT =
  /address is suppressed|suppression list|local address|domain (?:contains|ends|is)|recipient/i;

export interface SesSettings {
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  endpoint: string | null;
}

export const createSesMailer = (
  { region, accessKeyId, secretAccessKey, endpoint }: SesSettings,
  { from, timeoutMs }: MailerOptions,
): Mailer => {
  // The outbox retries. If the library retried too, a mail could be sent twice or outlast its lease.
  const aws = new AwsClient({ accessKeyId, secretAccessKey, region, service: 'ses', retries: 0 });
  const url = `${endpoint ?? `https://email.${region}.amazonaws.com`}/v2/email/outbound-emails`;
  return {
    async send({ to, subject, text, html }) {
      const response = await aws.fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({
          FromEmailAddress: formatSender(from),
          Destination: { ToAddresses: [to] },
          Content: {
            Simple: { Subject: utf8(subject), Body: { Text: utf8(text), Html: utf8(html) } },
          },
        }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const answer = await readAnswer(response);
      if (response.ok) return sent;
      const code = (response.headers.get('x-amzn-ErrorType') ?? '').split(':')[0] ?? '';
      const isBadRequest = response.status === 400 && code === 'BadRequestException';
      return isBadRequest && BLAMES_RECIPIENT.test(textOf(answer, 'message'))
        ? undeliverable(code)
        : refused(answer, code);
    },
  };
};
