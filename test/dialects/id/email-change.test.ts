// `id` with mail: a new email address is pending until it is confirmed, and the old address can undo the change.
import { beforeEach, describe, expect, it } from 'vitest';
import { codeIn, createMailbox, type Mailbox, tokenIn } from '../../support/mail.ts';
import { type Answer, json, type Sent, send, sessionCookie } from '../../support/worker.ts';
import { person } from './support-id.ts';

const NEXT_PASSWORD = 'kaleidoscope-77';

let mailbox: Mailbox;

beforeEach(() => {
  mailbox = createMailbox();
});

const call = (method: string, path: string, body?: object, sent: Sent = {}): Promise<Answer> =>
  send(path, { method, env: mailbox.env, ...(body ? { json: body } : {}), ...sent });

const join = async () => {
  const fields = person();
  const answer = await call('POST', '/id/register', fields);
  const cookie = sessionCookie(answer) ?? expect.fail(answer.text);
  return { ...fields, cookie };
};
type Member = Awaited<ReturnType<typeof join>>;

const joinProven = async (): Promise<Member> => {
  const member = await join();
  const token = tokenIn(mailbox.last(member.email));
  expect((await call('POST', '/id/email/verification/confirm', { token })).status).toBe(200);
  return member;
};

/** Requests a new address; returns the member with the renewed cookie. */
const askFor = async (member: Member, email: string): Promise<Member> => {
  const body = { email, password: member.password };
  const answer = await call('PUT', '/id/me/email', body, { cookie: member.cookie });
  expect(answer.status).toBe(202);
  return { ...member, cookie: sessionCookie(answer) ?? expect.fail('The session was not renewed.') };
};

const me = async ({ cookie }: Member): Promise<unknown> =>
  json(await call('GET', '/id/me', undefined, { cookie }));

/** A property of the JSON body. */
const partOf = (answer: Answer, name: string): unknown => Reflect.get(Object(json(answer)), name);
const textOf = (answer: Answer, name: string): string => String(partOf(answer, name));

const problemOf = (answer: Answer): [number, unknown] => [answer.status, partOf(answer, 'code')];

describe('PUT /id/me/email without mail', () => {
  it('changes the address at once, and keeps emailVerified only if nothing but the case differs', async () => {
    const member = await joinProven();
    const change = async (email: string, cookie: string) => {
      const body = { email, password: member.password };
      const answer = await send('/id/me/email', { method: 'PUT', json: body, cookie });
      expect(answer.status).toBe(200);
      return { cookie: sessionCookie(answer) ?? '', account: partOf(answer, 'account') };
    };
    const spelled = member.email.toUpperCase();
    const first = await change(spelled, member.cookie);
    expect(first.account).toMatchObject({ email: spelled, emailVerified: true });
    const second = await change(`next.${member.email}`, first.cookie);
    expect(second.account).toMatchObject({ email: `next.${member.email}`, emailVerified: false });
  });
});

describe('PUT /id/me/email with mail', () => {
  it('answers 202, with the new address as pendingEmail', async () => {
    const member = await joinProven();
    const email = `next.${member.email}`;
    const before = await me(member);
    const answer = await call('PUT', '/id/me/email', { email, password: member.password }, member);
    expect(answer.status).toBe(202);
    const account = partOf(answer, 'account');
    expect(before).toEqual({
      account: { ...Object(account), pendingEmail: null, updatedAt: expect.any(String) },
    });
    expect(account).toMatchObject({ email: member.email, emailVerified: true, pendingEmail: email });
  });

  it('accepts the code from the mail once, and only from the owner', async () => {
    const member = await joinProven();
    const email = `next.${member.email}`;
    const owner = await askFor(member, email);
    const other = await joinProven();
    const code = codeIn(mailbox.last(email));
    const path = '/id/email/change/confirm';
    expect(problemOf(await call('POST', path, { code }))).toEqual([401, 'credentials_missing']);
    expect(problemOf(await call('POST', path, { code }, { cookie: other.cookie }))).toEqual([
      400,
      'email_code_invalid',
    ]);
    const confirmed = await call('POST', path, { code }, { cookie: owner.cookie });
    expect([confirmed.status, json(confirmed)]).toEqual([200, await me(owner)]);
    expect(await me(owner)).toMatchObject({ account: { email, emailVerified: true, pendingEmail: null } });
    expect(problemOf(await call('POST', path, { code }, { cookie: owner.cookie }))).toEqual([
      400,
      'email_code_invalid',
    ]);
  });

  it('voids the link and the code if DELETE /id/me/email/pending withdraws the address', async () => {
    const member = await joinProven();
    const email = `next.${member.email}`;
    const { cookie } = await askFor(member, email);
    const mail = mailbox.last(email);
    const withdrawn = await call('DELETE', '/id/me/email/pending', undefined, { cookie });
    expect([withdrawn.status, withdrawn.text]).toEqual([204, '']);
    const path = '/id/email/change/confirm';
    expect(problemOf(await call('POST', path, { token: tokenIn(mail) }))).toEqual([400, 'link_expired']);
    expect(problemOf(await call('POST', path, { code: codeIn(mail) }, { cookie }))).toEqual([
      400,
      'email_code_invalid',
    ]);
    expect(await me({ ...member, cookie })).toMatchObject({
      account: { email: member.email, pendingEmail: null },
    });
    expect((await call('DELETE', '/id/me/email/pending', undefined, { cookie })).status).toBe(204);
  });

  it('rejects the address of another account in any case, and mails nothing', async () => {
    const [member, other] = [await joinProven(), await join()];
    const body = { email: other.email.toUpperCase(), password: member.password };
    const answer = await call('PUT', '/id/me/email', body, { cookie: member.cookie });
    expect(problemOf(answer)).toEqual([409, 'taken']);
    expect(mailbox.to(body.email)).toEqual([]);
  });

  it('gives an address that two accounts request to the first that confirms it', async () => {
    const [one, other] = [await joinProven(), await joinProven()];
    const email = `both.${one.email}`;
    await askFor(one, email);
    const token = tokenIn(mailbox.last(email));
    const second = await askFor(other, email);
    const later = tokenIn(mailbox.last(email));
    expect((await call('POST', '/id/email/change/confirm', { token })).status).toBe(200);
    expect(await me(second)).toMatchObject({ account: { email: other.email, pendingEmail: null } });
    expect(problemOf(await call('POST', '/id/email/change/confirm', { token: later }))).toEqual([
      400,
      'link_expired',
    ]);
  });

  it('notifies an unverified old address without a link, because it may belong to a stranger', async () => {
    const member = await join();
    const email = `next.${member.email}`;
    await askFor(member, email);
    await call('POST', '/id/email/change/confirm', { token: tokenIn(mailbox.last(email)) });
    const told = mailbox.last(member.email);
    expect(told.subject).toContain('was changed');
    expect(told.text).not.toContain('undo-email-change');
  });

  it('changes only the case of the address at once, and notifies the old spelling', async () => {
    const member = await joinProven();
    const email = member.email.toUpperCase();
    const answer = await call('PUT', '/id/me/email', { email, password: member.password }, member);
    expect([answer.status, json(answer)]).toEqual([
      200,
      { account: expect.objectContaining({ email, emailVerified: true, pendingEmail: null }) },
    ]);
    // The mail goes to the verified spelling.
    const told = mailbox.last(member.email);
    expect(told.subject).toBe('The email address of your Latchkey account is spelled differently now');
    expect(told.text).not.toContain('token=');
    expect(mailbox.to(email)).toEqual([]);
  });

  it('notifies the old spelling of a change through `users`, but not if the address is unchanged', async () => {
    const member = await joinProven();
    const change = (body: object) =>
      send('/api/users/me/', { method: 'PATCH', json: body, cookie: member.cookie, env: mailbox.env });
    const before = mailbox.mails.length;
    expect((await change({ email: member.email, address: 'here' })).status).toBe(200);
    expect(mailbox.mails).toHaveLength(before);
    expect((await change({ email: member.email.toUpperCase() })).status).toBe(200);
    expect(mailbox.last(member.email).subject).toContain('spelled differently');
  });

  it('notifies the old address, which can undo the change by a link and set a new password', async () => {
    const member = await joinProven();
    const email = `next.${member.email}`;
    const owner = await askFor(member, email);
    await call('POST', '/id/email/change/confirm', { token: tokenIn(mailbox.last(email)) });
    const told = mailbox.last(member.email);
    expect(told.text).not.toContain(email);
    const token = tokenIn(told);
    const undone = await call('POST', '/id/email/change/undo', { token });
    expect([undone.status, json(undone)]).toEqual([
      200,
      { resetToken: expect.stringMatching(/^[\w-]{43}$/) },
    ]);
    expect((await call('GET', '/id/me', undefined, { cookie: owner.cookie })).status).toBe(401);
    const login = { identifier: member.email, password: member.password };
    expect(problemOf(await call('POST', '/id/login', login))).toEqual([401, 'wrong_credentials']);
    const reset = { token: textOf(undone, 'resetToken'), password: NEXT_PASSWORD };
    expect((await call('POST', '/id/password/reset', reset)).status).toBe(204);
    expect((await call('POST', '/id/login', { ...login, password: NEXT_PASSWORD })).status).toBe(200);
    expect(problemOf(await call('POST', '/id/email/change/undo', { token }))).toEqual([400, 'link_expired']);
  });
});

describe('POST /id/email/verification/confirm and /id/email/change/confirm', () => {
  it('require a token or a code', async () => {
    const { cookie } = await join();
    for (const path of ['/id/email/verification/confirm', '/id/email/change/confirm']) {
      const answer = await call('POST', path, {}, { cookie });
      expect([answer.status, json(answer)]).toEqual([
        400,
        {
          type: 'urn:latchkey:problem:invalid',
          title: 'Some fields are not valid.',
          status: 400,
          code: 'invalid',
          errors: [{ name: 'token', code: 'required', message: 'This is required.' }],
        },
      ]);
    }
  });

  it('accept the code of the account that the cookie or token belongs to', async () => {
    const one = await join();
    const path = '/id/email/verification/confirm';
    const code = codeIn(mailbox.last(one.email));
    const proven = await call('POST', path, { code: `${code.slice(0, 4)}-${code.slice(4)}` }, one);
    expect([proven.status, json(proven)]).toEqual([200, await me(one)]);
    const fields = person();
    const registered = await call('POST', '/id/register', { ...fields, session: 'token' });
    const token = textOf(registered, 'token');
    const right = { code: codeIn(mailbox.last(fields.email)) };
    expect((await call('POST', path, right, { token })).status).toBe(200);
  });

  it('reject a token of another purpose', async () => {
    const member = await join();
    const token = tokenIn(mailbox.last(member.email));
    for (const [path, body] of [
      ['/id/email/change/confirm', { token }],
      ['/id/email/change/undo', { token }],
      ['/id/password/reset', { token, password: NEXT_PASSWORD }],
    ] as const)
      expect(problemOf(await call('POST', path, body))).toEqual([400, 'link_invalid']);
    expect((await call('POST', '/id/email/verification/confirm', { token })).status).toBe(200);
  });
});

describe('the language of mails', () => {
  it('follows Accept-Language at registration, then the locale of the profile', async () => {
    const fields = person();
    const headers = { 'Accept-Language': 'fr, de-AT;q=0.9, en;q=0.5' };
    const answer = await call('POST', '/id/register', fields, { headers });
    expect(json(answer)).toMatchObject({ account: { locale: 'de' } });
    expect(mailbox.last(fields.email).subject).toBe('Bestätigen Sie Ihre E-Mail-Adresse für Latchkey');
    const cookie = sessionCookie(answer) ?? '';
    const changed = await call('PATCH', '/id/me', { locale: 'en' }, { cookie });
    expect(json(changed)).toMatchObject({ account: { locale: 'en' } });
    await call('POST', '/id/email/verification', undefined, { cookie });
    expect(mailbox.last(fields.email).subject).toBe('Confirm your email address for Latchkey');
    expect(problemOf(await call('PATCH', '/id/me', { locale: 'fr' }, { cookie }))).toEqual([400, 'invalid']);
  });
});
