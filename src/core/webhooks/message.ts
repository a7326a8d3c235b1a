// A message to a webhook: its body, and its signature in the form of Standard Webhooks.
// @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
import { type Account, displayName } from '../model.ts';
import type { DeliveryRow } from './rows.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const time = (ms: number): string => new Date(ms).toISOString();

/** An account as webhooks are told of it: what the RPC entrypoint says, in the spelling of `id`. */
const showAccount = (account: Account) => ({
  username: account.username,
  email: account.email,
  emailVerified: account.emailVerifiedAtMs !== null,
  name: displayName(account),
  locale: account.locale,
  isAdmin: account.isAdmin,
  disabledAt: account.disabledAtMs === null ? null : time(account.disabledAtMs),
  createdAt: time(account.createdAtMs),
  updatedAt: time(account.updatedAtMs),
});

const readDetails = (json: string): object => {
  const value: unknown = JSON.parse(json);
  return typeof value === 'object' && value !== null ? value : {};
};

/**
 * The body. It tells of the account as it is now, not as it was: a message that comes late overwrites nothing newer.
 * @param account null if it is gone by now
 */
export const writeBody = (row: DeliveryRow, account: Account | null): string => {
  const { type, sid, userId } = row;
  const subject = { id: userId, sub: account?.publicId ?? row.sub };
  const details = readDetails(row.details);
  const hasAccount = type !== 'account.deleted' && type !== 'session.ended';
  return JSON.stringify({
    type,
    timestamp: time(row.createdAtMs),
    data: {
      ...subject,
      ...(sid !== null && { sid }),
      ...details,
      ...(hasAccount && { account: account && showAccount(account) }),
    },
  });
};

/** The same for each try of one message, so that its receiver can tell that it has it already. */
export const messageIdOf = ({ id, createdAtMs }: DeliveryRow): string => `msg_${createdAtMs}_${id}`;

export interface SignedMessage {
  id: string;
  /** Seconds since the epoch, of this try. */
  timestamp: string;
  signature: string;
  body: string;
}

const utf8 = new TextEncoder();

/** Signs a body with the secret of its webhook. */
export const signMessage = async (
  row: DeliveryRow,
  body: string,
  secret: Bytes,
  nowMs: number,
): Promise<SignedMessage> => {
  const id = messageIdOf(row);
  const timestamp = String(Math.floor(nowMs / 1000));
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
  const signature = await crypto.subtle.sign('HMAC', key, utf8.encode(`${id}.${timestamp}.${body}`));
  return { id, timestamp, signature: `v1,${new Uint8Array(signature).toBase64()}`, body };
};
