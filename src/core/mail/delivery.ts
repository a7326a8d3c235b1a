// Sends the mails of the outbox: after the response by the request that queued them, later by the scheduled run.

import { noteEvent, noteEventsOfMails } from '../events/events.ts';
import { DEFAULT_LOCALE, isLocale } from '../locales.ts';
import type { Client } from '../model.ts';
import type { Delivery } from '../outbox/delivery.ts';
import { pauseMs } from '../outbox/lease.ts';
import { AT_ONCE, type Outbox, type Run, sendDueRows, sendRows } from '../outbox/runner.ts';
import { type Store, within } from '../store/store.ts';
import { readDetails } from './details.ts';
import { isMailKind, type MailKind } from './kinds.ts';
import { loadSending } from './load.ts';
import type { Mailer, ProviderSettings, Sender } from './mailer.ts';
import {
  dropObsolete,
  finishMails,
  giveUp,
  isGivenUp,
  isOutboxRow,
  leaseDue,
  type OutboxRow,
  postponeMail,
} from './outbox.ts';

/** What a deployment that sends mail has configured. */
export interface MailSettings {
  provider: ProviderSettings;
  from: Sender;
  /** The origin of every link. Never the `Host` of a request, which its sender chooses. */
  publicUrl: string;
  serviceName: string;
  /** Milliseconds that a provider may take. */
  timeoutMs: number;
}

/** Creates the link and the code of a mail from the proof that its row names. */
export interface LinkWriter {
  /** @param callback a page of another client that takes the token as `sign`; null for our own page */
  link(kind: MailKind, proofId: string, callback: string | null): Promise<string | null>;
  code(kind: MailKind, proofId: string): Promise<string | null>;
}

/** The client in the audit log: no request sent this mail. */
const OUTBOX_CLIENT: Client = { dialect: 'mail', userAgent: null, country: null, addressPrefix: null };

export interface Deliveries {
  /**
   * Sends, after the response, the mails that a batch has put into the outbox.
   * @param results the results of the batch, in which the rows of mails are found
   */
  sendSoon(results: readonly unknown[]): void;
  /**
   * Sends what is due, in bounded rounds, and gives up what is no longer useful. Stops early while the provider accepts
   * nothing. Throws StoreUnavailable; what is in the outbox stays there.
   */
  sendDue(): Promise<Run>;
}

export interface DeliveriesOptions {
  store: Store;
  settings: MailSettings;
  links: LinkWriter;
  nowMs: () => number;
  defer: (work: Promise<unknown>) => void;
  warn: (message: string, cause: unknown) => void;
}

export const createDeliveries = (options: DeliveriesOptions): Deliveries => {
  const { store, settings, links, nowMs, defer, warn } = options;
  const { timeoutMs, serviceName, publicUrl } = settings;

  const openMailer = async (): Promise<Mailer> => {
    const { createMailer } = await loadSending();
    return createMailer(settings.provider, settings);
  };

  const write = async (row: OutboxRow, kind: MailKind) => {
    const { writeMail } = await loadSending();
    const details = readDetails(row.details, row.createdAtMs);
    return writeMail({
      kind,
      to: row.address,
      locale: isLocale(row.locale) ? row.locale : DEFAULT_LOCALE,
      details,
      url: row.proofId && (await links.link(kind, row.proofId, details.callback ?? null)),
      code: row.proofId && (await links.code(kind, row.proofId)),
      serviceName,
      publicUrl,
      // Two deployments may share an account at a provider, and their ids could be equal.
      idempotencyKey: `${new URL(publicUrl).host}-${row.id}-${row.createdAtMs}`,
    });
  };

  /** Never throws: a mail that cannot be sent now is tried again later. The reason names no address. */
  const send = async (row: OutboxRow): Promise<Delivery> => {
    try {
      const { kind } = row;
      if (!isMailKind(kind)) throw new Error('This version knows no mail of that kind.');
      const mailer = await openMailer();
      const mail = await write(row, kind);
      // The time of the provider alone: a mail that is written slowly must not count as failed, and be sent nevertheless.
      const delivery = await within(timeoutMs, mailer.send(mail));
      if (delivery.outcome !== 'sent') warn(`a mail was not sent (${row.kind})`, delivery.reason);
      return delivery;
    } catch (cause) {
      warn(`a mail was not sent (${row.kind})`, cause);
      return { outcome: 'failed', reason: '', retryAfterSeconds: null };
    }
  };

  const recordFailure: Outbox<OutboxRow>['recordFailure'] = (db, row, delivery, now) => {
    switch (delivery.outcome) {
      case 'failed':
        return [postponeMail(db, row, now + pauseMs(row.attempts, delivery.retryAfterSeconds))];
      case 'undeliverable':
        return [
          finishMails(db, [row], 'undeliverable', now),
          noteEvent(db, 'mail_undeliverable', row.userId, OUTBOX_CLIENT, now),
        ];
    }
  };

  const due: Outbox<OutboxRow> = {
    async take(skipped) {
      // The one provider is down.
      if (skipped.size > 0) return { rows: [], givenUp: 0, mayHaveMore: false };
      const now = nowMs();
      const { value } = await store.primary((db) =>
        db.batch([
          dropObsolete(db, now),
          noteEventsOfMails(db, 'mail_given_up', isGivenUp(db, now), OUTBOX_CLIENT, now),
          giveUp(db, now),
          leaseDue(db, AT_ONCE, now),
        ]),
      );
      const [dropped, , givenUp, rows] = value;
      // Behind those that are no longer useful there may be more.
      const mayHaveMore = rows.length === AT_ONCE || dropped.length + givenUp.length > 0;
      return { rows, givenUp: givenUp.length, mayHaveMore };
    },
    send: (rows) => Promise.all(rows.map(async (row) => ({ row, delivery: await send(row) }))),
    statementsEachRound: 4,
    recordSent: (db, rows, now) => [finishMails(db, rows, 'sent', now)],
    recordFailure,
    nowMs,
    recipientOf: () => settings.provider.provider,
  };

  return {
    sendSoon(results) {
      const rows = results.flat().filter(isOutboxRow);
      if (rows.length === 0) return;
      defer(
        sendRows(store, due, rows).catch((cause: unknown) =>
          warn('what became of a mail was not noted', cause),
        ),
      );
    },
    sendDue: () => sendDueRows(store, due),
  };
};
