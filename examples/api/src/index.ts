// An API that identifies its callers: it passes the request to Latchkey and gets the account, or null.
import type { Accounts } from '../../../src/index.ts';

interface Env {
  ACCOUNTS: Service<Accounts>;
}

export default {
  async fetch(request, env) {
    const signedIn = await env.ACCOUNTS.authenticate(request);
    if (!signedIn) return Response.json({ error: 'Sign in first.' }, { status: 401 });
    const { account } = signedIn;
    return Response.json({ hello: account.name || account.username || account.email, sub: account.sub });
  },
} satisfies ExportedHandler<Env>;
