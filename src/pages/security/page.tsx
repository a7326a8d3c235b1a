// The Security page: one card each for passkeys, the authenticator app, recovery codes and app passwords.
import type { Context } from 'hono';
import type { Child } from 'hono/jsx';
import type { AppPasswordView, FactorView, Protection } from '../../core/index.ts';
import { relyingPartyOf } from '../../http/auth/relying-party.ts';
import type { AppEnv } from '../../http/context.ts';
import { endpoint, type PathParameter } from '../../http/endpoint.ts';
import { Badge } from '../badge.tsx';
import { goOn } from '../done.ts';
import { show } from '../layout.tsx';
import { Day, Moment } from '../moment.tsx';
import { factorOfPage } from '../paths.ts';
import { owner, recentOwner } from '../session.tsx';
import { dialectWords } from './words.ts';

/** With fewer recovery codes than this, the page suggests new ones. */
const FEW_RECOVERY_CODES = 3;

const Card = ({ id, title, children }: { id: string; title: string; children?: Child }) => (
  <section aria-labelledby={id}>
    <h2 id={id}>{title}</h2>
    <div class="card">{children}</div>
  </section>
);

const LastUsed = ({ ms }: { ms: number | null }) => (
  <p class="aside">{ms === null ? 'Never used' : <>Last used {<Moment ms={ms} />}</>}</p>
);

/** A button in a row. Its label names the row for screen readers. */
const Act = ({ action, send, what }: { action: string; send: string; what: string }) => (
  <form method="post" action={action}>
    <button type="submit" class="quiet" aria-label={`${send} ${what}`}>
      {send}
    </button>
  </form>
);

const PasskeyRow = ({ factor }: { factor: FactorView }) => (
  <li class="row">
    <div>
      <p class="strong">
        {factor.name}
        <Badge kind="plain">{factor.isSynced ? 'Synced' : 'On one device'}</Badge>
      </p>
      <p class="aside">
        Added <Day ms={factor.createdAtMs} />
      </p>
      <LastUsed ms={factor.lastUsedAtMs} />
    </div>
    <div class="actions">
      <a href={`/security/passkeys/${factor.id}`} aria-label={`Rename ${factor.name}`}>
        Rename
      </a>
      <Act action={`/security/remove/${factor.id}`} send="Remove" what={factor.name} />
    </div>
  </li>
);

const Passkeys = ({ factors }: { factors: readonly FactorView[] }) => {
  const passkeys = factors.filter(({ kind }) => kind === 'passkey');
  return (
    <Card id="passkeys" title="Passkeys">
      {passkeys.length > 0 ? (
        <ul class="rows">
          {passkeys.map((factor) => (
            <PasskeyRow factor={factor} />
          ))}
        </ul>
      ) : (
        <p>Sign in with your fingerprint, face or screen lock instead of your password.</p>
      )}
      <p class="actions">
        <a class="button" href="/security/passkeys">
          Add a passkey
        </a>
      </p>
    </Card>
  );
};

const Codes = ({ factors }: { factors: readonly FactorView[] }) => {
  const app = factors.find(({ kind }) => kind === 'totp');
  return (
    <Card id="codes" title="Authenticator app">
      {app ? (
        <ul class="rows">
          <li class="row">
            <div>
              <p class="strong">On</p>
              <p class="aside">
                Added <Day ms={app.createdAtMs} />
              </p>
              <LastUsed ms={app.lastUsedAtMs} />
            </div>
            <Act action={`/security/remove/${app.id}`} send="Remove" what="the authenticator app" />
          </li>
        </ul>
      ) : (
        <>
          <p>An app on your phone shows a code, which you enter after your password.</p>
          <form method="post" action="/security/codes">
            <p class="actions">
              <button type="submit">Set up an app</button>
            </p>
          </form>
        </>
      )}
    </Card>
  );
};

const RecoveryCodes = ({ factors, recoveryCodesLeft: left }: Protection) => (
  <Card id="recovery-codes" title="Recovery codes">
    {factors.length === 0 ? (
      <p>You get ten recovery codes with your first passkey or authenticator app.</p>
    ) : (
      <>
        <p>
          {left === 1 ? '1 code is left.' : `${left} codes are left.`}
          {left < FEW_RECOVERY_CODES && ' Create new ones before you need them.'}
        </p>
        <form method="post" action="/security/recovery-codes">
          <p class="actions">
            <button type="submit" class="quiet">
              Create new codes
            </button>
          </p>
        </form>
        <p class="hint">New codes replace those that are left.</p>
      </>
    )}
  </Card>
);

const AppPasswordRow = ({ appPassword }: { appPassword: AppPasswordView }) => (
  <li class="row">
    <div>
      <p class="strong">{appPassword.name}</p>
      <p class="aside">{dialectWords(appPassword.dialect)}</p>
      <p class="aside">
        Created <Day ms={appPassword.createdAtMs} />
      </p>
      <LastUsed ms={appPassword.lastUsedAtMs} />
    </div>
    <Act action={`/security/revoke/${appPassword.id}`} send="Revoke" what={appPassword.name} />
  </li>
);

const AppPasswords = ({ appPasswords }: Protection) => (
  <Card id="app-passwords" title="App passwords">
    {appPasswords.length > 0 ? (
      <ul class="rows">
        {appPasswords.map((appPassword) => (
          <AppPasswordRow appPassword={appPassword} />
        ))}
      </ul>
    ) : (
      <p>For apps that can only ask for a password. Create one for each app.</p>
    )}
    <p class="actions">
      <a class="button" href="/security/app-passwords">
        Create app password
      </a>
    </p>
  </Card>
);

/** Sends the browser the passkeys that are left, so that it stops offering those that were removed. */
const KnownPasskeys = ({ passkeys, rpId }: { passkeys: Protection['passkeys']; rpId: string }) =>
  passkeys && (
    <div
      hidden
      data-rp-id={rpId}
      data-user-id={passkeys.userHandle}
      data-credential-ids={JSON.stringify(passkeys.credentialIds)}
    />
  );

const showSecurity = endpoint({
  method: 'GET',
  path: '/security',
  auth: owner,
  handle: async (c) => {
    const protection = await (await c.var.core.factors()).list(c.var.principal.account.id);
    return show(
      c,
      { title: 'Security', here: '/security', usesPasskeys: protection.passkeys !== null },
      <>
        <h1>Security</h1>
        <p class="lead">
          {protection.factors.length === 0
            ? 'Your account is protected by its password alone.'
            : 'Your password alone does not open your account.'}
        </p>
        <Card id="password" title="Password">
          <p class="actions">
            <a class="button quiet" href="/password">
              Change password
            </a>
          </p>
        </Card>
        <Passkeys factors={protection.factors} />
        <Codes factors={protection.factors} />
        <RecoveryCodes {...protection} />
        <AppPasswords {...protection} />
        <KnownPasskeys passkeys={protection.passkeys} rpId={relyingPartyOf(c).id} />
      </>,
    );
  },
});

const params: Record<string, PathParameter> = { id: factorOfPage };
const idOf = (c: Context<AppEnv>): number => Number(c.req.param('id'));

const removeFactor = endpoint({
  method: 'POST',
  path: '/security/remove/:id',
  params,
  auth: recentOwner,
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const isRemoved = await (await core.factors()).remove(principal, idOf(c), client);
    return goOn(c, '/security', isRemoved ? 'factor-removed' : 'factor-gone');
  },
});

const revokeAppPassword = endpoint({
  method: 'POST',
  path: '/security/revoke/:id',
  params,
  auth: recentOwner,
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const isRemoved = await (await core.factors()).removeAppPassword(principal, idOf(c), client);
    return goOn(c, '/security', isRemoved ? 'app-password-revoked' : 'factor-gone');
  },
});

export const securityPage = [showSecurity, removeFactor, revokeAppPassword];
