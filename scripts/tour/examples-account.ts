// The documented examples of `account`. The deletion comes last, because the crossings need the account.
import type { Check, CheckFor } from './check.ts';
import { get, post } from './client.ts';
import { idIn, type Known, logins, NOTHING_KNOWN, tokenIn } from './logins.ts';
import type { People, Person } from './people.ts';
import { aName, anAbsoluteUrl, anId, aTokenOtherThan, type Shape, today, valueAt } from './shape.ts';
import { INVALID_TOKEN, MISSING_TOKEN, NOBODYS_TOKEN, withToken } from './token-refusals.ts';

const REGISTER = '/account/register';
const LOGOUT = '/account/logout';
const PROFILE = '/account/profile';
const DELETE = '/account/delete';
const GET_PICTURES = '/account/get_pictures';
/** The spelling in the document, and the correct one. */
const SET_PICTURE = ['/acount/set_picture', '/account/set_picture'];

const PICTURE_COUNT = 10;
/** Not the first one, to detect a server that ignores the id. */
const CHOSEN_PICTURE = 2;

const SUCCESS = { status: 200, body: { success: true } };

const WRONG_PAIR = {
  status: 400,
  body: { non_field_errors: ['Unable to log in with provided credentials.'] },
};

const profileOf = ({ username, email }: Person, id: Shape, more: Record<string, Shape> = {}) => ({
  status: 200,
  body: { success: true, data: { id, username, email, created: today(Date.now()), ...more } },
});

export const tourAccount = async (checkFor: CheckFor, { account: person }: People): Promise<Known> => {
  const { username, email, password } = person;
  const login = logins.account;
  const check = checkFor(login.dialect);

  const made = await check('', post(REGISTER, { username, email, password }), {
    status: 200,
    body: { success: true, token: NOTHING_KNOWN.token },
  });
  await check('both taken', post(REGISTER, { username, email, password }), {
    status: 400,
    body: {
      success: false,
      errors: {
        username: ['user with this username already exists.'],
        email: ['user with this email already exists.'],
      },
    },
  });

  const first = { ...NOTHING_KNOWN, token: tokenIn(made) };
  await check('the same token', login.request(person), login.success(person, first));
  await check('wrong password', login.request(person, 'tset'), WRONG_PAIR);

  const profile = await check('', get(PROFILE, withToken(first.token)), profileOf(person, anId));
  const id = idIn(profile, 'data', 'id');
  await checkTokenRefusals(check);

  await check('', post(LOGOUT, undefined, withToken(first.token)), SUCCESS);
  await check('after logout', get(PROFILE, withToken(first.token)), INVALID_TOKEN);
  const again = await check('a new token', login.request(person), {
    status: 200,
    body: { token: aTokenOtherThan(first.token) },
  });
  const token = tokenIn(again);
  await checkPictures(check, person, { id, token });
  return { id, token };
};

/** No token and an unknown token, at every endpoint that needs one. */
const checkTokenRefusals = async (check: Check): Promise<void> => {
  for (const path of [PROFILE, GET_PICTURES]) {
    await check('no token', get(path), MISSING_TOKEN);
    await check('invalid token', get(path, withToken(NOBODYS_TOKEN)), INVALID_TOKEN);
  }
  for (const path of [LOGOUT, DELETE, ...SET_PICTURE]) {
    await check('no token', post(path), MISSING_TOKEN);
    await check('invalid token', post(path, undefined, withToken(NOBODYS_TOKEN)), INVALID_TOKEN);
  }
};

const checkPictures = async (check: Check, person: Person, { id, token }: Known): Promise<void> => {
  const mine = withToken(token);
  const listed = await check('', get(GET_PICTURES, mine), {
    status: 200,
    body: {
      success: true,
      data: Array.from({ length: PICTURE_COUNT }, (_, i) => ({
        id: i + 1,
        name: aName,
        picture: anAbsoluteUrl,
      })),
    },
  });
  const url = valueAt(listed?.text ?? '', 'data', CHOSEN_PICTURE - 1, 'picture');
  const picture = typeof url === 'string' ? url : anAbsoluteUrl;
  if (typeof url === 'string' && URL.canParse(url)) {
    await check('a picture', get(new URL(url).pathname), { status: 200, mediaType: 'image/' });
  }
  for (const path of SET_PICTURE) {
    await check('', post(path, { id: CHOSEN_PICTURE }, mine), SUCCESS);
    await check('no such picture', post(path, { id: PICTURE_COUNT + 1 }, mine), {
      status: 400,
      body: { success: false, errors: { id: ['Invalid picture id.'] } },
    });
  }
  await check('with a picture', get(PROFILE, mine), profileOf(person, id, { picture }));
};

/** The last example: the account is deleted, and its token and password no longer work. */
export const tourDeletion = async (
  checkFor: CheckFor,
  { account: person }: People,
  { token }: Known,
): Promise<void> => {
  const check = checkFor(logins.account.dialect);
  await check('', post(DELETE, undefined, withToken(token)), SUCCESS);
  await check('after the deletion', get(PROFILE, withToken(token)), INVALID_TOKEN);
  await check('after the deletion', logins.account.request(person), WRONG_PAIR);
};
