// The documented examples of `auth`.
import type { CheckFor } from './check.ts';
import { post } from './client.ts';
import type { Expected } from './compare.ts';
import { type Known, logins, NOTHING_KNOWN } from './logins.ts';
import type { People } from './people.ts';
import { aJwt, type Shape } from './shape.ts';

const REGISTER = '/api/auth/register/';
const LOGIN = '/api/auth/login/';

const MALFORMED_EMAIL = 'wrong@format';

const fail = (errors: Shape): Expected => ({ status: 400, body: { status: 'fail', errors } });

/** The error of one field. A password is never sent back, and a missing field has no value. */
const fault = (param: string, msg: string, value?: string): Shape => ({
  ...(value !== undefined && { value }),
  msg,
  param,
  location: 'body',
});

const PASSWORD_REQUIRED = fault('password', 'Password is required!');

const INVALID_DATA = fail({
  email: fault('email', 'Email format invalid!', MALFORMED_EMAIL),
  password: PASSWORD_REQUIRED,
});

const HIDDEN =
  'A deployment with HIDE_UNKNOWN_ACCOUNTS = "true" answers "user password incorrect" here, as it was told to.';

export const tourAuth = async (checkFor: CheckFor, { auth: person }: People): Promise<Known> => {
  const { email, password } = person;
  const name = 'example name';
  const login = logins.auth;
  const check = checkFor(login.dialect);

  await check('invalid data', post(REGISTER, { name, email: MALFORMED_EMAIL }), INVALID_DATA);
  await check(
    'nothing sent',
    post(REGISTER, {}),
    fail({
      name: fault('name', 'Name is required!'),
      email: fault('email', 'Email is required!'),
      password: PASSWORD_REQUIRED,
    }),
  );
  await check(
    'password of 7',
    post(REGISTER, { name, email, password: 'passwor' }),
    fail({ password: fault('password', 'Password min length 8 char') }),
  );
  // Its email is unknown before the account is created.
  await check(
    'unknown email',
    login.request(person),
    fail({ main: { value: email, msg: "User doesn't exist" } }),
    HIDDEN,
  );
  await check('', post(REGISTER, { name, email, password }), {
    status: 200,
    body: { status: 'success', token: aJwt },
  });
  await check(
    'taken',
    post(REGISTER, { name, email, password }),
    fail({ email: fault('email', 'Email already exist!', email) }),
  );

  await check('invalid data', post(LOGIN, { email: MALFORMED_EMAIL }), INVALID_DATA);
  await check(
    'wrong password',
    login.request(person, 'drowssap'),
    fail({ main: { msg: 'user password incorrect' } }),
  );
  await check('', login.request(person), login.success(person, NOTHING_KNOWN));
  return NOTHING_KNOWN;
};
