// Setting up an authenticator app: the secret as a QR code and as text, and its first code.
import type { Context } from 'hono';
import { raw } from 'hono/html';
import { renderSVG } from 'uqr';
import { relyingPartyOf } from '../../http/auth/relying-party.ts';
import { setUpTotp } from '../../http/body/schemas.ts';
import type { AppEnv } from '../../http/context.ts';
import { endpoint } from '../../http/endpoint.ts';
import { goOn } from '../done.ts';
import { Actions, ErrorSummary, Field, PostForm } from '../field.tsx';
import { type FormError, form, formWith, typedOf } from '../form.ts';
import { SECURITY, show } from '../layout.tsx';
import { askAgain, recentOwner } from '../session.tsx';
import { showRecoveryCodes } from './recovery-codes.tsx';
import { factorError } from './words.ts';

const LABEL = 'QR code of the secret';

/** The modules are paths with attributes, because our policy would block styles. */
const qrCode = (uri: string) =>
  raw(renderSVG(uri).replace('<svg ', `<svg class="qr" role="img" aria-label="${LABEL}" `));

/** The secret in groups of four, for typing. */
const secretOf = (uri: string): string =>
  (new URL(uri).searchParams.get('secret') ?? '').replace(/.{4}(?=.)/g, '$& ');

const showSetUp = (
  c: Context<AppEnv>,
  uri: string,
  errors: readonly FormError[] = [],
  status: 200 | 400 | 401 = 200,
): Response => {
  const shown = formWith({}, errors);
  return show(
    c,
    {
      title: 'Set up an authenticator app',
      here: '/security',
      parent: SECURITY,
      status,
      narrow: true,
      failed: errors.length > 0,
    },
    <>
      <h1>Set up an authenticator app</h1>
      <p class="lead">Scan this with the app, then enter the code that it shows.</p>
      <ErrorSummary form={shown} />
      <div class="card">
        {qrCode(uri)}
        <p class="hint">Or enter this secret in the app:</p>
        <p>
          <code class="secret">{secretOf(uri)}</code>
        </p>
      </div>
      <PostForm action="/security/codes/confirm">
        <input type="hidden" name="uri" value={uri} />
        <Field form={shown} name="code" autocomplete="one-time-code" keys="numeric" first />
        <Actions send="Turn on" back="/security" />
      </PostForm>
    </>,
  );
};

/** The form again. A `uri` that is not ours was not sent by the form. */
const showAgain = (c: Context<AppEnv>, errors: readonly FormError[], status: 400 | 401 = 400): Response => {
  const { uri = '' } = typedOf(c);
  return isTotpUri(uri) ? showSetUp(c, uri, errors, status) : goOn(c, '/security', 'start-again');
};

/** A phone could not read the QR code of a longer one. */
const MAX_URI_CHARACTERS = 600;
const isTotpUri = (uri: string): boolean =>
  uri.length <= MAX_URI_CHARACTERS && /^otpauth:\/\/totp\/[\w.~%!$'()*+,;:@/?&=-]+$/.test(uri);

const start = endpoint({
  method: 'POST',
  path: '/security/codes',
  auth: recentOwner,
  handle: async (c) => {
    const started = await (await c.var.core.factors()).startTotp(c.var.principal, relyingPartyOf(c));
    if (started.ok) return showSetUp(c, started.value.uri);
    return started.error.reason === 'gone' ? askAgain(c, {}) : goOn(c, '/security', 'factor-there');
  },
});

const confirm = endpoint({
  method: 'POST',
  path: '/security/codes/confirm',
  auth: recentOwner,
  limit: 'login',
  body: form(setUpTotp, { show: showAgain }),
  handle: async (c) => {
    const { core, principal, client } = c.var;
    const { code } = c.req.valid('json');
    const confirmed = await (await core.factors()).confirmTotp(principal, code, client);
    if (confirmed.ok) {
      const { recoveryCodes } = confirmed.value;
      return recoveryCodes
        ? showRecoveryCodes(c, recoveryCodes, 'The authenticator app is on.')
        : goOn(c, '/security', 'codes-on');
    }
    const { error } = confirmed;
    if (error.reason === 'gone') return askAgain(c, {});
    if (error.why === 'expired') return goOn(c, '/security', 'start-again');
    return showAgain(c, [factorError(error)], 401);
  },
});

export const codes = [start, confirm];
