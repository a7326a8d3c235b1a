// An account has one name, whether a client sends it as `name` or as first and last name.
import { beforeAll, describe, expect, it } from 'vitest';
import { namesOf } from '../../src/core/index.ts';
import { createTimedCore } from '../support/clock.ts';
import { type Answer, send, testEnv, uniqueName } from '../support/worker.ts';

const PASSWORD = 'correct-horse-7';

const tokenIn = ({ text }: Answer): string => /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
const emailOf = (mark: string): string => `${mark}@test.com`;

/** Accounts of the three dialects that accept a name; each returns a token that every dialect accepts. */
const joinAuth = async (name: string, mark = uniqueName()) =>
  tokenIn(await send('/api/auth/register', { json: { name, email: emailOf(mark), password: PASSWORD } }));
const joinConjugator = async (first: string, last: string, mark = uniqueName()) => {
  const json = { first_name: first, last_name: last, email: emailOf(mark), password: PASSWORD };
  await send('/api/register', { json });
  return tokenIn(await send('/api/login', { json: { username: emailOf(mark), password: PASSWORD } }));
};
const joinId = async (name: string, mark = uniqueName()) =>
  tokenIn(
    await send('/id/register', {
      json: { name, email: emailOf(mark), password: PASSWORD, session: 'token' },
    }),
  );

interface Shown {
  name: string;
  firstName: string;
  lastName: string;
}

const idShows = async (token: string): Promise<Shown> => {
  const { account } = JSON.parse((await send('/id/me', { token })).text);
  return { name: account.name, firstName: account.firstName, lastName: account.lastName };
};
const conjugatorShows = async (token: string): Promise<string[]> => {
  const user = JSON.parse((await send('/api/user', { token })).text);
  return [user.first_name, user.last_name];
};
/** The name in the token of a new login to `auth`. */
const authShows = async (mark: string): Promise<string> => {
  const token = tokenIn(
    await send('/api/auth/login', { json: { email: emailOf(mark), password: PASSWORD } }),
  );
  const bytes = Uint8Array.fromBase64(token.split('.')[1] ?? '', { alphabet: 'base64url' });
  return JSON.parse(new TextDecoder().decode(bytes)).name;
};
const patch = async (token: string, json: unknown) => {
  const answer = await send('/id/me', { method: 'PATCH', token, json });
  expect([answer.status, answer.text]).toEqual([200, answer.text]);
};
const put = async (token: string, json: unknown): Promise<Answer> =>
  send('/api/user', { method: 'PUT', token, json });

describe('account with one name', () => {
  it.each([
    ['Peter Griffin', 'Peter', 'Griffin'],
    ['Anna Maria Smith', 'Anna Maria', 'Smith'],
    ['Cher', 'Cher', ''],
    ['Ada  Lovelace', 'Ada', 'Lovelace'],
  ])('shows "%s" as first and last name, split at the last space', async (name, first, last) => {
    for (const token of [await joinAuth(name), await joinId(name)]) {
      expect(await conjugatorShows(token)).toEqual([first, last]);
      expect(await idShows(token)).toEqual({ name, firstName: first, lastName: last });
    }
  });
});

describe('account with first and last name', () => {
  it('shows both as one name', async () => {
    const mark = uniqueName();
    const token = await joinConjugator('Peter', 'Griffin', mark);
    expect(await idShows(token)).toEqual({ name: 'Peter Griffin', firstName: 'Peter', lastName: 'Griffin' });
    expect(await authShows(mark)).toBe('Peter Griffin');
  });
});

describe('change of a name', () => {
  it('replaces first and last name if `name` is sent', async () => {
    const mark = uniqueName();
    const token = await joinConjugator('Peter', 'Griffin', mark);
    await patch(token, { name: 'Lois van Pewterschmidt' });
    expect(await conjugatorShows(token)).toEqual(['Lois van', 'Pewterschmidt']);
    expect(await authShows(mark)).toBe('Lois van Pewterschmidt');
  });

  it('keeps the other one if only first or last name is sent, and updates `name`', async () => {
    const mark = uniqueName();
    const token = await joinAuth('Peter Griffin', mark);
    expect((await put(token, { first_name: 'Lois' })).text).toContain(
      '"first_name":"Lois","last_name":"Griffin"',
    );
    expect(await idShows(token)).toEqual({ name: 'Lois Griffin', firstName: 'Lois', lastName: 'Griffin' });
    expect(await authShows(mark)).toBe('Lois Griffin');
    await patch(token, { lastName: 'Pewterschmidt' });
    expect(await authShows(mark)).toBe('Lois Pewterschmidt');
  });

  it('ignores values that are sent back as shown, and applies one that differs', async () => {
    const token = await joinId('Anna Maria  Smith');
    const before = await idShows(token);
    await patch(token, before);
    await put(token, { first_name: before.firstName, last_name: before.lastName });
    expect(await idShows(token)).toEqual(before);
    await patch(token, { ...before, name: 'Anna Smith' });
    expect(await conjugatorShows(token)).toEqual(['Anna', 'Smith']);
  });

  it('keeps both forms if both are sent', async () => {
    const token = await joinId('Anna');
    const both = { name: 'Dr. Anna Smith', firstName: 'Anna', lastName: 'Smith' };
    await patch(token, both);
    expect(await idShows(token)).toEqual(both);
  });

  it('removes the name in both forms if it is empty', async () => {
    const token = await joinConjugator('Peter', 'Griffin');
    await patch(token, { name: '' });
    expect(await conjugatorShows(token)).toEqual(['', '']);
    const other = await joinAuth('Peter Griffin');
    await patch(other, { firstName: '', lastName: '' });
    expect(await idShows(other)).toEqual({ name: '', firstName: '', lastName: '' });
  });

  it('leaves the name unchanged if only other fields are sent', async () => {
    const token = await joinAuth('Peter Griffin');
    await patch(token, { address: 'Spooner Street 31' });
    expect((await put(token, {})).status).toBe(200);
    expect(await idShows(token)).toEqual({ name: 'Peter Griffin', firstName: 'Peter', lastName: 'Griffin' });
  });

  it('leaves the longest first and last name unchanged if the shown `name` is sent back', async () => {
    const [first, last] = ['x'.repeat(200), '🦊'.repeat(255)];
    const token = await joinConjugator(first, last);
    const { name } = await idShows(token);
    expect(name).toBe(`${first} ${'🦊'.repeat(54)}`);
    await patch(token, { name });
    expect(await conjugatorShows(token)).toEqual([first, last]);
  });
});

it('shows empty names for an account without any', () => {
  const none = { name: '', firstName: '', lastName: '' };
  expect(namesOf(none)).toEqual(none);
});

describe('POST /id/admin/accounts/search', () => {
  let admin = '';
  beforeAll(async () => {
    const mark = uniqueName();
    admin = await joinId('Admin', mark);
    await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE email = ?').bind(emailOf(mark)).run();
  });

  const namesFound = async (text: string): Promise<string[]> => {
    const page = await send('/id/admin/accounts/search', { token: admin, json: { search: text } });
    return JSON.parse(page.text).accounts.map(({ name }: Shown) => name);
  };

  it('finds the current name in any case and Unicode form, but not the old one', async () => {
    const mark = uniqueName();
    const token = await joinConjugator(`${mark}Éva`, 'Őry');
    expect(await namesFound(`${mark}E\u0301VA őR`)).toEqual([`${mark}Éva Őry`]);
    await patch(token, { name: `${mark}Straße` });
    expect(await namesFound(`${mark}STRASSE`)).toEqual([`${mark}Straße`]);
    expect(await namesFound(`${mark}Éva`)).toEqual([]);
    await put(token, { first_name: `${mark}Ödön`, last_name: 'B' });
    expect(await namesFound(`${mark}ÖDÖN b`)).toEqual([`${mark}Ödön B`]);
  });

  it('finds the longest name by its beginning and in full', async () => {
    const mark = uniqueName();
    const name = mark + 'é'.repeat(255 - mark.length);
    await joinId(name);
    expect(await namesFound(name.toUpperCase())).toEqual([name]);
    expect(await namesFound(`${mark}é`)).toEqual([name]);
    expect(await namesFound(`${name}é`)).toEqual([]);
  });

  it('finds names without a search key after the scheduled run filled in all 1,201 of them', async () => {
    const mark = uniqueName();
    const named = `${mark}ÄNNE`;
    await joinId(named);
    await testEnv.DB.prepare(
      `INSERT INTO users (email, email_key, password_hash, name, created_at, updated_at, last_login_at)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
        SELECT ? || i, ? || i, '!', 'Other', 0, 0, 0 FROM n`,
    )
      .bind(mark, mark)
      .run();
    await testEnv.DB.prepare('UPDATE users SET name_key = NULL WHERE name = ?').bind(named).run();
    expect(await namesFound(`${mark}änne`)).toEqual([]);
    const { core } = createTimedCore();
    expect(await core.fillNameKeys()).toBe(1201);
    expect(await namesFound(`${mark}änne`)).toEqual([named]);
    expect(await core.fillNameKeys()).toBe(0);
  });
});
