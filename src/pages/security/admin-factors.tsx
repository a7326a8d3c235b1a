// For admins: what protects an account besides its password, and removing it for an owner who has lost it.
import type { Context } from 'hono';
import type { Account, Protection } from '../../core/index.ts';
import type { AppEnv } from '../../http/context.ts';
import { endpoint } from '../../http/endpoint.ts';
import { respondProblem } from '../../http/respond.ts';
import { nameOf } from '../avatar.tsx';
import { goOn } from '../done.ts';
import { show } from '../layout.tsx';
import { accountOfPage } from '../paths.ts';
import { admins } from '../session.tsx';

const counted = (count: number, one: string, many = `${one}s`): string =>
  count === 1 ? `1 ${one}` : `${count} ${many}`;

/** The factors in words; null for none. */
const listed = ({ factors, recoveryCodesLeft, appPasswords }: Protection): string | null => {
  const passkeys = factors.filter(({ kind }) => kind === 'passkey').length;
  const parts = [
    ...(passkeys > 0 ? [counted(passkeys, 'passkey')] : []),
    ...(factors.length > passkeys ? ['an authenticator app'] : []),
    ...(factors.length > 0 ? [counted(recoveryCodesLeft, 'recovery code')] : []),
    ...(appPasswords.length > 0 ? [counted(appPasswords.length, 'app password')] : []),
  ];
  return parts.length > 0 ? parts.join(', ') : null;
};

/** A section of the page of an account. */
export const FactorsOf = ({ account, protection }: { account: Account; protection: Protection }) => {
  const what = listed(protection);
  return (
    <section aria-labelledby="factors">
      <h2 id="factors">Second factors</h2>
      <p class="card">{what === null ? 'None.' : `${what}.`}</p>
      {what !== null && (
        <p class="actions">
          <a class="button danger" href={`/admin/users/${account.id}/remove-factors`}>
            Remove…
          </a>
        </p>
      )}
    </section>
  );
};

const path = '/admin/users/:id/remove-factors';
const params = { id: accountOfPage };
const idOf = (c: Context<AppEnv>): number => Number(c.req.param('id'));

const confirm = endpoint({
  method: 'GET',
  path,
  params,
  auth: admins,
  handle: async (c) => {
    const account = await c.var.core.accounts.get(idOf(c));
    if (!account) return respondProblem(c, { reason: 'not_found' });
    const back = `/admin/users/${account.id}`;
    return show(
      c,
      { title: 'Remove second factors', here: '/admin', narrow: true },
      <>
        <h1>Remove the second factors of {nameOf(account)}?</h1>
        <p class="lead">
          This removes their passkeys, authenticator app, recovery codes and app passwords, and signs them out
          everywhere. Then the password alone is enough. Make sure that the request comes from the owner.
        </p>
        <form method="post" action={`${back}/remove-factors`}>
          <div class="actions">
            <button type="submit" class="danger">
              Remove them
            </button>
            <a class="cancel" href={back}>
              Cancel
            </a>
          </div>
        </form>
      </>,
    );
  },
});

const remove = endpoint({
  method: 'POST',
  path,
  params,
  auth: admins,
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const isThere = await (await core.factors()).removeAll(idOf(c), principal.account.id, client);
    if (!isThere) return respondProblem(c, { reason: 'not_found' });
    // Admins who did this to themselves are signed out.
    const isOwn = idOf(c) === principal.account.id;
    return goOn(c, isOwn ? '/sign-in' : `/admin/users/${idOf(c)}`, 'factors-removed');
  },
});

export const adminFactors = [confirm, remove];
