// The endpoints of `id`: the request of an owner or an admin, and its effect if nothing fails.
import { byCookie, byJwt, byToken, type Effect, type Endpoint, newcomer, type Person } from './people.ts';

const UNAVAILABLE =
  '{"type":"urn:latchkey:problem:unavailable","title":"The service cannot be reached at the moment.",' +
  '"status":503,"code":"unavailable"}';

const NEXT_PASSWORD = 'kaleidoscope-77';

type Row = [string, string, Endpoint['path'], Endpoint['sent'], number, Effect];

const login = (password: string) => (person: Person) => ({ json: { identifier: person.email, password } });
const change =
  (fields: object, by = byToken) =>
  (person: Person) => ({ ...by(person), json: { password: person.password, ...fields } });
const none: Effect = {};
const by = (...events: string[]): Effect => ({ events, changed: true });

const ofOwners: Row[] = [
  [
    'register',
    'POST',
    '/id/register',
    () => ({ json: { ...newcomer(), password: NEXT_PASSWORD } }),
    201,
    { users: 1, sessions: 1, events: ['registered'] },
  ],
  ['login', 'POST', '/id/login', login('sesame1234'), 200, { sessions: 1, ...by('login') }],
  ['wrong login', 'POST', '/id/login', login('wrong1234'), 401, { events: ['login_refused'] }],
  ['logout', 'POST', '/id/logout', byCookie, 204, { sessions: -1, events: ['logout'] }],
  ['me', 'GET', '/id/me', byCookie, 200, none],
  ['forward authentication', 'GET', '/id/forward-auth', byCookie, 200, none],
  ['change of me', 'PATCH', '/id/me', change({ name: 'Ann' }, byCookie), 200, by('profile_changed')],
  ['delete', 'DELETE', '/id/me', change({}), 204, { users: -1, sessions: -3, events: ['deleted'] }],
  [
    'password',
    'PUT',
    '/id/me/password',
    (person) => ({
      ...byCookie(person),
      json: { currentPassword: person.password, newPassword: NEXT_PASSWORD },
    }),
    200,
    { sessions: -2, ...by('password_changed') },
  ],
  [
    'email',
    'PUT',
    '/id/me/email',
    (p) => change({ email: `new.${p.email}` }, byJwt)(p),
    200,
    by('email_changed'),
  ],
  [
    'username',
    'PUT',
    '/id/me/username',
    (p) => change({ username: `${p.username}.new` })(p),
    200,
    by('username_changed'),
  ],
  ['sessions', 'GET', '/id/sessions', byToken, 200, none],
  ['end of others', 'DELETE', '/id/sessions', byJwt, 200, { sessions: -2, events: ['sessions_ended'] }],
  [
    'end of one',
    'DELETE',
    ({ sessionId }) => `/id/sessions/${sessionId}`,
    byToken,
    204,
    { sessions: -1, events: ['session_ended'] },
  ],
  ['events', 'GET', '/id/events', byToken, 200, none],
  ['export', 'GET', '/id/export', byCookie, 200, none],
];

const one =
  (rest = '') =>
  ({ otherId }: Person): string =>
    `/id/admin/accounts/${otherId}${rest}`;

const ofAdmins: Row[] = [
  ['list', 'GET', '/id/admin/accounts', byToken, 200, none],
  [
    'search',
    'POST',
    '/id/admin/accounts/search',
    (person) => ({ ...byCookie(person), json: { search: 'u' } }),
    200,
    none,
  ],
  ['one', 'GET', one(), byToken, 200, none],
  ['sessions', 'GET', one('/sessions'), byCookie, 200, none],
  ['disable', 'POST', one('/disable'), byToken, 200, { sessions: -3, ...by('disabled') }],
  ['enable', 'POST', one('/enable'), byCookie, 200, by('enabled')],
  ['grant', 'POST', one('/grant-admin'), byJwt, 200, by('admin_granted')],
  ['revoke', 'POST', one('/revoke-admin'), byToken, 200, by('admin_revoked')],
  ['end of all', 'DELETE', one('/sessions'), byToken, 200, { sessions: -3, events: ['sessions_ended'] }],
  ['removal', 'DELETE', one(), byToken, 204, { users: -1, sessions: -3, events: ['deleted'] }],
];

const toEndpoint =
  (prefix: string, isForAdmins: boolean) =>
  ([name, method, path, sent, status, effect]: Row): Endpoint => ({
    name: `${prefix} ${name}`,
    path,
    sent: (person) => ({ ...sent(person), method }),
    unavailable: UNAVAILABLE,
    mediaType: 'application/problem+json',
    status,
    effect,
    isForAdmins,
  });

export const ofId: readonly Endpoint[] = [
  ...ofOwners.map(toEndpoint('id', false)),
  ...ofAdmins.map(toEndpoint('id admin', true)),
];
