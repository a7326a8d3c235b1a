// The documented examples of `user-v1`.
import type { CheckFor } from './check.ts';
import { post } from './client.ts';
import { cookieOf } from './compare.ts';
import { idIn, type Known, logins, NOTHING_KNOWN } from './logins.ts';
import type { People } from './people.ts';
import { anId } from './shape.ts';

const REGISTER = '/api/v1/user/register/';
const LOGOUT = '/api/v1/user/logout/';

/** An error in the envelope of this dialect. Most have status 200, as documented for login. */
const failed = (desc: string, code: number, status = 200) => ({
  status,
  body: { status: 'failed', desc, error_code: code },
});

const LOGIN_REQUIRED = failed('login required', 101, 401);

export const tourUserV1 = async (checkFor: CheckFor, { userV1: person }: People): Promise<Known> => {
  const { username, email, password } = person;
  const login = logins.userV1;
  const check = checkFor(login.dialect);

  // These use the names of the later account, so that it is removed at the end if one is accepted by mistake.
  await check(
    'password of 7',
    post(REGISTER, { username, password: '1234567', email }),
    failed('incorrect data format', 103),
  );
  await check(
    'username of 17',
    post(REGISTER, { username: `${username}7`, password, email }),
    failed('incorrect data format', 103),
  );
  const made = await check('', post(REGISTER, { username, password, email }), {
    status: 200,
    body: { status: 'success', user_id: anId },
  });
  const known = { ...NOTHING_KNOWN, id: idIn(made, 'user_id') };
  await check(
    'taken',
    post(REGISTER, { username, password, email }),
    failed('username or email already exists', 114),
  );

  await check(
    'wrong password',
    login.request(person, '87654321'),
    failed('user name or password incorrect', 102),
  );
  const loggedIn = await check('', login.request(person), login.success(person, known));

  const cookie = { cookie: cookieOf(loggedIn) };
  await check('', post(LOGOUT, undefined, cookie), {
    status: 200,
    cookie: 'cleared',
    body: { status: 'success', uid: known.id },
  });
  await check('session has ended', post(LOGOUT, undefined, cookie), LOGIN_REQUIRED);
  await check('anonymous', post(LOGOUT), LOGIN_REQUIRED);
  return known;
};
