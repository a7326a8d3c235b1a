// Registers, lists and removes webhooks, turns them off and on, and sends messages again.
import { randomBytes } from 'node:crypto';
import { PLAIN_PREFIX } from '../../src/core/formats.ts';
import { readOutboundUrl } from '../../src/core/outbound-url.ts';
import {
  DELIVERY_DAYS,
  isWebhookEventType,
  SECRET_PREFIX,
  WEBHOOK_EVENT_TYPES,
} from '../../src/core/webhooks/event-types.ts';
import { makeTriggers } from '../../src/core/webhooks/triggers.ts';
import { quote } from '../import/sql.ts';
import { writeTable, writeTime } from '../table.ts';
import { toPlainText } from '../terminal.ts';
import type { Row } from '../wrangler.ts';
import { type Query, Refused } from './account.ts';
import type { Outcome } from './commands.ts';

/** 256 bits. Standard Webhooks recommends up to 512. The id only has to be unique. */
const SECRET_BYTES = 32;
const ID_BYTES = 9;

const MS_PER_DAY = 24 * 60 * 60 * 1000;

/** The database and the time. */
export interface Place {
  query: Query;
  isRemote: boolean;
  nowMs: number;
}

/**
 * The statements that make the first webhook work. Only for the local database, where no scheduled run creates the
 * triggers. The endpoint of a deployed database does not accept them.
 */
export const localTriggers = (isRemote: boolean): string[] => (isRemote ? [] : makeTriggers());

/** The note on when a new webhook gets its first messages. */
export const BEGINS = 'Messages are sent from the next scheduled run on, within five minutes.';

/**
 * Reads the address of a webhook. Throws Refused if it is not allowed.
 * @param isRemote whether the service is deployed. A deployed service never calls loopback addresses
 */
export const readReceiver = (text: string, isRemote: boolean): string => {
  const url = readOutboundUrl(text, { allowsLoopback: !isRemote });
  if (url) return url.href;
  throw new Refused(
    `Messages cannot be sent to ${toPlainText(text)}. Give an https URL with a public host name${isRemote ? '' : ', or http on localhost'}.`,
  );
};

const readEventTypes = (types: readonly string[]): readonly string[] => {
  const wrong = types.find((type) => !isWebhookEventType(type));
  if (wrong === undefined) return types;
  throw new Refused(`There is no ${toPlainText(wrong)}. There are ${WEBHOOK_EVENT_TYPES.join(', ')}.`);
};

/** Registers a webhook. Its secret is shown once. The next scheduled run encrypts it. */
export const addWebhook = async (
  { url, eventTypes }: { url: string; eventTypes: readonly string[] | null },
  { query, isRemote, nowMs }: Place,
): Promise<Outcome> => {
  const address = readReceiver(url, isRemote);
  const types = eventTypes && readEventTypes(eventTypes);
  const id = `wh_${randomBytes(ID_BYTES).toString('base64url')}`;
  const bytes = randomBytes(SECRET_BYTES);
  const secret = SECRET_PREFIX + bytes.toString('base64');
  await query([
    `INSERT INTO webhooks (id, url, event_types, secret, created_at)
     VALUES (${quote(id)}, ${quote(address)}, ${types ? quote(JSON.stringify(types)) : 'NULL'},
       ${quote(PLAIN_PREFIX + bytes.toString('base64url'))}, ${nowMs})`,
    ...localTriggers(isRemote),
  ]);
  return {
    text: [
      `id      ${id}`,
      `secret  ${secret}`,
      'The secret is shown only once. Store it now.',
      ...(isRemote ? [BEGINS] : []),
    ].join('\n'),
    json: { id, secret },
  };
};

const stateOf = (row: Row, nowMs: number): string => {
  if (row['disabled_at'] !== null) return 'off';
  return Number(row['paused_until']) > nowMs ? 'paused' : 'on';
};

/** The messages of the last week that a list looks at, newest first: a bound on what one command reads. */
const MAX_COUNTED = 200_000;

export const listWebhooks = async ({ query, nowMs }: Place): Promise<Outcome> => {
  // What waits is counted by an index. For the rest there is none: the table is read once, whatever the number of webhooks.
  const [rows = []] = await query([
    `WITH latest AS (
       SELECT id, recipient_id, outcome, done_at, reason FROM deliveries ORDER BY id DESC LIMIT ${MAX_COUNTED}
     ), counted AS (
       SELECT recipient_id, sum(outcome = 'sent') AS sent, sum(outcome IN ('given_up', 'gone')) AS lost,
         max(iif(outcome = 'sent', done_at, NULL)) AS last_sent_at,
         max(iif(reason IS NOT NULL, id, NULL)) AS last_failure_id
       FROM latest GROUP BY recipient_id
     ), waiting AS (
       SELECT recipient_id, count(*) AS n FROM deliveries WHERE done_at IS NULL GROUP BY recipient_id
     )
     SELECT webhooks.id, url, event_types, webhooks.created_at, disabled_at, paused_until,
       coalesce(waiting.n, 0) AS waiting, coalesce(sent, 0) AS sent, coalesce(lost, 0) AS lost, last_sent_at,
       failure.reason AS reason
     FROM webhooks
       LEFT JOIN counted ON counted.recipient_id = webhooks.id
       LEFT JOIN waiting ON waiting.recipient_id = webhooks.id
       LEFT JOIN deliveries AS failure ON failure.id = last_failure_id
     ORDER BY webhooks.created_at, webhooks.id`,
  ]);
  if (rows.length === 0)
    return { text: 'There is no webhook. Add one: npm run admin -- webhook add <url>', json: [] };
  const webhooks = rows.map((row) => ({
    id: String(row['id']),
    url: String(row['url']),
    eventTypes: row['event_types'] === null ? null : String(row['event_types']),
    state: stateOf(row, nowMs),
    waiting: Number(row['waiting']),
    sent: Number(row['sent']),
    lost: Number(row['lost']),
    lastSentAtMs: typeof row['last_sent_at'] === 'number' ? row['last_sent_at'] : null,
    lastFailure: typeof row['reason'] === 'string' ? row['reason'] : null,
  }));
  const lines = webhooks.map((each) => [
    each.id,
    each.url,
    each.eventTypes ?? 'all',
    each.state,
    each.waiting,
    each.sent,
    each.lost,
    each.lastSentAtMs === null ? 'never' : writeTime(each.lastSentAtMs),
    each.lastFailure ?? '',
  ]);
  const head = ['id', 'url', 'events', 'state', 'waiting', 'sent', 'lost', 'last sent (UTC)', 'failing with'];
  return { text: writeTable(head, lines), json: webhooks };
};

/** Runs statements on one webhook and returns its previous row. Throws Refused if there is none. */
const change = async (id: string, query: Query, statements: readonly string[]): Promise<Row> => {
  const [rows = []] = await query([
    `SELECT url, disabled_at FROM webhooks WHERE id = ${quote(id)}`,
    ...statements,
  ]);
  const [row] = rows;
  if (row === undefined) throw new Refused(`There is no webhook ${toPlainText(id)}.`);
  return row;
};

/** Removes a webhook and, by an index, what waits for it. What is done is deleted by the clean-up, a week after the event. */
export const removeWebhook = async (id: string, { query }: Place): Promise<Outcome> => {
  const { url } = await change(id, query, [
    `DELETE FROM deliveries WHERE done_at IS NULL AND recipient_id = ${quote(id)}`,
    `DELETE FROM webhooks WHERE id = ${quote(id)}`,
  ]);
  return { text: `${toPlainText(String(url))} is told nothing any more.`, json: { id } };
};

/** Turns a webhook off or on. Events while it is off are not sent. Messages that wait are sent when it is on again. */
export const switchWebhook = async (id: string, isOn: boolean, place: Place): Promise<Outcome> => {
  const { query, isRemote, nowMs } = place;
  const value = isOn ? 'NULL' : `coalesce(disabled_at, ${nowMs})`;
  const { url } = await change(id, query, [
    `UPDATE webhooks SET disabled_at = ${value}, paused_until = 0 WHERE id = ${quote(id)}`,
    ...(isOn ? localTriggers(isRemote) : []),
  ]);
  const begins = isOn && isRemote ? ` ${BEGINS}` : '';
  return {
    text: `${toPlainText(String(url))} is ${isOn ? 'on' : 'off'}.${begins}`,
    json: { id, isOn },
  };
};

export interface Replay {
  /** The id of one message; null for all since a time. */
  message: string | null;
  /** A time in text form; null for one message. */
  since: string | null;
  /** Whether only undelivered messages are sent. */
  undelivered: boolean;
}

const MESSAGE_FORM = /^msg_(\d{1,16})_(\d{1,16})$/;

/** The SQL condition for these messages. */
const whichMessages = ({ message, since }: Replay): string => {
  if ((message === null) === (since === null)) throw new Refused('Give either --since or --message.');
  if (message !== null) {
    const [, createdAt, id] = MESSAGE_FORM.exec(message) ?? [];
    if (id === undefined) throw new Refused('A message is called msg_… as in the header webhook-id.');
    return `id = ${id} AND created_at = ${createdAt}`;
  }
  const sinceMs = Date.parse(since ?? '');
  if (Number.isNaN(sinceMs)) throw new Refused('Give a time such as 2026-11-25T08:00:00Z.');
  return `created_at >= ${sinceMs}`;
};

/** Sends messages again with their original ids, so that a receiver can detect duplicates. */
export const replayWebhook = async (
  id: string,
  replay: Replay,
  { query, nowMs }: Place,
): Promise<Outcome> => {
  const which = `recipient_id = ${quote(id)} AND done_at IS NOT NULL AND ${whichMessages(replay)}${
    replay.undelivered ? " AND outcome <> 'sent'" : ''
  } AND EXISTS (SELECT 1 FROM webhooks WHERE id = recipient_id AND disabled_at IS NULL)`;
  const [webhooks = [], counts = []] = await query([
    `SELECT disabled_at FROM webhooks WHERE id = ${quote(id)}`,
    `SELECT count(*) AS n FROM deliveries WHERE ${which}`,
    `UPDATE deliveries SET done_at = NULL, outcome = NULL, reason = NULL, attempts = 0, next_at = 0,
      expires_at = ${nowMs + DELIVERY_DAYS * MS_PER_DAY} WHERE ${which}`,
  ]);
  const [webhook] = webhooks;
  if (webhook === undefined) throw new Refused(`There is no webhook ${toPlainText(id)}.`);
  if (webhook['disabled_at'] !== null) throw new Refused(`${toPlainText(id)} is off. Enable it first.`);
  const messages = Number(counts[0]?.['n'] ?? 0);
  return {
    text:
      messages === 0
        ? 'There is no such message. They are kept for a week.'
        : `${messages === 1 ? '1 message' : `${messages} messages`} will be sent again within five minutes.`,
    json: { id, messages },
  };
};
