// Wraps a Worker in the benchmark: D1 and KV respond with the delays of an edge location, which `DELAYS` defines.
import worker from './index.js';

/** A random number of milliseconds, evenly distributed between two bounds. */
const draw = ([low, high]) => low + Math.random() * (high - low);

const after = async (range, work) => {
  await new Promise((resolve) => setTimeout(resolve, draw(range)));
  return work();
};

const originals = new WeakMap();

const delayStatement = (statement, range) => {
  const delayed = {
    bind: (...values) => delayStatement(statement.bind(...values), range),
    all: () => after(range, () => statement.all()),
    run: () => after(range, () => statement.run()),
    first: (column) => after(range, () => statement.first(column)),
    raw: (options) => after(range, () => statement.raw(options)),
  };
  originals.set(delayed, statement);
  return delayed;
};

const delayDatabase = (database, range, delays) => ({
  prepare: (sql) => delayStatement(database.prepare(sql), range),
  batch: (statements) => after(range, () => database.batch(statements.map((one) => originals.get(one)))),
  exec: (sql) => after(range, () => database.exec(sql)),
  // Only `first-primary` needs the primary. The nearby replica answers every other constraint.
  withSession: (constraint) =>
    delayDatabase(
      database.withSession(constraint),
      constraint === 'first-primary' ? delays.primaryMs : delays.copyMs,
      delays,
    ),
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
    ...(env.DB && { DB: delayDatabase(env.DB, delays.primaryMs, delays) }),
    ...(env.SESSIONS && { SESSIONS: delayKv(env.SESSIONS, delays) }),
  };
  delayedEnvs.set(env, delayed);
  return delayed;
};

export default {
  fetch: (request, env, context) => worker.fetch(request, delayEnv(env), context),
};
