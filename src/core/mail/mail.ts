// Notices that go into a batch, and the sending of what is in the outbox.
import { eq, type SQL } from 'drizzle-orm';
import type { Client } from '../model.ts';
import { users } from '../store/schema.ts';
import type { Database } from '../store/store.ts';
import { createDeliveries, type Deliveries, type DeliveriesOptions, type MailSettings } from './delivery.ts';
import { detailsOf, type MailDetails } from './details.ts';
import { NOTICE_SECONDS, type NoticeKind } from './kinds.ts';
import { queueMail } from './outbox.ts';

export interface Mail extends Deliveries {
  /** Null if this deployment sends no mail. */
  readonly settings: MailSettings | null;
  /**
   * The statement that queues a notice to the accounts that a condition finds, for the batch of the change itself. It does
   * nothing if `kind` is null or this deployment sends no mail. Put it before the statement that changes what the
   * condition checks, and pass the results of the batch to `sendSoon`.
   */
  notify(
    db: Database,
    kind: NoticeKind | null,
    account: SQL | undefined,
    client: Client,
    more?: Pick<MailDetails, 'byAdmin' | 'appName'>,
  ): ReturnType<typeof queueMail>;
}

export type MailOptions = Omit<DeliveriesOptions, 'settings'> & { settings: MailSettings | null };

export const createMail = (options: MailOptions): Mail => {
  const { settings, nowMs } = options;
  return {
    settings,
    notify(db, kind, account, client, more) {
      const now = nowMs();
      return queueMail(db, {
        kind: kind ?? NOTHING,
        account: settings && kind ? account : eq(users.id, 0),
        details: detailsOf(client, now, more),
        lifeSeconds: NOTICE_SECONDS,
        nowMs: now,
      });
    },
    ...(settings ? createDeliveries({ ...options, settings }) : NO_DELIVERIES),
  };
};

/** The name of a mail that is never written. */
const NOTHING: NoticeKind = 'password_changed';

const NO_DELIVERIES: Deliveries = {
  sendSoon() {},
  sendDue: async () => ({ sent: 0, failed: 0, undeliverable: 0, givenUp: 0 }),
};
