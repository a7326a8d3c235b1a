// Wraps a Worker in the benchmark: D1 and KV respond with the delays of an edge location, which `DELAYS` defines.
import worker from './index.js';

/** A random number of milliseconds, evenly distributed between two bounds. */
const draw = ([low, high]) => low + Math.random() * (high - low);

const after = async (range, work) => {
  await new Promise((resolve) => setTimeout(resolve, draw(range)));
  return work();
};

const originals = new WeakMap();

/** What D1 reports about the copy that answered. Miniflare has only a primary. */
const served = (result, isPrimary) => ({ ...result, meta: { ...result.meta, served_by_primary: isPrimary } });

const delayStatement = (statement, range, isPrimary) => {
  const delayed = {
    bind: (...values) => delayStatement(statement.bind(...values), range, isPrimary),
    all: () => after(range, async () => served(await statement.all(), isPrimary)),
    run: () => after(range, () => statement.run()),
    first: (column) => after(range, () => statement.first(column)),
    raw: (options) => after(range, () => statement.raw(options)),
  };
  originals.set(delayed, statement);
  return delayed;
};

const delayDatabase = (database, range, delays, isPrimary) => ({
  prepare: (sql) => delayStatement(database.prepare(sql), range, isPrimary),
  batch: (statements) => after(range, () => database.batch(statements.map((one) => originals.get(one)))),
  exec: (sql) => after(range, () => database.exec(sql)),
  // Only `first-primary` needs the primary. The nearby replica answers every other constraint.
  withSession(constraint) {
    const asksPrimary = constraint === 'first-primary';
    const range = asksPrimary ? delays.primaryMs : delays.copyMs;
    return delayDatabase(database.withSession(constraint), range, delays, asksPrimary);
  },
  getBookmark: () => database.getBookmark(),
});

const delayKv = (kv, delays) => ({
  get: (...args) => after(delays.kvMs, () => kv.get(...args)),
  put: (...args) => after(delays.primaryMs, () => kv.put(...args)),
  delete: (...args) => after(delays.primaryMs, () => kv.delete(...args)),
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
