// What an authenticated read costs at the least on an edge: KV and the nearest copy of D1, asked at the same time.
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
