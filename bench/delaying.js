// Wraps a Worker in the benchmark: D1 and KV respond with the delays of an edge location, which `DELAYS` defines.
import worker from './index.js';

/**
 * Waits for a time between two bounds before the work. The times are evenly distributed and not random: after random
 * draws, the median of 200 requests still varies by some percent, more than what is compared. The sequences of KV and D1
 * have different steps, so that each delay of one meets all delays of the other.
 * https://en.wikipedia.org/wiki/Low-discrepancy_sequence#Additive_recurrence
 */
const createDelay = (step) => {
  let position = 0;
  return async ([low, high], work) => {
    position = (position + step) % 1;
    const milliseconds = low + position * (high - low);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return work();
  };
};

const afterDatabase = createDelay((Math.sqrt(5) - 1) / 2);
const afterKv = createDelay(Math.SQRT2 - 1);

const originals = new WeakMap();

/** What D1 reports about the copy that answered. Miniflare has only a primary. */
const served = (result, isPrimary) => ({ ...result, meta: { ...result.meta, served_by_primary: isPrimary } });

const delayStatement = (statement, range, isPrimary) => {
  const delayed = {
    bind: (...values) => delayStatement(statement.bind(...values), range, isPrimary),
    all: () => afterDatabase(range, async () => served(await statement.all(), isPrimary)),
    run: () => afterDatabase(range, () => statement.run()),
    first: (column) => afterDatabase(range, () => statement.first(column)),
    raw: (options) => afterDatabase(range, () => statement.raw(options)),
  };
  originals.set(delayed, statement);
  return delayed;
};

const delayDatabase = (database, delays, isPrimary) => {
  const range = isPrimary ? delays.primaryMs : delays.copyMs;
  return {
    prepare: (sql) => delayStatement(database.prepare(sql), range, isPrimary),
    batch: (statements) =>
      afterDatabase(range, () => database.batch(statements.map((one) => originals.get(one)))),
    exec: (sql) => afterDatabase(range, () => database.exec(sql)),
    // Only `first-primary` needs the primary. The nearby replica answers every other constraint.
    withSession: (constraint) =>
      delayDatabase(database.withSession(constraint), delays, constraint === 'first-primary'),
    getBookmark: () => database.getBookmark(),
  };
};

const delayKv = (kv, delays) => ({
  get: (...args) => afterKv(delays.kvMs, () => kv.get(...args)),
  put: (...args) => afterKv(delays.primaryMs, () => kv.put(...args)),
  delete: (...args) => afterKv(delays.primaryMs, () => kv.delete(...args)),
});

/** One wrapper per env object, because Workers cache what they create from it by its identity. */
const delayedEnvs = new WeakMap();

const delayEnv = (env) => {
  const known = delayedEnvs.get(env);
  if (known) return known;
  const { DELAYS, ...rest } = env;
  const delays = JSON.parse(DELAYS);
  const delayed = {
    ...rest,
    // Without a session, D1 queries the primary.
    ...(env.DB && { DB: delayDatabase(env.DB, delays, true) }),
    ...(env.SESSIONS && { SESSIONS: delayKv(env.SESSIONS, delays) }),
  };
  delayedEnvs.set(env, delayed);
  return delayed;
};

export default {
  fetch: (request, env, context) => worker.fetch(request, delayEnv(env), context),
};
