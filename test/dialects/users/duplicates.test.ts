// `users`: taken usernames and emails, and how a registration reports them.
import { beforeAll, describe, expect, it } from 'vitest';
import { send, uniqueName } from '../../support/worker.ts';
import {
  BLANK,
  disable,
  hexTokenFor,
  join,
  joinUnnamed,
  type Member,
  person,
  REQUIRED,
  whole,
} from '../support-cookies.ts';

const USERNAME_TAKEN = 'A user with that username already exists.';
const EMAIL_TAKEN = 'user with this email address already exists.';
const NOT_USERNAME =
  'Enter a valid username. This value may contain only letters, numbers, and ./+/-/_ characters.';
const WEAK =
  'Password should contain both numbers and English letters, with the length no less than 6 and no more than 20.';

const register = (json: Record<string, unknown>) => send('/api/users/register/', { json });
const refused = (faults: Record<string, string[]>): string => `400 ${JSON.stringify(faults)}`;

let member: Member;
beforeAll(async () => {
  member = await join();
});

describe('duplicate username or email', () => {
  it('names each taken field, or both', async () => {
    const { username, email } = member;
    expect(whole(await register({ ...person(), username }))).toBe(refused({ username: [USERNAME_TAKEN] }));
    expect(whole(await register({ ...person(), email }))).toBe(refused({ email: [EMAIL_TAKEN] }));
    expect(whole(await register({ ...person(), username, email }))).toBe(
      refused({ username: [USERNAME_TAKEN], email: [EMAIL_TAKEN] }),
    );
  });

  it('appears together with the errors of other fields', async () => {
    const { username, email } = member;
    expect(whole(await register({ username }))).toBe(
      refused({ username: [USERNAME_TAKEN], email: [REQUIRED], password: [REQUIRED] }),
    );
    expect(whole(await register({ email, username: '', password: 'x' }))).toBe(
      refused({ username: [BLANK], email: [EMAIL_TAKEN], password: [WEAK] }),
    );
    expect(whole(await register({ username, email, password: 'x' }))).toBe(
      refused({ username: [USERNAME_TAKEN], email: [EMAIL_TAKEN], password: [WEAK] }),
    );
  });

  it('does not appear for an invalid field', async () => {
    const { email } = member;
    expect(whole(await register({ ...person(), username: email, email }))).toBe(
      refused({ username: [NOT_USERNAME], email: [EMAIL_TAKEN] }),
    );
    expect(
      whole(await register({ username: `${member.username} x`, email: `x ${email}`, password: 'x' })),
    ).toBe(refused({ username: [NOT_USERNAME], email: ['Enter a valid email address.'], password: [WEAK] }));
  });

  it('names both fields if two accounts hold one each', async () => {
    const other = await join();
    expect(whole(await register({ ...person(), username: member.username, email: other.email }))).toBe(
      refused({ username: [USERNAME_TAKEN], email: [EMAIL_TAKEN] }),
    );
  });

  it('ignores case and surrounding white space', async () => {
    const { username, email } = member;
    const changes = { username: ` ${username.toUpperCase()} `, email: ` ${email.toUpperCase()} ` };
    expect(whole(await register({ ...person(), ...changes }))).toBe(
      refused({ username: [USERNAME_TAKEN], email: [EMAIL_TAKEN] }),
    );
    expect((await register({ ...person(), username: `${username}x`, email: `x${email}` })).status).toBe(200);
  });

  it('ignores the Unicode form of an email, but not an accent', async () => {
    const domain = `@${uniqueName()}.com`;
    const first = await register({ ...person(), email: `j\u00f6rg${domain}` });
    expect(first.text).toContain(`"email":"j\u00f6rg${domain}"`);
    for (const email of [`jo\u0308rg${domain}`, `J\u00d6RG${domain}`, `JO\u0308RG${domain}`])
      expect(whole(await register({ ...person(), email }))).toBe(refused({ email: [EMAIL_TAKEN] }));
    expect((await register({ ...person(), email: `jorg${domain}` })).status).toBe(200);
  });

  it('treats a number like its decimal text', async () => {
    const number = String(crypto.getRandomValues(new Uint32Array(1))[0]);
    expect((await register({ ...person(), username: number })).status).toBe(200);
    expect(whole(await register({ ...person(), username: Number(number) }))).toBe(
      refused({ username: [USERNAME_TAKEN] }),
    );
  });

  it('includes accounts of another dialect and disabled ones', async () => {
    const { email } = await joinUnnamed();
    expect(whole(await register({ ...person(), email }))).toBe(refused({ email: [EMAIL_TAKEN] }));
    const { username, id } = await join();
    await disable(id);
    expect(whole(await register({ ...person(), username }))).toBe(refused({ username: [USERNAME_TAKEN] }));
  });

  it('neither ends nor starts a session', async () => {
    const { username, cookie } = member;
    const answer = await send('/api/users/register/', { json: { ...person(), username }, cookie });
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect((await send('/api/users/me/', { cookie })).status).toBe(200);
  });
});

describe('free username and email', () => {
  it('accept one of four concurrent registrations', async () => {
    const fields = person();
    const answers = await Promise.all([1, 2, 3, 4].map(() => register(fields)));
    const won = answers.filter(({ status }) => status === 200);
    const lost = answers.filter(({ status }) => status !== 200);
    expect([won.length, lost.length]).toEqual([1, 3]);
    for (const answer of lost)
      expect(whole(answer)).toBe(refused({ username: [USERNAME_TAKEN], email: [EMAIL_TAKEN] }));
  });

  it('become free again when the account is deleted, with a new id for the next one', async () => {
    const fields = person();
    const { id, cookie } = await join(fields);
    const token = await hexTokenFor(fields);
    expect((await send('/account/delete', { method: 'POST', token })).status).toBe(200);
    expect((await send('/api/users/me/', { cookie })).status).toBe(404);
    const again = await join(fields);
    expect(again.id).toBeGreaterThan(id);
    expect((await send('/api/users/me/', { cookie })).status).toBe(404);
  });
});
