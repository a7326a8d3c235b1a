// Removes the accounts that the tour created, even if it failed.
import { type Answer, post, type Send } from './client.ts';
import { tokenIn } from './logins.ts';
import type { Person } from './people.ts';
import { withToken } from './token-refusals.ts';

/** Uses `account`, the only dialect that deletes accounts, and the email, which every account has. */
const remove = async (send: Send, { email, password }: Person): Promise<'removed' | 'absent' | 'left'> => {
  const answer = await sendOrNull(send, post('/account/login', { username: email, password }));
  // Wrong email or password: the account was not created, or is already deleted.
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
