// The variables of a request, and the settings of the HTTP layer.
import type { Context } from 'hono';
import type { Client, Core, OperationCounts, Principal } from '../core/index.ts';
import type { Place, Problem, Reply } from './problem.ts';

/** The settings of the HTTP layer. */
export interface HttpSettings {
  /** The offset in which `users` shows times, as `+HH:MM`. */
  utcOffset: string;
  /** Whether `auth` answers an unknown email like a wrong password. */
  hideUnknownAccounts: boolean;
  /** The life of the session cookie. */
  cookieSeconds: number;
  /** The domain whose hosts all get the session cookie; null for the own host alone. */
  cookieDomain: string | null;
  /** Origins besides the service's own whose pages may use it, cookies included. */
  allowedOrigins: ReadonlySet<string>;
  /** Whether every page may use the dialects without a cookie. */
  openTokenDialects: boolean;
  /** Whether plain http is served at names that are not of this machine. */
  allowHttp: boolean;
  /** Whether admins need a session that a second factor opened. */
  requireAdminFactor: boolean;
  /** Origins besides the service's own whose pages may use its passkeys. */
  relatedOrigins: readonly string[];
  /** The service's public origin; null to take the origin that a request names. */
  publicUrl: string | null;
  /** The name of the service, shown by password managers and authenticator apps. No password may resemble it. */
  serviceName: string;
  /** Whether people sign in to apps with their account here, so that there is a page about them. */
  hasApps: boolean;
  /** The accent colour of the pages, as `#rrggbb`; null for the default. */
  accentColor: string | null;
}

export interface Variables {
  requestId: string;
  surface: Surface;
  /** The names of all dialects. */
  dialectNames: readonly string[];
  /** The pattern of the path that matched, for the log: no id, no query. */
  route: string;
  core: Core;
  client: Client;
  httpSettings: HttpSettings;
  counts: OperationCounts;
  withinRate: WithinRate;
  commonPasswords: Services['commonPasswords'];
  /** Who is logged in; set on routes that require it. Read by `c.get`: `c.var` builds an object of all variables. */
  principal: Principal;
  /** The cookie that the principal was found by; undefined if another credential was. */
  sessionCookie: string | undefined;
  /** The session cookie that the response sets, null to clear it; undefined to leave it. */
  newSessionCookie: string | null | undefined;
  /** The value that binds the next step of a login to this browser; set if this response gives it to the browser. */
  stepHolder: string | undefined;
  /** The fields of the body as sent; set if a body was read. */
  rawBody: Readonly<Record<string, unknown>>;
  /** Why the request was refused, for the log. */
  refused: Problem['reason'];
}

/** The flood guards. */
export type LimitName = 'login' | 'registration' | 'write';

/** Whether a key (an address or an account) is within the rate of a flood guard. */
export type WithinRate = (limit: LimitName, key: string) => Promise<boolean>;

/** What the composition root provides for a request. */
export interface Services {
  core: Core;
  httpSettings: HttpSettings;
  withinRate: WithinRate;
  /** The list of common passwords, in the form in which they are compared. */
  commonPasswords: () => Promise<ReadonlySet<string>>;
}

/** The types of Hono's context. Only env.ts and index.ts know the Worker's bindings. */
export interface AppEnv {
  Bindings: { provideServices: (counts: OperationCounts) => Services };
  Variables: Variables;
}

/** What a request is addressed to: a dialect, the pages, or a service such as /health. It words refusals. */
export interface Surface {
  name: string;
  /** Empty at the root. */
  basePath: string;
  /** Whether browsers log in here with a session cookie. */
  usesCookie: boolean;
  /** Whether pages of every origin may use it: it takes no cookie, and its clients run on any origin. */
  isOpenToAnyOrigin?: boolean;
  /** Whether its responses are pages, for which plain http is redirected. */
  isForPeople?: boolean;
  /** Words every refusal. Pure and exhaustive: a new reason does not compile until it is decided. */
  problem(problem: Problem, place: Place): Reply;
  /** Sends a refusal in another format than JSON. */
  send?: (c: Context<AppEnv>, reply: Reply) => Response;
  /** Sends every refusal itself, with texts that are loaded lazily. */
  refuse?: (c: Context<AppEnv>, problem: Problem) => Promise<Response>;
  /** Answers an anonymous request if credentials are required; null for the usual refusal. */
  onAnonymous?: (c: Context<AppEnv>) => Promise<Response | null>;
  /** Asks for another proof of the owner; the usual refusal if absent. */
  onStale?: (c: Context<AppEnv>) => Response | Promise<Response>;
}
