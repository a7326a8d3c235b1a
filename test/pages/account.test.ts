// The pages on which an owner changes the profile, the picture, the password, the email and the username.
import { describe, expect, it } from 'vitest';
import { json, send, testEnv } from '../support/worker.ts';
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
  type Person,
  post,
  signInAgain,
  signUp,
  withNewCookie,
} from './support-pages.ts';

const accountOf = async ({ cookie }: Person): Promise<unknown> => json(await send('/id/me', { cookie }));

const PROFILE = {
  name: 'Mary Jones',
  firstName: 'Mary',
  lastName: 'Jones',
  siteUrl: 'https://mary.example.com/',
  address: '1 High Street\r\nSpringfield',
  description: '\nFirst line.\r\nSecond.',
};

describe('/profile', () => {
  it("saves the fields, and turns a browser's CRLF into LF", async () => {
    const person = await signUp();
    const answer = await post('/profile', PROFILE, person);
    expect(goesTo(answer)).toBe('303 /profile done=profile-changed');
    expect(await accountOf(person)).toMatchObject({
      account: {
        ...PROFILE,
        address: '1 High Street\nSpringfield',
        description: 'First line.\nSecond.',
      },
    });
    const page = await openDone('/profile', 'profile-changed', person);
    expectPage(page, 200, 'Profile');
    expect(noticeOf(page)).toBe('Your profile is saved.');
    expect(page.text).toMatch(/<textarea id="address"[^>]*>\n1 High Street\nSpringfield<\/textarea>/);
  });

  it('accepts empty fields', async () => {
    const person = await signUp();
    await post('/profile', PROFILE, person);
    const empty = Object.fromEntries(Object.keys(PROFILE).map((name) => [name, '']));
    await post('/profile', empty, person);
    expect(await accountOf(person)).toMatchObject({ account: empty });
  });

  it('shows the errors with the input, and saves nothing', async () => {
    const person = await signUp({ name: 'Before' });
    const answer = await post('/profile', { ...PROFILE, siteUrl: 'nowhere', name: 'n'.repeat(256) }, person);
    expectPage(answer, 400, 'Error: Profile');
    expect(noticeOf(answer)).toBe('Name: At most 255 characters.Website: Enter an http or https URL.');
    expect(fieldOf(answer, 'siteUrl')).toContain('value="nowhere"');
    expect(fieldOf(answer, 'lastName')).toContain('value="Jones"');
    expect(await accountOf(person)).toMatchObject({ account: { name: 'Before', lastName: '' } });
  });

  it('keeps the input through a new sign-in if the session has ended', async () => {
    const person = await signUp();
    await post('/sign-out', {}, person);
    const asked = await post('/profile', PROFILE, person);
    expectPage(asked, 401, 'Error: Sign in');
    expect(noticeOf(asked)).toBe('Your session has ended, so nothing was changed. Sign in to go on.');
    expect(asked.text).toContain('name="to" value="/profile"');
    const kept = (/name="kept" value="([^"]*)"/.exec(asked.text)?.[1] ?? '').replaceAll('&amp;', '&');
    const form = { identifier: person.email, password: PASSWORD, to: '/profile', kept };
    const wrong = await post('/sign-in', { ...form, password: 'wrong one' });
    expect(wrong.text.replaceAll('&amp;', '&')).toContain(`name="kept" value="${kept}"`);
    const page = await post('/sign-in', form);
    expectPage(page, 200, 'Profile');
    expect(page.text).toContain('<a href="/devices">Devices</a>');
    expect(noticeOf(page)).toBe('You are signed in again. Your changes are not saved yet.');
    expect(fieldOf(page, 'name')).toContain('value="Mary Jones"');
    expect(page.text).toMatch(/<textarea id="address"[^>]*>\n1 High Street\nSpringfield<\/textarea>/);
    expect(await accountOf(await signInAgain(person))).toMatchObject({ account: { name: '', address: '' } });
  });
});

describe('/picture', () => {
  it('sets one of ten pictures, and removes it', async () => {
    const person = await signUp();
    expect((await open('/picture', person)).text.match(/type="radio"/g)).toHaveLength(11);
    expect(goesTo(await post('/picture', { pictureId: '3' }, person))).toBe(
      '303 /profile done=picture-changed',
    );
    expect(await accountOf(person)).toMatchObject({
      account: { picture: 'https://latchkey.test/pictures/3.svg' },
    });
    expect((await open('/', person)).text).toContain(
      '<img class="avatar large" src="/pictures/3.svg" alt=""',
    );
    await post('/picture', { pictureId: 'none' }, person);
    expect(await accountOf(person)).toMatchObject({ account: { picture: null } });
  });

  it.each(['0', '11', '-1', '1.5', '', 'a'])('rejects pictureId %j', async (pictureId) => {
    const person = await signUp();
    await post('/picture', { pictureId: '3' }, person);
    const answer = await post('/picture', { pictureId }, person);
    expectPage(answer, 400, 'Error: Picture');
    expect(noticeOf(answer)).toBe('Picture: Choose one of the options.');
    expect(await accountOf(person)).toMatchObject({
      account: { picture: 'https://latchkey.test/pictures/3.svg' },
    });
  });
});

describe('/password', () => {
  const next = 'seven doors and a wall';

  it('changes the password with the old one, and ends all other sessions', async () => {
    const person = await signUp();
    const elsewhere = await signInAgain(person);
    const answer = await post('/password', { currentPassword: PASSWORD, newPassword: next }, person);
    expect(goesTo(answer)).toBe('303 /security done=password-changed');
    const renewed = withNewCookie(person, answer);
    const signedIn = [await isSignedIn(renewed), await isSignedIn(person), await isSignedIn(elsewhere)];
    expect(signedIn).toEqual([true, false, false]);
    const signIn = (password: string) => post('/sign-in', { identifier: person.email, password });
    expect((await signIn(PASSWORD)).status).toBe(401);
    expect(goesTo(await signIn(next))).toBe('303 /');
  });

  it.each([
    ['', next, 'Current password: This is required.'],
    ['not my password', next, 'Current password: Wrong password.'],
    [PASSWORD, '1234567', 'New password: At least 8 characters.'],
    [PASSWORD, 'password1', 'New password: This password is too common. Choose another.'],
    [PASSWORD, 'summer2024', 'New password: This password is too common. Choose another.'],
  ])('rejects the change from %j to %j', async (currentPassword, newPassword, error) => {
    const person = await signUp();
    const elsewhere = await signInAgain(person);
    const answer = await post('/password', { currentPassword, newPassword }, person);
    expectPage(answer, 400, 'Error: Change password');
    expect(noticeOf(answer)).toBe(error);
    expect(await isSignedIn(elsewhere)).toBe(true);
    expect((await signInAgain(person)).cookie).not.toBe('');
  });

  it('throttles wrong current passwords, so that a stolen session cannot guess', async () => {
    const person = await signUp();
    const env = { ...testEnv, THROTTLE_FREE_FAILURES: '1', THROTTLE_FIRST_WAIT_SECONDS: '600' };
    const form = { currentPassword: 'wrong one', newPassword: next };
    expect((await post('/password', form, person, { env })).status).toBe(400);
    const answer = await post('/password', { ...form, currentPassword: PASSWORD }, person, { env });
    expectPage(answer, 429, 'Error: Change password');
    expect(noticeOf(answer)).toMatch(/^Too many tries\. Wait \d+ seconds, then try again\.$/);
  });
});

describe.each([
  ['email', 'Email', 'new.address@test.com', 'nowhere', 'Enter a valid email address.'],
  ['username', 'Username', 'a-new.name+1', 'a b', 'Only letters, digits and . _ + - are allowed.'],
] as const)('/%s', (name, label, good, bad, error) => {
  const value = (person: Person) => `${person.username.slice(-6)}${good}`;

  it('changes the value with the password, and gives this session a new token', async () => {
    const person = await signUp();
    const elsewhere = await signInAgain(person);
    expect(fieldOf(await open(`/${name}`, person), name)).toContain(`value="${person[name]}"`);
    const answer = await post(`/${name}`, { [name]: value(person), password: PASSWORD }, person);
    expect(goesTo(answer)).toBe(`303 / done=${name}-changed`);
    const renewed = withNewCookie(person, answer);
    expect(await accountOf(renewed)).toMatchObject({ account: { [name]: value(person) } });
    expect([await isSignedIn(person), await isSignedIn(elsewhere)]).toEqual([false, true]);
  });

  it('changes nothing without the right password or with an invalid value', async () => {
    const person = await signUp();
    const attempt = async (typed: string, password: string) => {
      const answer = await post(`/${name}`, { [name]: typed, password }, person);
      expectPage(answer, 400, `Error: ${label}`);
      return noticeOf(answer);
    };
    expect(await attempt(value(person), '')).toBe('Password: This is required.');
    expect(await attempt(value(person), 'wrong one')).toBe('Password: Wrong password.');
    expect(await attempt(bad, PASSWORD)).toBe(`${label}: ${error}`);
    expect(await accountOf(person)).toMatchObject({ account: { [name]: person[name] } });
  });

  it('answers 409 if another account has the value', async () => {
    const [person, other] = [await signUp(), await signUp()];
    const answer = await post(`/${name}`, { [name]: other[name], password: PASSWORD }, person);
    expectPage(answer, 409, `Error: ${label}`);
    expect(noticeOf(answer)).toBe(`${label}: This is already taken.`);
    expect(fieldOf(answer, name)).toContain(`value="${other[name]}"`);
    expect(await accountOf(person)).toMatchObject({ account: { [name]: person[name] } });
  });
});

describe('forms of an account', () => {
  const forms: [string, Record<string, string>][] = [
    ['/profile', { name: 'Foreign' }],
    ['/picture', { pictureId: '5' }],
    ['/password', { currentPassword: PASSWORD, newPassword: 'seven doors and a wall' }],
    ['/email', { email: 'foreign@test.com', password: PASSWORD }],
    ['/username', { username: 'foreign', password: PASSWORD }],
    ['/devices/end', {}],
    ['/devices/end-others', {}],
    ['/delete', { password: PASSWORD }],
  ];

  it.each(forms)("%s rejects another site's form and changes nothing", async (path, form) => {
    const person = await signUp();
    const elsewhere = await signInAgain(person);
    const before = await accountOf(person);
    const answer = await post(path, form, person, { headers: FOREIGN_PAGE });
    expectPage(answer, 403, 'This came from another site');
    expect(await accountOf(person)).toEqual(before);
    expect(await isSignedIn(elsewhere)).toBe(true);
  });

  it.each(forms)('%s asks an anonymous visitor to sign in', async (path, form) => {
    const answer = await post(path, form);
    expectPage(answer, 401, 'Error: Sign in');
    expect(answer.text).toContain(`name="to" value="/${path.split('/')[1]}"`);
  });
});

describe('the message after a change', () => {
  it('appears once, and cannot be requested by a link', async () => {
    const person = await signUp();
    expect(noticeOf(await open('/?done=password-changed', person))).toBeNull();
    const shown = await openDone('/', 'password-changed', person);
    expect(noticeOf(shown)).toBe('Your password is changed. All other devices are signed out.');
    expect(shown.headers.getSetCookie().filter((line) => line.startsWith('done='))).toEqual([
      'done=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
    ]);
    expect(noticeOf(await open('/', person))).toBeNull();
  });
});

describe('password managers', () => {
  it.each(['/password', '/username', '/email', '/delete'])(
    'find exactly one username on %s: the email',
    async (path) => {
      const person = await signUp();
      const { text } = await open(path, person);
      const named = [...text.matchAll(/<input[^>]*autocomplete="username"[^>]*>/g)].map(([tag]) => tag);
      expect(named).toHaveLength(1);
      expect(named[0]).toContain(`value="${person.email}"`);
    },
  );
});

it('lists the error of a common password among the others in the order of the form', async () => {
  const signedUp = await post('/sign-up', { email: 'nobody', username: 'a b', password: 'password1' });
  expect(noticeOf(signedUp)).toBe(
    'Email: Enter a valid email address.Username: Only letters, digits and . _ + - are allowed.Password: This password is too common. Choose another.',
  );
  const person = await signUp();
  const changed = await post('/password', { currentPassword: '', newPassword: 'password1' }, person);
  expect(noticeOf(changed)).toBe(
    'Current password: This is required.New password: This password is too common. Choose another.',
  );
});
