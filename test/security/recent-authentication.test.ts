// What changes an account asks for a recent proof, or is in a list here with the reason why it need not.
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

const TAKES_PASSWORD = 'takes the password itself, which counts as the proof';
const HARMLESS = 'neither lets anybody in nor takes anything away that the owner cannot bring back';
const BY_MAIL = 'needs the link or the code of a mail';
const IS_THE_PROOF = 'is how the proof is given';

const SAYS_WHEN =
  'tells the other service when the owner signed in, and that one can ask for a younger sign-in';

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

/** What only reads, and is worth stealing. */
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
  it('asks admins for a recent proof at every endpoint', () => {
    const admins = endpoints.filter(isForAdmins);
    expect(admins.length).toBeGreaterThan(5);
    expect(admins.filter((each) => !isRecent(each)).map(nameOf)).toEqual([]);
  });

  it('asks owners for a recent proof before every change, except where a reason is given', () => {
    const others = endpoints.filter((each) => isChangeByOwner(each) && !isRecent(each)).map(nameOf);
    expect(others.toSorted()).toEqual(Object.keys(EXEMPT[name]).toSorted());
  });

  it('asks owners for a recent proof before the export, and the pages that add a way in', () => {
    const reads = endpoints.filter((each) => each.method === 'GET' && isRecent(each) && !isForAdmins(each));
    expect(reads.map(nameOf).toSorted()).toEqual(GUARDED_READS[name]);
  });
});
