// Wraps a Worker in the benchmark and counts its requests to D1 and KV. `/__counts` returns the counts and resets them.
import worker from './index.js';

const none = () => ({ roundTrips: 0, rowsRead: 0, rowsWritten: 0, kvReads: 0, kvWrites: 0 });
let counts = none();
const pending = [];

const add = ({ meta }) => {
  counts.rowsRead += meta.rows_read;
  counts.rowsWritten += meta.rows_written;
};

const originals = new WeakMap();

const watchStatement = (statement) => {
  const all = async () => {
    counts.roundTrips += 1;
    const result = await statement.all();
    add(result);
    return result;
  };
  const watched = {
    bind: (...values) => watchStatement(statement.bind(...values)),
    all,
    run: all,
    async first(column) {
      const row = (await all()).results[0] ?? null;
      return column === undefined || row === null ? row : row[column];
    },
    // D1 returns no `meta` with raw rows. A select runs twice, which changes nothing, and is counted once.
    async raw(options) {
      const result = await all();
      if (result.meta.changed_db) return result.results.map((row) => Object.values(row));
      return statement.raw(options);
    },
  };
  originals.set(watched, statement);
  return watched;
};

const watchDatabase = (database) => ({
  prepare: (sql) => watchStatement(database.prepare(sql)),
  async batch(statements) {
    counts.roundTrips += 1;
    const results = await database.batch(statements.map((statement) => originals.get(statement)));
    results.forEach(add);
    return results;
  },
  exec: (sql) => database.exec(sql),
  withSession: (constraint) => watchDatabase(database.withSession(constraint)),
  getBookmark: () => database.getBookmark(),
});

const watchKv = (kv) => ({
  get(...args) {
    counts.kvReads += 1;
    return kv.get(...args);
  },
  put(...args) {
    counts.kvWrites += 1;
    return kv.put(...args);
  },
  delete(...args) {
    counts.kvWrites += 1;
    return kv.delete(...args);
  },
});

/** One wrapper per env object, because Workers cache what they create from it by its identity. */
const watchedEnvs = new WeakMap();

const watchEnv = (env) => {
  const watched = watchedEnvs.get(env) ?? {
    ...env,
    ...(env.DB && { DB: watchDatabase(env.DB) }),
    ...(env.SESSIONS && { SESSIONS: watchKv(env.SESSIONS) }),
  };
  watchedEnvs.set(env, watched);
  return watched;
};

export default {
  async fetch(request, env, context) {
    if (request.url.endsWith('/__counts')) {
      while (pending.length > 0) await Promise.allSettled(pending.splice(0));
      const told = counts;
      counts = none();
      return Response.json(told);
    }
    const watchedContext = {
      waitUntil(work) {
        pending.push(work);
        context.waitUntil(work);
      },
      passThroughOnException: () => context.passThroughOnException(),
      props: context.props,
    };
    return worker.fetch(request, watchEnv(env), watchedContext);
  },
};
