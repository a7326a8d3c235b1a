// Reads the mails of the local service. Wrangler stores them and delivers none.
import { isRow } from './wrangler.ts';

/** A route that wrangler 4.155 serves beside the Worker. */
const LIST = '/cdn-cgi/local/explorer/api/local/email/sending';

/** The maximum per request. */
export const MAX_MAILS = 100;

export interface LocalMail {
  to: string;
  subject: string;
  text: string;
  html: string;
  /** ISO 8601. */
  sentAt: string;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Requests the list or one mail. Throws if the response is not from wrangler. */
const ask = async (origin: string, query: Record<string, string>): Promise<unknown> => {
  const response = await fetch(`${origin}${LIST}?${new URLSearchParams(query)}`);
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok || !isRow(body) || body['result'] === undefined)
    throw new Error(`${origin} lists no mails: it is answered by something other than \`npm start\`.`);
  return body['result'];
};

/**
 * The last mails, newest first.
 * @param origin of `npm start`, such as http://127.0.0.1:8787
 * @param count at most `MAX_MAILS`
 * @throws Error if wrangler does not listen there
 */
export const readMails = async (origin: string, count: number): Promise<LocalMail[]> => {
  const listed = await ask(origin, { per_page: String(count) });
  const ids = (Array.isArray(listed) ? listed.filter(isRow) : []).map((mail) => textOf(mail['messageId']));
  return Promise.all(
    ids.map(async (id) => {
      const mail = await ask(origin, { email_id: id });
      const fields = isRow(mail) ? mail : {};
      const to = Array.isArray(fields['to']) ? fields['to'].map(textOf).join(', ') : textOf(fields['to']);
      return {
        to,
        subject: textOf(fields['subject']),
        text: textOf(fields['text']),
        html: textOf(fields['html']),
        sentAt: textOf(fields['sentAt']),
      };
    }),
  );
};
