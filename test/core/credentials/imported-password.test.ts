// Imported password hashes: a login in any dialect accepts one, then replaces it with our own.
import { beforeEach, describe, expect, it } from 'vitest';
import { measure, observe } from '../../support/counting.ts';
import { type Answer, ORIGIN, type Sent, send, testEnv } from '../../support/worker.ts';
import { fixture, UNUSABLE } from './foreign/support.ts';
import { giveToken, hashOf, type ImportedPerson, importPerson } from './imported-support.ts';

const PASSWORD = 'correct horse battery staple';
/** bcrypt is computed in software, PBKDF2 by the runtime. */
const BCRYPT = fixture('Node', '$2b$04$', PASSWORD);
const DJANGO = fixture('Django 5.2', 'pbkdf2_sha256$1000$', PASSWORD);

/** A hash of our own, at the cost that the tests set. */
const OWN = /^\$pbkdf2-sha512\$i=100,r=2\$/;

const OWN_PAGE = { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' };

interface Login {
  path: string;
  /** The field that names the account, and whether it takes the email. */
  field: 'username' | 'email' | 'identifier';
  byEmail: boolean;
  welcome: number;
  refusal: number;
}

/** A login in each dialect and on the account page. user-v1 refuses with 200, as its document says. */
const LOGINS: Readonly<Record<string, Login>> = {
  users: { path: '/api/users/login/', field: 'username', byEmail: false, welcome: 200, refusal: 400 },
  'user-v1': { path: '/api/v1/user/login/', field: 'username', byEmail: false, welcome: 200, refusal: 200 },
  conjugator: { path: '/api/login/', field: 'username', byEmail: true, welcome: 200, refusal: 400 },
  account: { path: '/account/login', field: 'username', byEmail: false, welcome: 200, refusal: 400 },
  auth: { path: '/api/auth/login/', field: 'email', byEmail: true, welcome: 200, refusal: 400 },
  id: { path: '/id/login', field: 'identifier', byEmail: true, welcome: 200, refusal: 401 },
  'the account page': { path: '/sign-in', field: 'identifier', byEmail: true, welcome: 303, refusal: 401 },
};

let person: ImportedPerson;

const toLogin = (name: string, password = person.password): [path: string, sent: Sent] => {
  const login = LOGINS[name];
  if (!login) throw new Error(`There is no login ${name}.`);
  const form = { [login.field]: login.byEmail ? person.email : person.username, password };
  return [login.path, { form, headers: OWN_PAGE }];
};

const logIn = (name: string, password?: string): Promise<Answer> => send(...toLogin(name, password));

const isLoggedIn = async (): Promise<boolean> =>
  (await testEnv.DB.prepare('SELECT count(*) AS n FROM sessions WHERE user_id = ?')
    .bind(person.id)
    .first<number>('n')) === 1;

describe.each(Object.entries(LOGINS))('a first login in %s', (name, { welcome, refusal }) => {
  it.each([BCRYPT, DJANGO])('accepts a $kind hash and replaces it with our own', async (fixture) => {
    person = await importPerson(fixture);
    expect((await logIn(name)).status).toBe(welcome);
    expect(await isLoggedIn()).toBe(true);
    const own = await hashOf(person.id);
    expect(own).toMatch(OWN);
    expect((await logIn(name)).status).toBe(welcome);
    expect(await hashOf(person.id)).toBe(own);
    expect((await logIn(name, `${person.password}!`)).status).toBe(refusal);
  });

  it('refuses a wrong password and keeps the hash', async () => {
    person = await importPerson(BCRYPT);
    expect((await logIn(name, `${person.password}!`)).status).toBe(refusal);
    expect(await isLoggedIn()).toBe(false);
    expect(await hashOf(person.id)).toBe(BCRYPT.hash);
  });
});

describe('a first login', () => {
  beforeEach(async () => {
    person = await importPerson(DJANGO);
  });

  it('takes two D1 round trips and computes both hashes; the next login computes only our own', async () => {
    const first = await measure(...toLogin('account'));
    expect(first.answer.status).toBe(200);
    expect(first.operations.d1).toBe(2);
    expect(first.hashed).toEqual([1000, 100, 100]);
    const next = await measure(...toLogin('account'));
    expect(next.answer.text).toBe(first.answer.text);
    expect(next.hashed).toEqual([100, 100]);
  });

  it('computes only the stored hash if the password is wrong', async () => {
    const { answer, hashed } = await measure(...toLogin('account', 'not this one'));
    expect([answer.status, hashed]).toEqual([400, [1000]]);
  });

  it('accepts the composed and the decomposed form of a password', async () => {
    const password = 'caf\u00e9 \u00fcber';
    for (const typed of [password, password.normalize('NFD')]) {
      person = await importPerson(fixture('Django 5.2', 'pbkdf2_sha256$1000$', password));
      expect((await logIn('account', 'cafe uber')).status).toBe(400);
      for (const again of [typed, password, password.normalize('NFD')])
        expect((await logIn('account', again)).status).toBe(200);
    }
  });

  it('rejects the login if the password changes meanwhile, and keeps the change', async () => {
    let trips = 0;
    const { env } = observe(testEnv, async (binding) => {
      trips += binding === 'd1' ? 1 : 0;
      if (trips !== 2) return;
      trips += 1;
      await testEnv.DB.prepare('UPDATE users SET password_hash = ? WHERE id = ?').bind('!', person.id).run();
    });
    const [path, sent] = toLogin('account');
    expect((await send(path, { ...sent, env })).status).toBe(400);
    expect(await hashOf(person.id)).toBe('!');
    expect(await isLoggedIn()).toBe(false);
  });

  it('accepts ten parallel logins with the right password', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => logIn('account')));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await hashOf(person.id)).toMatch(OWN);
  });
});

describe('a login against a hash that matches no password', () => {
  it.each([
    ['an unusable hash', UNUSABLE[0] ?? '!'],
    ['an unsupported kind', '5f4dcc3b5aa765d61d8327deb882cf99'],
    ['a damaged hash', DJANGO.hash.slice(0, -1)],
    ['a hash past the bounds', DJANGO.hash.replace('$1000$', '$2000001$')],
    ['an empty hash', ''],
  ])('costs as much as for an unknown account: %s', async (_name, hash) => {
    person = await importPerson({ password: 'whatever', hash });
    for (const typed of ['whatever', '!', hash || '-']) {
      const { answer, hashed } = await measure(...toLogin('account', typed));
      expect([answer.status, hashed]).toEqual([400, [100, 100]]);
    }
    expect(await hashOf(person.id)).toBe(hash);
  });
});

describe('an account imported with a token that never logged in', () => {
  let token: string;

  beforeEach(async () => {
    person = await importPerson(BCRYPT);
    token = await giveToken(person.id);
  });

  it('changes its password with the imported one and gets our own hash', async () => {
    const change = (currentPassword: string) =>
      send('/id/me/password', {
        method: 'PUT',
        token,
        json: { currentPassword, newPassword: 'another fine long one' },
      });
    expect((await change('not this one')).status).toBe(401);
    expect(await hashOf(person.id)).toBe(BCRYPT.hash);
    expect((await change(person.password)).status).toBe(200);
    expect(await hashOf(person.id)).toMatch(OWN);
    expect((await logIn('account')).status).toBe(400);
    expect((await logIn('account', 'another fine long one')).status).toBe(200);
  });

  it('changes its email with the imported password', async () => {
    const change = (password: string) =>
      send('/id/me/email', { method: 'PUT', token, json: { password, email: `new-${person.email}` } });
    expect((await change('not this one')).status).toBe(401);
    expect((await change(person.password)).status).toBe(200);
    person = { ...person, email: `new-${person.email}` };
    expect((await logIn('auth')).status).toBe(200);
  });

  it('deletes itself with the imported password', async () => {
    const remove = (password: string) => send('/id/me', { method: 'DELETE', token, json: { password } });
    expect((await remove('not this one')).status).toBe(401);
    expect((await remove(person.password)).status).toBe(204);
    expect(await hashOf(person.id)).toBe('');
  });
});

describe('a hash that fits several passwords', () => {
  const ownerChanges = async (password: string): Promise<void> => {
    const { text } = await logIn('account', password);
    const token = /"token":"([0-9a-f]{40})"/.exec(text)?.[1] ?? expect.fail();
    const json = { currentPassword: password, newPassword: `${password} and more` };
    expect((await send('/id/me/password', { method: 'PUT', token, json })).status).toBe(200);
    expect(await hashOf(person.id)).toMatch(OWN);
    expect((await logIn('account', password)).status).toBe(400);
    expect((await logIn('account', `${password} and more`)).status).toBe(200);
  };

  // The owner may have chosen a longer password, of which bcrypt read only the beginning.
  it('stays bcrypt if the password fills the 72 bytes that bcrypt reads', async () => {
    const long = `${'x'.repeat(72)}tail`;
    const bcrypt = fixture('Node', '$2b$04$', long);
    person = await importPerson(bcrypt);
    for (const typed of ['x'.repeat(72), `${'x'.repeat(72)}tial`, long]) {
      expect((await logIn('account', typed)).status).toBe(200);
      expect(await hashOf(person.id)).toBe(bcrypt.hash);
    }
    expect((await logIn('account', `${'x'.repeat(71)}y`)).status).toBe(400);
    await ownerChanges(long);
  });

  describe('made by better-auth of a password whose NFC and NFKC differ', () => {
    // better-auth's scrypt takes a second on a slow machine: one login in each test.
    const password = '\ufb01ne \u2460 \u212b';
    const betterAuth = fixture('better-auth', '', password);

    beforeEach(async () => {
      person = await importPerson(betterAuth);
    });

    it('stays after a login with the password as it was set', async () => {
      expect((await logIn('account', password)).status).toBe(200);
      expect(await hashOf(person.id)).toBe(betterAuth.hash);
    });

    it('becomes our own after a login with the NFKC form', async () => {
      expect((await logIn('account', 'fine 1 \u00c5')).status).toBe(200);
      expect(await hashOf(person.id)).toMatch(OWN);
    });
  });

  it.each([BCRYPT, DJANGO])(
    'rejects a NUL after the password and still accepts the password: $kind',
    async (made) => {
      person = await importPerson(made);
      for (const typed of [`${made.password}\0`, `${made.password}\0${made.password}`]) {
        expect((await logIn('auth', typed)).status).toBe(400);
        expect(await hashOf(person.id)).toBe(made.hash);
      }
      expect((await logIn('auth')).status).toBe(200);
    },
  );
});
