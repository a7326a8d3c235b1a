// What a request carries through the app, and what a deployment sets for the wire.
import type { Context, Hono } from 'hono';
import type { Client, Core, OperationCounts, Principal } from '../core/index.ts';
import type { Place, Problem, Reply } from './problem.ts';

/** What a deployment can set of the dialects' behaviour. */
export interface HttpSettings {
  /** The offset in which 000 shows times, as `+HH:MM`. */
  utcOffset: string;
  /** True where 004 must not tell an unknown email from a wrong password. */
  hideUnknownAccounts: boolean;
  /** The life of the session cookie. */
  cookieSeconds: number;
  /** Origins besides the service's own whose pages may use it, cookies included. */
  allowedOrigins: ReadonlySet<string>;
  /** True where any page may use the dialects that know no cookie. */
  openTokenDialects: boolean;
}

export interface Variables {
  requestId: string;
  dialect: Dialect;
  core: Core;
  client: Client;
  httpSettings: HttpSettings;
  counts: OperationCounts;
  withinRate: WithinRate;
  commonPasswords: Services['commonPasswords'];
  /** Who is logged in; set on routes that require it. */
  principal: Principal;
  /** The session cookie that the answer is to set, null to clear it; undefined where it says nothing of it. */
  newSessionCookie: string | null | undefined;
  /** The fields of the body as they were sent; set where a body was read. */
  rawBody: Readonly<Record<string, unknown>>;
  /** Why the request was refused, for the log. */
  refused: Problem['reason'];
}

/** Asks the flood guard of an endpoint whether an address is within its rate. */
export type WithinRate = (endpoint: 'login' | 'registration', address: string) => Promise<boolean>;

/** What a request is given at the composition root. */
export interface Services {
  core: Core;
  httpSettings: HttpSettings;
  withinRate: WithinRate;
  /** Passwords that too many people have, lower case. */
  commonPasswords: () => Promise<ReadonlySet<string>>;
}

/** The types that Hono's handlers see. Only env.ts and index.ts know what is bound to the Worker. */
export interface AppEnv {
  Bindings: { provideServices: (counts: OperationCounts) => Services };
  Variables: Variables;
}

/** One API that existing clients speak. */
export interface Dialect {
  name: string;
  basePath: string;
  /** True where browsers log in with a session cookie. */
  usesCookie: boolean;
  /** Paths without a trailing slash: the app takes both. */
  routes: Hono<AppEnv>;
  /** Words every refusal. Pure, and total: a new reason does not compile until it is decided here. */
  problem(problem: Problem, place: Place): Reply;
  /** Puts a refusal on the wire, where that is not as JSON. */
  send?: (c: Context<AppEnv>, reply: Reply) => Response;
}
