// Adding and renaming passkeys.
import type { Context } from 'hono';
import { relyingPartyOf } from '../../http/auth/relying-party.ts';
import { newPasskey, renaming } from '../../http/body/schemas.ts';
import type { AppEnv } from '../../http/context.ts';
import { endpoint } from '../../http/endpoint.ts';
import { respondProblem } from '../../http/respond.ts';
import { deviceWords } from '../device-words.ts';
import { goOn } from '../done.ts';
import { Actions, ErrorSummary, Field, PostForm } from '../field.tsx';
import { type Form, type FormError, form, formWith, typedOf } from '../form.ts';
import { SECURITY, show } from '../layout.tsx';
import { NeedsScript, PasskeyForm } from '../passkey-form.tsx';
import { factorOfPage } from '../paths.ts';
import { askAgain, recentOwner } from '../session.tsx';
import { prepareProof } from './proof.ts';
import { showRecoveryCodes } from './recovery-codes.tsx';
import { factorError } from './words.ts';

const NOT_ACCEPTED = { reason: 'factor', why: 'passkey' } as const;

type Status = 200 | 400 | 401 | 409;

/** The default name of a passkey. */
const nameHere = (c: Context<AppEnv>): string => deviceWords(c.var.client.userAgent);

const showAdd = async (
  c: Context<AppEnv>,
  name: string,
  errors: readonly FormError[] = [],
  status: Status = 200,
): Promise<Response> => {
  const { core, principal } = c.var;
  const started = await (await core.factors()).startPasskey(principal, relyingPartyOf(c));
  if (!started.ok) return askAgain(c, {});
  const shown = formWith({ name }, errors);
  return show(
    c,
    {
      title: 'Add a passkey',
      here: '/security',
      parent: SECURITY,
      status,
      narrow: true,
      failed: errors.length > 0,
      usesPasskeys: true,
    },
    <>
      <h1>Add a passkey</h1>
      <p class="lead">
        Next time, sign in with your fingerprint, face or screen lock. A passkey cannot be guessed, and no
        other site can ask for it.
      </p>
      <ErrorSummary form={shown} />
      <PasskeyForm
        action="/security/passkeys"
        kind="create"
        options={started.value.publicKey}
        token={started.value.token}
        send="Add a passkey"
      >
        <Field form={shown} name="name" autocomplete="off" hint="So that you recognise it." />
      </PasskeyForm>
      <NeedsScript>
        To add a passkey, turn on JavaScript in a browser that supports passkeys. An authenticator app works
        without.
      </NeedsScript>
      <p class="beside">
        <a href="/security">Not now</a>
      </p>
    </>,
  );
};

const showForm = endpoint({
  method: 'GET',
  path: '/security/passkeys',
  auth: recentOwner,
  handle: (c) => showAdd(c, nameHere(c)),
});

const add = endpoint({
  method: 'POST',
  path: '/security/passkeys',
  auth: recentOwner,
  body: form(newPasskey, {
    show: (c, errors) =>
      showAdd(
        c,
        typedOf(c)['name'] ?? '',
        errors.some(({ field }) => field === 'name') ? errors : [factorError(NOT_ACCEPTED)],
        400,
      ),
    prepare: prepareProof,
    optional: ['name'],
  }),
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const { name = nameHere(c), ...answered } = c.req.valid('json');
    const factors = await core.factors();
    const added = await factors.addPasskey(principal, { name, ...answered }, relyingPartyOf(c), client);
    if (added.ok) {
      const { recoveryCodes } = added.value;
      return recoveryCodes
        ? showRecoveryCodes(c, recoveryCodes, 'Your passkey is added.')
        : goOn(c, '/security', 'passkey-added');
    }
    return added.error.reason === 'gone'
      ? askAgain(c, {})
      : showAdd(c, name, [factorError(added.error)], 400);
  },
});

const params = { id: factorOfPage };
const idOf = (c: Context<AppEnv>): number => Number(c.req.param('id'));

const showRename = (c: Context<AppEnv>, shown: Form): Response =>
  show(
    c,
    {
      title: 'Rename a passkey',
      here: '/security',
      parent: SECURITY,
      status: shown.errors.length > 0 ? 400 : 200,
      narrow: true,
      failed: shown.errors.length > 0,
    },
    <>
      <h1>Rename a passkey</h1>
      <ErrorSummary form={shown} />
      <PostForm action={`/security/passkeys/${idOf(c)}`}>
        <Field form={shown} name="name" autocomplete="off" first />
        <Actions send="Save" back="/security" />
      </PostForm>
    </>,
  );

const openRename = endpoint({
  method: 'GET',
  path: '/security/passkeys/:id',
  params,
  auth: recentOwner,
  handle: async (c) => {
    const { factors } = await (await c.var.core.factors()).list(c.var.principal.account.id);
    const passkey = factors.find(({ id, kind }) => id === idOf(c) && kind === 'passkey');
    return passkey
      ? showRename(c, formWith({ name: passkey.name }))
      : respondProblem(c, { reason: 'not_found' });
  },
});

const rename = endpoint({
  method: 'POST',
  path: '/security/passkeys/:id',
  params,
  auth: recentOwner,
  body: form(renaming, { show: (c, errors) => showRename(c, formWith(typedOf(c), errors)) }),
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const renamed = await (await core.factors()).rename(principal, idOf(c), c.req.valid('json').name, client);
    return renamed ? goOn(c, '/security', 'passkey-renamed') : respondProblem(c, { reason: 'not_found' });
  },
});

export const passkeys = [showForm, add, openRename, rename];
