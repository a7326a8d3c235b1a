// `users`: resetting a forgotten password by a mailed link to the client's page or to our own.
import { beforeEach, describe, expect, it } from 'vitest';
import { createMailbox, linkIn, type Mailbox, PUBLIC_URL, tokenIn } from '../../support/mail.ts';
import { type Answer, type Sent, send, sessionCookie, uniqueName } from '../../support/worker.ts';

const OURS = 'https://app.example.com';
const PASSWORD = 'sesame1234';
const NEXT_PASSWORD = 'another1';
const RULE =
  'Password should contain both numbers and English letters, with the length no less than 6 and no more than 20.';

let mailbox: Mailbox;

beforeEach(() => {
  mailbox = createMailbox({ ALLOWED_ORIGINS: OURS });
});

const brief = ({ status, text }: Answer): [number, string] => [status, text];

const join = async () => {
  const username = uniqueName();
  const person = { username, email: `${username}@test.com`, password: PASSWORD };
  const answer = await send('/api/users/register/', { json: person, env: mailbox.env });
  return { ...person, cookie: sessionCookie(answer) ?? expect.fail(answer.text) };
};

const ask = (query: Record<string, string>, sent: Sent = {}): Promise<Answer> =>
  send(`/api/users/reset_password/?${new URLSearchParams(query)}`, { env: mailbox.env, ...sent });

const reset = (json: object): Promise<Answer> =>
  send('/api/users/reset_password/', { json, env: mailbox.env });

const logIn = (username: string, password: string): Promise<Answer> =>
  send('/api/users/login/', { json: { username, password }, env: mailbox.env });

describe('GET /api/users/reset_password/', () => {
  it.each([`${OURS}/reset?step=2#x`, `${PUBLIC_URL}/somewhere`])(
    'mails a link to the callback if its origin is allowed: %s',
    async (callback) => {
      const { username, email } = await join();
      for (const lookup of [username, email.toUpperCase()]) {
        expect(brief(await ask({ lookup, callback }))).toEqual([200, '"OK"']);
        const link = new URL(linkIn(mailbox.last(email)));
        expect(link.searchParams.get('sign')).toMatch(/^[\w-]{43}$/);
        link.searchParams.delete('sign');
        expect(link.href).toBe(callback);
      }
    },
  );

  it.each([
    'https://evil.example/',
    'https://app.example.com.evil.example/',
    'http://app.example.com/',
    'http://localhost:3000/',
    'https://latchkey.test/',
  ])('mails a link to our own page if the origin of the callback is not allowed: %s', async (callback) => {
    const { username, email } = await join();
    expect(brief(await ask({ lookup: username, callback }))).toEqual([200, '"OK"']);
    expect(linkIn(mailbox.last(email))).toMatch(
      /^https:\/\/id\.example\.com\/reset-password\?token=[\w-]{43}$/,
    );
  });

  it('answers an unknown name like a known one, and mails nothing', async () => {
    expect(brief(await ask({ lookup: 'nobody@test.com', callback: OURS }))).toEqual([200, '"OK"']);
    expect(mailbox.mails).toEqual([]);
  });

  it.each<[Record<string, string>, object]>([
    [{}, { lookup: ['This field is required.'], callback: ['This field is required.'] }],
    [{ lookup: 'a' }, { callback: ['This field is required.'] }],
    [{ lookup: ' ', callback: OURS }, { lookup: ['This field may not be blank.'] }],
    [{ lookup: 'a', callback: 'javascript:alert(1)' }, { callback: ['Enter a valid URL.'] }],
    [
      { lookup: 'a', callback: 'https://app.example.com@evil.example/' },
      { callback: ['Enter a valid URL.'] },
    ],
    [{ lookup: 'a', callback: '/reset' }, { callback: ['Enter a valid URL.'] }],
    [
      { lookup: 'a', callback: `${OURS}/${'x'.repeat(2_000)}` },
      { callback: ['Ensure this field has no more than 2000 characters.'] },
    ],
  ])('answers 400 for the query %j', async (query, errors) => {
    expect(brief(await ask(query))).toEqual([400, JSON.stringify(errors)]);
  });
});

describe('POST /api/users/reset_password/', () => {
  const signFor = async (username: string, email: string): Promise<string> => {
    await ask({ lookup: username, callback: OURS });
    return tokenIn(mailbox.last(email));
  };

  it('sets the password once, ends the sessions, and does not log in', async () => {
    const { username, email, cookie } = await join();
    const json = { sign: await signFor(username, email), new_password: NEXT_PASSWORD };
    const answer = await reset(json);
    expect(brief(answer)).toEqual([200, '"OK"']);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect((await send('/api/users/me/', { cookie, env: mailbox.env })).status).toBe(404);
    expect((await logIn(username, PASSWORD)).status).toBe(400);
    expect((await logIn(username, NEXT_PASSWORD)).status).toBe(200);
    expect(brief(await reset(json))).toEqual([400, '{"sign":["Signature expired."]}']);
  });

  it('rejects an unknown token and a token with another purpose', async () => {
    const { email } = await join();
    for (const sign of ['x', 'A'.repeat(43), tokenIn(mailbox.last(email))])
      expect(brief(await reset({ sign, new_password: NEXT_PASSWORD }))).toEqual([
        400,
        '{"sign":["Bad signature."]}',
      ]);
  });

  it('applies the documented password rule, and keeps the token usable after a refusal', async () => {
    const { username, email } = await join();
    const sign = await signFor(username, email);
    for (const password of ['short', 'onlyletters', '1234567', 'x1'.repeat(11)])
      expect(brief(await reset({ sign, new_password: password }))).toEqual([
        400,
        JSON.stringify({ new_password: [RULE] }),
      ]);
    expect(brief(await reset({}))).toEqual([
      400,
      '{"sign":["This field is required."],"new_password":["This field is required."]}',
    ]);
    expect((await reset({ sign, new_password: NEXT_PASSWORD })).status).toBe(200);
  });

  it('rejects a token that was used for a reset in `id`', async () => {
    const { username, email } = await join();
    const sign = await signFor(username, email);
    const answer = await send('/id/password/reset', {
      json: { token: sign, password: 'seven doors and a wall' },
      env: mailbox.env,
    });
    expect(answer.status).toBe(204);
    expect(brief(await reset({ sign, new_password: NEXT_PASSWORD }))).toEqual([
      400,
      '{"sign":["Signature expired."]}',
    ]);
  });
});

it('answers 404 at /api/users/reset_password/ without mail', async () => {
  const env = { env: createMailbox({ MAIL_FROM: '' }).env };
  const query = `lookup=a&callback=${encodeURIComponent(OURS)}`;
  expect(brief(await send(`/api/users/reset_password/?${query}`, env))).toEqual([
    404,
    '{"detail":"Not found."}',
  ]);
  const json = { sign: 'x', new_password: NEXT_PASSWORD };
  expect(brief(await send('/api/users/reset_password/', { ...env, json }))).toEqual([
    404,
    '{"detail":"Not found."}',
  ]);
});
