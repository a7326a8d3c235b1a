// Sends the mails of the outbox: after the response by the request that queued them, later by the scheduled run.

import type { BatchItem } from 'drizzle-orm/batch';
import { noteEvent, noteEventsOfMails } from '../events/events.ts';
import { DEFAULT_LOCALE, isLocale } from '../locales.ts';
import type { Client } from '../model.ts';
import { type Database, type Store, within } from '../store/store.ts';
import { readDetails } from './details.ts';
import { isMailKind, type MailKind } from './kinds.ts';
import { loadSending } from './load.ts';
import type { Delivery, Mailer, ProviderSettings, Sender } from './mailer.ts';
import {
  dropObsolete,
  finishMail,
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

type Statements = readonly [BatchItem<'sqlite'>, ...BatchItem<'sqlite'>[]];

const MINUTE_MS = 60 * 1000;
/** The pauses between attempts triple, up to an hour, so that a provider that has recovered is used within an hour. */
const FIRST_PAUSE_MS = MINUTE_MS;
const PAUSE_FACTOR = 3;
const MAX_PAUSE_MS = 60 * MINUTE_MS;

/** When a mail may be tried again after its `attempts`th failure. */
export const pauseMs = (attempts: number, retryAfterSeconds: number | null): number =>
  Math.min(
    MAX_PAUSE_MS,
    Math.max(FIRST_PAUSE_MS * PAUSE_FACTOR ** (attempts - 1), (retryAfterSeconds ?? 0) * 1000),
  );

/** A Worker holds six connections open at once. https://developers.cloudflare.com/workers/platform/limits/ */
const AT_ONCE = 5;
/** Rounds of one run: 400 mails. What is left waits for the next run, five minutes later. */
const MAX_ROUNDS = 80;

/** The client in the audit log: no request sent this mail. */
const OUTBOX_CLIENT: Client = { dialect: 'mail', userAgent: null, country: null, addressPrefix: null };

export interface MailRun {
  sent: number;
  failed: number;
  undeliverable: number;
  givenUp: number;
}

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
  sendDue(): Promise<MailRun>;
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
      const work = openMailer().then(async (mailer) => mailer.send(await write(row, kind)));
      const delivery = await within(timeoutMs, work);
      if (delivery.outcome !== 'sent') warn(`a mail was not sent (${row.kind})`, delivery.reason);
      return delivery;
    } catch (cause) {
      warn(`a mail was not sent (${row.kind})`, cause);
      return { outcome: 'failed', reason: '', retryAfterSeconds: null };
    }
  };

  /** The statements that note the outcome of a mail. */
  const settle = (db: Database, row: OutboxRow, delivery: Delivery): Statements => {
    const now = nowMs();
    switch (delivery.outcome) {
      case 'sent':
        return [finishMail(db, row, 'sent', now)];
      case 'failed':
        return [postponeMail(db, row, now + pauseMs(row.attempts, delivery.retryAfterSeconds))];
      case 'undeliverable':
        return [
          finishMail(db, row, 'undeliverable', now),
          noteEvent(db, 'mail_undeliverable', row.userId, OUTBOX_CLIENT, now),
        ];
    }
  };

  /** Sends mails in parallel, and notes their outcomes in one batch. */
  const sendAll = async (rows: readonly OutboxRow[]): Promise<Delivery[]> => {
    const results = await Promise.all(rows.map(async (row) => ({ row, delivery: await send(row) })));
    const [first, ...others] = results;
    if (first)
      await store.primary((db) => {
        const statements = others.flatMap(({ row, delivery }) => settle(db, row, delivery));
        return db.batch([...settle(db, first.row, first.delivery), ...statements]);
      });
    return results.map(({ delivery }) => delivery);
  };

  /** One round trip: drops and gives up what is no longer useful, and takes the next mails. */
  const begin = async () => {
    const now = nowMs();
    const { value } = await store.primary((db) =>
      db.batch([
        dropObsolete(db, now),
        noteEventsOfMails(db, 'mail_given_up', isGivenUp(now), OUTBOX_CLIENT, now),
        giveUp(db, now),
        leaseDue(db, AT_ONCE, now),
      ]),
    );
    return { givenUp: value[2].length, rows: value[3] };
  };

  return {
    sendSoon(results) {
      const rows = results.flat().filter(isOutboxRow);
      if (rows.length === 0) return;
      defer(sendAll(rows).catch((cause: unknown) => warn('what became of a mail was not noted', cause)));
    },

    async sendDue() {
      const run: MailRun = { sent: 0, failed: 0, undeliverable: 0, givenUp: 0 };
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        const { givenUp, rows } = await begin();
        run.givenUp += givenUp;
        const deliveries = await sendAll(rows);
        for (const { outcome } of deliveries) run[outcome] += 1;
        const isDown = rows.length > 0 && deliveries.every(({ outcome }) => outcome === 'failed');
        if (rows.length < AT_ONCE || isDown) break;
      }
      return run;
    },
  };
};
