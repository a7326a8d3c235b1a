// What a request carries through the app, and what a deployment sets for the wire.
import type { Client, Core, OperationCounts, Principal } from '../core/index.ts';
import type { Dialect, Problem } from './dialect.ts';

/** What a deployment can set of the dialects' behaviour. */
export interface WireSettings {
  /** The offset in which 000 shows times, as `+HH:MM`. */
  utcOffset: string;
  /** True where 004 must not tell an unknown email from a wrong password. */
  hideUnknownAccounts: boolean;
  /** The life of the session cookie. */
  cookieSeconds: number;
}

export interface Variables {
  requestId: string;
  dialect: Dialect;
  core: Core;
  client: Client;
  wire: WireSettings;
  counts: OperationCounts;
  /** Who is logged in; set on routes that require it. */
  principal: Principal;
  /** The fields of the body as they were sent; set where a body was read. */
  sent: Readonly<Record<string, unknown>>;
  /** Why the request was refused, for the log. */
  refused: Problem['reason'];
}

/** What a request is given at the composition root. */
export interface Equipment {
  core: Core;
  wire: WireSettings;
}

/** The types that Hono's handlers see. Only env.ts and index.ts know what is bound to the Worker. */
export interface AppEnv {
  Bindings: { equip: (counts: OperationCounts) => Equipment };
  Variables: Variables;
}
