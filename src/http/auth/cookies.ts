// The cookies: the browser's session, the mark of a device that has logged in before, and what was just done.
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { cryptoRandom, DEVICE_SECONDS, randomToken } from '../../core/index.ts';
import type { AppEnv } from '../context.ts';
import { isWithinDomain } from '../hosts.ts';
import { isLoopback } from '../origins.ts';

export const SESSION_COOKIE = 'sessionid';
const DEVICE_COOKIE = 'device';

/** The value of the session cookie; null if there is none. */
export const readSessionCookie = (c: Context<AppEnv>): string | null => getCookie(c, SESSION_COOKIE) ?? null;

/** One for the host and one for COOKIE_DOMAIN: a browser has both if that setting was added or removed meanwhile. */
const MAX_SESSION_COOKIES = 2;

/** The distinct values of all session cookies, in the order of the browser. */
export const readSessionCookies = (c: Context<AppEnv>): string[] => {
  const pairs = (c.req.header('Cookie') ?? '').split(';').map((pair) => pair.trim());
  const values = pairs.flatMap((pair) =>
    pair.startsWith(`${SESSION_COOKIE}=`) ? [pair.slice(SESSION_COOKIE.length + 1)] : [],
  );
  return [...new Set(values)].slice(0, MAX_SESSION_COOKIES);
};

/**
 * Sets the session cookie of the response. The last call counts, because a response must not set a cookie twice.
 * @see https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1
 */
export const setSessionCookie = (c: Context<AppEnv>, token: string): void => c.set('newSessionCookie', token);

export const clearSessionCookie = (c: Context<AppEnv>): void => c.set('newSessionCookie', null);

/**
 * Writes the session cookie. `HttpOnly`: no script reads it. `SameSite=Lax`: no foreign page sends it with anything
 * but a plain navigation. `Secure` over https, where every deployment is; not on http://127.0.0.1. `Domain` only with
 * COOKIE_DOMAIN: every host below then gets the cookie. The one of this host alone is removed, because a browser would
 * send both, and it could outlive a logout.
 */
export const writeSessionCookie = (c: Context<AppEnv>): void => {
  // Not `c.var`, which builds an object of all variables: most responses set no cookie.
  const token = c.get('newSessionCookie');
  if (token === undefined) return;
  const maxAge = token === null ? 0 : c.var.httpSettings.cookieSeconds;
  const scope = cookieScope(c);
  const domain = cookieDomainOf(c);
  // First: the last cookie of a name is the one that every browser keeps, even one that takes the two for one.
  if (domain !== null) setCookie(c, SESSION_COOKIE, '', { ...scope, maxAge: 0 });
  setCookie(c, SESSION_COOKIE, token ?? '', { ...scope, maxAge, ...(domain !== null && { domain }) });
};

/** The domain of the session cookie; null for this host alone. Browsers refuse a domain that the host is not in. */
const cookieDomainOf = (c: Context<AppEnv>): string | null => {
  const { cookieDomain } = c.var.httpSettings;
  return cookieDomain !== null && isWithinDomain(new URL(c.req.url).hostname, cookieDomain)
    ? cookieDomain
    : null;
};

/** The device cookie; null if this client has never logged in, or keeps no cookies. */
export const readDeviceCookie = (c: Context<AppEnv>): string | null => getCookie(c, DEVICE_COOKIE) ?? null;

/** Marks the device as one that has logged in. It logs nobody in: its failures are counted separately. */
export const setDeviceCookie = (c: Context<AppEnv>, device: string): void =>
  setCookie(c, DEVICE_COOKIE, device, { ...cookieScope(c), maxAge: DEVICE_SECONDS });

const DONE_COOKIE = 'done';

/** Long enough for the redirect that follows at once. */
const DONE_SECONDS = 60;

/**
 * Stores a message for the next page. A cookie, not a query: any link can carry a query, and with it a false message.
 */
export const setDoneCookie = (c: Context<AppEnv>, code: string): void =>
  setCookie(c, DONE_COOKIE, code, { ...cookieScope(c), maxAge: DONE_SECONDS });

/** Reads the message; the response removes the cookie. */
export const takeDoneCookie = (c: Context<AppEnv>): string | undefined => {
  const code = getCookie(c, DONE_COOKIE);
  if (code !== undefined) deleteCookie(c, DONE_COOKIE, cookieScope(c));
  return code;
};
/** Binds the steps of a login to one browser: the token of a step works in this browser only. */
const STEP_COOKIE = 'login_step';
const STEP_SECONDS = 5 * 60;
/** As long as a code in a mail lives: CODE_SECONDS in src/core/proofs/rows.ts. */
export const CODE_STEP_SECONDS = 10 * 60;

/** The value that binds a step to this browser. An existing one is kept: other tabs may wait for it. */
export const stepHolder = (c: Context<AppEnv>): string => readStepCookie(c) || randomToken(cryptoRandom);

/** The value that came with a step, or that this response sets; null if there is none. */
export const readStepCookie = (c: Context<AppEnv>): string | null =>
  c.get('stepHolder') ?? getCookie(c, STEP_COOKIE) ?? null;

export const setStepCookie = (c: Context<AppEnv>, holder: string, seconds = STEP_SECONDS): void => {
  c.set('stepHolder', holder);
  setCookie(c, STEP_COOKIE, holder, { ...cookieScope(c), maxAge: seconds });
};

const cookieScope = (c: Context<AppEnv>) =>
  ({ path: '/', httpOnly: true, sameSite: 'Lax', secure: isSecure(c) }) as const;

/** Browsers drop a `Secure` cookie on plain http, which is served at loopback names and with ALLOW_HTTP. */
const isSecure = (c: Context<AppEnv>): boolean =>
  c.req.url.startsWith('https:') || !(c.var.httpSettings.allowHttp || isLoopback(c.req.url));
