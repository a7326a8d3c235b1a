// For admins: one account with its sessions, its audit log and the actions on it.
import type { Context } from 'hono';
import { type Account, type AdminAction, type AdminMail, NEVER_LOGGED_IN_MS } from '../core/index.ts';
import { renew } from '../http/auth/session-actions.ts';
import { confirmation } from '../http/body/schemas.ts';
import type { AppEnv } from '../http/context.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { respondProblem } from '../http/respond.ts';
import { Badges } from './admin-users.tsx';
import { Avatar, nameOf } from './avatar.tsx';
import { Badge } from './badge.tsx';
import { type Done, goOn } from './done.ts';
import { Actions, ErrorSummary, PasswordAgain, PostForm, WhosePassword } from './field.tsx';
import { type FormError, form, formWith, toRefusal } from './form.ts';
import { show, USERS } from './layout.tsx';
import { AuditLog, currentFirst, SessionRow } from './lists.tsx';
import { Day, Moment } from './moment.tsx';
import { accountOfPage } from './paths.ts';
import { FactorsOf } from './security/admin-factors.tsx';
import { admins, askAgain, askToConfirm } from './session.tsx';

const ONE = '/admin/users/:id';
const params = { id: accountOfPage };
const SHOWN_EVENTS = 25;
const SHOWN_SESSIONS = 25;

const idOf = (c: Context<AppEnv>): number => Number(c.req.param('id'));
const pathOf = (id: number): string => `/admin/users/${id}`;

/** The account of the path; null if there is none. */
const find = (c: Context<AppEnv>): Promise<Account | null> => c.var.core.accounts.get(idOf(c));

const Change = ({ to, send, danger }: { to: string; send: string; danger?: boolean }) => (
  <form method="post" action={to}>
    <button type="submit" class={danger ? 'danger' : 'quiet'}>
      {send}
    </button>
  </form>
);

const DONE: Readonly<Record<AdminAction, Done>> = {
  disabled: 'disabled',
  enabled: 'enabled',
  admin_granted: 'admin-granted',
  admin_revoked: 'admin-revoked',
  email_verified: 'user-verified',
};

const applyAction =
  (action: AdminAction) =>
  async (c: Context<AppEnv>): Promise<Response> => {
    const { core, principal, client } = c.var;
    const id = idOf(c);
    const changed = await core.admin.apply(id, action, principal.account.id, client);
    if (!changed.ok)
      return respondProblem(c, { reason: changed.error.reason === 'gone' ? 'not_found' : 'last_admin' });
    // Admins who have just revoked their own rights no longer see the page.
    if (id === principal.account.id && action === 'admin_revoked') return goOn(c, '/', 'no-admin-any-more');
    return goOn(c, pathOf(id), DONE[action]);
  };

/** What an admin can do about the address and the password: mail the owner, or mark the address as confirmed. */
const EmailActions = ({ account, canMail }: { account: Account; canMail: boolean }) => {
  const path = pathOf(account.id);
  const isUnproven = account.emailVerifiedAtMs === null;
  return (
    <div class="actions">
      {canMail && account.disabledAtMs === null && (
        <>
          <Change to={`${path}/send-reset`} send="Mail a password link" />
          {isUnproven && <Change to={`${path}/send-verification`} send="Mail a confirmation link" />}
        </>
      )}
      {isUnproven && <Change to={`${path}/verify-email`} send="Mark email as confirmed" />}
    </div>
  );
};

const sendMail =
  (kind: AdminMail, done: Done) =>
  async (c: Context<AppEnv>): Promise<Response> => {
    const { core, principal, client } = c.var;
    if (!core.mail.settings) return respondProblem(c, { reason: 'mail_off' });
    const sent = await core.admin.send(idOf(c), kind, principal.account.id, client);
    return sent.ok ? goOn(c, pathOf(idOf(c)), done) : respondProblem(c, { reason: 'not_found' });
  };

const showUser = async (c: Context<AppEnv>): Promise<Response> => {
  const account = await find(c);
  if (!account) return respondProblem(c, { reason: 'not_found' });
  const factors = await c.var.core.factors();
  const [{ sessions, next }, sessionCount, events, protection] = await Promise.all([
    c.var.core.sessions.list(account.id, { after: null, limit: SHOWN_SESSIONS }),
    c.var.core.sessions.count(account.id),
    c.var.core.auditLog.list(account.id, { beforeId: null, limit: SHOWN_EVENTS, reader: 'admin' }),
    factors.list(account.id),
  ]);
  const path = pathOf(account.id);
  return show(
    c,
    { title: nameOf(account), here: '/admin', parent: USERS },
    <>
      <div class="person">
        <Avatar account={account} size="large" />
        <div>
          <h1>
            {nameOf(account)}
            <Badges account={account} />
          </h1>
          <p class="aside">
            Member since <Day ms={account.createdAtMs} />
          </p>
        </div>
      </div>
      <dl class="card facts">
        <dt>Id</dt>
        <dd>{account.id}</dd>
        <dt>Username</dt>
        <dd>{account.username ?? 'None'}</dd>
        <dt>Email</dt>
        <dd>
          {account.email || 'None'}
          {account.email !== '' && account.emailVerifiedAtMs === null && (
            <Badge kind="plain">Not confirmed</Badge>
          )}
        </dd>
        <dt>Last sign-in</dt>
        <dd>
          {account.lastLoginAtMs === NEVER_LOGGED_IN_MS ? 'Never' : <Moment ms={account.lastLoginAtMs} />}
        </dd>
      </dl>
      {account.email !== '' && <EmailActions account={account} canMail={c.var.core.mail.settings !== null} />}
      <FactorsOf account={account} protection={protection} />
      <section aria-labelledby="sessions">
        <h2 id="sessions">Devices</h2>
        {sessions.length === 0 ? (
          <p class="card">Not signed in anywhere.</p>
        ) : (
          <>
            <ul class="card rows">
              {currentFirst(sessions, c.var.principal.session.id).map((session) => (
                <SessionRow session={session} isCurrent={session.id === c.var.principal.session.id} />
              ))}
            </ul>
            {next !== null && (
              <p class="aside">
                The {SHOWN_SESSIONS} of {sessionCount} that were used last.
              </p>
            )}
            <div class="actions">
              <Change to={`${path}/end-sessions`} send="Sign out all devices" danger />
            </div>
          </>
        )}
      </section>
      <section aria-labelledby="audit-log">
        <h2 id="audit-log">Activity</h2>
        <div class="card">{events.length > 0 ? <AuditLog events={events} /> : <p>None.</p>}</div>
      </section>
      <section aria-labelledby="access">
        <h2 id="access">Access</h2>
        <div class="actions">
          {account.isAdmin ? (
            <Change to={`${path}/revoke-admin`} send="Remove admin role" />
          ) : (
            <Change to={`${path}/grant-admin`} send="Make admin" />
          )}
          {account.disabledAtMs === null ? (
            <Change to={`${path}/disable`} send="Disable account" danger />
          ) : (
            <Change to={`${path}/enable`} send="Enable account" />
          )}
          <a class="button danger" href={`${path}/delete`}>
            Delete account…
          </a>
        </div>
      </section>
    </>,
  );
};

/** An endpoint for one action on the account of the path. */
const action = (name: string, handle: (c: Context<AppEnv>) => Promise<Response>): Endpoint =>
  endpoint({ method: 'POST', path: `${ONE}/${name}`, params, auth: admins, handle });

const endSessions = async (c: Context<AppEnv>): Promise<Response> => {
  const account = await find(c);
  if (!account) return respondProblem(c, { reason: 'not_found' });
  const { core, principal, client } = c.var;
  await core.sessions.endAll(account.id, null, client, principal.account.id);
  return goOn(c, pathOf(account.id), 'sessions-ended');
};

const WRONG = { field: 'password', text: 'Wrong password.', status: 400 } as const;

const showDelete = async (
  c: Context<AppEnv>,
  errors: readonly FormError[] = [],
  status: 200 | 400 | 401 | 409 | 429 = 200,
): Promise<Response> => {
  const account = await find(c);
  if (!account) return respondProblem(c, { reason: 'not_found' });
  const shown = formWith({}, errors);
  return show(
    c,
    {
      title: 'Delete an account',
      here: '/admin',
      parent: { href: pathOf(account.id), label: nameOf(account) },
      status,
      narrow: true,
      failed: errors.length > 0,
    },
    <>
      <h1>Delete {nameOf(account)}?</h1>
      <p class="lead">
        This deletes the account of {account.email || account.username} with its profile and sessions. It
        cannot be undone.
      </p>
      <ErrorSummary form={shown} />
      <PostForm action={`${pathOf(account.id)}/delete`}>
        <WhosePassword account={c.var.principal.account} />
        <PasswordAgain form={shown} />
        <Actions send="Delete account" back={pathOf(account.id)} danger />
      </PostForm>
    </>,
  );
};

/** Asks for the admin's own password: a session that was left open or stolen must not delete accounts. */
const remove = endpoint({
  method: 'POST',
  path: `${ONE}/delete`,
  params,
  auth: admins,
  limit: 'login',
  body: form(confirmation, { show: (c, errors) => showDelete(c, errors, 400) }),
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const confirmed = await core.credentials.confirm(principal, c.req.valid('json').password, client);
    if (!confirmed.ok) {
      const { error } = confirmed;
      if (error.reason === 'gone') return askAgain(c, {});
      if (error.reason === 'reauthenticate') return askToConfirm(c);
      const { status, errors } = toRefusal(c, error, WRONG);
      return showDelete(c, errors, status);
    }
    renew(c, confirmed.value);
    const removal = { actorId: principal.account.id, keepsLastAdmin: true };
    const removed = await core.accounts.remove(idOf(c), client, removal);
    if (removed.ok) return goOn(c, '/admin', 'user-deleted');
    return respondProblem(c, {
      reason: removed.error.reason === 'last_admin' ? 'last_admin' : 'not_found',
    });
  },
});

export const adminUser = [
  endpoint({ method: 'GET', path: ONE, params, auth: admins, handle: showUser }),
  action('disable', applyAction('disabled')),
  action('enable', applyAction('enabled')),
  action('grant-admin', applyAction('admin_granted')),
  action('revoke-admin', applyAction('admin_revoked')),
  action('verify-email', applyAction('email_verified')),
  action('send-reset', sendMail('reset_password', 'user-reset-sent')),
  action('send-verification', sendMail('verify_email', 'user-verification-sent')),
  action('end-sessions', endSessions),
  endpoint({ method: 'GET', path: `${ONE}/delete`, params, auth: admins, handle: (c) => showDelete(c) }),
  remove,
];
