// The OpenID Connect provider: codes and tokens. One flow only, with PKCE always.
import type { Accounts } from '../accounts/accounts.ts';
import type { Mail } from '../mail/mail.ts';
import type { Client, Policy, Principal } from '../model.ts';
import { equalTexts, type Keyring, type Random, randomToken } from '../secrets.ts';
import { checkForOtherServices } from '../sessions/other-services.ts';
import type { Store } from '../store/store.ts';
import { ACCESS_TOKEN_TYPE, signerOf } from './access-tokens.ts';
import { type App, findApp, isAppOrigin, isAssured, isAuthentic } from './apps.ts';
import { hasTwoFactors, methodsOf, signedInAtMs } from './authentication.ts';
import {
  ACR_ONE_FACTOR,
  ACR_TWO_FACTORS,
  type AuthorizationErrorCode,
  type AuthorizationRequest,
  findValue,
  type Parameters,
  type ReadRequest,
  readAuthorizationRequest,
  wordsOf,
} from './authorization-request.ts';
import { claimsOf } from './claims.ts';
import { createGrantTokens } from './grant-tokens.ts';
import { createGrants, type LiveGrant } from './grants.ts';
import {
  createMetadataDocuments,
  isDocumentId,
  type LoadDocument,
  type MayFetch,
  readDocumentId,
} from './metadata-documents.ts';
import type { AccessTokenSettings, ConsentView } from './model.ts';
import { createRegistry, type Registry } from './registry.ts';

/** 128 bits, so that ids are unique. */
const GRANT_ID_BYTES = 16;

/** @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
export type TokenErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'invalid_target';

export type UserInfo =
  | { ok: true; claims: Readonly<Record<string, unknown>> }
  /** The access token is none, is for another server, or its grant has ended; or it has not the scope `openid`. */
  | { ok: false; error: 'invalid_token' | 'insufficient_scope' };

export type TokenAnswer =
  | { ok: true; body: Readonly<Record<string, string | number>> }
  | { ok: false; error: TokenErrorCode; description: string };

/** What is known of an app that sends a request itself. */
type Identified = Pick<App, 'id' | 'secretHash'>;

/** An access token of an app for one of ACCESS_TOKEN_AUDIENCES, and the next refresh token. */
export type ServerTokenAnswer =
  | { ok: true; accessToken: string; lifeSeconds: number; refreshToken: string }
  | { ok: false; error: 'invalid_client' | 'invalid_grant' | 'invalid_target'; description: string };

/** The credentials of an app; the secret is null if it sent none. */
export interface AppCredentials {
  id: string;
  secret: string | null;
}

/** The next step for a browser that an app has sent. */
export type AuthorizationStep =
  /** The sign-in must not be older than this, in seconds since the epoch, and may have to be by a second factor. */
  | { next: 'sign-in'; sinceSeconds: number; needsFactor: boolean }
  /** REQUIRE_VERIFIED_EMAIL: the address must be proven first. */
  | { next: 'verify-email' }
  /** The session was opened by an app password, which signs in to no app. */
  | { next: 'sign-in-otherwise' }
  | { next: 'ask-consent' }
  | { next: 'refuse'; error: AuthorizationErrorCode; description: string }
  | { next: 'answer' };

export interface Provider {
  issuer: string;
  /** Whether the address of a metadata document is taken as a client id. */
  takesMetadataDocuments: boolean;
  /** The registered apps, for admins. */
  registry: Registry;
  /** The registered app with an id; null if there is none. */
  findApp(id: string): Promise<App | null>;
  /** Whether an origin is that of an address that an app has registered. One D1 query. */
  isAppOrigin(origin: string): Promise<boolean>;
  /** Reads what an app asks for. One D1 query. */
  readRequest(parameters: Parameters): Promise<ReadRequest>;
  /** Whether the user has to sign in or to consent first. */
  decide(request: AuthorizationRequest, principal: Principal | null): Promise<AuthorizationStep>;
  /**
   * The code for the app; null if the session has ended meanwhile, or the stored consent was withdrawn.
   * @param hasAgreed whether the user consented with this very request
   */
  authorize(
    request: AuthorizationRequest,
    principal: Principal,
    client: Client,
    hasAgreed: boolean,
  ): Promise<string | null>;
  /** The apps that an account has consented to. */
  listApps(accountId: number): Promise<ConsentView[]>;
  /** Removes the consent: the app's tokens end, and it has to ask again. */
  withdrawConsent(accountId: number, appId: string, client: Client): Promise<void>;
  /** Exchanges a code or a refresh token for tokens. */
  exchange(parameters: Parameters, credentials: AppCredentials | null): Promise<TokenAnswer>;
  /**
   * Exchanges a refresh token for an access token that other servers verify. The same refresh token must not be used
   * again, as after `exchange`.
   * @param audience one of ACCESS_TOKEN_AUDIENCES. An app that named a `resource` when its user signed in gets tokens for
   * that one only. Null for that one, or for the first audience.
   */
  exchangeForServer(
    refreshToken: string,
    credentials: AppCredentials,
    audience: string | null,
  ): Promise<ServerTokenAnswer>;
  /** The claims that the app may read. */
  userInfo(accessToken: string): Promise<UserInfo>;
  /** @see https://www.rfc-editor.org/rfc/rfc7662#section-2.2. Null if the app is not who it says it is. */
  introspect(
    token: string,
    credentials: AppCredentials | null,
  ): Promise<Readonly<Record<string, unknown>> | null>;
  /** Ends the grant of a token of this app. False if the app does not authenticate. An unknown token is no error. */
  revoke(token: string, credentials: AppCredentials | null): Promise<boolean>;
  /** The app and the grant of an ID token that was issued here, even an expired one; null for every other text. */
  readIdTokenHint(idToken: string): Promise<{ appId: string; sub: string; grantId: string } | null>;
  /** A text that `readIdTokenHint` reads like the ID token, without the email and the name; null for every other text. */
  shortenIdTokenHint(idToken: string): Promise<string | null>;
}

export interface ProviderOptions {
  settings: AccessTokenSettings;
  store: Store;
  accounts: Pick<Accounts, 'ensurePublicId'>;
  policy: Pick<Policy, 'requiresVerifiedEmail'>;
  mail: Pick<Mail, 'notify' | 'sendSoon'>;
  /** Null if no metadata document may be fetched. */
  loadDocument: LoadDocument | null;
  /** Whether one more metadata document may be fetched. */
  mayFetch: MayFetch;
  /** Whether an account has a second factor. */
  hasFactor: (accountId: number) => Promise<boolean>;
  keyring: Keyring;
  random: Random;
  nowMs: () => number;
}

export const createProvider = (options: ProviderOptions): Provider => {
  const { settings, store, accounts, policy, hasFactor, random, nowMs } = options;
  const signer = signerOf(settings);
  const tokens = createGrantTokens(options.keyring);
  const grants = createGrants({ store, mail: options.mail, nowMs });
  /** The possible audiences: the service itself, and the servers that the deployment names. */
  const audiences = [settings.issuer, ...settings.audiences];
  const seconds = (ms: number): number => Math.floor(ms / 1000);

  const { loadDocument: load } = options;
  const documents =
    settings.takesMetadataDocuments && load
      ? createMetadataDocuments({ store, load, issuer: settings.issuer })
      : null;

  /**
   * The app that sends a request itself, if it authenticates. No document is fetched for it: an app with a document has
   * no secret, and its codes and tokens name it.
   */
  const authenticate = async (credentials: AppCredentials | null): Promise<Identified | null> => {
    if (!credentials) return null;
    const { id, secret } = credentials;
    if (documents && isDocumentId(id))
      return secret === null && readDocumentId(id, settings.issuer) ? { id, secretHash: null } : null;
    const app = await findApp(store, id);
    return app && (await isAuthentic(app, secret)) ? app : null;
  };

  /** The claims that all tokens of a grant have. */
  const commonOf = async ({ grant, account, session }: LiveGrant) => {
    const now = seconds(nowMs());
    const lifeSeconds = Math.min(settings.lifeSeconds, Math.ceil(session.expiresAtMs / 1000) - now);
    const sub = await accounts.ensurePublicId(account);
    return { iss: settings.issuer, sub, exp: now + lifeSeconds, iat: now, sid: grant.id };
  };

  /** @param scopes those of the token, which may be fewer than those of the grant */
  const signAccessToken = (
    { grant, account, signIn }: LiveGrant,
    common: Awaited<ReturnType<typeof commonOf>>,
    scopes: readonly string[],
    audience: string,
  ): Promise<string> =>
    signer.sign(ACCESS_TOKEN_TYPE, {
      ...common,
      ...claimsOf(account, common.sub, scopes.includes('email') ? ['email'] : []),
      aud: audience,
      jti: randomToken(random),
      // Servers know by it that the token is an app's, which may do no more than its scopes.
      client_id: grant.appId,
      ...(scopes.length > 0 && { scope: scopes.join(' ') }),
      auth_time: seconds(signedInAtMs(signIn)),
      amr: methodsOf(signIn),
    });

  /** @param scopes those of the access token, which may be fewer than those of the grant */
  const answer = async (
    live: LiveGrant,
    refreshCount: number,
    scopes: readonly string[] = wordsOf(live.grant.scope),
  ): Promise<TokenAnswer> => {
    const { grant, account, signIn } = live;
    const common = await commonOf(live);
    const accessToken = await signAccessToken(live, common, scopes, grant.resource ?? settings.issuer);
    const idToken =
      scopes.includes('openid') &&
      (await signer.sign('JWT', {
        ...common,
        ...claimsOf(account, common.sub, scopes),
        aud: grant.appId,
        auth_time: seconds(signedInAtMs(signIn)),
        amr: methodsOf(signIn),
        acr: hasTwoFactors(signIn) ? ACR_TWO_FACTORS : ACR_ONE_FACTOR,
        // It answers the one request. https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse
        ...(refreshCount === 0 && grant.nonce !== null && { nonce: grant.nonce }),
        at_hash: await leftHalf(accessToken),
      }));
    return {
      ok: true,
      body: {
        access_token: accessToken,
        token_type: 'Bearer',
        expires_in: common.exp - common.iat,
        ...(scopes.length > 0 && { scope: scopes.join(' ') }),
        ...(idToken && { id_token: idToken }),
        ...(wordsOf(grant.scope).includes('offline_access') && {
          refresh_token: await tokens.refreshTokenOf(grant.id, refreshCount),
        }),
      },
    };
  };

  const redeem = async (parameters: Parameters, app: Identified): Promise<TokenAnswer> => {
    const code = findValue(parameters, 'code');
    if (code === null) return refuse('invalid_request', 'code is missing.');
    const grantId = await tokens.readCode(code);
    const live = grantId && (await grants.redeem(grantId, app.id));
    if (!live) return refuse('invalid_grant', 'The code is wrong, was used, or has expired.');
    if (!isFor(parameters, live, settings.issuer)) {
      await grants.end(live.grant.id, app.id);
      return refuse('invalid_target', 'resource is not that of the request.');
    }
    const isSameAddress = findValue(parameters, 'redirect_uri') === live.grant.redirectUri;
    const verifier = findValue(parameters, 'code_verifier') ?? '';
    if (
      isSameAddress &&
      VERIFIER_FORM.test(verifier) &&
      equalTexts(await s256(verifier), live.grant.codeChallenge)
    )
      return answer(live, 0);
    // The code is used up: a client that has it without its verifier has stolen it.
    await grants.end(live.grant.id, app.id);
    return refuse('invalid_grant', 'redirect_uri or code_verifier is not that of the request.');
  };

  const refresh = async (parameters: Parameters, app: Identified): Promise<TokenAnswer> => {
    const token = findValue(parameters, 'refresh_token');
    if (token === null) return refuse('invalid_request', 'refresh_token is missing.');
    const read = await tokens.readRefreshToken(token);
    const asked = wordsOf(findValue(parameters, 'scope'));
    if (read && (asked.length > 0 || findValue(parameters, 'resource') !== null)) {
      // Checked before the token is used up.
      const before = await grants.find(read.grantId);
      if (before && !isFor(parameters, before, settings.issuer))
        return refuse('invalid_target', 'resource is not that of the request.');
      const known = wordsOf(before?.grant.scope ?? null);
      if (before && asked.some((scope) => !known.includes(scope)))
        return refuse('invalid_scope', 'scope has more than was agreed to.');
    }
    const live = read && (await grants.refresh(read.grantId, read.count, app.id));
    if (!live) return { ok: false, ...ENDED_REFRESH_TOKEN };
    const known = wordsOf(live.grant.scope);
    return answer(
      live,
      read.count + 1,
      asked.length > 0 ? known.filter((each) => asked.includes(each)) : known,
    );
  };

  /** The claims of a valid access token of an app; null for every other text. No I/O. */
  const readAccessToken = async (token: string) => {
    const claims = await signer.verify(ACCESS_TOKEN_TYPE, token);
    if (!claims) return null;
    const { iss, aud, exp, sid, client_id: appId, scope = '' } = claims;
    if (iss !== settings.issuer || typeof exp !== 'number' || exp * 1000 <= nowMs()) return null;
    if (typeof sid !== 'string' || typeof appId !== 'string' || typeof scope !== 'string') return null;
    return { claims, audience: aud, grantId: sid, appId, scopes: wordsOf(scope) };
  };

  /** The grant of an app's token: of a valid refresh token, or of an access token. */
  const findGrantOf = async (token: string, app: Identified) => {
    const access = await readAccessToken(token);
    const read = access ? null : await tokens.readRefreshToken(token);
    const grantId = access?.grantId ?? read?.grantId;
    const live = grantId === undefined ? null : await grants.find(grantId);
    if (!live || live.grant.appId !== app.id) return null;
    return read && read.count !== live.grant.refreshCount ? null : { live, access };
  };

  const readIdTokenHint: Provider['readIdTokenHint'] = async (idToken) => {
    const claims = (await signer.verify('JWT', idToken)) ?? (await signer.verify(SHORT_HINT_TYPE, idToken));
    if (!claims) return null;
    const { iss, aud, sub, sid } = claims;
    if (
      iss !== settings.issuer ||
      typeof aud !== 'string' ||
      typeof sub !== 'string' ||
      typeof sid !== 'string'
    )
      return null;
    return { appId: aud, sub, grantId: sid };
  };

  /** Whether the sign-in used as many factors as the app prefers, or as the account has. */
  const isStrongEnough = async (
    { wantsTwoFactors }: AuthorizationRequest,
    { account, session }: Principal,
  ): Promise<boolean> => !wantsTwoFactors || hasTwoFactors(session) || !(await hasFactor(account.id));

  return {
    issuer: settings.issuer,
    registry: createRegistry({ store, random, nowMs }),
    findApp: (id) => findApp(store, id),
    isAppOrigin: (origin) => isAppOrigin(store, origin),

    takesMetadataDocuments: documents !== null,

    async readRequest(parameters) {
      const id = findValue(parameters, 'client_id') ?? '';
      if (documents && isDocumentId(id)) {
        const found = await documents.find(id, options.mayFetch);
        if (!found.ok) return { ok: false, replyTo: null, problem: 'document', fault: found.fault };
        return readAuthorizationRequest(parameters, found.app, audiences);
      }
      const app = await findApp(store, id);
      return readAuthorizationRequest(parameters, app, audiences);
    },

    async decide(request, principal) {
      const refuseSilently = (error: AuthorizationErrorCode, description: string): AuthorizationStep => ({
        next: 'refuse',
        error,
        description,
      });
      const hint = request.idTokenHint === null ? null : await readIdTokenHint(request.idTokenHint);
      // It may be so old that its key is gone: the user is asked then, who knows better than the hint.
      if (request.idTokenHint !== null && hint === null && request.isSilent)
        return refuseSilently('login_required', 'id_token_hint is no ID token that can be verified here.');
      const signInAgain = (needsFactor: boolean): AuthorizationStep =>
        request.isSilent
          ? refuseSilently('login_required', 'Nobody is signed in, or not lately or surely enough.')
          : { next: 'sign-in', sinceSeconds: seconds(nowMs()), needsFactor };
      if (principal === null) return signInAgain(false);
      if (hint !== null && hint.sub !== principal.account.publicId)
        return refuseSilently('login_required', 'Another account is signed in.');
      const isStrong = await isStrongEnough(request, principal);
      if (!isStrong || !isYoungEnough(request, seconds(signedInAtMs(principal.session)), seconds(nowMs())))
        return signInAgain(!isStrong);
      const checked = checkForOtherServices(policy, principal);
      if (!checked.ok && checked.error.reason === 'unverified_email')
        return request.isSilent
          ? refuseSilently('interaction_required', 'The email address is not confirmed yet.')
          : { next: 'verify-email' };
      if (!checked.ok)
        return request.isSilent
          ? refuseSilently('login_required', 'The user signed in with an app password.')
          : { next: 'sign-in-otherwise' };
      // Any program on the user's device can pass for an app without a secret that is answered there.
      // https://www.rfc-editor.org/rfc/rfc8252#section-8.6
      const mustAsk = request.asksConsent || !isAssured(request.app, request.redirectUri);
      if (!request.app.asksConsent && !mustAsk) return { next: 'answer' };
      const agreed = mustAsk ? null : await grants.findConsent(principal.account.id, request.app.id);
      const known = wordsOf(agreed);
      if (agreed !== null && request.scopes.every((scope) => known.includes(scope)))
        return { next: 'answer' };
      return request.isSilent
        ? refuseSilently('consent_required', 'The person has not agreed yet.')
        : { next: 'ask-consent' };
    },

    async authorize(request, { account, session }, client, hasAgreed) {
      const owner = { sessionId: session.id, userId: account.id, client };
      const grantId = await grants.create(random(GRANT_ID_BYTES).toHex(), request, owner, hasAgreed);
      return grantId && tokens.codeOf(grantId);
    },

    listApps: (accountId) => grants.listConsents(accountId),
    withdrawConsent: (accountId, appId, client) => grants.withdrawConsent(accountId, appId, client),

    async exchange(parameters, credentials) {
      const app = await authenticate(credentials);
      if (!app) return { ok: false, ...UNKNOWN_APP };
      switch (findValue(parameters, 'grant_type')) {
        case null:
          return refuse('invalid_request', 'grant_type is missing.');
        case 'authorization_code':
          return redeem(parameters, app);
        case 'refresh_token':
          return refresh(parameters, app);
        default:
          return refuse('unsupported_grant_type', 'grant_type is authorization_code or refresh_token.');
      }
    },

    async exchangeForServer(refreshToken, credentials, audience) {
      const app = await authenticate(credentials);
      if (!app) return { ok: false, ...UNKNOWN_APP };
      const read = await tokens.readRefreshToken(refreshToken);
      if (read && audience !== null) {
        // Checked before the token is used up. An app could have named any of them as its `resource`, so a grant that
        // names none is good for each.
        const before = await grants.find(read.grantId);
        const isGood =
          settings.audiences.includes(audience) && audience === (before?.grant.resource ?? audience);
        if (before?.grant.appId === app.id && !isGood)
          return {
            ok: false,
            error: 'invalid_target',
            description: 'The app may not ask for this audience.',
          };
      }
      const live = read && (await grants.refresh(read.grantId, read.count, app.id));
      if (!live) return { ok: false, ...ENDED_REFRESH_TOKEN };
      const common = await commonOf(live);
      const target = audience ?? live.grant.resource ?? settings.audiences[0];
      return {
        ok: true,
        accessToken: await signAccessToken(live, common, wordsOf(live.grant.scope), target),
        lifeSeconds: common.exp - common.iat,
        refreshToken: await tokens.refreshTokenOf(live.grant.id, read.count + 1),
      };
    },

    async userInfo(accessToken) {
      const access = await readAccessToken(accessToken);
      // One for another server would let that server ask in the name of the app.
      if (access?.audience !== settings.issuer) return { ok: false, error: 'invalid_token' };
      if (!access.scopes.includes('openid')) return { ok: false, error: 'insufficient_scope' };
      const live = await grants.find(access.grantId);
      if (live?.grant.appId !== access.appId) return { ok: false, error: 'invalid_token' };
      const { account } = live;
      const sub = await accounts.ensurePublicId(account);
      return { ok: true, claims: claimsOf(account, sub, access.scopes) };
    },

    async introspect(token, credentials) {
      const app = await authenticate(credentials);
      // An app without a secret cannot authenticate: anyone may know its id.
      if (app?.secretHash == null) return null;
      const found = await findGrantOf(token, app);
      if (!found) return { active: false };
      const { live, access } = found;
      if (access) return { active: true, token_type: 'Bearer', ...access.claims };
      const sub = await accounts.ensurePublicId(live.account);
      const { scope, appId } = live.grant;
      return {
        active: true,
        iss: settings.issuer,
        sub,
        client_id: appId,
        ...(scope !== '' && { scope }),
        exp: seconds(live.session.expiresAtMs),
      };
    },

    async revoke(token, credentials) {
      const app = await authenticate(credentials);
      if (!app) return false;
      const grantId =
        (await readAccessToken(token))?.grantId ?? (await tokens.readRefreshToken(token))?.grantId ?? null;
      if (grantId !== null) await grants.end(grantId, app.id);
      return true;
    },

    readIdTokenHint,

    async shortenIdTokenHint(idToken) {
      const hint = await readIdTokenHint(idToken);
      if (!hint) return null;
      return signer.sign(SHORT_HINT_TYPE, {
        iss: settings.issuer,
        aud: hint.appId,
        sub: hint.sub,
        sid: hint.grantId,
      });
    },
  };
};

/** Whether the sign-in is recent enough for the app. Times are seconds since the epoch. */
const isYoungEnough = (
  { sinceSeconds, asksLogin, maxAgeSeconds }: AuthorizationRequest,
  signedInAt: number,
  now: number,
): boolean => {
  const isInTime = maxAgeSeconds === null || now - signedInAt <= maxAgeSeconds;
  // Without a demand for a recent sign-in `since` has no say: a clock that differs by a second must not ask again.
  if (!asksLogin && isInTime) return true;
  // The user signed in again for this request. The time since then does not count. An old or future `since` is ignored.
  const isForThis = sinceSeconds !== null && sinceSeconds >= now - WAY_BACK_SECONDS && sinceSeconds <= now;
  return isForThis && signedInAt >= sinceSeconds;
};

/** How long signing in again and consenting may take: as long as a mailed code is valid. */
const WAY_BACK_SECONDS = 10 * 60;

/** Whether the grant is for the resource that a token request names, if it names one. https://www.rfc-editor.org/rfc/rfc8707#section-2.2 */
const isFor = (parameters: Parameters, { grant }: LiveGrant, issuer: string): boolean => {
  const resource = findValue(parameters, 'resource');
  return resource === null || resource === (grant.resource ?? issuer);
};

/** The type of a shortened hint, so that no app takes it for an ID token. */
const SHORT_HINT_TYPE = 'id-token-hint+jwt';

/** @see https://www.rfc-editor.org/rfc/rfc7636#section-4.1 */
const VERIFIER_FORM = /^[A-Za-z0-9._~-]{43,128}$/;

const utf8 = new TextEncoder();
const encode = (bytes: Uint8Array): string => bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
const sha256 = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(text)));

const s256 = async (verifier: string): Promise<string> => encode(await sha256(verifier));

/** @see https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken `at_hash` */
const leftHalf = async (token: string): Promise<string> => {
  const digest = await sha256(token);
  return encode(digest.subarray(0, digest.length / 2));
};

const UNKNOWN_APP = {
  error: 'invalid_client',
  description: 'There is no such app, or its secret is wrong.',
} as const;

const ENDED_REFRESH_TOKEN = {
  error: 'invalid_grant',
  description: 'The refresh token is wrong, was used, or its session has ended.',
} as const;

const refuse = (error: TokenErrorCode, description: string): TokenAnswer => ({
  ok: false,
  error,
  description,
});
