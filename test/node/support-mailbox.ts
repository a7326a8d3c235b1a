// The mails of a service that a test runs, read from wrangler's local mailbox as `npm run mail` reads them.
import { expect } from 'vitest';
import { type LocalMail, MAX_MAILS, readMails } from '../../scripts/mailbox.ts';

/** Settings that turn mail on. Links lead to `PUBLIC_URL`, whatever the origin of the service. */
export const MAIL_ON = { MAIL_FROM: 'Latchkey <id@example.com>', PUBLIC_URL: 'https://id.example.com' };

/** A mail is sent after the response to the request that causes it. */
const ARRIVES_WITHIN_MS = 10_000;
const POLL_MS = 25;

/** The mails to an address, the oldest first. */
export const mailsTo = async (origin: string, address: string): Promise<LocalMail[]> =>
  (await readMails(origin, MAX_MAILS)).filter(({ to }) => to === address).toReversed();

/** The last mail to an address whose subject contains a text. Waits until it arrives. */
export const awaitMail = async (origin: string, address: string, subject: string): Promise<LocalMail> => {
  const deadlineMs = Date.now() + ARRIVES_WITHIN_MS;
  for (;;) {
    const found = (await mailsTo(origin, address)).findLast((mail) => mail.subject.includes(subject));
    if (found) return found;
    if (Date.now() > deadlineMs) return expect.fail(`No mail to ${address} about ${subject} came.`);
    await new Promise((go) => setTimeout(go, POLL_MS));
  }
};

/** The path and query of the link in a mail. */
export const pathIn = ({ text }: Pick<LocalMail, 'text'>): string => {
  const link = /^https?:\/\/\S*[?&]token=\S+$/m.exec(text)?.[0] ?? expect.fail(`No link in:\n${text}`);
  const { pathname, search } = new URL(link);
  return pathname + search;
};

export const tokenIn = (mail: Pick<LocalMail, 'text'>): string =>
  new URL(pathIn(mail), MAIL_ON.PUBLIC_URL).searchParams.get('token') ?? '';
