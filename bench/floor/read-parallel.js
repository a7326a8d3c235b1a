// The floor of an authenticated read at an edge location: one KV get and one select on the nearest replica, in parallel.
const SELECT = `SELECT users.id, users.username, users.email, users.created_at, users.picture_id
  FROM sessions INNER JOIN users ON users.id = sessions.user_id
  WHERE sessions.id = ? AND sessions.kind = ? AND sessions.expires_at > ? AND users.disabled_at IS NULL`;

export default {
  async fetch(request, env) {
    const token = request.headers.get('Authorization');
    const [, account] = await Promise.all([
      env.SESSIONS.get(`session:${token}`),
      env.DB.withSession('first-unconstrained').prepare(SELECT).bind(token, 'derived', Date.now()).first(),
    ]);
    return account ? Response.json(account) : new Response(null, { status: 401 });
  },
};
