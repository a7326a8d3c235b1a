// The floor of a login and of a registration: one D1 select, one chained PBKDF2, one D1 batch.
const utf8 = new TextEncoder();

/** As in src/core/credentials/passwords.ts: the result of each round is the password of the next. All use one salt. */
const derive = async (password, salt, { iterations, rounds }) => {
  let bytes = utf8.encode(password);
  for (let round = 0; round < rounds; round += 1) {
    const key = await crypto.subtle.importKey('raw', bytes, 'PBKDF2', false, ['deriveBits']);
    const algorithm = { name: 'PBKDF2', hash: 'SHA-512', salt, iterations };
    bytes = new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 512));
  }
  return bytes;
};

const costOf = (env) => ({ iterations: Number(env.ITERATIONS), rounds: Number(env.ROUNDS) });

const SELECT = 'SELECT id, email, password_hash, disabled_at FROM users WHERE username_key = ?';
const TAKEN = 'SELECT id FROM users WHERE username_key = ? OR email_key = ?';
const INSERT_SESSION = `INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at)
  SELECT ?, id, 'cookie', ?, ?, ? FROM users WHERE username_key = ?`;
const UPDATE_USER = 'UPDATE users SET last_login_at = ? WHERE username_key = ?';
const INSERT_USER = `INSERT INTO users
  (username, username_key, email, email_key, password_hash, created_at, updated_at, last_login_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

const logIn = async ({ username, password }, env) => {
  const found = await env.DB.prepare(SELECT).bind(username).first();
  if (!found) return new Response(null, { status: 401 });
  const [salt, hash] = found.password_hash.split('$').map((text) => Uint8Array.fromBase64(text));
  const derived = await derive(password, salt, costOf(env));
  if (!crypto.subtle.timingSafeEqual(derived, hash)) return new Response(null, { status: 401 });
  const token = crypto.getRandomValues(new Uint8Array(32)).toHex();
  const now = Date.now();
  await env.DB.batch([
    env.DB.prepare(INSERT_SESSION).bind(token, now, now, now + 86_400_000, username),
    env.DB.prepare(UPDATE_USER).bind(now, username),
  ]);
  return Response.json({ token });
};

const register = async ({ username, email, password }, env) => {
  const taken = await env.DB.prepare(TAKEN).bind(username, email).first();
  if (taken) return new Response(null, { status: 409 });
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const derived = await derive(password, salt, costOf(env));
  const stored = `${salt.toBase64()}$${derived.toBase64()}`;
  const token = crypto.getRandomValues(new Uint8Array(32)).toHex();
  const now = Date.now();
  await env.DB.batch([
    env.DB.prepare(INSERT_USER).bind(username, username, email, email, stored, now, now, now),
    env.DB.prepare(INSERT_SESSION).bind(token, now, now, now + 86_400_000, username),
  ]);
  return Response.json({ token });
};

export default {
  async fetch(request, env) {
    const sent = await request.json();
    return request.url.endsWith('/login') ? logIn(sent, env) : register(sent, env);
  },
};
