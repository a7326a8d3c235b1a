// How each kind of old service is asked about a login: by the signed request, or by the login of one of the five
// dialects.
import type { OldAccount, OldLogin } from '../core/index.ts';
import { type Exchange, type Fields, isFields, type OldAnswer, OldServiceFailed } from './exchange.ts';
import type { MigrationSettings, OldDialect } from './model.ts';
import { signRequest } from './signature.ts';

/** Null for a wrong name or password, and for a login that the old service cannot have. */
type Form = (exchange: Exchange, login: OldLogin) => Promise<OldAccount | null>;

const text = (value: unknown): string | null => {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value : null;
};

/** The fields by the names that all of these services give them. */
const readAccount = (fields: Fields): OldAccount => ({
  id: text(fields['id'] ?? fields['uid']),
  username: text(fields['username']),
  email: text(fields['email']),
  isEmailVerified: false,
  name: text(fields['name']),
  firstName: text(fields['first_name']),
  lastName: text(fields['last_name']),
  address: text(fields['address']),
  siteUrl: text(fields['site_url']),
  description: text(fields['description']),
});

const unexpected = ({ status }: OldAnswer): OldServiceFailed =>
  new OldServiceFailed(`Its answer with status ${status} is not one of a login.`);

const post = (url: string, body: Fields) => ({ method: 'POST', url, body: JSON.stringify(body) }) as const;

/** An opaque token, or a JSON Web Token: what a header can carry. */
const tokenOf = ({ body }: OldAnswer): string | null => {
  const { token } = body;
  return typeof token === 'string' && /^[\x21-\x7e]{1,4096}$/.test(token) ? token : null;
};

/** The profile behind the token of a correct login. */
const getProfile = async (exchange: Exchange, url: string, token: string): Promise<OldAnswer> => {
  const answer = await exchange({ method: 'GET', url, headers: { Authorization: `Token ${token}` } });
  if (answer.status !== 200) throw unexpected(answer);
  return answer;
};

/** The claims of a JSON Web Token that its issuer has just handed over. They prove nothing. */
const claimsOf = (token: string): Fields => {
  try {
    const [, payload = ''] = token.split('.');
    const bytes = Uint8Array.fromBase64(payload, { alphabet: 'base64url' });
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isFields(claims) ? claims : {};
  } catch {
    return {};
  }
};

/**
 * The email of an account that the old service identifies by its email alone: what was typed, unless it says otherwise.
 */
const withEmail = (fields: Fields, { name }: OldLogin): Fields => ({
  ...fields,
  email: fields['email'] ?? name,
});

const isWrong = ({ status }: OldAnswer): boolean => status === 400 || status === 401;

const DIALECTS: Readonly<Record<OldDialect, (base: string) => Form>> = {
  users:
    (base) =>
    async (exchange, { name, password }) => {
      const answer = await exchange(post(`${base}/api/users/login/`, { username: name, password }));
      if (isWrong(answer)) return null;
      if (answer.status !== 200 || text(answer.body['username']) === null) throw unexpected(answer);
      return readAccount(answer.body);
    },

  'user-v1':
    (base) =>
    async (exchange, { name, password }) => {
      const answer = await exchange(post(`${base}/api/v1/user/login/`, { username: name, password }));
      const { status: word, error_code: code } = answer.body;
      if (word === 'success' && text(answer.body['username']) !== null) return readAccount(answer.body);
      // 102: wrong; 103: no such name or password is possible. All other codes are failures of the service.
      if (word === 'failed' && (code === 102 || code === 103)) return null;
      throw unexpected(answer);
    },

  conjugator: (base) => async (exchange, login) => {
    if (login.by !== 'email') return null;
    const { name, password } = login;
    const answer = await exchange(post(`${base}/api/login/`, { username: name, password }));
    if (isWrong(answer)) return null;
    const token = tokenOf(answer);
    if (answer.status !== 200 || token === null) throw unexpected(answer);
    const { body } = await getProfile(exchange, `${base}/api/user/`, token);
    return readAccount(withEmail(body, login));
  },

  account:
    (base) =>
    async (exchange, { name, password }) => {
      const answer = await exchange(post(`${base}/account/login`, { username: name, password }));
      if (isWrong(answer)) return null;
      const token = tokenOf(answer);
      if (answer.status !== 200 || token === null) throw unexpected(answer);
      // The token is imported: all clients of this account hold it.
      const { body } = await getProfile(exchange, `${base}/account/profile`, token);
      if (!isFields(body['data'])) throw new OldServiceFailed('Its profile has no data.');
      return readAccount(body['data']);
    },

  auth: (base) => async (exchange, login) => {
    if (login.by !== 'email') return null;
    const { name, password } = login;
    const answer = await exchange(post(`${base}/api/auth/login/`, { email: name, password }));
    if (isWrong(answer)) return null;
    const token = tokenOf(answer);
    if (answer.status !== 200 || token === null) throw unexpected(answer);
    return readAccount(withEmail(claimsOf(token), login));
  },
};

/** 200 and the account mean yes; 401, 403 and 404 mean no. */
const signedForm =
  (url: string, secret: string, nowMs: () => number): Form =>
  async (exchange, { name, password }) => {
    const body = JSON.stringify({ identifier: name, password });
    const headers = await signRequest(secret, body, nowMs());
    const answer = await exchange({ method: 'POST', url, headers, body });
    if ([401, 403, 404].includes(answer.status)) return null;
    if (answer.status !== 200) throw unexpected(answer);
    const account = readAccount(answer.body);
    if (account.username === null && account.email === null) throw unexpected(answer);
    return { ...account, isEmailVerified: answer.body['email_verified'] === true };
  };

/** Chooses how to ask the old service that the settings name. */
export const formOf = ({ url, dialect, secret }: MigrationSettings, nowMs: () => number): Form => {
  if (dialect !== null) return DIALECTS[dialect](url.replace(/\/+$/, ''));
  if (secret === null) throw new Error('The signed request has no secret.');
  return signedForm(url, secret, nowMs);
};
