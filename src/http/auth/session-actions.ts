// The steps that all dialects share: register, log in, renew a session, and answer the refusals of the core.
import type { Context } from 'hono';
import type {
  AccountError,
  AssertionAnswer,
  EmailCode,
  FactorProof,
  Identifier,
  LoginKind,
  NewAccount,
  Renewed,
} from '../../core/index.ts';
import { takenError } from '../body/body.ts';
import type { AppEnv } from '../context.ts';
import type { Problem } from '../problem.ts';
import { respondProblem } from '../respond.ts';
import {
  CODE_STEP_SECONDS,
  readSessionCookie,
  readStepCookie,
  setDeviceCookie,
  setSessionCookie,
  setStepCookie,
  stepHolder,
} from './cookies.ts';
import { relyingPartyOf } from './relying-party.ts';

/** What a login or registration can refuse. */
export type SessionError = AccountError | { reason: 'cookie_blocked' };

/**
 * Whether a browser would drop the session cookie of this response: the page is of another site, even if its origin is
 * allowed (`localhost` and `127.0.0.1` are two sites). It would get 200 and have no session. A navigation keeps the
 * cookie.
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.7.1
 */
const isCookieBlocked = (c: Context<AppEnv>, open: LoginKind | null): boolean =>
  open === 'cookie' &&
  c.req.header('Sec-Fetch-Site')?.toLowerCase() === 'cross-site' &&
  c.req.header('Sec-Fetch-Mode')?.toLowerCase() !== 'navigate';

const cookieBlocked = { ok: false, error: { reason: 'cookie_blocked' } } as const;

/** Creates an account and sets the cookies. Refuses a taken name. */
export const register = async (c: Context<AppEnv>, account: NewAccount, open: LoginKind | null) => {
  if (isCookieBlocked(c, open)) return cookieBlocked;
  const { core, client } = c.var;
  const made = await core.accounts.create(account, { client, open, replaces: replacedCookie(c, open) });
  if (made.ok && open === 'cookie' && made.value.token !== null) setSessionCookie(c, made.value.token);
  if (made.ok && made.value.device !== null) setDeviceCookie(c, made.value.device);
  return made;
};

/** Logs in and sets the cookies. */
export const logIn = async (
  c: Context<AppEnv>,
  identifier: Identifier,
  password: string,
  open: LoginKind,
) => {
  if (isCookieBlocked(c, open)) return cookieBlocked;
  const { core, client } = c.var;
  const replaces = replacedCookie(c, open);
  const loggedIn = await core.login({ identifier, password, open, client, replaces });
  if (!loggedIn.ok) return loggedIn;
  if (open === 'cookie') setSessionCookie(c, loggedIn.value.token);
  setDeviceCookie(c, loggedIn.value.device);
  return loggedIn;
};

/** What a login gives a client: a browser gets its cookie, every other client gets the token in the body. */
const handOut = (
  c: Context<AppEnv>,
  { token, device, open }: { token: string; device: string; open: LoginKind },
): { token?: string } => {
  setDeviceCookie(c, device);
  if (open !== 'cookie') return { token };
  setSessionCookie(c, token);
  return {};
};

/**
 * Logs in a client that can ask for a second factor. If the account has one, no session opens: the returned token is
 * valid for the next step, for five minutes, in the same browser.
 */
export const signIn = async (
  c: Context<AppEnv>,
  identifier: Identifier,
  password: string,
  { open, takesAppPasswords }: { open: LoginKind; takesAppPasswords: boolean },
) => {
  if (isCookieBlocked(c, open)) return cookieBlocked;
  const { core, client } = c.var;
  const holder = open === 'cookie' ? stepHolder(c) : null;
  const replaces = replacedCookie(c, open);
  const signedIn = await core.signIn({
    identifier,
    password,
    open,
    client,
    replaces,
    holder,
    takesAppPasswords,
  });
  if (!signedIn.ok) return signedIn;
  if ('secondFactor' in signedIn.value) {
    if (holder !== null) setStepCookie(c, holder);
    return { ok: true, value: signedIn.value } as const;
  }
  const { account, token, device } = signedIn.value;
  return { ok: true, value: { account, ...handOut(c, { token, device, open }) } } as const;
};

/** Mails a code that signs in, in this browser only. Only if the deployment has `core.emailCode`. */
export const requestCode = async (c: Context<AppEnv>, emailCode: EmailCode, identifier: Identifier) => {
  const holder = stepHolder(c);
  await emailCode.request(identifier, c.var.client, holder);
  setStepCookie(c, holder, CODE_STEP_SECONDS);
};

/** Logs in with a mailed code. If the account has a second factor, it must follow. */
export const signInWithCode = async (
  c: Context<AppEnv>,
  emailCode: EmailCode,
  { identifier, code, open }: { identifier: Identifier; code: string; open: LoginKind },
) => {
  if (isCookieBlocked(c, open)) return cookieBlocked;
  const replaces = replacedCookie(c, open);
  const holder = readStepCookie(c);
  const signedIn = await emailCode.signIn({ identifier, code, open, client: c.var.client, replaces, holder });
  if (!signedIn.ok) return signedIn;
  if ('secondFactor' in signedIn.value) {
    if (holder !== null && open === 'cookie') setStepCookie(c, holder);
    return { ok: true, value: signedIn.value } as const;
  }
  const { account, token, device } = signedIn.value;
  return { ok: true, value: { account, ...handOut(c, { token, device, open }) } } as const;
};

/** The second step of a login. */
export const finishSignIn = async (
  c: Context<AppEnv>,
  token: string,
  proof: FactorProof,
  trustsBrowser: boolean,
) => {
  const factors = await c.var.core.factors();
  const finished = await factors.finishLogin(
    { token, proof, trustsBrowser, ...answererOf(c) },
    relyingPartyOf(c),
  );
  return finished.ok
    ? ({ ok: true, value: { account: finished.value.account, ...handOut(c, finished.value) } } as const)
    : finished;
};

/** Logs in with a passkey alone. */
export const signInWithPasskey = async (c: Context<AppEnv>, token: string, passkey: AssertionAnswer) => {
  const factors = await c.var.core.factors();
  const finished = await factors.signInWithPasskey({ token, passkey, ...answererOf(c) }, relyingPartyOf(c));
  return finished.ok
    ? ({ ok: true, value: { account: finished.value.account, ...handOut(c, finished.value) } } as const)
    : finished;
};

/** The client of a later step of a login. The cookie counts only if a browser took the first step. */
const answererOf = (c: Context<AppEnv>) => ({
  holder: readStepCookie(c),
  client: c.var.client,
  replaces: replacedCookie(c, 'cookie'),
});

/**
 * Hands out the new credential of a session that was renewed: a browser gets its cookie, every other client the token,
 * for the body of the response.
 */
export const renew = (c: Context<AppEnv>, renewed: Renewed): { token?: string } => {
  setDeviceCookie(c, renewed.device);
  if (c.var.principal.session.kind !== 'cookie') return { token: renewed.token };
  setSessionCookie(c, renewed.token);
  return {};
};

/**
 * The cookie whose session a login or registration ends. Only in dialects with a cookie, and not for a client that asks
 * for a token.
 */
const replacedCookie = (c: Context<AppEnv>, open: LoginKind | null): string | null =>
  c.var.surface.usesCookie && (open === 'cookie' || open === null) ? readSessionCookie(c) : null;

/** Answers a refusal of the core. */
export const refuseError = (c: Context<AppEnv>, error: SessionError): Response | Promise<Response> =>
  respondProblem(c, toProblem(c, error));

/** Converts a refusal of the core to a problem, with the fields as sent, for the dialects that show them. */
export const toProblem = (c: Context<AppEnv>, error: SessionError): Problem => {
  const { rawBody, httpSettings } = c.var;
  switch (error.reason) {
    case 'taken':
      return { ...error, errors: error.fields.map((field) => takenError(field, rawBody[field])) };
    case 'wrong_credentials':
      return { ...error, known: error.known || httpSettings.hideUnknownAccounts, email: rawBody['email'] };
    case 'gone':
      return { reason: 'credentials', why: 'invalid' };
    case 'throttled':
    case 'last_admin':
    case 'cookie_blocked':
    case 'factor':
    case 'proof':
    case 'unverified_email':
    case 'reauthenticate':
      return error;
  }
};
