// An app that signs people in at Latchkey with openid-client. test/node/oidc-peers.test.ts runs it.
import * as client from 'openid-client';

/** Returns the URL to redirect the browser to, and the values to store in the app's session until the callback. */
export const begin = async (configuration: client.Configuration, redirectUri: string) => {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const checks = {
    pkceCodeVerifier,
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
  };
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: 'openid profile email offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
  });
  return { url, checks };
};

/** Completes the sign-in with the callback URL and returns the user. */
export const finish = async (
  configuration: client.Configuration,
  callback: URL,
  checks: client.AuthorizationCodeGrantChecks,
) => {
  const tokens = await client.authorizationCodeGrant(configuration, callback, checks);
  const claims = tokens.claims();
  if (!claims) throw new Error('The service sent no ID token.');
  return { sub: claims.sub, claims, tokens };
};
