// better-auth with Hono on Workers: D1 as database, and KV as secondary storage except with DATABASE_SESSIONS.
import { betterAuth } from 'better-auth';
import { Hono } from 'hono';
import { createPasswords } from '../../../src/core/credentials/passwords.ts';

const MIN_KV_TTL_SECONDS = 60;

const inKv = (kv) => ({
  get: (key) => kv.get(key),
  set: (key, value, ttlSeconds) =>
    kv.put(
      key,
      value,
      ttlSeconds ? { expirationTtl: Math.max(MIN_KV_TTL_SECONDS, Math.floor(ttlSeconds)) } : undefined,
    ),
  delete: (key) => kv.delete(key),
});

const randomBytes = (count) => crypto.getRandomValues(new Uint8Array(count));

/** Latchkey's hash at the same cost, for the variant with an equal hash. */
const equalHash = ({ ITERATIONS, ROUNDS }) => {
  const passwords = createPasswords({ iterations: Number(ITERATIONS), rounds: Number(ROUNDS) }, randomBytes);
  return {
    hash: (password) => passwords.hash(password),
    verify: ({ hash, password }) => passwords.verify(password, hash),
  };
};

const createAuth = (env) =>
  betterAuth({
    baseURL: 'http://127.0.0.1',
    secret: env.SECRET,
    database: env.DB,
    ...(env.DATABASE_SESSIONS ? {} : { secondaryStorage: inKv(env.SESSIONS) }),
    emailAndPassword: { enabled: true, ...(env.ITERATIONS && { password: equalHash(env) }) },
    // It would reject the load. Latchkey's flood guard ignores loopback addresses.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
  });

/** Created once per isolate. */
let auth = null;

const app = new Hono();
app.on(['GET', 'POST'], '/api/auth/*', (c) => {
  auth ??= createAuth(c.env);
  return auth.handler(c.req.raw);
});

export default app;
