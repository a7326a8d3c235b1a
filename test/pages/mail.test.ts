// The pages that mails link to: confirmation of an address, a forgotten password, and a change of the address.
import { beforeEach, describe, expect, it } from 'vitest';
import { codeIn, createMailbox, linkIn, type Mailbox, PUBLIC_URL, tokenIn } from '../support/mail.ts';
import { type Answer, json, type Sent, send, testEnv, uniqueName } from '../support/worker.ts';
import {
  expectPage,
  fieldOf,
  goesTo,
  noticeOf,
  open,
  PASSWORD,
  type Person,
  post,
  signUp,
  withNewCookie,
} from './support-pages.ts';

const NEXT_PASSWORD = 'seven doors and a wall';

let mailbox: Mailbox;

beforeEach(() => {
  mailbox = createMailbox();
});

const sent = (): Sent => ({ env: mailbox.env });

/** Opens the link of a mail. */
const openLink = (link: string): Promise<Answer> =>
  open(link.slice(PUBLIC_URL.length), null, { env: mailbox.env });

const submit = (path: string, form: Record<string, string>, person?: Person): Promise<Answer> =>
  post(path, form, person, sent());

const show = (path: string, person?: Person): Promise<Answer> => open(path, person, sent());

const join = async (): Promise<Person> => {
  const username = uniqueName();
  const person = { username, email: `${username}@test.com`, password: PASSWORD };
  const joined = await submit('/sign-up', person);
  return withNewCookie({ ...person, id: 0, cookie: '' }, joined);
};

const joinVerified = async (): Promise<Person> => {
  const person = await join();
  const token = tokenIn(mailbox.last(person.email));
  expect(goesTo(await submit('/verify-email', { token }))).toBe('303 / done=email-verified');
  return person;
};

const accountOf = async ({ cookie }: Person): Promise<unknown> => json(await send('/id/me', { cookie }));

/** Expects a page with a form that uses up the link, without a referrer. */
const expectLinkPage = (page: Answer, title: string, token: string): void => {
  expectPage(page, 200, title);
  expect(page.headers.get('Referrer-Policy')).toBe('no-referrer');
  expect(page.text).toContain(`<input type="hidden" name="token" value="${token}"/>`);
  expect(page.text).toContain('<form class="card" method="post"');
};

const expectInvalidLink = (page: Answer, next: string): void => {
  expectPage(page, 400, 'Error: This link no longer works');
  expect(page.headers.get('Referrer-Policy')).toBe('no-referrer');
  expect(page.text).toContain(`<a class="button" href="${next}">`);
};

describe('/verify-email', () => {
  it('confirms by the button, not by opening the link, and only once', async () => {
    const person = await join();
    const mail = mailbox.last(person.email);
    for (let times = 0; times < 3; times += 1) {
      const page = await openLink(linkIn(mail));
      expectLinkPage(page, 'Confirm your email address', tokenIn(mail));
      expect(page.text).toContain(person.email);
    }
    expect(await accountOf(person)).toMatchObject({ account: { emailVerified: false } });
    const token = tokenIn(mail);
    expect(goesTo(await submit('/verify-email', { token }))).toBe('303 / done=email-verified');
    expect(await accountOf(person)).toMatchObject({ account: { emailVerified: true } });
    expectInvalidLink(await submit('/verify-email', { token }), '/verify-email');
    expectInvalidLink(await openLink(linkIn(mail)), '/verify-email');
  });

  it('accepts a form with Origin: null', async () => {
    const person = await join();
    const token = tokenIn(mailbox.last(person.email));
    const hidden = { headers: { Origin: 'null' }, env: mailbox.env };
    const answer = await open('/verify-email', null, { method: 'POST', form: { token }, ...hidden });
    expect(goesTo(answer)).toBe('303 / done=email-verified');
  });

  it('accepts the code of the mail from the owner, and rejects a wrong one', async () => {
    const person = await join();
    const mail = mailbox.last(person.email);
    const page = await show('/verify-email', person);
    expectPage(page, 200, 'Confirm your email address');
    expect(fieldOf(page, 'code')).toContain('autocomplete="one-time-code"');
    const wrong = await submit('/verify-email/code', { code: '00000000' }, person);
    expectPage(wrong, 400, 'Error: Confirm your email address');
    expect(noticeOf(wrong)).toContain('This code is wrong or has expired.');
    const typed = codeIn(mail).replace(/^(.{4})/, '$1 ');
    expect(goesTo(await submit('/verify-email/code', { code: typed }, person))).toBe(
      '303 / done=email-verified',
    );
    expect(goesTo(await show('/verify-email', person))).toBe('303 / done=email-verified');
  });

  it('rejects the code of another account', async () => {
    const [one, other] = [await join(), await join()];
    const code = codeIn(mailbox.last(one.email));
    expect((await submit('/verify-email/code', { code }, other)).status).toBe(400);
    expect(await accountOf(other)).toMatchObject({ account: { emailVerified: false } });
  });

  it('sends a new mail, which replaces the link of the first', async () => {
    const person = await join();
    const first = tokenIn(mailbox.last(person.email));
    const answer = await submit('/verify-email/send', {}, person);
    expect(goesTo(answer)).toBe('303 /verify-email done=verification-sent');
    const second = tokenIn(mailbox.last(person.email));
    expect(second).not.toBe(first);
    expectInvalidLink(await submit('/verify-email', { token: first }), '/verify-email');
    expect((await submit('/verify-email', { token: second })).status).toBe(303);
  });

  it('has a banner on every page until the address is confirmed', async () => {
    const person = await join();
    const banner = /<aside class="notice"[^>]*>(.*?)<\/aside>/s;
    for (const path of ['/', '/profile', '/devices']) {
      const [, text] = banner.exec((await show(path, person)).text) ?? [];
      expect(text).toContain(`${person.email} is not confirmed yet. <a href="/verify-email">`);
    }
    expect((await show('/verify-email', person)).text).not.toMatch(banner);
    await submit('/verify-email', { token: tokenIn(mailbox.last(person.email)) });
    expect((await show('/', person)).text).not.toMatch(banner);
  });

  it('redirects an anonymous visitor to sign-in and back', async () => {
    expect(goesTo(await show('/verify-email'))).toBe('303 /sign-in?to=%2Fverify-email');
    const person = await join();
    const form = { identifier: person.email, password: PASSWORD, to: '/verify-email' };
    expect(goesTo(await submit('/sign-in', form))).toBe('303 /verify-email');
  });
});

describe('password reset', () => {
  it('sets a new password by the mailed link, once, and ends all sessions', async () => {
    const person = await joinVerified();
    const signIn = await show('/sign-in');
    expect(signIn.text).toContain('<a href="/forgot-password">Forgot password?</a>');
    expectPage(await show('/forgot-password'), 200, 'Forgot your password?');
    const asked = await submit('/forgot-password', { identifier: person.username });
    expect(goesTo(asked)).toBe('303 /sign-in done=reset-sent');
    const mail = mailbox.last(person.email);
    expect(linkIn(mail)).toMatch(/^https:\/\/id\.example\.com\/reset-password\?token=[\w-]{43}$/);

    const page = await openLink(linkIn(mail));
    expectLinkPage(page, 'Set a new password', tokenIn(mail));
    const form = { token: tokenIn(mail), newPassword: NEXT_PASSWORD };
    const set = await submit('/reset-password', form);
    expect(goesTo(set)).toBe('303 /sign-in?to=%2Fsecurity%2Fpasskeys done=password-reset');
    expect(set.headers.getSetCookie().join()).not.toContain('sessionid');
    expect((await show('/devices', person)).status).toBe(303);
    const old = await submit('/sign-in', { identifier: person.email, password: PASSWORD });
    expect(old.status).toBe(401);
    const next = await submit('/sign-in', { identifier: person.email, password: NEXT_PASSWORD });
    expect(goesTo(next)).toBe('303 /');
    expectInvalidLink(await submit('/reset-password', form), '/forgot-password');
    expectInvalidLink(await openLink(linkIn(mail)), '/forgot-password');
  });

  it('rejects a weak password and keeps the link valid', async () => {
    const person = await join();
    await submit('/forgot-password', { identifier: person.email });
    const token = tokenIn(mailbox.last(person.email));
    for (const [newPassword, text] of [
      ['short', 'At least 8 characters.'],
      ['password1', 'This password is too common. Choose another.'],
      [person.username, 'This is too close to your username or email, or to our name. Choose another.'],
      ['', 'This is required.'],
    ] as const) {
      const page = await submit('/reset-password', { token, newPassword });
      expectPage(page, 400, 'Error: Set a new password');
      expect(page.headers.get('Referrer-Policy')).toBe('no-referrer');
      expect([newPassword, noticeOf(page)]).toEqual([newPassword, `New password: ${text}`]);
      expect(page.text).toContain(`value="${token}"`);
      expect(page.text).not.toContain(`value="${newPassword}"`);
    }
    expect((await submit('/reset-password', { token, newPassword: NEXT_PASSWORD })).status).toBe(303);
  });

  it('answers the same for a known and an unknown address', async () => {
    const person = await join();
    const known = await submit('/forgot-password', { identifier: person.email });
    const unknown = await submit('/forgot-password', { identifier: 'nobody@test.com' });
    const headersOf = ({ headers }: Answer) =>
      [...headers].filter(([name]) => name !== 'x-request-id').toSorted();
    expect([unknown.status, unknown.text, headersOf(unknown)]).toEqual([
      known.status,
      known.text,
      headersOf(known),
    ]);
    expect(mailbox.to('nobody@test.com')).toEqual([]);
  });

  it('redirects to /forgot-password without a token, and rejects incomplete links of every kind', async () => {
    for (const path of ['/reset-password', '/reset-password?token='])
      expect(goesTo(await show(path))).toBe('303 /forgot-password');
    expectInvalidLink(await show('/reset-password?token=abc'), '/forgot-password');
    expectInvalidLink(await show('/verify-email?token=abc'), '/verify-email');
    expectInvalidLink(await show('/change-email?token=abc'), '/email');
    expectInvalidLink(await show('/undo-email-change?token=abc'), '/');
    expectInvalidLink(await submit('/verify-email', {}), '/verify-email');
  });
});

describe('/email', () => {
  const change = async (person: Person, email: string): Promise<Person> => {
    const asked = await submit('/email', { email, password: PASSWORD }, person);
    expect(goesTo(asked)).toBe('303 /email done=email-pending');
    return withNewCookie(person, asked);
  };

  it('waits for confirmation of the new address, and can withdraw the change', async () => {
    const person = await joinVerified();
    const next = `next.${person.email}`;
    const owner = await change(person, next);
    const page = await show('/email', owner);
    expectPage(page, 200, 'Email');
    expect(page.text).toContain(`Waiting for you to confirm ${next}`);
    expect(await accountOf(owner)).toMatchObject({ account: { email: person.email, pendingEmail: next } });
    const withdrawn = await submit('/email/withdraw', {}, owner);
    expect(goesTo(withdrawn)).toBe('303 /email done=email-withdrawn');
    expect((await show('/email', owner)).text).not.toContain('Waiting');
    expectInvalidLink(await openLink(linkIn(mailbox.last(next))), '/email');
    expectInvalidLink(await submit('/change-email', { token: tokenIn(mailbox.last(next)) }), '/email');
  });

  it('changes the address by the mailed link, and the old address can undo it', async () => {
    const person = await joinVerified();
    const next = `next.${person.email}`;
    const owner = await change(person, next);
    const mail = mailbox.last(next);
    const page = await openLink(linkIn(mail));
    expectLinkPage(page, 'Confirm your new email address', tokenIn(mail));
    expect(page.text).toContain(next);
    expect(page.text).not.toContain(`>${person.email}`);
    const confirmed = await submit('/change-email', { token: tokenIn(mail) });
    expect(goesTo(confirmed)).toBe('303 / done=email-changed');
    expect(await accountOf(owner)).toMatchObject({ account: { email: next, pendingEmail: null } });
    expectInvalidLink(await submit('/change-email', { token: tokenIn(mail) }), '/email');

    const undo = mailbox.last(person.email);
    const undoPage = await openLink(linkIn(undo));
    expectLinkPage(undoPage, 'Undo the change of your email address', tokenIn(undo));
    const undone = await submit('/undo-email-change', { token: tokenIn(undo) });
    expect(goesTo(undone)).toMatch(/^303 \/reset-password\?token=[\w-]{43}$/);
    expect(undone.headers.get('Referrer-Policy')).toBe('no-referrer');
    expect((await show('/devices', owner)).status).toBe(303);
    const location = undone.headers.get('Location') ?? '';
    expectPage(await show(location), 200, 'Set a new password');
    const token = new URL(location, PUBLIC_URL).searchParams.get('token') ?? '';
    expect((await submit('/reset-password', { token, newPassword: NEXT_PASSWORD })).status).toBe(303);
    const signedIn = await submit('/sign-in', { identifier: person.email, password: NEXT_PASSWORD });
    expect(goesTo(signedIn)).toBe('303 /');
    expectInvalidLink(await submit('/undo-email-change', { token: tokenIn(undo) }), '/');
  });

  it('changes the address by the mailed code, and rejects a wrong one', async () => {
    const person = await joinVerified();
    const next = `next.${person.email}`;
    const owner = await change(person, next);
    const wrong = await submit('/change-email/code', { code: '00000000' }, owner);
    expectPage(wrong, 400, 'Error: Email');
    expect(wrong.text).toContain('This code is wrong or has expired.');
    const right = await submit('/change-email/code', { code: codeIn(mailbox.last(next)) }, owner);
    expect(goesTo(right)).toBe('303 / done=email-changed');
  });

  it('answers 409 to the link if another account has taken the new address meanwhile', async () => {
    const person = await joinVerified();
    const email = `${uniqueName()}@test.com`;
    await change(person, email);
    const token = tokenIn(mailbox.last(email));
    const taken = await submit('/sign-up', { email, password: PASSWORD });
    expect(taken.status).toBe(303);
    const refused = await submit('/change-email', { token });
    expectPage(refused, 409, 'Error: This address is taken');
    expectInvalidLink(await submit('/change-email', { token }), '/email');
  });

  it('sends no mail with a wrong password', async () => {
    const person = await joinVerified();
    const wrong = await submit('/email', { email: `next.${person.email}`, password: 'wrong one' }, person);
    expectPage(wrong, 400, 'Error: Email');
    expect(mailbox.to(`next.${person.email}`)).toEqual([]);
  });
});

describe('/admin/users/:id', () => {
  const joinAdmin = async (): Promise<Person> => {
    const person = await join();
    await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE email = ?').bind(person.email).run();
    return person;
  };

  const pathOf = async ({ email }: Person): Promise<string> => {
    const row = await testEnv.DB.prepare('SELECT id FROM users WHERE email = ?')
      .bind(email)
      .first<{ id: number }>();
    return `/admin/users/${row?.id}`;
  };

  it('mails the owner a reset link or a confirmation link, and marks an address as confirmed', async () => {
    const [admin, person] = [await joinAdmin(), await join()];
    const path = await pathOf(person);
    expect((await show(path, admin)).text).toContain('<span class="badge plain">Not confirmed</span>');
    const reset = await submit(`${path}/send-reset`, {}, admin);
    expect(goesTo(reset)).toBe(`303 ${path} done=user-reset-sent`);
    expect(linkIn(mailbox.last(person.email))).toContain('/reset-password?token=');
    const proof = await submit(`${path}/send-verification`, {}, admin);
    expect(goesTo(proof)).toBe(`303 ${path} done=user-verification-sent`);
    expect(linkIn(mailbox.last(person.email))).toContain('/verify-email?token=');
    const marked = await submit(`${path}/verify-email`, {}, admin);
    expect(goesTo(marked)).toBe(`303 ${path} done=user-verified`);
    expect(await accountOf(person)).toMatchObject({ account: { emailVerified: true } });
    const page = await show(path, admin);
    expect(page.text).not.toContain('Not confirmed');
    expect(page.text).not.toContain('Mail a confirmation link');
  });

  it('has no mail actions without mail settings, none for non-admins and none for unknown ids', async () => {
    const [admin, person, other] = [await joinAdmin(), await join(), await join()];
    const path = await pathOf(person);
    const page = await open(path, admin);
    expect(page.text).not.toContain('Mail a password link');
    expect(page.text).toContain('Mark email as confirmed');
    expectPage(await post(`${path}/send-reset`, {}, admin), 404, 'There is nothing here');
    for (const action of ['send-reset', 'send-verification', 'verify-email']) {
      expect((await submit(`${path}/${action}`, {}, other)).status).toBe(403);
      expect((await submit(`/admin/users/999999/${action}`, {}, admin)).status).toBe(404);
    }
  });
});

describe('a service without mail settings', () => {
  it('offers nothing that needs mail, and changes the address at once', async () => {
    const person = await signUp();
    expect((await open('/sign-in')).text).not.toContain('forgot-password');
    expect((await open('/', person)).text).not.toContain('is not confirmed');
    expect((await open('/profile', person)).text).not.toContain('Language of mails');
    for (const answer of [
      await open('/forgot-password'),
      await post('/forgot-password', { identifier: person.email }),
      await open('/verify-email', person),
      await post('/verify-email/send', {}, person),
    ])
      expectPage(answer, 404, 'There is nothing here');
    const form = { email: `next.${person.email}`, password: PASSWORD };
    expect(goesTo(await post('/email', form, person))).toBe('303 / done=email-changed');
  });
});

it('redirects /.well-known/change-password to /password', async () => {
  expect(goesTo(await open('/.well-known/change-password'))).toBe('302 /password');
});

it('sends mails in the language of the profile', async () => {
  const person = await join();
  const page = await show('/profile', person);
  expect(page.text).toContain('<option value="en" selected="">English</option>');
  const chosen = await submit('/profile', { locale: 'de' }, person);
  expect(goesTo(chosen)).toBe('303 /profile done=profile-changed');
  expect((await show('/profile', person)).text).toContain('<option value="de" selected="">Deutsch</option>');
  await submit('/verify-email/send', {}, person);
  expect(mailbox.last(person.email).html).toContain('<html lang="de">');
  const wrong = await submit('/profile', { locale: 'xx' }, person);
  expectPage(wrong, 400, 'Error: Profile');
});
