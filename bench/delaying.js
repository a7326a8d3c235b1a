// Wraps a Worker in the benchmark: D1 and KV respond with the delays of an edge location, which `DELAYS` defines.
import worker from './index.js';

/**
 * Draws milliseconds, evenly distributed between two bounds. Not random: after random draws, the median of 200 requests
 * still varies by some percent, more than what is compared. The sequences of KV and D1 have different steps, so that
 * each delay of one meets all delays of the other. https://en.wikipedia.org/wiki/Low-discrepancy_sequence#Additive_recurrence
 */
const createDraw = (step) => {
  let position = 0;
  return ([low, high]) => {
    position = (position + step) % 1;
    return low + position * (high - low);
  };
};

const drawForDatabase = createDraw((Math.sqrt(5) - 1) / 2);
const drawForKv = createDraw(Math.SQRT2 - 1);

const after = async (milliseconds, work) => {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return work();
};

const originals = new WeakMap();

/** What D1 reports about the copy that answered. Miniflare has only a primary. */
const served = (result, isPrimary) => ({ ...result, meta: { ...result.meta, served_by_primary: isPrimary } });

const delayStatement = (statement, range, isPrimary) => {
  const delayed = {
    bind: (...values) => delayStatement(statement.bind(...values), range, isPrimary),
    all: () => after(drawForDatabase(range), async () => served(await statement.all(), isPrimary)),
    run: () => after(drawForDatabase(range), () => statement.run()),
    first: (column) => after(drawForDatabase(range), () => statement.first(column)),
    raw: (options) => after(drawForDatabase(range), () => statement.raw(options)),
  };
  originals.set(delayed, statement);
  return delayed;
};

const delayDatabase = (database, range, delays, isPrimary) => ({
  prepare: (sql) => delayStatement(database.prepare(sql), range, isPrimary),
  batch: (statements) =>
    after(drawForDatabase(range), () => database.batch(statements.map((one) => originals.get(one)))),
  exec: (sql) => after(drawForDatabase(range), () => database.exec(sql)),
  // Only `first-primary` needs the primary. The nearby replica answers every other constraint.
  withSession(constraint) {
    const asksPrimary = constraint === 'first-primary';
    const range = asksPrimary ? delays.primaryMs : delays.copyMs;
    return delayDatabase(database.withSession(constraint), range, delays, asksPrimary);
  },
  getBookmark: () => database.getBookmark(),
});

const delayKv = (kv, delays) => ({
  get: (...args) => after(drawForKv(delays.kvMs), () => kv.get(...args)),
  put: (...args) => after(drawForKv(delays.primaryMs), () => kv.put(...args)),
  delete: (...args) => after(drawForKv(delays.primaryMs), () => kv.delete(...args)),
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
    ...(env.DB && { DB: delayDatabase(env.DB, delays.primaryMs, delays, true) }),
    ...(env.SESSIONS && { SESSIONS: delayKv(env.SESSIONS, delays) }),
  };
  delayedEnvs.set(env, delayed);
  return delayed;
};

export default {
  fetch: (request, env, context) => worker.fetch(request, delayEnv(env), context),
};
