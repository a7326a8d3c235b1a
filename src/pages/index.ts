// The paths of the account page. The pages are loaded when the first one is requested: see surface.ts.
import { anyone, type PublicAuth } from '../http/auth/auth.ts';
import type { Endpoint, Method, SurfaceDefinition } from '../http/endpoint.ts';
import { loadPages } from './load.ts';
import { accountOfPage, appOfPage } from './paths.ts';

const SHOWN = [
  '/oidc/authorize',
  '/oidc/logout',
  '/apps',
  '/',
  '/accent.css',
  '/sign-in',
  '/sign-in/code',
  '/sign-up',
  '/confirm',
  '/profile',
  '/picture',
  '/password',
  '/email',
  '/username',
  '/verify-email',
  '/change-email',
  '/undo-email-change',
  '/forgot-password',
  '/reset-password',
  '/.well-known/change-password',
  '/security',
  '/security/passkeys',
  '/security/passkeys/:id',
  '/security/app-passwords',
  '/devices',
  '/activity',
  '/export',
  '/export/file',
  '/delete',
  '/admin',
  '/admin/apps',
  '/admin/apps/:app',
  '/admin/apps/:app/remove',
  '/admin/users/:id',
  '/admin/users/:id/delete',
  '/admin/users/:id/remove-factors',
];

const SENT = [
  '/oidc/authorize',
  '/oidc/consent',
  '/oidc/logout',
  '/oidc/logout/confirm',
  '/apps/withdraw',
  '/sign-in',
  '/sign-in/code',
  '/sign-in/code/enter',
  '/sign-in/factor',
  '/sign-in/passkey',
  '/sign-out',
  '/sign-up',
  '/confirm',
  '/profile',
  '/picture',
  '/password',
  '/email',
  '/email/withdraw',
  '/username',
  '/verify-email',
  '/verify-email/code',
  '/verify-email/send',
  '/change-email',
  '/change-email/code',
  '/undo-email-change',
  '/forgot-password',
  '/reset-password',
  '/security/remove/:id',
  '/security/passkeys',
  '/security/passkeys/:id',
  '/security/codes',
  '/security/codes/confirm',
  '/security/recovery-codes',
  '/security/app-passwords',
  '/security/revoke/:id',
  '/devices/end',
  '/devices/end-others',
  '/delete',
  '/admin',
  '/admin/apps',
  '/admin/apps/:app/renew-secret',
  '/admin/apps/:app/remove',
  '/admin/users/:id/disable',
  '/admin/users/:id/enable',
  '/admin/users/:id/grant-admin',
  '/admin/users/:id/revoke-admin',
  '/admin/users/:id/verify-email',
  '/admin/users/:id/send-reset',
  '/admin/users/:id/send-verification',
  '/admin/users/:id/end-sessions',
  '/admin/users/:id/remove-factors',
  '/admin/users/:id/delete',
];

/** Access is checked after the page is loaded. */
const checkedLater: PublicAuth = {
  ...anyone,
  csrf: { check: false, reason: 'The loaded endpoint checks it.' },
};

const page =
  (method: Method) =>
  (path: string): Endpoint => ({
    method,
    path,
    params: path.includes(':id') ? { id: accountOfPage } : path.includes(':app') ? { app: appOfPage } : {},
    auth: checkedLater,
    handle: async (c, next) => (await loadPages()).handle(c, next, `${method} ${path}`),
  });

/** The surface as the app mounts it. */
export const pages: SurfaceDefinition = {
  name: 'pages',
  basePath: '',
  endpoints: [...SHOWN.map(page('GET')), ...SENT.map(page('POST'))],
  problem: () => {
    throw new Error('The words of the pages are loaded first: see `refuse`.');
  },
  refuse: async (c, problem) => (await loadPages()).refuse(c, problem),
  isForPeople: true,
};
