// `account`: every documented example in full, and the rules of registration and login.
import { describe, expect, it } from 'vitest';
import { type Answer, type Sent, send, sessionCookie, testEnv, uniqueName } from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  return `${status} ${text}`;
};

const tokenOf = ({ text }: Answer): string =>
  /"token":"([0-9a-f]{40})"\}$/.exec(text)?.[1] ?? expect.fail(text);

const WRONG_PAIR = '400 {"non_field_errors":["Unable to log in with provided credentials."]}';
const USERNAME_TAKEN = '"username":["user with this username already exists."]';
const EMAIL_TAKEN = '"email":["user with this email already exists."]';
const REQUIRED = '["This field is required."]';

const person = (username = uniqueName()) => ({ username, email: `${username}@test.com`, password: 'test' });
const register = (fields: unknown, sent: Sent = {}) => send('/account/register', { ...sent, json: fields });
const logIn = (username: string, password: string) =>
  send('/account/login', { json: { username, password } });
const profile = (token: string) => send('/account/profile', { token });

describe('documented examples', () => {
  const test = { username: 'test', email: 'test@test.com', password: 'test' };

  it('hold from registration through login, profile and logout to deletion', async () => {
    const registered = await register(test);
    const token = tokenOf(registered);
    expect(whole(registered)).toBe(`200 {"success":true,"token":"${token}"}`);
    expect(sessionCookie(registered)).toBeNull();

    expect(whole(await register(test))).toBe(
      `400 {"success":false,"errors":{${USERNAME_TAKEN},${EMAIL_TAKEN}}}`,
    );
    expect(whole(await logIn('test', 'test'))).toBe(`200 {"token":"${token}"}`);
    expect(whole(await logIn('test', 'test1'))).toBe(WRONG_PAIR);
    expect(whole(await logIn('test1', 'test'))).toBe(WRONG_PAIR);

    const shown = await profile(token);
    const [id, created] = /"id":(\d+).*"created":"(\d\d-\d\d-\d{4})"/.exec(shown.text)?.slice(1) ?? [];
    expect(whole(shown)).toBe(
      `200 {"success":true,"data":{"id":${id},"username":"test","email":"test@test.com","created":"${created}"}}`,
    );

    const loggedOut = await send('/account/logout', { method: 'POST', token });
    expect(whole(loggedOut)).toBe('200 {"success":true}');
    const dead = await profile(token);
    expect(whole(dead)).toBe('401 {"detail":"Invalid token."}');
    expect(dead.headers.get('WWW-Authenticate')).toBe('Token');

    const next = tokenOf(await logIn('test', 'test'));
    expect(next).not.toBe(token);
    expect(whole(await send('/account/delete', { method: 'POST', token: next }))).toBe(
      '200 {"success":true}',
    );
    expect(whole(await profile(next))).toBe('401 {"detail":"Invalid token."}');
  });

  it.each([
    ['/account/logout', 'POST'],
    ['/account/profile', 'GET'],
    ['/account/delete', 'POST'],
    ['/account/get_pictures', 'GET'],
    ['/account/set_picture', 'POST'],
    ['/acount/set_picture', 'POST'],
  ])('answer 401 for an invalid or missing token: %s', async (path, method) => {
    const headers = { Authorization: 'Token 2427f839b8a07d89147375921f75444094d38c05' };
    const invalid = await send(path, { method, headers });
    expect(whole(invalid)).toBe('401 {"detail":"Invalid token."}');
    expect(invalid.headers.get('WWW-Authenticate')).toBe('Token');
    const missing = await send(path, { method });
    expect(whole(missing)).toBe('401 {"detail":"Authentication credentials were not provided."}');
    expect(missing.headers.get('WWW-Authenticate')).toBe('Token');
  });
});

describe('duplicate username or email', () => {
  it('names each taken field, ignoring case and surrounding white space', async () => {
    const first = person();
    await register(first);
    const other = person();
    const username = ` ${first.username.toUpperCase()} `;
    const email = ` ${first.email.toUpperCase()} `;
    const refused = (taken: string) => `400 {"success":false,"errors":{${taken}}}`;
    expect(whole(await register({ ...other, username }))).toBe(refused(USERNAME_TAKEN));
    expect(whole(await register({ ...other, email }))).toBe(refused(EMAIL_TAKEN));
    expect(whole(await register({ ...other, username, email }))).toBe(
      refused(`${USERNAME_TAKEN},${EMAIL_TAKEN}`),
    );
    expect((await register(other)).status).toBe(200);
  });

  it('ignores the Unicode form of an email, but not an accent', async () => {
    const first = person();
    const at = (email: string) => ({ ...person(), email });
    await register(at(`${first.username}@exämple.com`.normalize('NFC')));
    expect(whole(await register(at(`${first.username}@EXÄMPLE.com`.normalize('NFD'))))).toBe(
      `400 {"success":false,"errors":{${EMAIL_TAKEN}}}`,
    );
    expect((await register(at(`${first.username}@example.com`))).status).toBe(200);
  });

  it('checks each valid field, even if another field is invalid', async () => {
    const { username, email } = person();
    await register({ username, email, password: 'test' });
    const refused = (errors: string) => `400 {"success":false,"errors":{${errors}}}`;
    expect(whole(await register({ username, email }))).toBe(
      refused(`${USERNAME_TAKEN},${EMAIL_TAKEN},"password":${REQUIRED}`),
    );
    expect(whole(await register({ username }))).toBe(
      refused(`${USERNAME_TAKEN},"email":${REQUIRED},"password":${REQUIRED}`),
    );
    expect(whole(await register({ email, password: 'test' }))).toBe(
      refused(`"username":${REQUIRED},${EMAIL_TAKEN}`),
    );
    expect(whole(await register({ username: 'a b', email, password: 'test' }))).toMatch(
      /^400 \{"success":false,"errors":\{"username":\["Enter a valid username\.[^\]]*\],"email":\["user with/,
    );
  });

  it("does not compare a username with another account's email, or an email with a username", async () => {
    const { username, email } = person();
    await register({ ...person(), email });
    expect((await register({ ...person(), username })).status).toBe(200);
    // No dialect accepts such a username, so it is written to D1. Here it equals the email that registers.
    const [holder, next] = [person(), person()];
    await register(holder);
    const rename = testEnv.DB.prepare('UPDATE users SET username = ?1, username_key = ?1 WHERE email = ?2');
    expect((await rename.bind(next.email, holder.email).run()).meta.changes).toBe(1);
    expect((await register(next)).status).toBe(200);
    expect((await profile(tokenOf(await logIn(next.email, next.password)))).text).toContain(
      `"username":"${next.username}"`,
    );
  });

  it('accepts one of three concurrent registrations of a username', async () => {
    const { username, email, password } = person();
    const emails = [email, `a.${email}`, `b.${email}`];
    const answers = await Promise.all(emails.map((email) => register({ username, email, password })));
    expect(answers.map(whole).sort().slice(1)).toEqual([
      `400 {"success":false,"errors":{${USERNAME_TAKEN}}}`,
      `400 {"success":false,"errors":{${USERNAME_TAKEN}}}`,
    ]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});

describe('registration and login', () => {
  it('accept JSON, form and multipart bodies, with and without a trailing slash', async () => {
    for (const kind of ['json', 'form', 'multipart'] as const) {
      for (const slash of ['', '/']) {
        const fields = person();
        const made = await send(`/account/register${slash}`, { [kind]: fields });
        expect(whole(made)).toBe(`200 {"success":true,"token":"${tokenOf(made)}"}`);
        const { username, password } = fields;
        const login = (password: string) =>
          send(`/account/login${slash}`, { [kind]: { username, password } });
        expect(whole(await login(password))).toBe(`200 {"token":"${tokenOf(made)}"}`);
        expect(whole(await login('wrong'))).toBe(WRONG_PAIR);
        const { password: _, ...others } = person();
        expect(whole(await send(`/account/register${slash}`, { [kind]: others }))).toBe(
          `400 {"success":false,"errors":{"password":${REQUIRED}}}`,
        );
      }
    }
  });

  it('accept username or email, ignoring case and surrounding white space', async () => {
    const { username, email, password } = person();
    const token = tokenOf(await register({ username: ` ${username}\n`, email: `\t${email} `, password }));
    for (const name of [username, username.toUpperCase(), ` ${username} `, email, ` ${email.toUpperCase()}`])
      expect(whole(await logIn(name, password))).toBe(`200 {"token":"${token}"}`);
    expect((await profile(token)).text).toContain(`"username":"${username}","email":"${email}"`);
    expect(whole(await logIn(`${username}x`, password))).toBe(WRONG_PAIR);
  });

  it('keep username and email as entered', async () => {
    const { username, password } = person();
    const [upper, email] = [username.toUpperCase(), `${username.toUpperCase()}@Test.com`];
    const { text } = await profile(tokenOf(await register({ username: upper, email, password })));
    expect(text).toContain(`"username":"${upper}","email":"${email}"`);
  });

  it.each(['garbage', 'Token', 'Token a b', 'Bearer garbage', `Token ${'0'.repeat(40)}`])(
    'ignore the header `Authorization: %s`',
    async (authorization) => {
      const headers = { Authorization: authorization };
      const { username, email, password } = person();
      const token = tokenOf(await register({ username, email, password }, { headers }));
      const login = await send('/account/login', { headers, json: { username, password } });
      expect(whole(login)).toBe(`200 {"token":"${token}"}`);
    },
  );

  it("ignore another account's token and leave it valid", async () => {
    const [one, other] = [person(), person()];
    const token = tokenOf(await register(one));
    const made = tokenOf(await register(other, { token }));
    const { username, password } = other;
    const login = await send('/account/login', { token, json: { username, password } });
    expect(whole(login)).toBe(`200 {"token":"${made}"}`);
    expect((await profile(made)).text).toContain(`"username":"${other.username}"`);
    expect((await profile(token)).text).toContain(`"username":"${one.username}"`);
  });
});
