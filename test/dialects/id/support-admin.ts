// What the tests of the administration in `id` share: its endpoints, and what it shows of accounts.
import type { Answer } from '../../support/worker.ts';
import { type Member, namesOf, shownAccount } from './support-id.ts';

export const ACCOUNTS = '/id/admin/accounts';

/** Every endpoint that concerns one account: the method and what follows its id. */
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

/** An account as admins see it, with what differs from a fresh one. */
export const shownToAdmin = (member: Member, more: object = {}): object => ({
  ...shownAccount(namesOf(member)),
  disabledAt: null,
  ...more,
});

/** The ids of the accounts on a page, in its order. */
export const idsIn = ({ text }: Answer): number[] =>
  [...text.matchAll(/"id":(\d+),"username"/g)].map(([, id]) => Number(id));

/** The address of the next page, below the service's own origin; null if there is none. */
export const nextOf = ({ headers }: Answer): string | null => {
  const link = headers.get('Link');
  return (
    link && (/^<https:\/\/latchkey\.test(\/[^>]*)>; rel="next"$/.exec(link)?.[1] ?? `not a link: ${link}`)
  );
};
