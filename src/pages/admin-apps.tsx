// For admins: the apps that people sign in to. A new one, a new secret, and removing one.
import type { Context } from 'hono';
import type { NewApp, NewAppFault, Provider, RegisteredApp } from '../core/index.ts';
import type { AppEnv } from '../http/context.ts';
import { endpoint } from '../http/endpoint.ts';
import { respondProblem } from '../http/respond.ts';
import { Badge } from './badge.tsx';
import { goOn } from './done.ts';
import { Actions, Choice, ErrorSummary, Field, PostForm } from './field.tsx';
import { type Form, type FormError, formWith, readTyped, type Typed } from './form.ts';
import { type Parent, show } from './layout.tsx';
import { Day } from './moment.tsx';
import { Notice } from './notice.tsx';
import { appOfPage } from './paths.ts';
import { admins } from './session.tsx';

const ALL = '/admin/apps';
const ONE = '/admin/apps/:app';
const params = { app: appOfPage };
const MANAGED: Parent = { href: ALL, label: 'Manage apps' };

const pathOf = (id: string): string => `${ALL}/${id}`;

/** Runs what needs the provider; a deployment without SIGNING_KEYS has no apps. */
const withProvider =
  (handle: (c: Context<AppEnv>, provider: Provider) => Promise<Response>) => async (c: Context<AppEnv>) => {
    const provider = await c.var.core.provider();
    return provider ? handle(c, provider) : respondProblem(c, { reason: 'not_found' });
  };

const registrarOf = ({ var: { principal, client } }: Context<AppEnv>) => ({
  accountId: principal.account.id,
  client,
});

const KINDS = [
  ['confidential', 'On a server: it gets a secret'],
  ['public', 'In a browser or on a phone: it can keep no secret'],
] as const;

const CONSENT = [
  ['ask', 'Ask people before the app learns who they are'],
  ['skip', 'Ask nobody: it is our own app'],
] as const;

const Row = ({ app }: { app: RegisteredApp }) => (
  <li class="row">
    <div class="line">
      <p class="strong">
        <a href={pathOf(app.id)}>{app.name}</a>
        {app.secretHash === null && <Badge kind="plain">No secret</Badge>}
        {!app.asksConsent && <Badge kind="plain">Asks nobody</Badge>}
      </p>
      <p class="aside">
        {app.redirectUris[0] ?? ''}
        {app.redirectUris.length > 1 && ` and ${app.redirectUris.length - 1} more`} · added{' '}
        <Day ms={app.createdAtMs} />
      </p>
    </div>
  </li>
);

const showList = async (
  c: Context<AppEnv>,
  provider: Provider,
  form: Form = formWith({ appKind: 'confidential', consent: 'ask' }),
): Promise<Response> => {
  const apps = await provider.registry.list();
  const failed = form.errors.length > 0;
  return show(
    c,
    { title: 'Manage apps', here: ALL, failed, status: failed ? 400 : 200 },
    <>
      <h1>Manage apps</h1>
      <p class="lead">People sign in to these apps with their accounts here, by OpenID Connect.</p>
      {apps.length === 0 ? (
        <p class="card">No app is registered yet.</p>
      ) : (
        <ul class="card rows">
          {apps.map((app) => (
            <Row app={app} />
          ))}
        </ul>
      )}
      <section aria-labelledby="add">
        <h2 id="add">Add an app</h2>
        <ErrorSummary form={form} />
        <PostForm action={ALL}>
          <Field form={form} name="name" autocomplete="off" hint="What people are shown." />
          <Field
            form={form}
            name="redirectUris"
            autocomplete="off"
            rows={3}
            hint="Where people come back to, one address a line, exactly as the app sends it."
          />
          <Field
            form={form}
            name="signOutUris"
            autocomplete="off"
            rows={2}
            hint="Where people may go on to after they signed out, one address a line."
            optional
          />
          <Choice form={form} name="appKind" options={KINDS} />
          <Choice form={form} name="consent" options={CONSENT} />
          <Actions send="Add app" />
        </PostForm>
      </section>
    </>,
  );
};

const linesOf = (text = ''): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

const readApp = (typed: Typed): NewApp => ({
  name: typed['name'] ?? '',
  redirectUris: linesOf(typed['redirectUris']),
  signOutUris: linesOf(typed['signOutUris']),
  isPublic: typed['appKind'] === 'public',
  asksConsent: typed['consent'] !== 'skip',
});

const WHY = {
  missing: 'Enter at least one address.',
  too_many: 'Enter at most 20 addresses.',
} as const;

const toError = (fault: NewAppFault): FormError => {
  if (fault.field === 'name') return { field: 'name', text: 'Enter a name of 1 to 60 characters.' };
  const { field } = fault;
  if (fault.why !== 'unusable') return { field, text: WHY[fault.why] };
  return {
    field,
    text: `${fault.address} cannot be used. Enter an https address, http on localhost, or a scheme such as com.example.app:/callback.`,
  };
};

/** The secret, which is shown this once. */
const showSecret = (c: Context<AppEnv>, title: string, id: string, secret: string | null): Response =>
  show(
    c,
    { title, here: ALL, parent: MANAGED },
    <>
      <h1>{title}</h1>
      {secret !== null && (
        <Notice kind="good">
          Copy the secret now: it is shown this once. Keep it where the app keeps its other secrets.
        </Notice>
      )}
      <dl class="card facts">
        <dt>Client ID</dt>
        <dd>
          <code>{id}</code>
        </dd>
        <dt>Client secret</dt>
        <dd>{secret === null ? 'None: the app uses PKCE alone.' : <code>{secret}</code>}</dd>
        <dt>Issuer</dt>
        <dd>
          <code>{c.var.httpSettings.publicUrl}</code>
        </dd>
      </dl>
      <div class="actions">
        <a class="button" href={pathOf(id)}>
          Done
        </a>
      </div>
    </>,
  );

const list = endpoint({
  method: 'GET',
  path: ALL,
  auth: admins,
  handle: withProvider((c, provider) => showList(c, provider)),
});

const add = endpoint({
  method: 'POST',
  path: ALL,
  auth: admins,
  handle: withProvider(async (c, provider) => {
    const typed = await readTyped(c);
    if (typed instanceof Response) return typed;
    const added = await provider.registry.add(readApp(typed), registrarOf(c));
    if (!added.ok) return showList(c, provider, formWith(typed, added.faults.map(toError)));
    return showSecret(c, 'The app is added', added.id, added.secret);
  }),
});

/** The number of accounts, in words. */
const peopleWords = (count: number): string =>
  count === 0
    ? 'Nobody has signed in to it.'
    : count === 1
      ? '1 person has signed in to it.'
      : `${count} people have signed in to it.`;

const Addresses = ({ addresses }: { addresses: readonly string[] }) => (
  <ul class="plain">
    {addresses.map((address) => (
      <li>{address}</li>
    ))}
  </ul>
);

/** Runs what is about one app; 404 if there is none. */
const withApp = (
  handle: (
    c: Context<AppEnv>,
    found: NonNullable<Awaited<ReturnType<Provider['registry']['find']>>>,
    provider: Provider,
  ) => Promise<Response> | Response,
) =>
  withProvider(async (c, provider) => {
    const found = await provider.registry.find(c.req.param('app') ?? '');
    return found ? handle(c, found, provider) : respondProblem(c, { reason: 'not_found' });
  });

const showOne = endpoint({
  method: 'GET',
  path: ONE,
  params,
  auth: admins,
  handle: withApp((c, { app, accounts }) =>
    show(
      c,
      { title: app.name, here: ALL, parent: MANAGED },
      <>
        <h1>{app.name}</h1>
        <p class="lead">{peopleWords(accounts)}</p>
        <dl class="card facts">
          <dt>Client ID</dt>
          <dd>
            <code>{app.id}</code>
          </dd>
          <dt>Client secret</dt>
          <dd>{app.secretHash === null ? 'None' : 'Set'}</dd>
          <dt>Consent</dt>
          <dd>{app.asksConsent ? 'People are asked' : 'Nobody is asked'}</dd>
          <dt>Redirect addresses</dt>
          <dd>
            <Addresses addresses={app.redirectUris} />
          </dd>
          <dt>After sign-out</dt>
          <dd>{app.signOutUris.length === 0 ? 'None' : <Addresses addresses={app.signOutUris} />}</dd>
          <dt>Added</dt>
          <dd>
            <Day ms={app.createdAtMs} />
          </dd>
        </dl>
        {app.secretHash !== null && (
          <section aria-labelledby="secret">
            <h2 id="secret">Secret</h2>
            <p>
              A new secret replaces the present one at once: the app cannot sign anybody in until it has the
              new one.
            </p>
            <form method="post" action={`${pathOf(app.id)}/renew-secret`}>
              <button type="submit" class="quiet">
                Make a new secret
              </button>
            </form>
          </section>
        )}
        <div class="actions">
          <a class="button danger" href={`${pathOf(app.id)}/remove`}>
            Remove app…
          </a>
        </div>
      </>,
    ),
  ),
});

const renewSecret = endpoint({
  method: 'POST',
  path: `${ONE}/renew-secret`,
  params,
  auth: admins,
  handle: withProvider(async (c, provider) => {
    const id = c.req.param('app') ?? '';
    const secret = await provider.registry.rotateSecret(id, registrarOf(c));
    return secret === null
      ? respondProblem(c, { reason: 'not_found' })
      : showSecret(c, 'The app has a new secret', id, secret);
  }),
});

const askToRemove = endpoint({
  method: 'GET',
  path: `${ONE}/remove`,
  params,
  auth: admins,
  handle: withApp((c, { app, accounts }) =>
    show(
      c,
      {
        title: 'Remove an app',
        here: ALL,
        parent: { href: pathOf(app.id), label: app.name },
        narrow: true,
      },
      <>
        <h1>Remove {app.name}?</h1>
        <p class="lead">
          {peopleWords(accounts)} Its tokens end at once, nobody can sign in to it any more, and what people
          agreed to is forgotten. Their accounts stay. It cannot be undone.
        </p>
        <PostForm action={`${pathOf(app.id)}/remove`}>
          <Actions send="Remove app" back={pathOf(app.id)} danger />
        </PostForm>
      </>,
    ),
  ),
});

const remove = endpoint({
  method: 'POST',
  path: `${ONE}/remove`,
  params,
  auth: admins,
  handle: withProvider(async (c, provider) => {
    const isRemoved = await provider.registry.remove(c.req.param('app') ?? '', registrarOf(c));
    return isRemoved ? goOn(c, ALL, 'app-removed') : respondProblem(c, { reason: 'not_found' });
  }),
});

export const adminApps = [list, add, showOne, renewSecret, askToRemove, remove];
