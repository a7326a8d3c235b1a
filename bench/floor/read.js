// The floor of an authenticated read: one KV get, then one indexed D1 select. `/wide` selects the whole account.
const NEEDED = 'users.id, users.username, users.email, users.created_at, users.picture_id';
const WHOLE = `users.id, users.username, users.email, users.name, users.first_name, users.last_name, users.address,
  users.site_url, users.description, users.picture_id, users.is_admin, users.disabled_at, users.created_at,
  users.updated_at, users.last_login_at, sessions.id AS session_id, sessions.kind, sessions.created_at AS began_at,
  sessions.last_seen_at, sessions.expires_at`;

const select = (columns) => `SELECT ${columns} FROM sessions INNER JOIN users ON users.id = sessions.user_id
  WHERE sessions.id = ? AND sessions.kind = ? AND sessions.expires_at > ? AND users.disabled_at IS NULL`;

const SELECT_NEEDED = select(NEEDED);
const SELECT_WHOLE = select(WHOLE);

export default {
  async fetch(request, env) {
    const token = request.headers.get('Authorization');
    const record = await env.SESSIONS.get(`session:${token}`);
    const database = env.DB.withSession(record ?? 'first-primary');
    const account = await database
      .prepare(request.url.endsWith('/wide') ? SELECT_WHOLE : SELECT_NEEDED)
      .bind(token, 'derived', Date.now())
      .first();
    return account ? Response.json(account) : new Response(null, { status: 401 });
  },
};
