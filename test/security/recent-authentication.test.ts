// Every endpoint that changes an account requires recent authentication, or is listed here with a reason.
import { describe, expect, it } from 'vitest';
import { dialects } from '../../src/dialects/index.ts';
import type { Auth } from '../../src/http/auth/auth.ts';
import { pages } from '../../src/pages/surface.ts';

interface Endpoint {
  method: string;
  path: string;
  auth: Auth;
}

const idEndpoints: readonly Endpoint[] = dialects.find(({ name }) => name === 'id')?.endpoints ?? [];

const nameOf = ({ method, path }: Endpoint): string => `${method} ${path}`;
const isForAdmins = ({ auth }: Endpoint): boolean => auth.via !== 'none' && auth.role === 'admin';
const isRecent = ({ auth }: Endpoint): boolean => auth.via !== 'none' && auth.recent === true;
const isChangeByOwner = ({ method, auth }: Endpoint): boolean => method !== 'GET' && auth.via !== 'none';

const TAKES_PASSWORD = 'takes the password, which authenticates the owner';
const HARMLESS = 'lets nobody in, and removes nothing that the owner cannot restore';
const BY_MAIL = 'needs the link or the code in a mail';
const IS_THE_PROOF = 'is how the owner authenticates';

const SAYS_WHEN = 'tells the app when the owner signed in, and the app can ask for a more recent sign-in';

const EXEMPT: Readonly<Record<'id' | 'pages', Readonly<Record<string, string>>>> = {
  id: {
    'DELETE /me': TAKES_PASSWORD,
    'PUT /me/email': TAKES_PASSWORD,
    'PUT /me/password': TAKES_PASSWORD,
    'PUT /me/username': TAKES_PASSWORD,
    'DELETE /me/email/pending': HARMLESS,
    'PATCH /me': HARMLESS,
    'POST /email/verification': HARMLESS,
    'POST /logout': HARMLESS,
    'POST /email/change/confirm': BY_MAIL,
    'POST /email/verification/confirm': BY_MAIL,
    'POST /reauthenticate': IS_THE_PROOF,
    'POST /reauthenticate/options': IS_THE_PROOF,
    'POST /token': SAYS_WHEN,
  },
  pages: {
    'POST /delete': TAKES_PASSWORD,
    'POST /email': TAKES_PASSWORD,
    'POST /password': TAKES_PASSWORD,
    'POST /username': TAKES_PASSWORD,
    'POST /apps/withdraw': HARMLESS,
    'POST /email/withdraw': HARMLESS,
    'POST /picture': HARMLESS,
    'POST /profile': HARMLESS,
    'POST /sign-out': HARMLESS,
    'POST /oidc/logout/confirm': HARMLESS,
    'POST /verify-email/send': HARMLESS,
    'POST /change-email/code': BY_MAIL,
    'POST /verify-email/code': BY_MAIL,
    'POST /confirm': IS_THE_PROOF,
    'POST /oidc/consent': SAYS_WHEN,
  },
};

/** Endpoints that only read, but return what is worth stealing. */
const GUARDED_READS: Readonly<Record<'id' | 'pages', readonly string[]>> = {
  id: ['GET /export'],
  pages: [
    'GET /export',
    'GET /export/file',
    'GET /security/app-passwords',
    'GET /security/passkeys',
    'GET /security/passkeys/:id',
  ],
};

describe.each([
  ['id', idEndpoints],
  ['pages', pages.endpoints],
] as const)('%s', (name, endpoints: readonly Endpoint[]) => {
  it('requires recent authentication at every endpoint for admins', () => {
    const admins = endpoints.filter(isForAdmins);
    expect(admins.length).toBeGreaterThan(5);
    expect(admins.filter((each) => !isRecent(each)).map(nameOf)).toEqual([]);
  });

  it('requires recent authentication for every change by the owner, unless a reason is listed', () => {
    const others = endpoints.filter((each) => isChangeByOwner(each) && !isRecent(each)).map(nameOf);
    expect(others.toSorted()).toEqual(Object.keys(EXEMPT[name]).toSorted());
  });

  it('requires recent authentication for the export and for pages that add a way to log in', () => {
    const reads = endpoints.filter((each) => each.method === 'GET' && isRecent(each) && !isForAdmins(each));
    expect(reads.map(nameOf).toSorted()).toEqual(GUARDED_READS[name]);
  });
});
