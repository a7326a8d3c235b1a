// The service as passkeys and authenticator apps know it.
import type { Context } from 'hono';
import type { RelyingParty } from '../../core/index.ts';
import type { AppEnv } from '../context.ts';
import { originOf } from '../respond.ts';

/**
 * Passkeys belong to the domain of `PUBLIC_URL`. Without it they belong to the domain that the request names. A
 * phishing page that forwards its visitors' requests cannot abuse that, because the browser signs the origin that it
 * shows.
 */
export const relyingPartyOf = (c: Context<AppEnv>): RelyingParty => {
  const { publicUrl, relatedOrigins, serviceName } = c.var.httpSettings;
  const origin = publicUrl ?? originOf(c);
  return { id: new URL(origin).hostname, name: serviceName, origins: [origin, ...relatedOrigins] };
};
