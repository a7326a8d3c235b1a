// The documented examples of `users`.
import type { CheckFor } from './check.ts';
import { post } from './client.ts';
import { idIn, type Known, logins, NOTHING_KNOWN, userOf } from './logins.ts';
import type { People } from './people.ts';

const REQUIRED = ['This field is required.'];

const REGISTER = '/api/users/register/';

export const tourUsers = async (checkFor: CheckFor, { users: person }: People): Promise<Known> => {
  const { username, email, password } = person;
  const login = logins.users;
  const check = checkFor(login.dialect);

  await check('nothing sent', post(REGISTER, {}), {
    status: 400,
    body: { username: REQUIRED, email: REQUIRED, password: REQUIRED },
  });
  const made = await check('', post(REGISTER, { username, email, password }), {
    status: 200,
    cookie: 'set',
    body: userOf(person, NOTHING_KNOWN),
  });
  const known = { ...NOTHING_KNOWN, id: idIn(made, 'id') };
  await check('both taken', post(REGISTER, { username, email, password }), {
    status: 400,
    body: {
      username: ['A user with that username already exists.'],
      email: ['user with this email address already exists.'],
    },
  });

  await check('', login.request(person), login.success(person, known));
  await check('no password', post('/api/users/login/', { username }), {
    status: 400,
    body: { password: REQUIRED },
  });
  await check('wrong password', login.request(person, 'wrong1234'), {
    status: 400,
    body: { non_field_errors: ['Username or password is incorrect.'] },
  });
  return known;
};
