// The two cookies: the browser's session, and the mark of a device that has logged in before.
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { cryptoRandom, DEVICE_SECONDS, randomToken } from '../../core/index.ts';
import type { AppEnv } from '../context.ts';
import { isLoopback } from '../origins.ts';

export const SESSION_COOKIE = 'sessionid';
const DEVICE_COOKIE = 'device';

/** The value of the session cookie; null where there is none. */
export const readSessionCookie = (c: Context<AppEnv>): string | null => getCookie(c, SESSION_COOKIE) ?? null;

/**
 * Gives the browser its session. Where a request has more than one thing to say of the cookie, the last one counts:
 * an answer sets a cookie once.
 * @see https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1
 */
export const setSessionCookie = (c: Context<AppEnv>, token: string): void => c.set('newSessionCookie', token);

export const clearSessionCookie = (c: Context<AppEnv>): void => c.set('newSessionCookie', null);

/**
 * Writes what was said last. `HttpOnly`: no script reads it. `SameSite=Lax`: no foreign page sends it with anything
 * but a plain navigation. `Secure` over https, where every deployment is; not on http://127.0.0.1.
 */
export const writeSessionCookie = (c: Context<AppEnv>): void => {
  // Most answers say nothing of it: `c.var` would make an object of all variables to find that out.
  const token = c.get('newSessionCookie');
  if (token === undefined) return;
  const maxAge = token === null ? 0 : c.var.httpSettings.cookieSeconds;
  setCookie(c, SESSION_COOKIE, token ?? '', { ...cookieScope(c), maxAge });
};

/** What this device was given when it last logged in; null where it was not, or keeps no cookies. */
export const readDeviceCookie = (c: Context<AppEnv>): string | null => getCookie(c, DEVICE_COOKIE) ?? null;

/** Marks the device as one that has logged in. It lets nobody in: it only counts failures apart. */
export const setDeviceCookie = (c: Context<AppEnv>, device: string): void =>
  setCookie(c, DEVICE_COOKIE, device, { ...cookieScope(c), maxAge: DEVICE_SECONDS });

const DONE_COOKIE = 'done';

/** A browser follows a redirect at once. */
const DONE_SECONDS = 60;

/**
 * Tells the next page what was done. A cookie and not a query: any link could carry a query, and with it a message
 * that nothing happened for.
 */
export const setDoneCookie = (c: Context<AppEnv>, code: string): void =>
  setCookie(c, DONE_COOKIE, code, { ...cookieScope(c), maxAge: DONE_SECONDS });

/** Reads what was done, once: the answer removes it. */
export const takeDoneCookie = (c: Context<AppEnv>): string | undefined => {
  const code = getCookie(c, DONE_COOKIE);
  if (code !== undefined) deleteCookie(c, DONE_COOKIE, cookieScope(c));
  return code;
};
/** What a browser keeps between the steps of a login: the token of one step is good in this browser alone. */
const STEP_COOKIE = 'login_step';
const STEP_SECONDS = 5 * 60;

/** The value that binds a step to this browser. One that is there already goes on: other tabs may wait for it. */
export const stepHolder = (c: Context<AppEnv>): string => readStepCookie(c) || randomToken(cryptoRandom);

/** The value that a step came with, or that the answer gives the browser; null if there is none. */
export const readStepCookie = (c: Context<AppEnv>): string | null =>
  c.get('stepHolder') ?? getCookie(c, STEP_COOKIE) ?? null;

export const setStepCookie = (c: Context<AppEnv>, holder: string): void => {
  c.set('stepHolder', holder);
  setCookie(c, STEP_COOKIE, holder, { ...cookieScope(c), maxAge: STEP_SECONDS });
};

const cookieScope = (c: Context<AppEnv>) =>
  ({ path: '/', httpOnly: true, sameSite: 'Lax', secure: isSecure(c) }) as const;

/** On plain http a browser drops a `Secure` cookie: at a loopback name, and in a network that serves plain http. */
const isSecure = (c: Context<AppEnv>): boolean =>
  c.req.url.startsWith('https:') || !(c.var.httpSettings.allowHttp || isLoopback(c.req.url));
