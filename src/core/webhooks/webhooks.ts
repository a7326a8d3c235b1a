// Tells webhooks and apps what happened to accounts: what the triggers queued, after the response or by the scheduled run.
import { and, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Account } from '../model.ts';
import { type Delivery, failed, undeliverable } from '../outbox/delivery.ts';
import { MAX_PAUSE_MS, pauseMs } from '../outbox/lease.ts';
import { AT_ONCE, type Outbox, type Run, type Sent, sendDueRows, sendRows } from '../outbox/runner.ts';
import type { AccessTokenSettings } from '../provider/model.ts';
import { createSealing } from '../sealing.ts';
import type { Keyring, Random } from '../secrets.ts';
import { accountColumns } from '../store/columns.ts';
import { apps, users, webhooks } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { postLogout, postMessage } from './http.ts';
import { signLogoutToken } from './logout-token.ts';
import { signMessage, writeBody } from './message.ts';
import {
  type DeliveryRow,
  disableWebhook,
  findTaken,
  finish,
  giveUp,
  leaseDue,
  parkBlocked,
  pauseWebhook,
  postpone,
  type Webhook,
} from './rows.ts';
import { makeTriggers, TRIGGER_PREFIX, TRIGGERS } from './triggers.ts';

/** Rounds after a request: what follows of the same accounts. What is left waits for the scheduled run. */
const ROUNDS_AFTER_REQUEST = 5;

/** With so many recipients down, the rest waits for the next run. */
const MAX_SKIPPED = 80;

/** What the secret of a webhook is bound to: in the row of another it is of no use. */
const contextOf = (webhookId: string): string => `webhook:${webhookId}`;

export interface Webhooks {
  /** Sends messages that a request has taken up, and what follows about the same accounts. */
  sendTaken(ids: readonly number[]): Promise<void>;
  /** Sends what is due, in bounded rounds, and gives up what is too old. Throws StoreUnavailable. */
  sendDue(): Promise<Run>;
  /**
   * Makes the triggers that queue messages if anybody is to be told anything, else drops them; encrypts secrets that a
   * command wrote, or that are encrypted under the secret before. One round trip if there is nothing to do.
   */
  prepare(): Promise<{ triggers: number; sealed: number }>;
}

export interface WebhooksOptions {
  store: Store;
  keyring: Keyring;
  random: Random;
  /** Null if this deployment signs no tokens. */
  accessTokens: AccessTokenSettings | null;
  allowsLoopback: boolean;
  nowMs: () => number;
  warn: (message: string, cause: unknown) => void;
}

/** What is needed to write and send some messages. */
interface Known {
  webhooks: ReadonlyMap<string, Webhook>;
  logoutUris: ReadonlyMap<string, string | null>;
  accounts: ReadonlyMap<number, Account>;
}

export const createWebhooks = (options: WebhooksOptions): Webhooks => {
  const { store, keyring, random, accessTokens, nowMs, warn } = options;
  const sealing = createSealing(keyring, random);

  /** One round trip. Accounts that an older version made get their public id. */
  const load = async (rows: readonly DeliveryRow[]): Promise<Known> => {
    const recipients = [...new Set(rows.map(({ recipientId }) => recipientId))];
    const userIds = [...new Set(rows.map(({ userId }) => userId))];
    const { value } = await store.primary((db) =>
      db.batch([
        db.select().from(webhooks).where(inArray(webhooks.id, recipients)),
        db.select({ id: apps.id, logoutUri: apps.logoutUri }).from(apps).where(inArray(apps.id, recipients)),
        db
          .update(users)
          .set({ publicId: sql`lower(hex(randomblob(16)))` })
          .where(and(inArray(users.id, userIds), isNull(users.publicId))),
        db.select(accountColumns).from(users).where(inArray(users.id, userIds)),
      ]),
    );
    const [foundWebhooks, foundApps, , accounts] = value;
    return {
      webhooks: new Map(foundWebhooks.map((webhook) => [webhook.id, webhook])),
      logoutUris: new Map(foundApps.map(({ id, logoutUri }) => [id, logoutUri])),
      accounts: new Map(accounts.map((account) => [account.id, account])),
    };
  };

  const sendToWebhook = async (row: DeliveryRow, known: Known): Promise<Delivery> => {
    const webhook = known.webhooks.get(row.recipientId);
    if (!webhook) return undeliverable('no such webhook');
    // It was turned off after the message was taken up. The message waits.
    if (webhook.disabledAtMs !== null) return failed('webhook is off');
    const secret = await sealing.unseal(webhook.secret, contextOf(webhook.id));
    // TOKEN_SECRET was replaced, and the one before is not set: the secret of the webhook is lost.
    if (!secret) return failed('secret cannot be read');
    const body = writeBody(row, known.accounts.get(row.userId) ?? null);
    return postMessage(options, webhook.url, await signMessage(row, body, secret.bytes, nowMs()));
  };

  const sendToApp = async ({ recipientId, sid, ...row }: DeliveryRow, known: Known): Promise<Delivery> => {
    const url = known.logoutUris.get(recipientId) ?? null;
    const sub = row.sub ?? known.accounts.get(row.userId)?.publicId ?? null;
    if (url === null || sub === null || sid === null) return undeliverable('no such app');
    if (!accessTokens) return failed('no signing keys');
    const token = await signLogoutToken(accessTokens, { appId: recipientId, sub, sid }, random, nowMs());
    return postLogout(options, url, token);
  };

  const sendOne = async (row: DeliveryRow, known: Known): Promise<Sent<DeliveryRow>> => {
    try {
      const delivery = await (row.kind === 'logout' ? sendToApp(row, known) : sendToWebhook(row, known));
      if (delivery.outcome !== 'sent') warn(`a message was not delivered (${row.type})`, delivery.reason);
      return { row, delivery };
    } catch (cause) {
      warn(`a message was not delivered (${row.type})`, cause);
      return { row, delivery: failed('error') };
    }
  };

  const recordFailure: Outbox<DeliveryRow>['recordFailure'] = (db, row, delivery, now) => {
    switch (delivery.outcome) {
      case 'undeliverable':
        return row.kind === 'webhook'
          ? [...finish(db, [row], 'gone', now), disableWebhook(db, row.recipientId, now)]
          : finish(db, [row], 'gone', now);
      case 'failed': {
        const { retryAfterSeconds, reason } = delivery;
        const again = postpone(db, row, now + pauseMs(row.attempts, retryAfterSeconds), reason);
        if (retryAfterSeconds === null || row.kind === 'logout') return [again];
        const pause = Math.min(retryAfterSeconds * 1000, MAX_PAUSE_MS);
        return [again, pauseWebhook(db, row.recipientId, now + pause)];
      }
    }
  };

  /** @param userIds the accounts whose messages are sent; null for all */
  const outboxOf = (userIds: readonly number[] | null): Outbox<DeliveryRow> => ({
    async take(skipped) {
      if (skipped.size > MAX_SKIPPED) return { rows: [], givenUp: 0, mayHaveMore: false };
      const now = nowMs();
      const taking = { limit: AT_ONCE, skipped, userIds, nowMs: now };
      if (userIds) {
        // After a request nothing is looked for that other accounts wait for.
        const { value: rows } = await store.primary((db) => leaseDue(db, taking));
        return { rows, givenUp: 0, mayHaveMore: rows.length > 0 };
      }
      const { value } = await store.primary((db) =>
        db.batch([giveUp(db, now), parkBlocked(db, taking), leaseDue(db, taking)]),
      );
      const [ended, parked, rows] = value;
      // One that is done lets the next one about its account go; behind those that were put aside there may be more.
      const mayHaveMore = rows.length + parked.length + ended.length > 0;
      const givenUp = ended.filter(({ outcome }) => outcome === 'given_up').length;
      return { rows, givenUp, mayHaveMore };
    },

    async send(rows) {
      const known = await load(rows);
      return Promise.all(rows.map((row) => sendOne(row, known)));
    },

    // Three to take, four to know what to send.
    statementsEachRound: 7,

    recordSent: (db, rows, now) => finish(db, rows, 'sent', now),
    recordFailure,
    nowMs,

    recipientOf: ({ recipientId }) => recipientId,
  });

  const prepareTriggers = async (isTold: boolean, found: ReadonlyMap<string, string>): Promise<number> => {
    const isCurrent =
      found.size === TRIGGERS.size && [...TRIGGERS].every(([name, text]) => found.get(name) === text);
    if (isTold ? isCurrent : found.size === 0) return 0;
    const dropped = [...found.keys()].map((name) => `DROP TRIGGER IF EXISTS ${name}`);
    const [first, ...others] = isTold ? [...dropped, ...makeTriggers()] : dropped;
    if (first === undefined) return 0;
    await store.primary((db) =>
      db.batch([db.run(sql.raw(first)), ...others.map((text) => db.run(sql.raw(text)))]),
    );
    return isTold ? TRIGGERS.size : found.size;
  };

  const sealSecrets = async (all: readonly Pick<Webhook, 'id' | 'secret'>[]): Promise<number> => {
    const prefix = await sealing.currentPrefix();
    const sealed = await Promise.all(
      all
        .filter(({ secret }) => !secret.startsWith(prefix))
        .map(async ({ id, secret }) => {
          const unsealed = await sealing.unseal(secret, contextOf(id));
          return unsealed
            ? [{ id, before: secret, after: await sealing.seal(unsealed.bytes, contextOf(id)) }]
            : [];
        }),
    );
    const [first, ...others] = sealed.flat();
    if (!first) return 0;
    await store.primary((db) => {
      const change = ({ id, before, after }: typeof first) =>
        db
          .update(webhooks)
          .set({ secret: after })
          .where(and(eq(webhooks.id, id), eq(webhooks.secret, before)));
      return db.batch([change(first), ...others.map(change)]);
    });
    return 1 + others.length;
  };

  return {
    async sendTaken(ids) {
      const { value: rows } = await store.primary((db) => findTaken(db, ids));
      const outbox = outboxOf([...new Set(rows.map(({ userId }) => userId))]);
      await sendRows(store, outbox, rows);
      await sendDueRows(store, outbox, ROUNDS_AFTER_REQUEST);
    },

    sendDue: () => sendDueRows(store, outboxOf(null)),

    async prepare() {
      const { value } = await store.primary((db) =>
        db.batch([
          db.select({ id: apps.id }).from(apps).where(isNotNull(apps.logoutUri)).limit(1),
          db
            .select({ name: sql<string>`name`, text: sql<string>`sql` })
            .from(sql`sqlite_schema`)
            .where(sql`type = 'trigger' AND substr(name, 1, ${TRIGGER_PREFIX.length}) = ${TRIGGER_PREFIX}`),
          db
            .select({ id: webhooks.id, secret: webhooks.secret, disabledAtMs: webhooks.disabledAtMs })
            .from(webhooks),
        ]),
      );
      const [told, found, all] = value;
      const isAnybodyTold = told.length > 0 || all.some(({ disabledAtMs }) => disabledAtMs === null);
      const triggers = await prepareTriggers(
        isAnybodyTold,
        new Map(found.map(({ name, text }) => [name, text])),
      );
      return { triggers, sealed: await sealSecrets(all) };
    },
  };
};
