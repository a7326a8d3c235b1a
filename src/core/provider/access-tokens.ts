// Access tokens, which other servers verify on their own. They live for minutes.
import { ok, type Reauthenticate, type Result, type UnverifiedEmail } from '../errors.ts';
import { displayName, type Policy, type Principal } from '../model.ts';
import { type Random, randomToken } from '../secrets.ts';
import { checkForOtherServices } from '../sessions/other-services.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { methodsOf, signedInAtMs } from './authentication.ts';
import { createEs256, type Es256 } from './es256.ts';
import type { AccessClaims, AccessTokenSettings, PublicKey } from './model.ts';

/** The type of the header, so that no other signed text is accepted as an access token. RFC 9068, section 2.1 */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

export interface IssuedAccessToken {
  token: string;
  lifeSeconds: number;
}

export interface AccessTokens {
  publicKeys: readonly PublicKey[];
  /** Whom a token may be made for; the first one is the default. */
  audiences: readonly [string, ...string[]];
  /**
   * A token for the account and session of a request. It expires no later than the session, and after `lifeSeconds` at
   * most. If the session ends sooner, servers that check only the signature accept the token until then. Refuses what
   * `checkForOtherServices` refuses.
   * @param publicId the account's, which `accounts.ensurePublicId` gives
   */
  issue(
    principal: Principal,
    publicId: string,
    audience: string,
  ): Promise<Result<IssuedAccessToken, UnverifiedEmail | Reauthenticate>>;
  /**
   * The principal of a token, with its session read as for every other request. Null if the token was not issued here,
   * has expired or has another audience, if the session has ended, or if the account is disabled.
   */
  authenticate(token: string): Promise<Principal | null>;
}

export interface AccessTokenOptions {
  settings: AccessTokenSettings;
  sessions: Pick<Sessions, 'authenticateById'>;
  policy: Pick<Policy, 'requiresVerifiedEmail'>;
  random: Random;
  nowMs: () => number;
}

/** Keys are imported once an isolate, as long as its settings live. */
const signers = new WeakMap<AccessTokenSettings, Es256>();

export const signerOf = (settings: AccessTokenSettings): Es256 => {
  const signer = signers.get(settings) ?? createEs256(settings.keys);
  signers.set(settings, signer);
  return signer;
};

export const createAccessTokens = ({
  settings,
  sessions,
  policy,
  random,
  nowMs,
}: AccessTokenOptions): AccessTokens => {
  const signer = signerOf(settings);
  return {
    publicKeys: signer.publicKeys,
    audiences: settings.audiences,

    async issue(principal, publicId, audience) {
      const checked = checkForOtherServices(policy, principal);
      if (!checked.ok) return checked;
      const { account, session } = principal;
      const nowSeconds = Math.floor(nowMs() / 1000);
      const lifeSeconds = Math.min(settings.lifeSeconds, Math.ceil(session.expiresAtMs / 1000) - nowSeconds);
      const claims: AccessClaims = {
        iss: settings.issuer,
        sub: publicId,
        aud: audience,
        exp: nowSeconds + lifeSeconds,
        iat: nowSeconds,
        jti: randomToken(random),
        sid: session.id,
        email: account.email,
        email_verified: account.emailVerifiedAtMs !== null,
        name: displayName(account),
        auth_time: Math.floor(signedInAtMs(session) / 1000),
        amr: methodsOf(session),
      };
      return ok({ token: await signer.sign(ACCESS_TOKEN_TYPE, claims), lifeSeconds });
    },

    async authenticate(token) {
      const claims = await signer.verify(ACCESS_TOKEN_TYPE, token);
      if (!claims) return null;
      const { iss, aud, exp, sid, sub } = claims;
      // A token of an app is limited to the app's scopes, and its `sid` names a grant.
      if ('client_id' in claims) return null;
      if (iss !== settings.issuer || typeof exp !== 'number' || exp * 1000 <= nowMs()) return null;
      if (typeof aud !== 'string' || !settings.audiences.includes(aud) || typeof sid !== 'string')
        return null;
      const principal = await sessions.authenticateById(sid, 'nearest');
      return principal?.account.publicId === sub ? principal : null;
    },
  };
};
