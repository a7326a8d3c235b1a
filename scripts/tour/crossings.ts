// One store under five dialects: an account made in one logs in through each other.
import type { CheckFor } from './check.ts';
import { idIn, type Known, type Login, logins, tokenIn } from './logins.ts';
import type { Person } from './people.ts';

/** `known` is what the account's own dialect told of it: the others must tell the same. */
export const tourCrossings = async (checkFor: CheckFor, person: Person, known: Known): Promise<void> => {
  let { id, token } = known;
  const others: Login[] = Object.values(logins).filter(({ dialect }) => dialect !== person.madeIn);
  for (const login of others) {
    const check = checkFor(login.dialect);
    const expected = login.success(person, { id, token });
    const answer = await check(`made in ${person.madeIn}`, login.request(person), expected);
    // `auth` shows no id. What `users` shows, `user-v1` must show too.
    if (login === logins.users) id = idIn(answer, 'id');
    // `conjugator` and `account` hand out the account's one token: the second must give what the first gave.
    if (login === logins.conjugator || login === logins.account) token = tokenIn(answer);
  }
};
