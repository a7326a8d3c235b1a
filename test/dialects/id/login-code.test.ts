// `id` and the sign-in page: sign-in with a code that is mailed to a verified address (EMAIL_SIGN_IN).
import { beforeEach, describe, expect, it } from 'vitest';
import { observe } from '../../support/counting.ts';
import { codeIn, createMailbox, type Mailbox, tokenIn } from '../../support/mail.ts';
import { type Answer, json, type Sent, send, sessionCookie, testEnv } from '../../support/worker.ts';
import { person } from './support-id.ts';

let mailbox: Mailbox;

beforeEach(() => {
  mailbox = createMailbox({ EMAIL_SIGN_IN: 'true' });
});

const post = (path: string, body?: object, sent: Sent = {}): Promise<Answer> =>
  send(path, { method: 'POST', env: mailbox.env, ...(body ? { json: body } : {}), ...sent });

const join = async (isProven = true) => {
  const fields = person();
  await post('/id/register', fields);
  const token = tokenIn(mailbox.last(fields.email));
  if (isProven) expect((await post('/id/email/verification/confirm', { token })).status).toBe(200);
  return fields;
};

/** The cookie that a browser gets when it requests a code. */
const holderOf = ({ headers }: Answer): Record<string, string> => {
  const [cookie] = headers.getSetCookie().filter((line) => line.startsWith('login_step='));
  return { Cookie: cookie?.split(';')[0] ?? '' };
};

const ask = async (identifier: string): Promise<Record<string, string>> => {
  const asked = await post('/id/login/code', { identifier });
  expect([asked.status, asked.text]).toEqual([202, '']);
  return holderOf(asked);
};

const logIn = (identifier: string, code: string, headers: Record<string, string>, more = {}) =>
  post('/id/login', { identifier, code, ...more }, { headers });

const lastCode = (email: string): string => codeIn(mailbox.last(email));

const WRONG = [400, expect.stringContaining('"code":"email_code_invalid"')];

it('POST /id/login opens one session by a mailed code, only in the browser that requested it', async () => {
  const { username, email } = await join();
  const browser = await ask(username);
  const code = lastCode(email);
  expect(mailbox.last(email).subject).toBe(`${code} is your code for Latchkey`);
  const other = await ask('somebody-else');
  for (const headers of [{}, other]) {
    const refused = await logIn(username, code, headers);
    expect([refused.status, refused.text]).toEqual(WRONG);
  }
  const opened = await logIn(email, code, browser);
  expect([opened.status, json(opened)]).toEqual([200, { account: expect.objectContaining({ email }) }]);
  const cookie = sessionCookie(opened) ?? '';
  expect((await send('/id/me', { cookie, env: mailbox.env })).status).toBe(200);
  const again = await logIn(email, code, browser);
  expect([again.status, again.text]).toEqual(WRONG);
});

it('opens one session if 24 logins arrive at once', async () => {
  const { email } = await join();
  const browser = await ask(email);
  const code = lastCode(email);
  // Attempts after the fifth are not compared at all.
  const answers = await Promise.all(Array.from({ length: 24 }, () => logIn(email, code, browser)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
});

it('returns a token if the client asks for one', async () => {
  const { email } = await join();
  const browser = await ask(email);
  const opened = await logIn(email, lastCode(email), browser, { session: 'token' });
  expect(json(opened)).toMatchObject({ token: expect.stringMatching(/^eyJ/) });
});

it('counts as one factor: an account with a second factor opens no session', async () => {
  const { email } = await join();
  await testEnv.DB.prepare(
    "INSERT INTO factors (user_id, kind, name, secret, created_at, confirmed_at) SELECT id, 'totp', 'app', 'x', 1, 1 FROM users WHERE email = ?",
  )
    .bind(email)
    .run();
  const browser = await ask(email);
  const code = lastCode(email);
  const answer = await logIn(email, code, browser);
  expect(json(answer)).toMatchObject({ secondFactor: { kinds: ['code', 'recoveryCode'] } });
  expect(sessionCookie(answer)).toBeNull();
  expect((await logIn(email, code, browser)).status).toBe(400);
});

it('starts one second step if 24 logins arrive at once', async () => {
  const { email } = await join();
  await testEnv.DB.prepare(
    "INSERT INTO factors (user_id, kind, name, secret, created_at, confirmed_at) SELECT id, 'totp', 'app', 'x', 1, 1 FROM users WHERE email = ?",
  )
    .bind(email)
    .run();
  const browser = await ask(email);
  const code = lastCode(email);
  const answers = await Promise.all(Array.from({ length: 24 }, () => logIn(email, code, browser)));
  expect(answers.filter(({ text }) => text.includes('secondFactor'))).toHaveLength(1);
});

it('mails only verified addresses, with the same answer and work for everybody', async () => {
  const [proven, unproven, disabled] = [await join(), await join(false), await join()];
  await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE email = ?').bind(disabled.email).run();
  const ask = async (identifier: string) => {
    const watched = observe(mailbox.env);
    const answer = await send('/id/login/code', { json: { identifier }, env: watched.env });
    const statements = watched.statements.filter((sql) => !/^update "outbox"/.test(sql));
    return { status: answer.status, text: answer.text, statements };
  };
  const known = await ask(proven.email);
  expect(await ask(unproven.email)).toEqual(known);
  expect(await ask('nobody@test.com')).toEqual(known);
  expect(await ask(disabled.email)).toEqual(known);
  // Only the mail of the registration, no code.
  expect(mailbox.to(unproven.email)).toHaveLength(1);
  expect(mailbox.to(disabled.email)).toHaveLength(1);
  expect(mailbox.to(proven.email)).toHaveLength(2);
});

it('allows five attempts, which a new code does not reset', async () => {
  const { email } = await join();
  const browser = await ask(email);
  for (let times = 0; times < 5; times += 1) await logIn(email, '00000000', browser);
  const refused = await logIn(email, lastCode(email), browser);
  expect([refused.status, refused.text]).toEqual(WRONG);
  const next = await ask(email);
  expect((await logIn(email, lastCode(email), next)).status).toBe(400);
});

describe('EMAIL_SIGN_IN off', () => {
  it('answers 404 to a request for a code, and requires a password at login', async () => {
    mailbox = createMailbox();
    const { email } = await join();
    expect((await post('/id/login/code', { identifier: email })).status).toBe(404);
    const refused = await post('/id/login', { identifier: email, code: '12345678' });
    expect([refused.status, json(refused)]).toEqual([
      400,
      expect.objectContaining({
        code: 'invalid',
        errors: [{ name: 'password', code: 'required', message: 'This is required.' }],
      }),
    ]);
    const { text } = await send('/sign-in', { env: mailbox.env });
    expect(text).not.toContain('/sign-in/code');
    expect((await send('/sign-in/code', { env: mailbox.env })).status).toBe(404);
  });
});

it('signs in on the page /sign-in/code', async () => {
  const { username, email } = await join();
  const { text } = await send('/sign-in', { env: mailbox.env });
  expect(text).toContain('<a href="/sign-in/code">');
  expect((await send('/sign-in/code', { env: mailbox.env })).text).toContain('<title>Sign in with a code');
  const asked = await send('/sign-in/code', { form: { identifier: username }, env: mailbox.env });
  expect(asked.text).toContain(`name="identifier" value="${username}"`);
  const headers = holderOf(asked);
  const enter = (code: string) =>
    send('/sign-in/code/enter', { form: { identifier: username, code }, headers, env: mailbox.env });
  const wrong = await enter('00000000');
  expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('This code is wrong')]);
  const right = await enter(lastCode(email));
  expect([right.status, right.headers.get('Location')]).toEqual([303, '/']);
  expect(sessionCookie(right)).not.toBeNull();
});

it('leads to the second step on the page, which mentions no password', async () => {
  const { username, email } = await join();
  await testEnv.DB.prepare(
    "INSERT INTO factors (user_id, kind, name, secret, created_at, confirmed_at) SELECT id, 'totp', 'app', 'x', 1, 1 FROM users WHERE email = ?",
  )
    .bind(email)
    .run();
  const headers = holderOf(await send('/sign-in/code', { form: { identifier: username }, env: mailbox.env }));
  const form = { identifier: username, code: lastCode(email) };
  const step = await send('/sign-in/code/enter', { form, headers, env: mailbox.env });
  expect([step.status, step.text]).toEqual([200, expect.stringContaining('<h1>Second step</h1>')]);
  expect(step.text).not.toContain('password');
  expect(sessionCookie(step)).toBeNull();
});
