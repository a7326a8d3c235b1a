// Creating an app password, for a client that can only send a password.
import type { Context } from 'hono';
import { newAppPassword } from '../../http/body/schemas.ts';
import type { AppEnv } from '../../http/context.ts';
import { endpoint } from '../../http/endpoint.ts';
import { Actions, ErrorSummary, Field, PostForm } from '../field.tsx';
import { type Form, form, formWith, typedOf } from '../form.ts';
import { LABELS } from '../labels.ts';
import { SECURITY, show } from '../layout.tsx';
import { askAgain, recentOwner } from '../session.tsx';
import { dialectWords, factorError } from './words.ts';

const showNew = (c: Context<AppEnv>, shown: Form): Response =>
  show(
    c,
    {
      title: 'Create app password',
      here: '/security',
      parent: SECURITY,
      status: shown.errors.length > 0 ? 400 : 200,
      narrow: true,
      failed: shown.errors.length > 0,
    },
    <>
      <h1>Create app password</h1>
      <p class="lead">
        For one app that can only ask for a password. It cannot be used on these pages, and you can revoke it
        at any time.
      </p>
      <ErrorSummary form={shown} />
      <PostForm action="/security/app-passwords">
        <Field
          form={shown}
          name="name"
          autocomplete="off"
          hint="For instance, the app and the device."
          first
        />
        <div class="field">
          <label for="dialect">{LABELS.dialect}</label>
          <select id="dialect" name="dialect">
            {[null, ...c.var.dialectNames].map((name) => (
              <option value={name ?? ''} selected={(shown.values['dialect'] ?? '') === (name ?? '')}>
                {dialectWords(name)}
              </option>
            ))}
          </select>
        </div>
        <Actions send="Create app password" back="/security" />
      </PostForm>
    </>,
  );

const showMade = (c: Context<AppEnv>, name: string, password: string): Response =>
  show(
    c,
    { title: 'Your app password', here: '/security', parent: SECURITY, narrow: true },
    <>
      <h1>Your app password</h1>
      <p class="lead">
        Enter it in {name} instead of your own password. It is shown only now. Spaces and case do not matter.
      </p>
      <p class="card">
        <code class="secret">{password}</code>
      </p>
      <p class="actions">
        <a class="button" href="/security">
          Done
        </a>
      </p>
    </>,
  );

const showForm = endpoint({
  method: 'GET',
  path: '/security/app-passwords',
  auth: recentOwner,
  handle: (c) => showNew(c, formWith({})),
});

const make = endpoint({
  method: 'POST',
  path: '/security/app-passwords',
  auth: recentOwner,
  body: form(newAppPassword, { show: (c, errors) => showNew(c, formWith(typedOf(c), errors)) }),
  handle: async (c) => {
    const { core, principal, client, dialectNames } = c.var;
    const { name, dialect: wanted } = c.req.valid('json');
    const dialect = wanted || null;
    if (dialect !== null && !dialectNames.includes(dialect))
      return showNew(c, formWith(typedOf(c), [{ field: 'dialect', text: 'Choose one of the list.' }]));
    const made = await (await core.factors()).addAppPassword(principal, { name, dialect }, client);
    if (made.ok) return showMade(c, name, made.value.password);
    if (made.error.reason === 'gone') return askAgain(c, {});
    return showNew(c, formWith(typedOf(c), [factorError(made.error)]));
  },
});

export const appPasswords = [showForm, make];
