// The service as passkeys and authenticator apps know it.
import type { Context } from 'hono';
import type { RelyingParty } from '../../core/index.ts';
import type { AppEnv } from '../context.ts';
import { originOf } from '../respond.ts';

/**
 * Passkeys belong to the domain of `PUBLIC_URL`. Without it they belong to the one that the request names: a page
 * elsewhere that passes its visitors' requests on cannot make that its own, since the browser signs what page it shows.
 */
export const relyingPartyOf = (c: Context<AppEnv>): RelyingParty => {
  const { publicUrl, relatedOrigins, serviceName } = c.var.httpSettings;
  const origin = publicUrl ?? originOf(c);
  return { id: new URL(origin).hostname, name: serviceName, origins: [origin, ...relatedOrigins] };
};
