// `conjugator`: every documented example in full, and the rules of registration and login.
import { describe, expect, it, vi } from 'vitest';
import {
  type Answer,
  json,
  ORIGIN,
  type Sent,
  send,
  sessionCookie,
  testEnv,
  uniqueName,
} from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  return `${status} ${text}`;
};

const idOf = ({ text }: Answer): number => Number(/"id":(\d+)/.exec(text)?.[1] ?? expect.fail(text));
const tokenOf = ({ text }: Answer): string =>
  /^\{"token":"([0-9a-f]{40})"\}$/.exec(text)?.[1] ?? expect.fail(text);

const WRONG_PAIR = '400 {"non_field_errors":["Unable to login with provided credentials."]}';

const person = (email: string, password = 'Tom Brady') => ({
  first_name: 'Peter',
  last_name: 'Griffin',
  email,
  password,
});
const register = (fields: Record<string, string>, sent: Sent = {}) =>
  send('/api/register/', { ...sent, json: fields });
const logIn = (username: string, password: string) => send('/api/login/', { json: { username, password } });

describe('documented examples', () => {
  it('register an account, with asterisks instead of the documented password hash', async () => {
    const answer = await register(person('BirdIsTheWord@quahog.com'));
    expect(whole(answer)).toBe(
      `201 {"id":${idOf(answer)},"first_name":"Peter","last_name":"Griffin","email":"BirdIsTheWord@quahog.com","password":"********"}`,
    );
    expect(sessionCookie(answer)).toBeNull();
  });

  it('answer a taken email with 500 SEE OTHER, the address of the account and an empty object', async () => {
    const id = idOf(await register(person('twice@quahog.com')));
    const answer = await register(person('twice@quahog.com', 'another password'), {
      origin: 'http://testserver',
      env: { ...testEnv, ALLOW_HTTP: 'true' },
    });
    expect(whole(answer)).toBe('500 {}');
    expect(answer.statusText).toBe('SEE OTHER');
    expect(answer.headers.get('Location')).toBe(`http://testserver/api/accounts/${id}/`);
    expect(whole(await logIn('twice@quahog.com', 'another password'))).toBe(WRONG_PAIR);
  });

  it('name a missing field', async () => {
    const { first_name: _, ...others } = person('missed@quahog.com');
    expect(whole(await register(others))).toBe('400 {"first_name":["This field is required."]}');
  });

  it('name all missing fields, in the documented order', async () => {
    const required = '["This field is required."]';
    expect(whole(await register({}))).toBe(
      `400 {"first_name":${required},"last_name":${required},"email":${required},"password":${required}}`,
    );
  });

  it('return a token for the right credentials and refuse wrong ones', async () => {
    await register(person('iloveauth@example.com', 'abcd1234'));
    const right = await logIn('iloveauth@example.com', 'abcd1234');
    expect(whole(right)).toBe(`200 {"token":"${tokenOf(right)}"}`);
    expect(whole(await logIn('iloveauth@example.com', 'abcd1235'))).toBe(WRONG_PAIR);
    expect(whole(await logIn('ihateauth@example.com', 'abcd1234'))).toBe(WRONG_PAIR);
  });
});

describe('duplicate email', () => {
  it('ignores case, white space and Unicode form', async () => {
    const name = uniqueName();
    const id = idOf(await register(person(`${name}@exämple.com`.normalize('NFC'))));
    const same = [
      `${name.toUpperCase()}@EXÄMPLE.com`,
      `  ${name}@exämple.com\t`,
      `${name}@exämple.com`.normalize('NFD'),
    ];
    for (const email of same) {
      const answer = await register(person(email));
      expect(whole(answer)).toBe('500 {}');
      expect(answer.headers.get('Location')).toBe(`${ORIGIN}/api/accounts/${id}/`);
    }
    expect((await register(person(`${name}@example.com`))).status).toBe(201);
  });

  it('checks the email only if all fields are valid', async () => {
    const email = `${uniqueName()}@quahog.com`;
    await register(person(email));
    const answer = await register({ ...person(email), last_name: ' ' });
    expect(whole(answer)).toBe('400 {"last_name":["This field may not be blank."]}');
    expect(answer.headers.has('Location')).toBe(false);
  });

  it('logs no error, despite the status 500', async () => {
    const errors = vi.spyOn(console, 'error');
    const email = `${uniqueName()}@quahog.com`;
    await register(person(email));
    expect((await register(person(email))).status).toBe(500);
    expect(errors).not.toHaveBeenCalled();
    errors.mockRestore();
  });

  it('accepts one of four concurrent registrations', async () => {
    const email = `${uniqueName()}@quahog.com`;
    const answers = await Promise.all([1, 2, 3, 4].map(() => register(person(email))));
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 500, 500, 500]);
    const id = answers.find((answer) => answer.status === 201)?.text.match(/"id":(\d+)/)?.[1];
    for (const { status, headers } of answers) {
      expect(headers.get('Location')).toBe(status === 500 ? `${ORIGIN}/api/accounts/${id}/` : null);
    }
  });
});

describe('registration and login', () => {
  it('accept JSON, form and multipart bodies, with and without a trailing slash', async () => {
    for (const kind of ['json', 'form', 'multipart'] as const) {
      for (const slash of ['', '/']) {
        const email = `${uniqueName()}@quahog.com`;
        const made = await send(`/api/register${slash}`, { [kind]: person(email, '12345678') });
        expect(whole(made)).toBe(
          `201 {"id":${idOf(made)},"first_name":"Peter","last_name":"Griffin","email":"${email}","password":"********"}`,
        );
        const credentials = { username: email, password: '12345678' };
        expect(tokenOf(await send(`/api/login${slash}`, { [kind]: credentials }))).toHaveLength(40);
        expect(whole(await send(`/api/login${slash}`, { [kind]: { ...credentials, password: 'x' } }))).toBe(
          WRONG_PAIR,
        );
      }
    }
  });

  it('return the same API token at every login, and another for another account', async () => {
    const [one, other] = [`${uniqueName()}@quahog.com`, `${uniqueName()}@quahog.com`];
    await register(person(one));
    await register(person(other));
    const token = tokenOf(await logIn(one, 'Tom Brady'));
    expect(tokenOf(await logIn(one.toUpperCase(), 'Tom Brady'))).toBe(token);
    expect(tokenOf(await logIn(` ${one} `, 'Tom Brady'))).toBe(token);
    expect(tokenOf(await logIn(other, 'Tom Brady'))).not.toBe(token);
  });

  it('trim the fields and keep them otherwise as entered', async () => {
    const email = `Bird.${uniqueName()}@Quahog.com`;
    const answer = await register({
      ...person(`  ${email}\n`),
      first_name: ' Zoë\t',
      last_name: ' de  la 😀 ',
    });
    expect(json(answer)).toEqual({
      id: idOf(answer),
      first_name: 'Zoë',
      last_name: 'de  la 😀',
      email,
      password: '********',
    });
  });

  it.each(['garbage', 'Token', 'Token a b', 'Bearer garbage', `Token ${'0'.repeat(40)}`])(
    'ignore the header `Authorization: %s`',
    async (authorization) => {
      const email = `${uniqueName()}@quahog.com`;
      const headers = { Authorization: authorization };
      expect((await register(person(email), { headers })).status).toBe(201);
      const answer = await send('/api/login/', {
        headers,
        json: { username: email, password: 'Tom Brady' },
      });
      expect(answer.status).toBe(200);
    },
  );

  it("ignore another account's token, which stays valid", async () => {
    const [one, other] = [`${uniqueName()}@quahog.com`, `${uniqueName()}@quahog.com`];
    await register(person(one));
    const token = tokenOf(await logIn(one, 'Tom Brady'));
    const made = await register(person(other), { token });
    expect(made.status).toBe(201);
    const loggedIn = await send('/api/login/', { token, json: { username: other, password: 'Tom Brady' } });
    const user = await send('/api/user/', { token: tokenOf(loggedIn) });
    expect(idOf(user)).toBe(idOf(made));
    const owner = await send('/api/user/', { token });
    expect([owner.status, JSON.parse(owner.text).email]).toEqual([200, one]);
  });
});
