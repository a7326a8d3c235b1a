// The frame of every page: head, header, navigation, message, footer, and its security headers.
import type { Context } from 'hono';
import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Account } from '../core/index.ts';
import { findPrincipal } from '../http/auth/auth.ts';
import { takeDoneCookie } from '../http/auth/cookies.ts';
import type { AppEnv, HttpSettings } from '../http/context.ts';
import { accentPath } from './accent.ts';
import { doneMessage, offersPasskey } from './done.ts';
import { Notice } from './notice.tsx';

/** No script, no frame, nothing from elsewhere; forms are sent to this service only. */
const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/** The script of a page. Every page works without. */
interface Scripts {
  /** Passkeys: the script fetches what the browser needs. */
  passkeys: boolean;
  /** The button that shows a password while it is typed. */
  passwords: boolean;
}

/** Our own scripts, and only on the pages that use one. */
const policyFor = ({ passkeys, passwords }: Scripts): string => {
  if (passkeys) return `${POLICY}; script-src 'self'; connect-src 'self'`;
  return passwords ? `${POLICY}; script-src 'self'` : POLICY;
};

export interface Parent {
  href: string;
  label: string;
}

export const ACCOUNT: Parent = { href: '/', label: 'Account' };
export const PROFILE: Parent = { href: '/profile', label: 'Profile' };
export const SECURITY: Parent = { href: '/security', label: 'Security' };
export const USERS: Parent = { href: '/admin', label: 'Users' };

export interface Sheet {
  title: string;
  status?: ContentfulStatusCode;
  /** The entry of the navigation that the page belongs to. */
  here?: string;
  /** True if a form is shown again: the title says so, because a screen reader reads it first. */
  failed?: boolean;
  /** Who is signed in, if the request itself signed them in. */
  account?: Account;
  /** True for a page that holds one short form. */
  narrow?: boolean;
  /** True for a page whose URL contains a token: no other site may learn it. */
  hidesAddress?: boolean;
  /** Where the browser continues on its own. */
  goesTo?: string;
  /** True for a page that uses passkeys, which need a script. */
  usesPasskeys?: boolean;
  /** The parent page, linked above the content. */
  parent?: Parent;
}

/** Sends a page. */
export const show = (c: Context<AppEnv>, sheet: Sheet, content: Child): Response => {
  const body = String(content);
  // No user's text can look like this: quotes are escaped.
  const scripts = { passkeys: sheet.usesPasskeys ?? false, passwords: body.includes('type="password"') };
  c.header('Content-Security-Policy', policyFor(scripts));
  // With `no-referrer` a browser sends `Origin: null` with our own forms, as with a foreign page's.
  c.header('Referrer-Policy', sheet.hidesAddress ? 'no-referrer' : 'same-origin');
  const code = c.req.method === 'POST' ? undefined : takeDoneCookie(c);
  const done = doneMessage(code);
  const account = sheet.account ?? findPrincipal(c)?.account ?? null;
  const page = (
    <Document sheet={sheet} account={account} scripts={scripts} settings={lookOf(c)}>
      {done === null ? null : <Notice kind="good">{done}</Notice>}
      {account && offersPasskey(code) && (
        <p class="offer">
          Next time, sign in without your password. <a href="/security/passkeys">Add a passkey</a>
        </p>
      )}
      {account && isToBeConfirmed(c, account) && <ConfirmEmail email={account.email} />}
      {sheet.parent && (
        <p class="back">
          <a href={sheet.parent.href}>{sheet.parent.label}</a>
        </p>
      )}
      {raw(body)}
    </Document>
  );
  return c.html(`<!doctype html>${String(page)}`, sheet.status ?? 200);
};

type Look = Pick<HttpSettings, 'serviceName' | 'accentColor' | 'hasApps'>;

/** The name and colour of the deployment; the defaults if the settings were not or could not be read. */
const lookOf = (c: Context<AppEnv>): Look =>
  c.var.httpSettings ?? { serviceName: 'Latchkey', accentColor: null, hasApps: false };

const CONFIRM_EMAIL = '/verify-email';

/** Whether this page reminds the owner that the address is not confirmed. */
const isToBeConfirmed = (c: Context<AppEnv>, { email, emailVerifiedAtMs }: Account): boolean =>
  email !== '' &&
  emailVerifiedAtMs === null &&
  c.var.core.mail.settings !== null &&
  c.req.path !== CONFIRM_EMAIL;

const ConfirmEmail = ({ email }: { email: string }) => (
  <aside class="notice" aria-label="Your email address">
    {email} is not confirmed yet. <a href={CONFIRM_EMAIL}>Confirm your email address</a>
  </aside>
);

interface DocumentProps {
  sheet: Sheet;
  account: Account | null;
  scripts: Scripts;
  settings: Look;
  children?: Child;
}

const Document = ({ sheet, account, scripts, settings, children }: DocumentProps) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <title>{`${sheet.failed ? 'Error: ' : ''}${sheet.title} · ${settings.serviceName}`}</title>
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      {sheet.goesTo !== undefined && <meta http-equiv="refresh" content={`0;url=${sheet.goesTo}`} />}
      <link rel="icon" href="/icon.svg" type="image/svg+xml" />
      <link rel="stylesheet" href="/style.css" />
      {settings.accentColor !== null && <link rel="stylesheet" href={accentPath(settings.accentColor)} />}
      {scripts.passkeys && <script type="module" src="/passkeys.js" />}
      {scripts.passwords && <script type="module" src="/show-password.js" />}
    </head>
    {/* Anonymous visitors see no navigation. */}
    <body class={account ? undefined : 'door'}>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <Header account={account} here={sheet.here} settings={settings} />
      <main id="content" class={sheet.narrow ? 'narrow' : undefined}>
        {children}
      </main>
      <footer>
        <nav aria-label="For developers">
          <a href="/docs">API reference</a>
          <a href="/openapi.json">OpenAPI</a>
        </nav>
      </footer>
    </body>
  </html>
);

const ENTRIES = [
  ['/', 'Account'],
  ['/profile', 'Profile'],
  ['/security', 'Security'],
  ['/devices', 'Devices'],
  ['/activity', 'Activity'],
] as const;

interface HeaderProps {
  account: Account | null;
  here: string | undefined;
  settings: Look;
}

/** What is in the navigation. Admins have more, and apps only if there can be some. */
const entriesOf = (
  { isAdmin }: Account,
  { hasApps }: Look,
): readonly (readonly [path: string, label: string])[] => [
  ...ENTRIES,
  ...(isAdmin ? [['/admin', 'Users'] as const] : []),
  ...(isAdmin && hasApps ? [['/admin/apps', 'Manage apps'] as const] : []),
];

const Header = ({ account, here, settings }: HeaderProps) => (
  <header>
    <div class="bar">
      <a class="brand" href="/">
        <Mark />
        {settings.serviceName}
      </a>
      {account && (
        <form method="post" action="/sign-out">
          <span class="who">{account.email || account.username}</span>
          <button class="quiet" type="submit">
            Sign out
          </button>
        </form>
      )}
    </div>
    {account && (
      <nav aria-label="Account">
        {entriesOf(account, settings).map(([path, label]) => (
          <a href={path} aria-current={path === here ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
    )}
  </header>
);

/** The sign: a keyhole. */
const Mark = () => (
  <svg viewBox="0 0 24 24" width="28" height="28" aria-hidden="true">
    <rect width="24" height="24" rx="7" />
    <path d="M12 5.5a3.5 3.5 0 0 1 1.7 6.56l1.1 5.5a.8.8 0 0 1-.78.94H9.98a.8.8 0 0 1-.78-.94l1.1-5.5A3.5 3.5 0 0 1 12 5.5z" />
  </svg>
);
