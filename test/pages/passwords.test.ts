// OWASP ASVS 5.0, V6.2.6 and V6.2.7: every password field is masked, can be pasted into and names its autocomplete.
import { expect, it } from 'vitest';
import { createMailbox, tokenIn } from '../support/mail.ts';
import { ORIGIN, send } from '../support/worker.ts';
import { open, type Person, post, signUp, signUpAdmin } from './support-pages.ts';

const mailbox = createMailbox();

/** Every page with password fields, and their number. */
const PAGES: [path: string, fields: number, who: 'nobody' | 'somebody' | 'admin'][] = [
  ['/sign-in', 1, 'nobody'],
  ['/sign-up', 1, 'nobody'],
  ['/password', 2, 'somebody'],
  ['/email', 1, 'somebody'],
  ['/username', 1, 'somebody'],
  ['/delete', 1, 'somebody'],
  ['/confirm?again=1', 1, 'somebody'],
  ['/admin/users/:id/delete', 1, 'admin'],
];

const passwordFields = (text: string): string[] =>
  [...text.matchAll(/<input[^>]*>/g)].map(([tag]) => tag).filter((tag) => /name="[^"]*password/i.test(tag));

const expectMasked = (text: string, count: number): void => {
  const fields = passwordFields(text);
  expect(fields).toHaveLength(count);
  for (const field of fields) {
    expect(field).toContain(' type="password"');
    expect(field).toMatch(/ autocomplete="(?:current|new)-password"/);
    // Nothing blocks pasting, and no length limit cuts the pasted text.
    expect(field).not.toMatch(/ on[a-z]+=|maxlength|readonly|inputmode/i);
  }
};

it.each(PAGES)('%s has only masked password fields with autocomplete', async (path, count, who) => {
  const person: Person | null =
    who === 'nobody' ? null : who === 'admin' ? await signUpAdmin() : await signUp();
  const other = who === 'admin' ? await signUp() : null;
  const { status, text } = await open(path.replace(':id', String(other?.id)), person);
  expect(status).toBe(200);
  expectMasked(text, count);
});

it('/reset-password has only masked password fields, also after an error', async () => {
  const person = await signUp();
  await send('/id/password/forgot', { json: { identifier: person.email }, env: mailbox.env });
  const token = tokenIn(mailbox.last(person.email));
  const page = await send(`/reset-password?token=${token}`, { env: mailbox.env });
  expectMasked(page.text, 1);
  const headers = { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' };
  const again = await send('/reset-password', {
    form: { token, password: 'short' },
    env: mailbox.env,
    headers,
  });
  expect(again.status).toBe(400);
  expectMasked(again.text, 1);
  expectMasked((await post('/sign-in', { identifier: person.email, password: 'wrong one' })).text, 1);
});
