// The token that tells an app that a sign-in has ended.
// @see https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken
import { signerOf } from '../provider/access-tokens.ts';
import type { AccessTokenSettings } from '../provider/model.ts';
import { type Random, randomToken } from '../secrets.ts';

/** So that no other token of the same keys passes for one. */
const LOGOUT_TOKEN_TYPE = 'logout+jwt';

/** Two minutes at the most, as the specification recommends. Each try has a new token. */
const LIFE_SECONDS = 120;

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

export interface EndedSignIn {
  appId: string;
  sub: string;
  /** The `sid` of the ID token: the id of the grant. */
  sid: string;
}

/**
 * Signs one. It has a new `jti` at each try: an app that refuses a `jti` for the second time would refuse the second try
 * of a message whose answer was lost.
 */
export const signLogoutToken = (
  settings: AccessTokenSettings,
  { appId, sub, sid }: EndedSignIn,
  random: Random,
  nowMs: number,
): Promise<string> => {
  const now = Math.floor(nowMs / 1000);
  return signerOf(settings).sign(LOGOUT_TOKEN_TYPE, {
    iss: settings.issuer,
    sub,
    aud: appId,
    iat: now,
    exp: now + LIFE_SECONDS,
    jti: randomToken(random),
    sid,
    events: { [LOGOUT_EVENT]: {} },
  });
};
