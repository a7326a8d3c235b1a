// Every endpoint of a running service answers as the OpenAPI document says, when it succeeds and when it refuses.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ISSUER, KEYS } from '../support/signing-keys.ts';
import { MAIL_ON } from './support-mailbox.ts';
import {
  bodyOf,
  type Found,
  findFlaws,
  findOperation,
  objectAt,
  operations,
  statusesOf,
} from './support-openapi.ts';
import { createVisit, PASSWORD, type Person, type Visit } from './support-openapi-people.ts';
import { stories, storiesOfTheLeast } from './support-openapi-stories.ts';
import { startService } from './support-service.ts';

/** The time for the Worker to start on a busy machine. */
const STARTS_WITHIN_MS = 60_000;

let visit: Visit;
let least: Visit;

beforeAll(async () => {
  // After one wrong password, the next try has to wait.
  const wait = { THROTTLE_FREE_FAILURES: '1', THROTTLE_FIRST_WAIT_SECONDS: '60' };
  // A code is still valid if its step ends while it is sent.
  const settings = { ...wait, ...MAIL_ON, TOTP_WINDOW: '1', PUBLIC_URL: ISSUER, EMAIL_SIGN_IN: 'true' };
  visit = createVisit(await startService(settings, { SIGNING_KEYS: JSON.stringify(KEYS) }));
  least = createVisit(await startService(wait));
}, STARTS_WITHIN_MS);

afterAll(() => Promise.all([visit?.service.close(), least?.service.close()]));

it.each(stories)('succeeds as documented: %s', (_, story) => story(visit));
it.each(storiesOfTheLeast)('succeeds as documented without mail and keys: %s', (_, story) => story(least));

const needsLogin = ({ operation }: Found): boolean =>
  Array.isArray(operation['security']) &&
  operation['security'].length > 0 &&
  // An empty requirement makes the others optional.
  operation['security'].every((each) => Object.keys(objectAt(each)).length > 0);
const hasBody = ({ operation }: Found): boolean => 'requestBody' in operation;
const mayRefuse = (status: number, example: string) => (found: Found) =>
  JSON.stringify(objectAt(found.operation, 'responses', String(status))).includes(`"${example}":`);
const needsAdmin = mayRefuse(403, 'no-admin');
const takesPassword = ({ id }: Found): boolean =>
  !isRegistration(id) &&
  /"(?:currentP|p)assword":|"old":/.test(JSON.stringify(bodyOf(id))) &&
  id !== 'idResetPassword';
const isRegistration = (id: string): boolean => /Register$/.test(id);

const statusWhenWrong = (id: string): number => {
  if (id.startsWith('id')) return 401;
  return id === 'userV1Login' ? 200 : 400;
};

describe('documented refusals', () => {
  let person: Person;

  beforeAll(async () => {
    person = await visit.join();
  });

  it.each(operations.filter(needsLogin))('reject an anonymous client at $id', async ({ id }) => {
    expect([401, 403, 404]).toContain((await visit.ask(id)).status);
    for (const token of ['Token 0', 'Bearer', 'Token a b']) await visit.expectStatus(401, id, { token });
  });

  it.each(operations.filter(mayRefuse(403, 'from-another-site')))(
    'reject a foreign page at $id',
    async ({ id }) => {
      const headers = { 'Sec-Fetch-Site': 'cross-site' };
      await visit.expectStatus(403, id, { cookie: person.cookie, headers });
    },
  );

  it.each(operations.filter(needsAdmin))('reject a non-admin at $id', async ({ id }) => {
    await visit.expectStatus(403, id, { token: person.token });
  });

  it.each(operations.filter(hasBody))('reject an invalid body at $id', async ({ id }) => {
    const { token } = needsAdmin(findOperation(id)) ? await visit.joinAsAdmin() : person;
    const raw = (type: string, text: string) => ({ token, raw: { type, text } });
    await visit.expectStatus(415, id, raw('text/plain', 'hello'));
    await visit.expectStatus(413, id, raw('application/json', `"${'x'.repeat(66_000)}"`));
    await visit.expectStatus(400, id, raw('application/json', '{'));
    await visit.expectStatus(400, id, raw('multipart/form-data; boundary=x', 'y'));
    for (const text of ['[]', 'null', '1']) await visit.expectStatus(400, id, raw('application/json', text));
    const wrong = Object.fromEntries(
      Object.keys(objectAt(bodyOf(id), 'properties')).map((name) => [name, '\u0000'.repeat(1_200)]),
    );
    const refused = id.startsWith('userV1') ? 200 : 400;
    await visit.expectStatus(refused, id, { token, body: wrong });
  });

  it('reject a username or email that is taken', async () => {
    const { username, email, password } = person;
    const body = { username, email, password, name: 'A', first_name: 'A', last_name: 'B' };
    const other = await visit.join();
    await visit.expectStatus(400, 'usersRegister', { body: { ...body, password: 'test1234' } });
    await visit.expectStatus(200, 'userV1Register', {
      body: { ...body, username: 'another-one', password: '12345678' },
    });
    await visit.expectStatus(500, 'conjugatorRegister', { body });
    await visit.expectStatus(400, 'accountRegister', { body });
    await visit.expectStatus(400, 'authRegister', { body });
    await visit.expectStatus(409, 'idRegister', { body });
    await visit.expectStatus(409, 'idChangeEmail', { token: other.token, body: { email, password } });
    await visit.expectStatus(409, 'idChangeUsername', { token: other.token, body: { username, password } });
  });

  it('reject a new password that is common or like the username', async () => {
    const { token, password: currentPassword, email, username } = person;
    for (const password of ['password', `${username}1`]) {
      await visit.expectStatus(400, 'idRegister', { body: { email, username, password } });
      const body = { currentPassword, newPassword: password };
      await visit.expectStatus(400, 'idChangePassword', { token, body });
    }
  });

  it('reject an unknown email at authLogin', async () => {
    await visit.expectStatus(400, 'authLogin', { body: { email: 'nobody@example.com', password: 'wrong' } });
  });

  it.each(operations.filter(mayRefuse(429, 'too-many-tries')).filter(takesPassword))(
    'reject a wrong password at $id, and the next one with 429',
    async ({ id }) => {
      const { email, token } = await visit.join();
      const next = /Change/.test(id) ? visit.someone() : { email, username: email };
      const changes = { currentPassword: 'wrong', newPassword: PASSWORD };
      const wrong = { password: 'wrong', ...changes, old: 'wrong', new1: 'test12345', new2: 'test12345' };
      const sent = { token, body: { identifier: email, ...next, ...wrong } };
      await visit.expectStatus(statusWhenWrong(id), id, sent);
      await visit.expectStatus(429, id, sent);
    },
  );

  it('answer 429 to a flood from one address if only the flood guard limits', async () => {
    const headers = { 'CF-Connecting-IP': '203.0.113.8' };
    const { token } = person;
    const guarded = operations
      .filter(mayRefuse(429, 'too-many-tries'))
      .filter((found) => !takesPassword(found) && !isRegistration(found.id));
    const flood = async (left: number): Promise<void> => {
      const asked = Array.from({ length: 50 }, () => visit.ask('idForgotPassword', { body: {}, headers }));
      const answers = await Promise.all(asked);
      if (answers.every(({ status }) => status !== 429) && left > 0) await flood(left - 1);
    };
    for (const found of guarded) {
      // The minute of the guard may end between two of them.
      const { status } = await visit.ask('idForgotPassword', { body: {}, headers });
      if (status !== 429) await flood(26);
      await visit.expectStatus(429, found.id, { token, headers, ...(hasBody(found) && { body: {} }) });
    }
  });

  it('answer 429 to a flood of registrations from one address', async () => {
    const headers = { 'CF-Connecting-IP': '203.0.113.7' };
    const registrations = operations.filter(({ id }) => isRegistration(id));
    const flood = async (left: number): Promise<void> => {
      const { status } = await visit.ask('usersRegister', { body: {}, headers });
      if (status !== 429 && left > 0) await flood(left - 1);
    };
    for (const { id } of registrations) {
      await flood(100);
      await visit.expectStatus(429, id, { body: {}, headers });
    }
  });
});

/** Clients cannot cause these. Their examples in the document come from the dialects. */
const FAILURES = new Set([500, 503]);

it.each(operations)('returns every documented status at $id', (found) => {
  const expected = statusesOf(found).filter((status) => !FAILURES.has(status));
  const seen = new Set([...visit.seen(found.id), ...least.seen(found.id)]);
  expect([...seen].filter((status) => !FAILURES.has(status)).toSorted()).toEqual(expected);
});

it('detects an extra key, a missing key, and a text for a number in a response', async () => {
  const { keys } = findOperation('usersMe');
  const schema = [...keys, 'responses', '200', 'content', 'application/json', 'schema'];
  const { cookie } = await visit.ask('usersLogin', {
    body: { username: (await visit.join()).email, password: PASSWORD },
  });
  const { body } = await visit.ask('usersMe', { cookie });
  const shown = objectAt(body);
  const { address: _, ...less } = shown;
  expect(await findFlaws(shown, ...schema)).toEqual([]);
  for (const wrong of [{ ...shown, password: 'x' }, less, { ...shown, id: String(shown['id']) }])
    expect(await findFlaws(wrong, ...schema)).not.toEqual([]);
});
