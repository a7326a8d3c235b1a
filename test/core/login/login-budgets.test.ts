// What logging in costs: two round trips to D1, one hash, one KV put; and as much where it is refused.
import { describe, expect, it } from 'vitest';
import { measure, NO_OPERATIONS } from '../../support/counting.ts';
import { send, testEnv, uniqueName } from '../../support/worker.ts';

/** Two rounds of a thousand iterations: what the test pool sets. */
const ONE_HASH = [1000, 1000];

const PASSWORD = 'sesame1234';

interface Person {
  username: string;
  email: string;
}

/** An account that has never been logged in: user-v1 opens no session with it. */
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
  /** The field that names the account, and which of its names goes there. */
  field: 'username' | 'email';
  by: keyof Person;
  refusal: string;
  /** Where it differs for an account that does not exist. */
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
  it('is two D1 round trips, one hash and one KV put', async () => {
    const { answer, operations, hashed } = await attempt(login, await registered(), PASSWORD);
    expect(answer.status).toBe(200);
    expect(answer.text).not.toBe(login.refusal);
    expect(operations).toEqual({ ...NO_OPERATIONS, d1: 2, kvPuts: 1 });
    expect(hashed).toEqual(ONE_HASH);
  });

  it('costs as much a second time, without the KV put where the token is live already', async () => {
    const person = await registered();
    await attempt(login, person, PASSWORD);
    const { answer, operations, hashed } = await attempt(login, person, PASSWORD);
    expect(answer.status).toBe(200);
    const isReused = login.dialect === 'conjugator' || login.dialect === 'account';
    expect(operations).toEqual({ ...NO_OPERATIONS, d1: 2, kvPuts: isReused ? 0 : 1 });
    expect(hashed).toEqual(ONE_HASH);
  });

  it('is refused at one price: a wrong password, an unknown and a disabled account', async () => {
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
