// The counters of failed logins as SQL: where they are stored, what counts, what a success forgives.
import { and, eq, notExists, type SQL, sql } from 'drizzle-orm';
import { MAX_CLOCK_LEAD_MS, type ThrottlePolicy } from '../model.ts';
import type { Keyring } from '../secrets.ts';
import { loginFailures, users } from '../store/schema.ts';
import type { Database } from '../store/store.ts';
import type { TypedAppPassword } from './candidate.ts';
import { type Device, isMarked } from './devices.ts';

// The counters of an account are in its own row, because a login writes that row anyway: `users.login_failures`,
// `{"account": [count, pending, at, {"<network>": count}], "<device>": [count, pending, at]}`. Attempts on a device that
// has logged in before are counted for that device, all others for the account. The last element counts the account's
// failures by network: a success forgives those of its own network only. A success on a device forgives that device.

/** The doubling stops here: 2^20 of any unit is past every maximum, and a shift stays within 64 bits. */
const MAX_DOUBLINGS = 20;

/**
 * An attempt without an outcome after this time counts as a failure: the isolate that checked it is gone. No hash takes
 * as long.
 */
const PENDING_LEASE_MS = 5_000;

/** A counter without an attempt for this time starts again. Far longer than the longest default wait. */
const FORGOTTEN_AFTER_MS = 24 * 60 * 60 * 1000;

/** Devices of one account with failures of their own; a further one is counted with the account. */
const MAX_DEVICES = 8;
/** Networks of one account whose failures can be forgiven; those of further ones are not. */
const MAX_NETWORKS = 16;

/** Counters that all unknown names share, so that strangers cannot fill the database. */
const UNKNOWN_COUNTERS = 4_096;

/** The key of the counter for attempts from unknown devices. */
export const ACCOUNT = 'account';

/** D1 binds every number as REAL, which JSON would store as `1.0`. */
const integer = (value: number): SQL => sql`cast(${value} AS integer)`;

/** A counter as it was before an attempt. Times are milliseconds since the epoch. */
export interface CounterState {
  count: number;
  pending: number;
  atMs: number;
}

/** The counter of a name that no account has. */
export interface UnknownCounter {
  /** One of `UNKNOWN_COUNTERS` rows. */
  key: string;
  /** HMAC of the name. A row counts for one name at a time, the last one that was tried. */
  tag: string;
}

/** Where an attempt comes from and what it is for. Conditions in SQL, because the account is not known yet. */
export interface AttemptSource {
  /** The condition that finds the account, on the table `users`. */
  account: SQL;
  /** The counter if there is no such account. */
  unknown: UnknownCounter;
  /** The device that sends the request, with the marks of the accounts that have logged in on it. */
  device: Device | null;
  /** The network that the request comes from; null if it is not known. */
  network: string | null;
  /** What was typed, if it may be an app password: it is looked for in the same round trip. */
  appPassword?: TypedAppPassword | null;
}

/** Which counter has an attempt, and what is needed to record its outcome. */
export interface CounterKey {
  /** Null if there is no such account. */
  accountId: number | null;
  /** The key of the account's counter that has the attempt. */
  source: string;
  unknown: UnknownCounter;
  network: string;
  atMs: number;
  /** The time of the attempt before; 0 if the counter is new. */
  beforeAtMs: number;
}

/**
 * Finds the counter for a name that no account has. To learn whether a name is known, an attacker could try it until it
 * waits, push it out of its row with other names, and try it again: some 4,096 attempts per name, because the HMAC
 * hides which names share a row. One registration reveals the same, as the documents require.
 */
export const unknownCounter = async (keyring: Keyring, name: string): Promise<UnknownCounter> => {
  const hmac = await keyring.sign('identifier', name);
  const row = (((hmac[0] ?? 0) << 8) | (hmac[1] ?? 0)) % UNKNOWN_COUNTERS;
  return { key: `unknown:${row}`, tag: hmac.subarray(2).toHex() };
};

/** The key of a network in the counter; one key for all clients whose network is not known. */
export const networkOf = ({ network }: Pick<AttemptSource, 'network'>): string => network ?? 'unknown';

const failures = sql`coalesce(${users.loginFailures}, '{}')`;

const pathOf = (...names: string[]): string => `$${names.map((name) => `."${name}"`).join('')}`;

/** The key of the counter for the attempt, as SQL on a row of `users`. */
const sourceKey = ({ device }: AttemptSource): SQL<string> => {
  if (!device) return sql<string>`${ACCOUNT}`;
  const isKnown = isMarked(device);
  const isCounted = sql`json_type(${failures}, ${pathOf(device.id)}) IS NOT NULL`;
  const hasRoom = sql`(SELECT count(*) FROM json_each(${failures})) < ${MAX_DEVICES}`;
  return sql<string>`CASE WHEN ${isKnown} AND (${isCounted} OR ${hasRoom}) THEN ${device.id} ELSE ${ACCOUNT} END`;
};

/** An element of a counter, as SQL; null if there is no such counter. */
const element = (json: SQL, source: SQL | string, at: 0 | 1 | 2) =>
  sql<number | null>`json_extract(${json}, '$."' || ${source} || ${`"[${at}]`})`;

/** Columns for the query that reads the account: its counter before the attempt. */
export const counterColumns = (source: AttemptSource) => ({
  count: element(failures, sourceKey(source), 0).as('count'),
  pending: element(failures, sourceKey(source), 1).as('pending'),
  atMs: element(failures, sourceKey(source), 2).as('at'),
});

/** The statement that reads the counter of an unknown name before the attempt; no row if there is none, or an account. */
export const readUnknown = (db: Database, { account, unknown }: AttemptSource) =>
  db
    .select({ count: loginFailures.count, pending: loginFailures.pending, atMs: loginFailures.lastAtMs })
    .from(loginFailures)
    .where(
      and(
        eq(loginFailures.key, unknown.key),
        eq(loginFailures.tag, unknown.tag),
        notExists(db.select({ id: users.id }).from(users).where(account)),
      ),
    );

/** When a counter starts again: after a day, or after the longest wait if that is longer. */
const forgottenAfterMs = ({ maxWaitSeconds }: ThrottlePolicy): number =>
  Math.max(FORGOTTEN_AFTER_MS, maxWaitSeconds * 1000);

/** The rules of a counter as SQL, from its three elements. */
const rulesOf = (count: SQL, pending: SQL, atMs: SQL, policy: ThrottlePolicy, nowMs: number) => {
  const { freeFailures, firstWaitSeconds, maxWaitSeconds } = policy;
  const doubled = sql`${firstWaitSeconds} << min(${count} - ${freeFailures}, ${MAX_DOUBLINGS})`;
  const isForgotten = sql`${atMs} < ${nowMs - forgottenAfterMs(policy)}`;
  return {
    mayAttempt: sql`${count} < ${freeFailures} OR ${nowMs} >= ${atMs} + 1000 * min(${maxWaitSeconds}, ${doubled})
      OR ${atMs} > ${nowMs + MAX_CLOCK_LEAD_MS}`,
    isForgotten,
    nextCount: sql`CASE WHEN ${isForgotten} THEN 1 ELSE ${count} + 1 END`,
    nextPending: sql`CASE WHEN ${atMs} < ${nowMs - PENDING_LEASE_MS} THEN 1 ELSE ${pending} + 1 END`,
  };
};

/**
 * The statement that counts an attempt for the account. While the counter makes it wait, it changes nothing and returns
 * no row. It checks and counts in one step, before the hash. A counter that is read before the hash and written after it
 * would let a parallel flood through.
 */
export const countAttempt = (db: Database, source: AttemptSource, policy: ThrottlePolicy, nowMs: number) => {
  const key = sourceKey(source);
  const read = (at: 0 | 1 | 2): SQL => sql`coalesce(${element(failures, key, at)}, 0)`;
  const rules = rulesOf(read(0), read(1), read(2), policy, nowMs);
  const path = sql`'$."' || ${key} || '"'`;
  const isNew = sql`json_type(${failures}, ${path}) IS NULL OR ${rules.isForgotten}`;
  const begun = sql`CASE WHEN ${isNew} THEN json_set(${failures}, ${path}, json('[0,0,0]')) ELSE ${failures} END`;
  return db
    .update(users)
    .set({
      loginFailures: sql`json_set(${begun}, ${path} || '[0]', ${rules.nextCount}, ${path} || '[1]', ${rules.nextPending},
        ${path} || '[2]', ${integer(nowMs)})`,
    })
    .where(and(source.account, sql`(${rules.mayAttempt})`))
    .returning({ source: key.as('source') });
};

/** The statement that does the same for a name that no account has; it does nothing if there is an account. */
export const countUnknownAttempt = (
  db: Database,
  source: AttemptSource,
  policy: ThrottlePolicy,
  nowMs: number,
) => {
  const { key, tag, count, pending, lastAtMs } = loginFailures;
  const rules = rulesOf(sql`${count}`, sql`${pending}`, sql`${lastAtMs}`, policy, nowMs);
  const isSame = sql`${tag} IS excluded.tag`;
  const nobody = notExists(db.select({ id: users.id }).from(users).where(source.account));
  return db
    .insert(loginFailures)
    .select(sql`SELECT ${source.unknown.key}, 1, 1, ${nowMs}, ${source.unknown.tag} WHERE ${nobody}`)
    .onConflictDoUpdate({
      target: key,
      set: {
        count: sql`CASE WHEN ${isSame} THEN ${rules.nextCount} ELSE 1 END`,
        pending: sql`CASE WHEN ${isSame} THEN ${rules.nextPending} ELSE 1 END`,
        lastAtMs: nowMs,
        tag: sql`excluded.tag`,
      },
      setWhere: sql`NOT (${isSame}) OR ${rules.mayAttempt}`,
    })
    .returning({ key });
};

const lessOne = (value: SQL): SQL => sql`max(0, coalesce(${value}, 0) - 1)`;

/** The account's failures that came from a network, as SQL. */
const ofNetwork = (json: SQL, network: string): SQL =>
  sql`coalesce(json_extract(${json}, ${`$."${ACCOUNT}"[3]."${network}"`}), 0)`;

/** The statements after a failed attempt: it stays counted and is no longer pending. */
export const failAttempt = (db: Database, counterKey: CounterKey) => {
  const { accountId, source, network, unknown } = counterKey;
  const failed = sql`json_set(${failures}, ${`$."${source}"[1]`}, ${lessOne(element(failures, source, 1))})`;
  const networks = sql`coalesce(json_extract(${failures}, ${`$."${ACCOUNT}"[3]`}), '{}')`;
  const hasRoom = sql`(SELECT count(*) FROM json_each(${networks})) < ${MAX_NETWORKS}
    OR json_type(${networks}, ${pathOf(network)}) IS NOT NULL`;
  const noted = sql`json_set(${failed}, ${`$."${ACCOUNT}"[3]`},
    json_set(${networks}, ${pathOf(network)}, ${ofNetwork(failures, network)} + 1))`;
  return [
    db
      .update(users)
      .set({
        loginFailures:
          source === ACCOUNT ? sql`CASE WHEN ${hasRoom} THEN ${noted} ELSE ${failed} END` : failed,
      })
      .where(
        and(
          eq(users.id, accountId ?? 0),
          sql`json_type(${users.loginFailures}, ${pathOf(source)}) IS NOT NULL`,
        ),
      ),
    db
      .update(loginFailures)
      .set({ pending: sql`max(0, ${loginFailures.pending} - 1)` })
      .where(and(eq(loginFailures.key, unknown.key), eq(loginFailures.tag, unknown.tag))),
  ] as const;
};

/** The statement that undoes an attempt whose password was correct, after D1 failed. */
export const uncountAttempt = (db: Database, counterKey: CounterKey) =>
  db
    .update(users)
    .set({ loginFailures: undone(counterKey) })
    .where(eq(users.id, counterKey.accountId ?? 0));

/**
 * The value of `users.login_failures` without the attempt, and with all earlier failures. For a correct proof that must
 * not forgive: an app password, or a password that a second factor must follow. Otherwise anyone with one of them could
 * guess the other for ever.
 */
export const undone = ({ source, atMs, beforeAtMs }: CounterKey): SQL => {
  const [count, pending, at] = [
    element(failures, source, 0),
    element(failures, source, 1),
    element(failures, source, 2),
  ];
  const less = sql`json_set(${failures}, ${`$."${source}"[0]`}, ${count} - 1, ${`$."${source}"[1]`}, ${lessOne(pending)},
    ${`$."${source}"[2]`}, CASE WHEN ${at} = ${atMs} THEN ${integer(beforeAtMs)} ELSE ${at} END)`;
  return sql`nullif(CASE WHEN ${count} IS NULL THEN ${failures} WHEN ${count} <= 1 THEN
    json_remove(${failures}, ${pathOf(source)}) ELSE ${less} END, '{}')`;
};

/**
 * The value of `users.login_failures` after a success: without the attempt, and without the failures of its device or,
 * if it was counted for the account, of its network. Other failures stay, with the time of their last attempt, so that
 * a success makes nobody wait longer.
 */
export const forgiven = ({ source, network, atMs, beforeAtMs }: CounterKey): SQL => {
  if (source !== ACCOUNT) return sql`nullif(json_remove(${failures}, ${pathOf(source)}), '{}')`;
  const count = sql`coalesce(${element(failures, ACCOUNT, 0)}, 0) - 1 - ${ofNetwork(failures, network)}`;
  const at = element(failures, ACCOUNT, 2);
  const kept = sql`json_remove(json_set(${failures}, ${`$."${ACCOUNT}"[0]`}, ${count},
    ${`$."${ACCOUNT}"[1]`}, ${lessOne(element(failures, ACCOUNT, 1))},
    ${`$."${ACCOUNT}"[2]`}, CASE WHEN ${at} = ${atMs} THEN ${integer(beforeAtMs)} ELSE ${at} END),
    ${`$."${ACCOUNT}"[3]."${network}"`})`;
  return sql`nullif(CASE WHEN ${count} <= 0 THEN json_remove(${failures}, ${pathOf(ACCOUNT)}) ELSE ${kept} END, '{}')`;
};

/** Milliseconds to wait after the `count`th consecutive failure. */
const waitMs = (count: number, policy: ThrottlePolicy): number => {
  if (count < policy.freeFailures) return 0;
  const doublings = Math.min(count - policy.freeFailures, MAX_DOUBLINGS);
  return Math.min(policy.maxWaitSeconds, policy.firstWaitSeconds * 2 ** doublings) * 1000;
};

/** Seconds until the counter accepts the next attempt: whole, at least one, at most the longest wait. */
export const secondsToWait = (state: CounterState, policy: ThrottlePolicy, nowMs: number): number => {
  const seconds = Math.ceil((state.atMs + waitMs(state.count, policy) - nowMs) / 1000);
  return Math.min(policy.maxWaitSeconds, Math.max(1, seconds));
};

/**
 * Whether the counter is full only because of pending attempts: many clients log in to one account in parallel. They
 * get a short pause and another attempt, not a refusal.
 */
export const isOnlyBusy = (state: CounterState, policy: ThrottlePolicy, nowMs: number): boolean =>
  state.count - state.pending < policy.freeFailures && nowMs - state.atMs < PENDING_LEASE_MS;
