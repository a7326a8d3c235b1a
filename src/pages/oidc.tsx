// The pages of OpenID Connect: authorization, consent, sign-out, and the list of apps.
import type { Context } from 'hono';
import type { AuthorizationRequest, DocumentFault, Principal, Provider, ReadRequest } from '../core/index.ts';
import { answerUrl, isMatchable, withoutHints } from '../core/index.ts';
import { findPrincipal, type PublicAuth } from '../http/auth/auth.ts';
import { clearSessionCookie } from '../http/auth/cookies.ts';
import { mayFetchFor } from '../http/auth/flood-guard.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { findParameter, type Parameters, readForm, readQuery } from '../http/oauth.ts';
import { respondProblem } from '../http/respond.ts';
import { goOn } from './done.ts';
import { Actions, PostForm } from './field.tsx';
import { formWith } from './form.ts';
import { ACCOUNT, show } from './layout.tsx';
import { Day } from './moment.tsx';
import { Notice } from './notice.tsx';
import { redirectTo } from './redirect.tsx';
import { owner, visitor } from './session.tsx';
import { showSignIn } from './sign-in-form.tsx';

/**
 * Browsers send no cookie with a form of another site. So nothing is done, and the browser is redirected to the same
 * request by GET.
 */
const fromApps: PublicAuth = {
  via: 'none',
  csrf: { check: false, reason: 'Only turns a form of an app into an address that checks everything.' },
};

/** What each scope lets an app know or do. */
const SCOPE_WORDS = [
  ['profile', 'your name, username and language'],
  ['email', 'your email address'],
  ['offline_access', 'this also while you are not using it, until you sign out here'],
] as const;

const AUTHORIZE = '/oidc/authorize';

const queryOf = (parameters: Parameters): string =>
  new URLSearchParams(parameters.map(([name, value]) => [name, value])).toString();

/**
 * The parameters of a request that an address of ours may hold: an ID token contains an email, so it is shortened.
 * @param unknown the replacement for an invalid hint
 */
const addressable = async (
  provider: Provider,
  parameters: Parameters,
  unknown: string | null,
): Promise<Parameters> => {
  const hint = findParameter(parameters, 'id_token_hint');
  const short = hint === null ? null : ((await provider.shortenIdTokenHint(hint)) ?? unknown);
  return [...withoutHints(parameters), ...(short === null ? [] : [['id_token_hint', short] as const])];
};

/** The path to return to after signing in, without an earlier `since`. */
const returnPath = async (
  provider: Provider,
  parameters: Parameters,
  sinceSeconds: number | null,
): Promise<string> => {
  const kept = (await addressable(provider, parameters, null)).filter(([name]) => name !== 'since');
  const since = sinceSeconds === null ? [] : [['since', String(sinceSeconds)] as const];
  return `${AUTHORIZE}?${queryOf([...kept, ...since])}`;
};

const UNKNOWN = {
  unknown_app: 'This app is not known here.',
  unknown_redirect: 'The app asked to send you to an address that is not registered for it.',
} as const;

/** What is wrong with an app that describes itself, for the people who write its document. */
const DOCUMENT_FAULTS: Readonly<Record<DocumentFault, string>> = {
  address: 'The client id must be an https address with a path, at a public name, in its usual spelling.',
  throttled: 'Too many new apps were opened. Wait a minute, then try again.',
  unreachable: 'The address of the app did not answer. Try again later.',
  refused: 'The address of the app must answer with status 200, without a redirect.',
  media_type: 'The document must be sent as application/json.',
  too_large: 'The document is larger than 5 KB.',
  not_json: 'The document is no JSON object.',
  client_id: 'client_id in the document is not the address of the document.',
  client_name: 'client_name must be a text of at most 60 characters.',
  redirect_uris: 'redirect_uris has no address that can be used here.',
  method: 'The app must use the code flow, with token_endpoint_auth_method none and without a secret.',
};

const showUnusable = (c: Context<AppEnv>, words: string, status: 400 | 429 | 503): Response =>
  show(
    c,
    { title: 'This link does not work', status, narrow: true },
    <>
      <h1>This link does not work</h1>
      <p class="lead">{words} Nothing was sent to the app. Ask the people who run it.</p>
    </>,
  );

const showUnknown = (c: Context<AppEnv>, read: ReadRequest & { ok: false; replyTo: null }): Response => {
  if (read.problem !== 'document') return showUnusable(c, UNKNOWN[read.problem], 400);
  const isThrottled = read.fault === 'throttled';
  if (isThrottled) c.header('Retry-After', '60');
  const status = isThrottled ? 429 : read.fault === 'unreachable' ? 503 : 400;
  return showUnusable(c, DOCUMENT_FAULTS[read.fault], status);
};

/** What nobody here can say about an app: who it is, if its document or its address on the device is all there is. */
const Warning = ({ app, redirectUri }: Pick<AuthorizationRequest, 'app' | 'redirectUri'>) => {
  const isOnDevice = !redirectUri.startsWith('https:');
  if (app.host === null && !isOnDevice) return null;
  return (
    <Notice kind="bad">
      {app.host !== null && (
        <>Nobody here has checked this app. All that is known is its address, {app.host}. </>
      )}
      {isOnDevice
        ? 'It runs on your device, where another program could pass for it. Continue only if you have just started it yourself.'
        : 'Continue only if you trust that address.'}
    </Notice>
  );
};

const showConsent = (
  c: Context<AppEnv>,
  { app, redirectUri, scopes }: AuthorizationRequest,
  { account }: Principal,
  query: string,
) => {
  const { host, protocol } = new URL(redirectUri);
  return show(
    c,
    { title: `Sign in to ${app.host ?? app.name}`, narrow: true },
    <>
      <h1>Sign in to {app.host ?? app.name}?</h1>
      <Warning app={app} redirectUri={redirectUri} />
      <p class="lead">
        <strong>{app.name}</strong> will know that it is you, and{' '}
        {scopes.some((scope) => scope !== 'openid') ? 'will be told:' : 'nothing else.'}
      </p>
      <ul>
        {SCOPE_WORDS.filter(([scope]) => scopes.includes(scope)).map(([, words]) => (
          <li>{words}</li>
        ))}
      </ul>
      <p class="aside">
        You are signed in as {account.email || account.username}. You will go to{' '}
        {host === '' ? protocol : host}. This holds until you take it back on the page{' '}
        <a href="/apps">Apps</a>.
      </p>
      <PostForm action="/oidc/consent">
        <input type="hidden" name="request" value={query} />
        <input type="hidden" name="account" value={account.id} />
        <div class="actions">
          <button type="submit" name="decision" value="allow">
            Continue
          </button>
          <button type="submit" name="decision" value="deny" class="quiet">
            Cancel
          </button>
        </div>
      </PostForm>
    </>,
  );
};

/** Why the browser cannot continue to an app, and the page on which its user can change that. */
const OBSTACLES = {
  'verify-email': {
    title: 'Confirm your email address first',
    words: 'takes you once your email address is confirmed. We sent you a mail with a link and a code.',
    next: { href: '/verify-email', label: 'Enter the code' },
  },
  'sign-in-otherwise': {
    title: 'Sign in with your own password',
    words:
      'cannot be used with an app password. Sign out, then sign in with your own password or a passkey, and try again.',
    next: null,
  },
} as const;

const showObstacle = (c: Context<AppEnv>, app: string, what: keyof typeof OBSTACLES, again: string) => {
  const { title, words, next } = OBSTACLES[what];
  return show(
    c,
    { title, status: 403, narrow: true },
    <>
      <h1>{title}</h1>
      <p class="lead">
        <strong>{app}</strong> {words}
      </p>
      {next === null ? (
        <PostForm action="/sign-out">
          <Actions send="Sign out" back="/" />
        </PostForm>
      ) : (
        <div class="actions">
          <a class="button" href={next.href}>
            {next.label}
          </a>
          <a class="button quiet" href={again}>
            Go on to {app}
          </a>
        </div>
      )}
    </>,
  );
};

/**
 * Asks who it is, on the spot: a redirect to the sign-in page would copy `login_hint`, which tells an email, into an
 * address of our own.
 */
const askToSignIn = (c: Context<AppEnv>, parameters: Parameters, to: string): Response => {
  const hint = findParameter(parameters, 'login_hint') ?? '';
  const identifier = isMatchable(hint) ? hint : '';
  return showSignIn(c, formWith({ identifier }), { to });
};

/** Takes the next step of a request. */
const proceed = async (
  c: Context<AppEnv>,
  provider: Provider,
  parameters: Parameters,
  decision: 'allow' | 'deny' | null,
): Promise<Response> => {
  const read = await provider.readRequest(parameters);
  if (!read.ok) {
    if (read.replyTo === null) return showUnknown(c, read);
    const { error, description } = read;
    return redirectTo(c, answerUrl(read.replyTo, provider.issuer, { error, error_description: description }));
  }
  const { request } = read;
  const refuse = (error: string, description: string): Response =>
    redirectTo(c, answerUrl(request, provider.issuer, { error, error_description: description }));
  if (decision === 'deny') return refuse('access_denied', 'The person did not agree.');

  const principal = findPrincipal(c);
  const step = await provider.decide(request, principal);
  if (step.next === 'refuse') return refuse(step.error, step.description);
  if (step.next === 'sign-in') {
    const to = await returnPath(provider, parameters, step.sinceSeconds);
    if (!principal) return askToSignIn(c, parameters, to);
    const factor = step.needsFactor ? '&factor=1' : '';
    return c.redirect(`/confirm?again=1${factor}&to=${encodeURIComponent(to)}`, 303);
  }
  if (step.next === 'verify-email' || step.next === 'sign-in-otherwise')
    return showObstacle(c, request.app.name, step.next, await returnPath(provider, parameters, null));
  if (principal && step.next === 'ask-consent' && decision !== 'allow')
    return showConsent(c, request, principal, queryOf(parameters));
  const hasAgreed = decision === 'allow';
  const code = principal && (await provider.authorize(request, principal, c.var.client, hasAgreed));
  // The stored consent was withdrawn, or the session ended, since they were read: both are read again.
  if (code === null && !hasAgreed && request.app.asksConsent)
    return c.redirect(await returnPath(provider, parameters, null), 303);
  if (code === null) return askToSignIn(c, parameters, await returnPath(provider, parameters, null));
  return redirectTo(c, answerUrl(request, provider.issuer, { code }));
};

const withProvider =
  (handle: (c: Context<AppEnv>, provider: Provider) => Promise<Response>) => async (c: Context<AppEnv>) => {
    const provider = await c.var.core.provider(mayFetchFor(c));
    return provider ? handle(c, provider) : respondProblem(c, { reason: 'not_found' });
  };

const authorize = endpoint({
  method: 'GET',
  path: AUTHORIZE,
  auth: visitor,
  handle: withProvider((c, provider) => proceed(c, provider, readQuery(c), null)),
});

/** @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest: by POST too */
const authorizeByPost = endpoint({
  method: 'POST',
  path: AUTHORIZE,
  auth: fromApps,
  handle: withProvider(async (c, provider) => {
    const kept = await addressable(provider, (await readForm(c)) ?? [], 'unknown');
    return c.redirect(`${AUTHORIZE}?${queryOf(kept)}`, 303);
  }),
});

const consent = endpoint({
  method: 'POST',
  path: '/oidc/consent',
  // If the session has ended meanwhile, the user signs in and is asked again.
  auth: visitor,
  handle: withProvider(async (c, provider) => {
    const form = (await readForm(c)) ?? [];
    // Everything is read and checked again, because the browser controls the form.
    const parameters = [...new URLSearchParams(findParameter(form, 'request') ?? '')];
    const isAllowed = findParameter(form, 'decision') === 'allow';
    // Another account has signed in in another tab: it was not asked yet.
    const isOfOther = findParameter(form, 'account') !== String(findPrincipal(c)?.account.id);
    return proceed(c, provider, parameters, isAllowed ? (isOfOther ? null : 'allow') : 'deny');
  }),
});

/** The URL for a browser after signing out; null for none. */
const signedOutUrl = async (provider: Provider, parameters: Parameters, appId: string | null) => {
  const uri = findParameter(parameters, 'post_logout_redirect_uri');
  const app = uri !== null && appId !== null ? await provider.findApp(appId) : null;
  if (uri === null || !app?.signOutUris.includes(uri)) return null;
  const url = new URL(uri);
  const state = findParameter(parameters, 'state');
  if (state !== null) url.searchParams.set('state', state);
  return url.href;
};

/** What a URL of ours may contain. An ID token contains an email, so it is shortened first. */
const SIGN_OUT_PARAMETERS: ReadonlySet<string> = new Set(['client_id', 'post_logout_redirect_uri', 'state']);

/** Reads the sign-out request of an app. @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html */
const readSignOut = async (provider: Provider, parameters: Parameters) => {
  const hint = await provider.readIdTokenHint(findParameter(parameters, 'id_token_hint') ?? '');
  const appId = findParameter(parameters, 'client_id') ?? hint?.appId ?? null;
  // The token is of another app: ask first, and redirect to neither.
  if (hint !== null && hint.appId !== appId) return { sub: null, url: null };
  return { sub: hint?.sub ?? null, url: await signedOutUrl(provider, parameters, appId) };
};

const endSession = async (c: Context<AppEnv>, url: string | null): Promise<Response> => {
  const principal = findPrincipal(c);
  if (principal) await c.var.core.sessions.logOut(principal, c.var.client);
  clearSessionCookie(c);
  return url === null ? goOn(c, '/sign-in', 'signed-out') : redirectTo(c, url);
};

const signOut = endpoint({
  method: 'GET',
  path: '/oidc/logout',
  auth: visitor,
  handle: withProvider(async (c, provider) => {
    const parameters = readQuery(c);
    const { sub, url } = await readSignOut(provider, parameters);
    const principal = findPrincipal(c);
    // Signs out without a question only with a token of this account: any page can link here.
    if (!principal || (sub !== null && principal.account.publicId === sub)) return endSession(c, url);
    return show(
      c,
      { title: 'Sign out', narrow: true },
      <>
        <h1>Sign out?</h1>
        <p class="lead">
          You are signed in as {principal.account.email}. This signs you out here and in your apps.
        </p>
        <PostForm action="/oidc/logout/confirm">
          <input type="hidden" name="request" value={queryOf(parameters)} />
          <Actions send="Sign out" back="/" />
        </PostForm>
      </>,
    );
  }),
});

const signOutByPost = endpoint({
  method: 'POST',
  path: '/oidc/logout',
  auth: fromApps,
  handle: withProvider(async (c, provider) => {
    const form = (await readForm(c)) ?? [];
    const hint = await provider.shortenIdTokenHint(findParameter(form, 'id_token_hint') ?? '');
    const kept = form.filter(([name]) => SIGN_OUT_PARAMETERS.has(name));
    const query = queryOf(hint === null ? kept : [...kept, ['id_token_hint', hint]]);
    return c.redirect(`/oidc/logout?${query}`, 303);
  }),
});

const confirmSignOut = endpoint({
  method: 'POST',
  path: '/oidc/logout/confirm',
  auth: visitor,
  handle: withProvider(async (c, provider) => {
    const request = findParameter((await readForm(c)) ?? [], 'request') ?? '';
    const { url } = await readSignOut(provider, [...new URLSearchParams(request)]);
    return endSession(c, url);
  }),
});

const showApps = endpoint({
  method: 'GET',
  path: '/apps',
  auth: owner,
  handle: withProvider(async (c, provider) => {
    const apps = await provider.listApps(c.var.principal.account.id);
    return show(
      c,
      { title: 'Apps', here: '/', parent: ACCOUNT },
      <>
        <h1>Apps</h1>
        <p class="lead">
          {apps.length > 0
            ? 'You sign in to these apps with this account.'
            : 'You do not sign in to any other app with this account.'}
        </p>
        {apps.length > 0 && (
          <ul class="card rows">
            {apps.map(({ appId, appName, createdAtMs }) => (
              <li class="row">
                <div>
                  <p class="strong">{appName}</p>
                  <p class="aside">
                    Since <Day ms={createdAtMs} />
                  </p>
                </div>
                <form method="post" action="/apps/withdraw">
                  <input type="hidden" name="app" value={appId} />
                  <button type="submit" class="quiet" aria-label={`Remove access of ${appName}`}>
                    Remove access
                  </button>
                </form>
              </li>
            ))}
          </ul>
        )}
      </>,
    );
  }),
});

const withdrawConsent = endpoint({
  method: 'POST',
  path: '/apps/withdraw',
  auth: owner,
  handle: withProvider(async (c, provider) => {
    const appId = findParameter((await readForm(c)) ?? [], 'app') ?? '';
    await provider.withdrawConsent(c.var.principal.account.id, appId, c.var.client);
    return goOn(c, '/apps', 'app-withdrawn');
  }),
});

export const oidc = [
  authorize,
  authorizeByPost,
  consent,
  signOut,
  signOutByPost,
  confirmSignOut,
  showApps,
  withdrawConsent,
];
