// The calls of other Workers, over a service binding.
import { parse } from 'hono/utils/cookie';
import {
  type Account,
  type Core,
  displayName,
  mustVerifyEmail,
  type Policy,
  type Principal,
} from '../core/index.ts';
import { parseAuthorization } from '../http/auth/authorization.ts';
import { SESSION_COOKIE } from '../http/auth/cookies.ts';
import { isFromOtherOrigin } from '../http/auth/same-site.ts';
import type { AccountsService, AccountView, SignedIn } from './types.ts';

export interface RpcOptions {
  core: Core;
  /** Origins besides the request's own whose pages may use its cookie. */
  allowedOrigins: ReadonlySet<string>;
  policy: Pick<Policy, 'requiresVerifiedEmail'>;
}

/**
 * Methods that change nothing, so foreign pages may cause them. https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
 */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Three parts, the last of them an ES256 signature. */
const ACCESS_TOKEN_FORM = /^[\w-]+\.[\w-]+\.[\w-]{86}$/;

export const createRpc = ({ core, allowedOrigins, policy }: RpcOptions): AccountsService => {
  const show = async (account: Account): Promise<AccountView> => ({
    sub: await core.accounts.ensurePublicId(account),
    id: account.id,
    username: account.username,
    email: account.email,
    emailVerified: account.emailVerifiedAtMs !== null,
    name: displayName(account),
    locale: account.locale,
    isAdmin: account.isAdmin,
    disabledAtMs: account.disabledAtMs,
    createdAtMs: account.createdAtMs,
  });

  const signedIn = async (principal: Principal | null): Promise<SignedIn | null> => {
    if (!principal || mustVerifyEmail(policy, principal.account)) return null;
    const { id, kind, createdAtMs, expiresAtMs, factor, appPasswordId } = principal.session;
    const isByAppPassword = appPasswordId !== null;
    return {
      account: await show(principal.account),
      session: { id, kind, createdAtMs, expiresAtMs, factor, isByAppPassword },
    };
  };

  const identifyToken = async (token: string): Promise<Principal | null> =>
    ACCESS_TOKEN_FORM.test(token)
      ? ((await (await core.accessTokens())?.authenticate(token)) ?? null)
      : core.sessions.authenticate(token, 'header', 'nearest');

  /** A browser sends the cookie for every page, so a foreign page must not authenticate a change. */
  const isForeign = (headers: Headers, request: Request | null): boolean => {
    if (request && SAFE_METHODS.has(request.method)) return false;
    const origin = headers.get('Origin') ?? undefined;
    if (origin !== undefined && allowedOrigins.has(origin)) return false;
    const site = headers.get('Sec-Fetch-Site') ?? undefined;
    return isFromOtherOrigin({ origin, site }, request ? new URL(request.url).origin : null);
  };

  return {
    async authenticate(from: Request | Headers): Promise<SignedIn | null> {
      const request = from instanceof Request ? from : null;
      const headers = from instanceof Request ? from.headers : from;
      const authorization = parseAuthorization(headers.get('Authorization') ?? undefined, false);
      if (authorization)
        return 'token' in authorization ? signedIn(await identifyToken(authorization.token)) : null;
      const cookie = parse(headers.get('Cookie') ?? '', SESSION_COOKIE)[SESSION_COOKIE];
      if (cookie === undefined || isForeign(headers, request)) return null;
      return signedIn(await core.sessions.authenticate(cookie, 'cookie', 'nearest'));
    },

    verify: async (token: string): Promise<SignedIn | null> => signedIn(await identifyToken(token)),

    async account(id: string | number): Promise<AccountView | null> {
      const account =
        typeof id === 'number' ? await core.accounts.get(id) : await core.accounts.getByPublicId(id);
      return account && show(account);
    },
  };
};
