// Shared by the admin tests of `id`: the endpoints, and accounts as admins see them.
import type { Answer } from '../../support/worker.ts';
import { type Member, namesOf, shownAccount } from './support-id.ts';

export const ACCOUNTS = '/id/admin/accounts';

/** Every endpoint about one account: the method, and the path after the id. */
export const OF_ONE: [method: string, rest: string][] = [
  ['GET', ''],
  ['GET', '/events'],
  ['POST', '/disable'],
  ['POST', '/enable'],
  ['POST', '/grant-admin'],
  ['POST', '/revoke-admin'],
  ['DELETE', '/sessions'],
  ['DELETE', ''],
];

/** An account as admins see it; `more` overrides the fields of a new one. */
export const shownToAdmin = (member: Member, more: object = {}): object => ({
  ...shownAccount(namesOf(member)),
  disabledAt: null,
  ...more,
});

/** The ids of the accounts on a page, in order. */
export const idsIn = ({ text }: Answer): number[] =>
  [...text.matchAll(/"id":(\d+),"username"/g)].map(([, id]) => Number(id));

/** The path of the next page; null if there is none. */
export const nextOf = ({ headers }: Answer): string | null => {
  const link = headers.get('Link');
  return (
    link && (/^<https:\/\/latchkey\.test(\/[^>]*)>; rel="next"$/.exec(link)?.[1] ?? `not a link: ${link}`)
  );
};
