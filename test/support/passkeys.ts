// Accounts with passkeys, authenticator apps and app passwords, created through the API of `id`.
import { expect } from 'vitest';
import { createSoftPasskey, type Said, type SoftPasskey } from './authenticator.ts';
import { currentCode } from './codes.ts';
import { type Answer, json, ORIGIN, type Sent, send, testEnv, uniqueName } from './worker.ts';

export const PASSWORD = 'correct horse 1';
/** The domain of the Worker under test. */
const RP_ID = new URL(ORIGIN).hostname;

/** The object at a path of an answer. */
export const objectOf = (value: unknown, ...path: readonly string[]): Record<string, unknown> => {
  const found = path.reduce<unknown>((inner, name) => Reflect.get(Object(inner), name), value);
  if (typeof found !== 'object' || found === null) throw new Error(`No object at ${path.join('.')}.`);
  return { ...found };
};

export const textOf = (value: unknown, ...path: readonly string[]): string => {
  const found = path.reduce<unknown>((inner, name) => Reflect.get(Object(inner), name), value);
  if (typeof found !== 'string') throw new Error(`No text at ${path.join('.')}: ${JSON.stringify(value)}`);
  return found;
};

/** A Cookie header with the cookies of an answer, added to those of `before`. */
export const cookiesOf = (answer: { headers: Headers }, before = ''): string => {
  const jar = new Map(
    before
      .split('; ')
      .filter((each) => each !== '')
      .map((each): [string, string] => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]),
  );
  for (const line of answer.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    jar.set(name, value);
  }
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
};

type Via = Pick<Sent, 'env'>;

export interface Person {
  id: number;
  username: string;
  email: string;
  /** A JSON Web Token. */
  token: string;
}

/** Registers an account at `id`. @param via bindings that replace those of the test pool */
export const join = async (via: Via = {}): Promise<Person> => {
  const username = uniqueName();
  const email = `${username}@test.com`;
  const answer = await send('/id/register', {
    ...via,
    json: { username, email, password: PASSWORD, session: 'token' },
  });
  expect(answer.status).toBe(201);
  const body = json(answer);
  return { id: Number(objectOf(body, 'account')['id']), username, email, token: textOf(body, 'token') };
};

export { currentCode };

export interface Generator {
  id: number;
  secret: string;
  recoveryCodes: string[];
  /** An unused code: of the current step, which it marks as unused in D1. */
  fresh: () => Promise<string>;
}

/** Adds an authenticator app to an account. */
export const addTotp = async (
  { token, id: userId }: Pick<Person, 'token' | 'id'>,
  via: Via = {},
): Promise<Generator> => {
  const started = await send('/id/factors/totp', { ...via, method: 'POST', token });
  expect(started.status).toBe(201);
  const secret = textOf(json(started), 'secret');
  const code = await currentCode(secret);
  const confirmed = await send('/id/factors/totp/confirm', { ...via, token, json: { code } });
  expect(confirmed.status).toBe(200);
  const body = objectOf(json(confirmed));
  const codes = body['recoveryCodes'];
  return {
    id: Number(objectOf(body, 'factor')['id']),
    secret,
    recoveryCodes: Array.isArray(codes) ? codes.map(String) : [],
    fresh: async () => {
      await testEnv.DB.prepare('UPDATE factors SET last_step = 0 WHERE user_id = ?').bind(userId).run();
      return currentCode(secret);
    },
  };
};

export interface Registered {
  id: number;
  passkey: SoftPasskey;
  userHandle: string;
  recoveryCodes: string[] | null;
}

/** The origin and domain that the software authenticator signs by default. */
export const here = { origin: ORIGIN, rpId: RP_ID } satisfies Partial<Said>;

/** Adds a passkey to an account. */
export const addPasskey = async (
  { token }: Pick<Person, 'token'>,
  said: Partial<Said> = {},
  name?: string,
  via: Via = {},
): Promise<Registered> => {
  const asked = json(await send('/id/factors/passkeys/options', { ...via, method: 'POST', token }));
  const passkey = await createSoftPasskey();
  const answer = await passkey.register({
    challenge: textOf(asked, 'publicKey', 'challenge'),
    ...here,
    ...said,
  });
  const added = await send('/id/factors/passkeys', {
    ...via,
    token,
    json: { token: textOf(asked, 'token'), passkey: answer, ...(name === undefined ? {} : { name }) },
  });
  expect(added.status).toBe(201);
  const body = objectOf(json(added));
  const codes = body['recoveryCodes'];
  return {
    id: Number(objectOf(body, 'factor')['id']),
    passkey,
    userHandle: textOf(asked, 'publicKey', 'user', 'id'),
    recoveryCodes: Array.isArray(codes) ? codes.map(String) : null,
  };
};

/** The first step of a login that asks for a token. */
export const startLogin = async (
  { username }: Pick<Person, 'username'>,
  password = PASSWORD,
  sent: Sent = {},
): Promise<Answer> =>
  send('/id/login', { ...sent, json: { identifier: username, password, session: 'token' } });

/** The token of a login that waits for its second factor. */
export const stepToken = async (person: Pick<Person, 'username'>, sent: Sent = {}): Promise<string> =>
  textOf(json(await startLogin(person, PASSWORD, sent)), 'secondFactor', 'token');

/** The second step. */
export const finishLogin = (proof: Record<string, unknown>, sent: Sent = {}): Promise<Answer> =>
  send('/id/login/factor', { ...sent, json: proof });

/** Requests the options of a passkey: for any account, or for the login in `body`. */
export const askForPasskey = async (
  body: Record<string, unknown> = { session: 'token' },
  sent: Sent = {},
): Promise<{ token: string; challenge: string; publicKey: Record<string, unknown> }> => {
  const asked = json(await send('/id/login/passkey/options', { ...sent, json: body }));
  return {
    token: textOf(asked, 'token'),
    challenge: textOf(asked, 'publicKey', 'challenge'),
    publicKey: objectOf(asked, 'publicKey'),
  };
};

/** Adds an app password to an account. */
export const addAppPassword = async (
  { token }: Pick<Person, 'token'>,
  wanted: { name?: string; dialect?: string } = {},
  via: Via = {},
): Promise<{ id: number; password: string }> => {
  const answer = await send('/id/app-passwords', { ...via, token, json: { name: 'Old phone', ...wanted } });
  expect(answer.status).toBe(201);
  const body = json(answer);
  return { id: Number(objectOf(body, 'appPassword')['id']), password: textOf(body, 'password') };
};

/** The event types of an account, newest first. */
export const eventsOf = async (userId: number): Promise<string[]> => {
  const { results } = await testEnv.DB.prepare('SELECT type FROM events WHERE user_id = ? ORDER BY id DESC')
    .bind(userId)
    .all<{ type: string }>();
  return results.map(({ type }) => type);
};

/** Moves the last authentication of an account's sessions into the past, by default so far that none is recent. */
export const letTimePass = async (userId: number, minutes = 10): Promise<void> => {
  await testEnv.DB.prepare('UPDATE sessions SET authenticated_at = authenticated_at - ? WHERE user_id = ?')
    .bind(minutes * 60_000, userId)
    .run();
};
