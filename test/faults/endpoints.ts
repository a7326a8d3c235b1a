// Every endpoint: the request of a person, and its effect if nothing fails. Those of `id` are in their own file.
import type { Sent } from '../support/worker.ts';
import { ofId } from './endpoints-id.ts';
import { byCookie, byJwt, byToken, type Effect, type Endpoint, newcomer, type Person } from './people.ts';

const DETAIL = '{"detail":"Service temporarily unavailable, try again later."}';
const ENVELOPE = '{"status":"failed","desc":"service unavailable","error_code":113}';
const MAIN = '{"status":"fail","errors":{"main":{"msg":"Service unavailable!"}}}';

const named = () => ({ ...newcomer(), name: 'Ann Ä', first_name: 'Ann', last_name: 'Ä' });
const post = (sent: (person: Person) => Sent) => (person: Person) => ({ ...sent(person), method: 'POST' });
const login = ({ username, email, password }: Person): Sent => ({ json: { username, email, password } });
const wrong = ({ username, email }: Person): Sent => ({ json: { username, email, password: 'wrong1234' } });

const registered: Effect = { users: 1, events: ['registered'] };
const opened: Effect = { users: 1, sessions: 1, events: ['registered'] };
const loggedIn: Effect = { sessions: 1, events: ['login'], changed: true };
/** An account has one API token: a second login finds it. */
const sameToken: Effect = { events: ['login'], changed: true };
const loggedOut: Effect = { sessions: -1, events: ['logout'] };
const refused: Effect = { events: ['login_refused'] };
const renamed: Effect = { events: ['profile_changed'], changed: true };
const pictured: Effect = { events: ['picture_changed'], changed: true };
const none: Effect = {};

type Row = [string, Endpoint['path'], Endpoint['sent'], string, number, Effect];

const rows: Row[] = [
  ['users register', '/api/users/register/', () => ({ json: newcomer() }), DETAIL, 200, opened],
  ['users login', '/api/users/login/', login, DETAIL, 200, loggedIn],
  ['users wrong login', '/api/users/login/', wrong, DETAIL, 400, refused],
  ['users me', '/api/users/me/', byCookie, DETAIL, 200, none],
  [
    'users change of me',
    '/api/users/me/',
    ({ cookie }) => ({ cookie, method: 'PATCH', json: { address: 'Here' } }),
    DETAIL,
    200,
    renamed,
  ],
  ['users logout', '/api/users/logout/', post(byCookie), DETAIL, 200, loggedOut],
  ['users logout by GET', '/api/users/logout/', byCookie, DETAIL, 200, loggedOut],
  ['user-v1 register', '/api/v1/user/register/', () => ({ json: newcomer() }), ENVELOPE, 200, registered],
  ['user-v1 login', '/api/v1/user/login/', login, ENVELOPE, 200, loggedIn],
  ['user-v1 wrong login', '/api/v1/user/login/', wrong, ENVELOPE, 200, refused],
  ['user-v1 logout', '/api/v1/user/logout/', post(byCookie), ENVELOPE, 200, loggedOut],
  ['conjugator register', '/api/register/', () => ({ json: named() }), DETAIL, 201, registered],
  ['conjugator login', '/api/login/', login, DETAIL, 200, sameToken],
  ['conjugator wrong login', '/api/login/', wrong, DETAIL, 400, refused],
  ['conjugator user', '/api/user/', byToken, DETAIL, 200, none],
  ['conjugator user by JWT', '/api/user/', byJwt, DETAIL, 200, none],
  [
    'conjugator change of names',
    '/api/user/',
    ({ derived: token }) => ({ token, method: 'PUT', json: { first_name: 'Ann' } }),
    DETAIL,
    200,
    renamed,
  ],
  ['account', ({ id }) => `/api/accounts/${id}/`, byToken, DETAIL, 200, none],
  ['conjugator list', '/api/admin/users', byToken, DETAIL, 403, none],
  ['account register', '/account/register', () => ({ json: newcomer() }), DETAIL, 200, opened],
  ['account login', '/account/login', login, DETAIL, 200, sameToken],
  ['account wrong login', '/account/login', wrong, DETAIL, 400, refused],
  ['account logout', '/account/logout', post(byToken), DETAIL, 200, loggedOut],
  ['account logout by JWT', '/account/logout', post(byJwt), DETAIL, 200, loggedOut],
  ['account profile', '/account/profile', byToken, DETAIL, 200, none],
  ['account pictures', '/account/get_pictures', byToken, DETAIL, 200, none],
  [
    'account picture',
    '/account/set_picture',
    (p) => ({ ...byToken(p), json: { id: 3 } }),
    DETAIL,
    200,
    pictured,
  ],
  [
    'account misspelt',
    '/acount/set_picture',
    (p) => ({ ...byJwt(p), json: { id: 3 } }),
    DETAIL,
    200,
    pictured,
  ],
  [
    'account delete',
    '/account/delete',
    post(byToken),
    DETAIL,
    200,
    { users: -1, sessions: -3, events: ['deleted'] },
  ],
  ['auth register', '/api/auth/register/', () => ({ json: named() }), MAIN, 200, opened],
  ['auth login', '/api/auth/login/', login, MAIN, 200, loggedIn],
  ['auth wrong login', '/api/auth/login/', wrong, MAIN, 400, refused],
];

const ofDocuments = rows.map(
  ([name, path, sent, unavailable, status, effect]): Endpoint => ({
    name,
    path,
    sent,
    unavailable,
    mediaType: 'application/json',
    status,
    effect,
    isForAdmins: false,
  }),
);

export const endpoints: readonly Endpoint[] = [...ofDocuments, ...ofId];
