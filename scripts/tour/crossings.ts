// Five dialects share one store: an account that was created in one can log in through all others.
import type { CheckFor } from './check.ts';
import { idIn, type Known, type Login, logins, tokenIn } from './logins.ts';
import type { Person } from './people.ts';

/** `known` has the values from the account's own dialect. The others must show the same. */
export const tourCrossings = async (checkFor: CheckFor, person: Person, known: Known): Promise<void> => {
  let { id, token } = known;
  const others: Login[] = Object.values(logins).filter(({ dialect }) => dialect !== person.madeIn);
  for (const login of others) {
    const check = checkFor(login.dialect);
    const expected = login.success(person, { id, token });
    const answer = await check(`made in ${person.madeIn}`, login.request(person), expected);
    // `auth` shows no id. `user-v1` must show the same id as `users`.
    if (login === logins.users) id = idIn(answer, 'id');
    // `conjugator` and `account` return the single token of the account, so both must return the same one.
    if (login === logins.conjugator || login === logins.account) token = tokenIn(answer);
  }
};
