// `id`: tells a reverse proxy who sent a request, for apps that cannot be changed.
import type { Context } from 'hono';
import { type Account, displayName, type Principal } from '../../core/index.ts';
import { findPrincipal, type RequiredAuth } from '../../http/auth/auth.ts';
import {
  type ForwardedRequest,
  isAskedByNginx,
  isForged,
  isNavigation,
  ownOriginOf,
  readForwarded,
} from '../../http/auth/forwarded.ts';
import type { AppEnv } from '../../http/context.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { FieldError } from '../../http/problem.ts';
import { respondProblem } from '../../http/respond.ts';

/** An app may have an `Authorization` header of its own: the cookie counts if there is one. */
const toKnow = {
  via: ['token', 'cookie'],
  reads: 'nearest',
  optional: true,
  prefersCookie: true,
} satisfies RequiredAuth;

const GROUPS = ['admin', 'users'] as const;
type Group = (typeof GROUPS)[number];

interface Demands {
  group: Group | null;
  recent: boolean;
}

const notAChoice = (field: string, value: unknown): FieldError => ({
  field,
  code: 'not_a_choice',
  limit: null,
  value,
});

/** Reads the query. Every other parameter is refused: a demand that is misspelt must not let everybody pass. */
const readDemands = (c: Context<AppEnv>): Demands | readonly FieldError[] => {
  const { group, recent, ...others } = c.req.query();
  const known = GROUPS.find((each) => each === group) ?? null;
  const errors = [
    ...Object.entries(others).map(([name, value]) => notAChoice(name, value)),
    ...(group !== undefined && known === null ? [notAChoice('group', group)] : []),
    ...(recent !== undefined && recent !== 'true' ? [notAChoice('recent', recent)] : []),
  ];
  return errors.length > 0 ? errors : { group: known, recent: recent !== undefined };
};

const groupsOf = (c: Context<AppEnv>, { account, session }: Principal): readonly Group[] => {
  // Without the factor that REQUIRE_ADMIN_FACTOR asks for, nobody works as an admin here either.
  const isAdmin = account.isAdmin && (!c.var.httpSettings.requireAdminFactor || session.factor !== null);
  return isAdmin ? GROUPS : ['users'];
};

/**
 * A value that every proxy and server passes on as it is: `%` and all that is not visible ASCII or an inner space is
 * percent-encoded as UTF-8, line breaks among it. `decodeURIComponent` gives the text.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5.5
 */
const headerValue = (text: string): string =>
  text.trim().replace(/[^\x20-\x24\x26-\x7e]+|%/gu, (part) => encodeURIComponent(part.toWellFormed()));

/** A username is unique, and holds no `@`. An address that nobody has proven could be that of somebody else. */
const userOf = ({ username, email, emailVerifiedAtMs }: Account, sub: string): string =>
  username ?? (email !== '' && emailVerifiedAtMs !== null ? email : sub);

/** All headers, even without a value: a proxy then replaces what the client has sent. */
const headersOf = async (c: Context<AppEnv>, principal: Principal): Promise<Record<string, string>> => {
  const { account } = principal;
  const sub = await c.var.core.accounts.ensurePublicId(account);
  return {
    'Remote-User': headerValue(userOf(account, sub)),
    'Remote-Email': headerValue(account.email),
    'Remote-Email-Verified': String(account.emailVerifiedAtMs !== null),
    'Remote-Name': headerValue(displayName(account)),
    'Remote-Groups': groupsOf(c, principal).join(','),
    'Remote-Sub': sub,
  };
};

/**
 * Sends a browser to one of our pages and back; null for every other client, if no address is known, and if the cookie
 * would not come back with the browser, which would then be sent here for ever.
 */
const sendTo = (
  c: Context<AppEnv>,
  page: '/sign-in' | '/confirm',
  forwarded: ForwardedRequest | 'none',
): Response | null => {
  if (forwarded === 'none' || !forwarded.getsCookie || !isNavigation(c)) return null;
  const location = `${ownOriginOf(c)}${page}?to=${encodeURIComponent(forwarded.url.href)}`;
  if (!isAskedByNginx(c)) return c.redirect(location, 303);
  return c.body(null, 401, { Location: location, 'WWW-Authenticate': 'Bearer' });
};

const forwardAuth = endpoint({
  method: 'GET',
  path: '/forward-auth',
  auth: toKnow,
  handle: async (c) => {
    const demands = readDemands(c);
    if (!('group' in demands)) return respondProblem(c, { reason: 'fields', errors: demands });
    const forwarded = readForwarded(c);
    if (forwarded === 'untrusted') return respondProblem(c, { reason: 'forbidden' });
    const principal = findPrincipal(c);
    if (!principal)
      return sendTo(c, '/sign-in', forwarded) ?? respondProblem(c, { reason: 'credentials', why: 'missing' });
    if (forwarded !== 'none' && isForged(c, forwarded)) return respondProblem(c, { reason: 'cross_site' });
    const checked = c.var.core.checkForOtherServices(principal);
    if (!checked.ok) return respondProblem(c, checked.error);
    if (demands.group !== null && !groupsOf(c, principal).includes(demands.group))
      return respondProblem(c, { reason: 'forbidden' });
    if (demands.recent && !c.var.core.sessions.isRecent(principal.session))
      return sendTo(c, '/confirm', forwarded) ?? respondProblem(c, { reason: 'reauthenticate' });
    return c.body(null, 200, await headersOf(c, principal));
  },
  docs: DOCS && {
    id: 'idForwardAuth',
    summary: 'Who sent a request, for a reverse proxy',
    description:
      'For `forward_auth` of Caddy, `forwardAuth` of Traefik and `auth_request` of nginx: see docs/forward-auth.md. A ' +
      'browser without a session is sent to the sign-in page and back: by 303, or for nginx, which sends ' +
      '`X-Original-URL`, by 401 with `Location`.',
    query: [
      {
        name: 'group',
        in: 'query',
        description: 'Refuses whoever is not in this group.',
        schema: { type: 'string', enum: ['admin', 'users'] },
      },
      {
        name: 'recent',
        in: 'query',
        description: 'Refuses whoever has not authenticated within the last ten minutes.',
        schema: { type: 'string', enum: ['true'] },
      },
    ],
    successes: [
      {
        status: 200,
        description: 'Signed in. The headers are for the app behind the proxy; there is no body.',
        schema: null,
        headers: [
          'Remote-User',
          'Remote-Email',
          'Remote-Email-Verified',
          'Remote-Name',
          'Remote-Groups',
          'Remote-Sub',
        ],
      },
      {
        status: 303,
        description: 'A browser that has to sign in, or to authenticate again.',
        schema: null,
        headers: ['Location'],
      },
    ],
    refusals: [
      {
        summary: 'a parameter that is not known',
        problem: { reason: 'fields', errors: [notAChoice('group', 'x')] },
      },
      { summary: 'nobody is signed in', problem: { reason: 'credentials', why: 'missing' } },
      { summary: 'an app that is not trusted, or another group', problem: { reason: 'forbidden' } },
      { summary: 'a page of another origin changes something', problem: { reason: 'cross_site' } },
      { summary: 'too long ago, or by an app password', problem: { reason: 'reauthenticate' } },
      {
        summary: 'the address must be confirmed first (`REQUIRE_VERIFIED_EMAIL`)',
        problem: { reason: 'unverified_email' },
      },
    ],
  },
});

export const forwardAuthentication = [forwardAuth] as const;
