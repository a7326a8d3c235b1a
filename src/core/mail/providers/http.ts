// What the providers that are reached by HTTP share: one JSON request, the sender as a header, and `Retry-After`.
import { type Delivery, failed } from '../../outbox/delivery.ts';
import type { Sender } from '../mailer.ts';

/** The sender as RFC 5322 writes it: the name in quotes, because it may hold a comma or a dot. */
export const formatSender = ({ name, address }: Sender): string =>
  name === '' ? address : `"${name.replaceAll(/["\\]/g, String.raw`\$&`)}" <${address}>`;

/** The answer of a provider. `body` is the JSON it sent, an empty object if it sent none. */
export interface ProviderAnswer {
  status: number;
  body: Readonly<Record<string, unknown>>;
  retryAfterSeconds: number | null;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `Retry-After` in seconds. Its other form, a date, is not used by any of these providers. */
const readRetryAfter = (headers: Headers): number | null => {
  const text = headers.get('Retry-After') ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) : null;
};

/** Reads the answer of a provider. A body that is no JSON object counts as an empty one. */
export const readAnswer = async (response: Response): Promise<ProviderAnswer> => {
  const body: unknown = await response.json().catch(() => null);
  return {
    status: response.status,
    body: isRecord(body) ? body : {},
    retryAfterSeconds: readRetryAfter(response.headers),
  };
};

/** A string of a provider's answer; empty if it has none with that name. */
export const textOf = ({ body }: ProviderAnswer, name: string): string => {
  const value = body[name];
  return typeof value === 'string' ? value : '';
};

/** A refusal that does not concern the recipient. The reason names the status and the provider's own code only. */
export const refused = ({ status, retryAfterSeconds }: ProviderAnswer, code: string): Delivery =>
  failed(`HTTP ${status}${code === '' ? '' : ` ${code}`}`, retryAfterSeconds);
