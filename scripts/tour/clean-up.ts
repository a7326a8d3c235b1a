// Removes the accounts that the tour made, whatever became of it.
import { type Answer, post, type Send } from './client.ts';
import { tokenIn } from './logins.ts';
import type { Person } from './people.ts';
import { withToken } from './token-refusals.ts';

/** Through `account`, with the email: the one dialect that deletes, and the one name that every account has. */
const remove = async (send: Send, { email, password }: Person): Promise<'removed' | 'absent' | 'left'> => {
  const answer = await sendOrNull(send, post('/account/login', { username: email, password }));
  // No such account, or not with this password: it was not made, or is gone already.
  if (answer?.status === 400) return 'absent';
  const deleted = await sendOrNull(send, post('/account/delete', undefined, withToken(tokenIn(answer))));
  return deleted?.status === 200 ? 'removed' : 'left';
};

const sendOrNull = (send: Send, request: Parameters<Send>[0]): Promise<Answer | null> =>
  send(request).catch(() => null);

/** Returns the emails of the accounts that could not be removed. */
export const removeAll = async (send: Send, people: readonly Person[]): Promise<string[]> => {
  const left: string[] = [];
  for (const person of people) {
    if ((await remove(send, person)) === 'left') left.push(person.email);
  }
  return left;
};
