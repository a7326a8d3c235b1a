// Sign-up, sign-in and sign-out on the pages.
import { describe, expect, it } from 'vitest';
import { sessionCookie, testEnv, uniqueName } from '../support/worker.ts';
import {
  expectPage,
  FOREIGN_PAGE,
  fieldOf,
  goesTo,
  isSignedIn,
  noticeOf,
  open,
  openDone,
  PASSWORD,
  post,
  signInAgain,
  signUp,
} from './support-pages.ts';

const someone = () => {
  const username = uniqueName();
  return { username, email: `${username}@test.com`, name: 'Mary Jones', password: PASSWORD };
};

describe('the front page', () => {
  it('redirects an anonymous visitor to the sign-in form', async () => {
    expect(goesTo(await open('/'))).toBe('303 /sign-in');
    expectPage(await open('/sign-in'), 200, 'Sign in');
  });

  it('shows a signed-in user the account instead of the forms', async () => {
    const person = await signUp({ name: 'Mary Jones' });
    const answer = await open('/', person);
    expectPage(answer, 200, 'Account');
    expect(answer.text).toContain('<h1>Mary Jones</h1>');
    expect(answer.text).toContain(`<span class="who">${person.email}</span>`);
    expect(goesTo(await open('/sign-in', person))).toBe('303 /');
    expect(goesTo(await open('/sign-up', person))).toBe('303 /');
  });
});

describe('/sign-up', () => {
  it('creates an account, signs it in and redirects to /', async () => {
    const answer = await post('/sign-up', someone());
    expect(goesTo(answer)).toBe('303 / done=signed-up');
    const cookie = sessionCookie(answer) ?? '';
    const page = await openDone('/', 'signed-up', { id: 0, username: '', email: '', cookie });
    expect(noticeOf(page)).toBe('Welcome. This is your account.');
  });

  it('accepts an account without username and name', async () => {
    const { email, password } = someone();
    const answer = await post('/sign-up', { email, password, username: '', name: ' ' });
    expect(goesTo(answer)).toBe('303 / done=signed-up');
  });

  it('shows every error beside its field, and keeps the input except the password', async () => {
    const answer = await post('/sign-up', {
      username: 'a b',
      email: 'nobody',
      password: 'short',
      name: 'Mary',
    });
    expectPage(answer, 400, 'Error: Create account');
    expect(noticeOf(answer)).toBe(
      'Email: Enter a valid email address.Username: Only letters, digits and . _ + - are allowed.Password: At least 8 characters.',
    );
    expect(fieldOf(answer, 'username')).toBe(
      '<input id="username" name="username" autocomplete="off" aria-invalid="true" aria-describedby="username-error username-hint" type="text" value="a b" autocapitalize="none"/>',
    );
    expect(fieldOf(answer, 'email')).toBe(
      '<input id="email" name="email" autocomplete="username" required="" autofocus="" aria-invalid="true" aria-describedby="email-error" type="email" value="nobody" autocapitalize="none"/>',
    );
    expect(fieldOf(answer, 'name')).toBe(
      '<input id="name" name="name" autocomplete="name" type="text" value="Mary"/>',
    );
    expect(answer.text).toContain('<p class="error" id="email-error">Enter a valid email address.</p>');
    expect(answer.text.match(/autofocus/g)).toHaveLength(1);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it.each([
    ['1234567', 'At least 8 characters.'],
    ['password1', 'This password is too common. Choose another.'],
    ['Passw0rd!', 'This password is too common. Choose another.'],
    ['aaaaaaaaaa', 'This password is too common. Choose another.'],
    ['Latchkey1', 'This is too close to your username or email, or to our name. Choose another.'],
  ])('rejects the password %s', async (password, error) => {
    const answer = await post('/sign-up', { ...someone(), password });
    expect([answer.status, noticeOf(answer)]).toEqual([400, `Password: ${error}`]);
  });

  it('rejects a password that is close to the username', async () => {
    const person = someone();
    const answer = await post('/sign-up', { ...person, password: `${person.username}1` });
    expect(noticeOf(answer)).toBe(
      'Password: This is too close to your username or email, or to our name. Choose another.',
    );
  });

  it('rejects a username and an email that are taken, in any case', async () => {
    const { username, email } = await signUp();
    const taken = { username: username.toUpperCase(), email: email.toUpperCase(), password: PASSWORD };
    const answer = await post('/sign-up', taken);
    expectPage(answer, 409, 'Error: Create account');
    expect(noticeOf(answer)).toBe('Email: This is already taken.Username: This is already taken.');
  });

  it('answers a second click like the first one', async () => {
    const person = someone();
    const cookie = sessionCookie(await post('/sign-up', person)) ?? '';
    const again = await post('/sign-up', person, { ...person, id: 0, cookie });
    expect(goesTo(again)).toBe('303 / done=signed-up');
    expect((await post('/sign-up', person)).status).toBe(409);
  });

  it("rejects another site's form", async () => {
    const person = someone();
    expectPage(
      await post('/sign-up', person, null, { headers: FOREIGN_PAGE }),
      403,
      'This came from another site',
    );
    expect(goesTo(await post('/sign-up', person))).toBe('303 / done=signed-up');
  });
});

describe('/sign-in', () => {
  it('accepts the username and the email, in any case', async () => {
    const { username, email } = await signUp();
    for (const identifier of [username, email, ` ${email.toUpperCase()} `]) {
      const answer = await post('/sign-in', { identifier, password: PASSWORD });
      expect(goesTo(answer)).toBe('303 /');
      expect(sessionCookie(answer)).toMatch(/^[\w-]{43}$/);
    }
  });

  it('answers the same for a wrong password and an unknown name', async () => {
    const { username } = await signUp();
    const pages = [];
    for (const identifier of [username, uniqueName()]) {
      const answer = await post('/sign-in', { identifier, password: 'not the password' });
      expectPage(answer, 401, 'Error: Sign in');
      expect(noticeOf(answer)).toBe('Password: Wrong username, email or password.');
      expect(answer.headers.get('WWW-Authenticate')).toBe('Cookie form-action="/sign-in"');
      expect(answer.headers.getSetCookie()).toEqual([]);
      pages.push(answer.text.replaceAll(identifier, ''));
    }
    expect(pages[0]).toBe(pages[1]);
  });

  it('requires both fields', async () => {
    const answer = await post('/sign-in', {});
    expect([answer.status, noticeOf(answer)]).toEqual([
      400,
      'Username or email: This is required.Password: This is required.',
    ]);
  });

  it('continues to the requested page, and never to another site', async () => {
    const { email } = await signUp();
    expect(goesTo(await open('/devices'))).toBe('303 /sign-in?to=%2Fdevices');
    expect((await open('/sign-in?to=%2Fdevices')).text).toContain('name="to" value="/devices"');
    const toOf = async (to: string) =>
      goesTo(await post('/sign-in', { identifier: email, password: PASSWORD, to }));
    expect(await toOf('/admin/users/7')).toBe('303 /admin/users/7');
    for (const to of ['//evil.test', 'https://evil.test', '/\\evil.test', '/a?b=c', '/.//evil.test', 'x', ''])
      expect(await toOf(to)).toBe('303 /');
    // A path that acts when it is opened is no target for a redirect.
    for (const to of ['/api/users/logout', '/sign-out', '/id/export', '/admin/users', '/devices/end'])
      expect(await toOf(to)).toBe('303 /');
    expect((await open('/sign-in?to=%2F%2Fevil.test')).text).not.toContain('evil');
  });

  it('answers 429 after too many wrong passwords, even to the right one, with the time to wait', async () => {
    const { email } = await signUp();
    const env = { ...testEnv, THROTTLE_FREE_FAILURES: '2', THROTTLE_FIRST_WAIT_SECONDS: '600' };
    const tryWith = (password: string) => post('/sign-in', { identifier: email, password }, null, { env });
    for (let tries = 0; tries < 2; tries += 1) expect((await tryWith('wrong one')).status).toBe(401);
    const answer = await tryWith(PASSWORD);
    expectPage(answer, 429, 'Error: Sign in');
    const seconds = answer.headers.get('Retry-After');
    expect(Number(seconds)).toBeGreaterThan(500);
    expect(noticeOf(answer)).toBe(`Too many tries. Wait ${seconds} seconds, then try again.`);
    expect(fieldOf(answer, 'identifier')).toContain(`value="${email}"`);
  });

  it("rejects another site's form", async () => {
    const { email } = await signUp();
    const form = { identifier: email, password: PASSWORD };
    const answer = await post('/sign-in', form, null, { headers: FOREIGN_PAGE });
    expectPage(answer, 403, 'This came from another site');
    expect(answer.headers.getSetCookie()).toEqual([]);
  });
});

describe('/sign-out', () => {
  it('ends this session only, and answers the same after a second click', async () => {
    const person = await signUp();
    const elsewhere = await signInAgain(person);
    for (let click = 0; click < 2; click += 1) {
      const answer = await post('/sign-out', {}, person);
      expect(goesTo(answer)).toBe('303 /sign-in done=signed-out');
      expect(sessionCookie(answer)).toBe('');
    }
    expect(await isSignedIn(person)).toBe(false);
    expect(await isSignedIn(elsewhere)).toBe(true);
    expect(noticeOf(await openDone('/sign-in', 'signed-out'))).toBe('You are signed out.');
  });

  it("rejects GET and another site's form", async () => {
    const person = await signUp();
    expectPage(await open('/sign-out', person), 405, 'This cannot be done here');
    expectPage(
      await post('/sign-out', {}, person, { headers: FOREIGN_PAGE }),
      403,
      'This came from another site',
    );
    expect(await isSignedIn(person)).toBe(true);
  });
});
