// A failed login does the same work and returns the same response for unknown, known and disabled accounts.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Env } from '../../src/env.ts';
import { type Cost, measure, NO_OPERATIONS } from '../support/counting.ts';
import { type Answer, ORIGIN, send, testEnv, uniqueName } from '../support/worker.ts';

const ROUNDS = 8;
const PASSWORD = 'sesame1234';

/** Two rounds of 1,000 iterations, as the test pool sets. */
const ONE_HASH = [100, 100];

const hiding: Env = { ...testEnv, HIDE_UNKNOWN_ACCOUNTS: 'true' };

interface Login {
  dialect: string;
  path: string;
  field: 'username' | 'email';
  status: number;
  refusal: string;
}

const auth: Login = {
  dialect: 'auth',
  path: '/api/auth/login/',
  field: 'email',
  status: 400,
  refusal: '{"status":"fail","errors":{"main":{"msg":"user password incorrect"}}}',
};
/** The dialects whose documents have one refusal for all failed logins. */
const discreet: Login[] = [
  {
    dialect: 'users',
    path: '/api/users/login/',
    field: 'username',
    status: 400,
    refusal: '{"non_field_errors":["Username or password is incorrect."]}',
  },
  {
    dialect: 'user-v1',
    path: '/api/v1/user/login/',
    field: 'username',
    status: 200,
    refusal: '{"status":"failed","desc":"user name or password incorrect","error_code":102}',
  },
  {
    dialect: 'conjugator',
    path: '/api/login/',
    field: 'username',
    status: 400,
    refusal: '{"non_field_errors":["Unable to login with provided credentials."]}',
  },
  {
    dialect: 'account',
    path: '/account/login',
    field: 'username',
    status: 400,
    refusal: '{"non_field_errors":["Unable to log in with provided credentials."]}',
  },
];

const someone = () => {
  const username = uniqueName();
  return { username, email: `${username}@test.com` };
};
type Person = ReturnType<typeof someone>;

const joined = async (): Promise<Person> => {
  const person = someone();
  const answer = await send('/api/v1/user/register/', { json: { ...person, password: PASSWORD } });
  expect(answer.text).toMatch(/^\{"status":"success"/);
  return person;
};

const disabled = async (): Promise<Person> => {
  const person = await joined();
  const { meta } = await testEnv.DB.prepare('UPDATE users SET disabled_at = 1 WHERE email = ?')
    .bind(person.email)
    .run();
  expect(meta.changes).toBe(1);
  return person;
};

/** One failed login of each kind. The password is right for the disabled account. */
const kinds: [string, () => Promise<Person>, string][] = [
  ['an unknown account', async () => someone(), PASSWORD],
  ['a wrong password', joined, 'sesame1235'],
  ['a disabled account', disabled, PASSWORD],
];

/** Everything that a client sees of a response, except the request id. */
const seen = ({ status, statusText, headers, text }: Answer) => ({
  status,
  statusText,
  headers: [...headers].filter(([name]) => name !== 'x-request-id'),
  text,
});

const work = ({ operations, statements, hashed }: Cost) => ({ operations, statements, hashed });

interface Trial {
  kind: string;
  person: Person;
  cost: Cost;
}

/** Runs every kind in each round, and starts each round with another kind. */
const interleave = async ({ path, field }: Login, env: Env): Promise<Trial[]> => {
  const trials: Trial[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = round % kinds.length;
    for (const [kind, make, password] of [...kinds.slice(first), ...kinds.slice(0, first)]) {
      const person = await make();
      const cost = await measure(path, { json: { [field]: person[field], password }, env });
      trials.push({ kind, person, cost });
    }
  }
  return trials;
};

describe.each([...discreet, auth])('a failed login in $dialect', (login) => {
  let trials: Trial[] = [];

  beforeAll(async () => {
    trials = await interleave(login, testEnv);
  });

  it('costs the same for an unknown account, a wrong password and a disabled account', () => {
    expect(trials).toHaveLength(ROUNDS * kinds.length);
    for (const { cost } of trials) {
      expect(cost.hashed).toEqual(ONE_HASH);
      expect(cost.operations).toEqual({ ...NO_OPERATIONS, d1: 2 });
      expect(work(cost)).toEqual(trials[0] && work(trials[0].cost));
    }
  });

  it('returns the same bytes for a disabled account as for a wrong password', () => {
    const wrong = trials.filter(({ kind }) => kind === 'a wrong password');
    const shut = trials.filter(({ kind }) => kind === 'a disabled account');
    expect(wrong).toHaveLength(ROUNDS);
    for (const { cost } of [...wrong, ...shut]) {
      expect([cost.answer.status, cost.answer.text]).toEqual([login.status, login.refusal]);
      expect(seen(cost.answer)).toEqual(wrong[0] && seen(wrong[0].cost.answer));
    }
  });
});

describe.each(discreet)('an unknown account in $dialect', (login) => {
  it.each([
    ['by default', testEnv],
    ['with HIDE_UNKNOWN_ACCOUNTS', hiding],
  ])('gets the same response as a known account, %s', async (_when, env) => {
    const trials = await interleave(login, env);
    for (const { cost } of trials) {
      expect(seen(cost.answer)).toEqual(trials[0] && seen(trials[0].cost.answer));
      expect(cost.answer.text).toBe(login.refusal);
    }
  });
});

describe('an unknown account in auth', () => {
  it('gets a message of its own, as the document requires', async () => {
    for (const { kind, person, cost } of await interleave(auth, testEnv)) {
      const unknown = `{"status":"fail","errors":{"main":{"value":"${person.email}","msg":"User doesn't exist"}}}`;
      expect(cost.answer.text).toBe(kind === 'an unknown account' ? unknown : auth.refusal);
      expect(cost.answer.status).toBe(400);
    }
  });

  it('gets the same response as a known account, with HIDE_UNKNOWN_ACCOUNTS', async () => {
    const trials = await interleave(auth, hiding);
    for (const { cost } of trials) {
      expect(seen(cost.answer)).toEqual(trials[0] && seen(trials[0].cost.answer));
      expect(work(cost)).toEqual(trials[0] && work(trials[0].cost));
      expect([cost.answer.status, cost.answer.text]).toEqual([400, auth.refusal]);
    }
  });

  it.each(['false', false, ''])(
    'gets a message of its own if HIDE_UNKNOWN_ACCOUNTS is %j',
    async (setting) => {
      const { email } = someone();
      const env = { ...testEnv, HIDE_UNKNOWN_ACCOUNTS: setting };
      const answer = await send(auth.path, { json: { email, password: PASSWORD }, env });
      expect(answer.text).toContain("User doesn't exist");
    },
  );
});

it('answers 404 to a stranger at the Location of a taken email in conjugator', async () => {
  const { email } = await joined();
  const json = { first_name: 'A', last_name: 'B', email, password: PASSWORD };
  const taken = await send('/api/register/', { json });
  const path = (taken.headers.get('Location') ?? '').slice(ORIGIN.length);
  expect(path).toMatch(/^\/api\/accounts\/\d+\/$/);
  const stranger = someone();
  await send('/api/v1/user/register/', { json: { ...stranger, password: PASSWORD } });
  const login = await send('/account/login', { json: { username: stranger.username, password: PASSWORD } });
  const token = /"token":"([0-9a-f]{40})"/.exec(login.text)?.[1] ?? expect.fail(login.text);
  const [there, nowhere] = [await send(path, { token }), await send('/api/accounts/999999999/', { token })];
  expect(seen(there)).toEqual(seen(nowhere));
  expect([there.status, there.text]).toEqual([404, '{"detail":"Not found."}']);
});
