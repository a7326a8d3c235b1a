// The cost of a login: two D1 round trips, one hash, one KV put; a refusal costs the same without the put.
import { describe, expect, it } from 'vitest';
import { measure, NO_OPERATIONS } from '../../support/counting.ts';
import { send, testEnv, uniqueName } from '../../support/worker.ts';

/** The hash cost that the tests set: two rounds of 1,000 iterations. */
const ONE_HASH = [100, 100];

const PASSWORD = 'sesame1234';

interface Person {
  username: string;
  email: string;
}

/** An account without a session: a registration in user-v1 opens none. */
const registered = async (): Promise<Person> => {
  const username = uniqueName();
  const email = `${username}@test.com`;
  await send('/api/v1/user/register/', { json: { username, email, password: PASSWORD } });
  return { username, email };
};

const nobody = (): Person => {
  const username = uniqueName();
  return { username, email: `${username}@test.com` };
};

interface Login {
  dialect: string;
  path: string;
  /** The field that names the account, and the name that is sent in it. */
  field: 'username' | 'email';
  by: keyof Person;
  refusal: string;
  /** The refusal for an unknown account, if it differs. */
  unknown?: (person: Person) => string;
}

const logins: Login[] = [
  {
    dialect: 'users',
    path: '/api/users/login/',
    field: 'username',
    by: 'username',
    refusal: '{"non_field_errors":["Username or password is incorrect."]}',
  },
  {
    dialect: 'user-v1',
    path: '/api/v1/user/login/',
    field: 'username',
    by: 'username',
    refusal: '{"status":"failed","desc":"user name or password incorrect","error_code":102}',
  },
  {
    dialect: 'conjugator',
    path: '/api/login/',
    field: 'username',
    by: 'email',
    refusal: '{"non_field_errors":["Unable to login with provided credentials."]}',
  },
  {
    dialect: 'account',
    path: '/account/login',
    field: 'username',
    by: 'username',
    refusal: '{"non_field_errors":["Unable to log in with provided credentials."]}',
  },
  {
    dialect: 'auth',
    path: '/api/auth/login/',
    field: 'email',
    by: 'email',
    refusal: '{"status":"fail","errors":{"main":{"msg":"user password incorrect"}}}',
    unknown: ({ email }) =>
      `{"status":"fail","errors":{"main":{"value":"${email}","msg":"User doesn't exist"}}}`,
  },
];

const attempt = ({ path, field, by }: Login, person: Person, password: string) =>
  measure(path, { json: { [field]: person[by], password } });

describe.each(logins)('logging in to $dialect', (login) => {
  it('costs two D1 round trips, one hash and one KV put', async () => {
    const { answer, operations, hashed } = await attempt(login, await registered(), PASSWORD);
    expect(answer.status).toBe(200);
    expect(answer.text).not.toBe(login.refusal);
    expect(operations).toEqual({ ...NO_OPERATIONS, d1: 2, kvPuts: 1 });
    expect(hashed).toEqual(ONE_HASH);
  });

  it('costs the same a second time, without the KV put if the token is already live', async () => {
    const person = await registered();
    await attempt(login, person, PASSWORD);
    const { answer, operations, hashed } = await attempt(login, person, PASSWORD);
    expect(answer.status).toBe(200);
    const isReused = login.dialect === 'conjugator' || login.dialect === 'account';
    expect(operations).toEqual({ ...NO_OPERATIONS, d1: 2, kvPuts: isReused ? 0 : 1 });
    expect(hashed).toEqual(ONE_HASH);
  });

  it('costs the same for a wrong password, an unknown and a disabled account', async () => {
    const stranger = nobody();
    const disabled = await registered();
    await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE email = ?').bind(disabled.email).run();

    const wrong = await attempt(login, await registered(), 'sesame1235');
    const unknown = await attempt(login, stranger, PASSWORD);
    const shut = await attempt(login, disabled, PASSWORD);

    expect(wrong.answer.text).toBe(login.refusal);
    expect(unknown.answer.text).toBe(login.unknown?.(stranger) ?? login.refusal);
    expect(shut.answer.text).toBe(login.refusal);
    for (const cost of [wrong, unknown, shut]) {
      expect(cost.operations).toEqual({ ...NO_OPERATIONS, d1: 2 });
      expect(cost.statements).toEqual(wrong.statements);
      expect(cost.hashed).toEqual(ONE_HASH);
    }
    expect(unknown.answer.status).toBe(wrong.answer.status);
    expect(shut.answer.status).toBe(wrong.answer.status);
  });
});
