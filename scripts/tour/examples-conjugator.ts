// The documented examples of `conjugator`.
import type { CheckFor } from './check.ts';
import { get, post, put } from './client.ts';
import { idIn, type Known, logins, NOTHING_KNOWN, tokenIn } from './logins.ts';
import type { People } from './people.ts';
import { anId } from './shape.ts';
import { INVALID_TOKEN, MISSING_TOKEN, NOBODYS_TOKEN, withToken } from './token-refusals.ts';

const REGISTER = '/api/register/';
const USER = '/api/user/';
const ALL_USERS = '/api/admin/users';

const FIRST_NAME = 'Peter';
const LAST_NAME = 'Griffin';

export const tourConjugator = async (
  checkFor: CheckFor,
  { conjugator: person }: People,
  origin: string,
): Promise<Known> => {
  const { email, password } = person;
  const login = logins.conjugator;
  const check = checkFor(login.dialect);
  const whole = { first_name: FIRST_NAME, last_name: LAST_NAME, email, password };

  await check('no first_name', post(REGISTER, { last_name: LAST_NAME, email, password }), {
    status: 400,
    body: { first_name: ['This field is required.'] },
  });
  const made = await check('', post(REGISTER, whole), {
    status: 201,
    // The document shows the stored hash. Latchkey never returns it. This is the only intended difference.
    body: { id: anId, first_name: FIRST_NAME, last_name: LAST_NAME, email, password: '********' },
  });
  const id = idIn(made, 'id');
  const place = `/api/accounts/${typeof id === 'number' ? id : 0}/`;
  await check('taken', post(REGISTER, whole), {
    status: 500,
    headers: { location: `${origin}${place}` },
    body: {},
  });

  await check('wrong password', login.request(person, 'Lois'), {
    status: 400,
    body: { non_field_errors: ['Unable to login with provided credentials.'] },
  });
  const loggedIn = await check('', login.request(person), login.success(person, NOTHING_KNOWN));
  const token = tokenIn(loggedIn);
  const mine = withToken(token);

  const user = { id, first_name: FIRST_NAME, last_name: LAST_NAME, email };
  await check('', get(USER, mine), { status: 200, body: user });
  await check('no token', get(USER), MISSING_TOKEN);
  await check('invalid token', get(USER, withToken(NOBODYS_TOKEN)), INVALID_TOKEN);
  await check('from Location', get(place, mine), { status: 200, body: user });

  const names = { first_name: 'Lois', last_name: 'Pewterschmidt' };
  await check('', put(USER, names, mine), { status: 200, body: { id, ...names, email } });
  await check('no token', put(USER, names), MISSING_TOKEN);
  await check('after the update', get(USER, mine), { status: 200, body: { id, ...names, email } });

  await check('no token', get(ALL_USERS), MISSING_TOKEN);
  await check('not an admin', get(ALL_USERS, mine), {
    status: 403,
    body: { detail: 'You do not have permission to perform this action.' },
  });
  return { id, token };
};
