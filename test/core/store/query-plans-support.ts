// Every job that makes the Worker ask D1, with its statements and call sites; and SQLite's plan of a statement.

import { readIdentifier } from '../../../src/core/index.ts';
import { sha256Hex } from '../../../src/core/secrets.ts';
import type { Env } from '../../../src/env.ts';
import worker from '../../../src/index.ts';
import { endpoints } from '../../faults/endpoints.ts';
import { cheapEnv, createPerson, createPersonFor, newcomer, pathOf } from '../../faults/people.ts';
import { withReplica } from '../../faults/replica.ts';
import { movingEnv, startOldService } from '../../migration/support.ts';
import { addApp, REDIRECT, SECRET } from '../../oidc/support-oidc.ts';
import { createTimedCore, DAY_MS, someAccount, someAdmin, someClient } from '../../support/clock.ts';
import { observe } from '../../support/counting.ts';
import { codeIn, createMailbox, tokenIn } from '../../support/mail.ts';
import * as factors from '../../support/passkeys.ts';
import { addWebhook, forgetWebhooks, startReceiver } from '../../support/receiver.ts';
import { signingEnv } from '../../support/signing.ts';
import { type Sent, send, testEnv } from '../../support/worker.ts';

export interface Asked {
  /** The SQL of every statement. */
  statements: string[];
  /** The places in src/core that began a round trip, as `file:line:column`. */
  callSites: Set<string>;
}

/** Finds the call of the store: the first frame of the stack in the core outside the store. */
const readCallSite = (stack: string): string | null => {
  const places = [...stack.matchAll(/src\/core\/(?:[\w-]+\/)*([\w-]+\.ts)[^:\s]*:(\d+:\d+)/g)];
  const caller = places.find(([, file]) => file !== 'store.ts');
  return caller ? `${caller[1]}:${caller[2]}` : null;
};

/** Bindings that record statements for D1 and their call sites. */
const watch = (env: Env) => {
  const asked: Asked = { statements: [], callSites: new Set() };
  const observed = observe(env);
  const DB = new Proxy(observed.env.DB, {
    get(database, name) {
      if (name !== 'withSession') return Reflect.get(database, name);
      return (constraint: string) => {
        const site = readCallSite(new Error().stack ?? '');
        if (site !== null) asked.callSites.add(site);
        return database.withSession(constraint);
      };
    },
  });
  asked.statements = observed.statements;
  return { env: { ...observed.env, DB }, asked };
};

type Work = (env: Env) => Promise<unknown>;

const VERIFIER = 'v'.repeat(43);

/** The request of an app, without the values that are new each time. */
const REQUEST = {
  redirectUri: REDIRECT,
  scopes: ['openid', 'email', 'offline_access'],
  state: null,
  nonce: null,
  isSilent: false,
  asksLogin: false,
  asksConsent: false,
  maxAgeSeconds: null,
  wantsTwoFactors: true,
  idTokenHint: null,
  sinceSeconds: null,
  resource: null,
} as const;

const challengeOf = async (verifier: string): Promise<string> =>
  Uint8Array.fromHex(await sha256Hex(verifier)).toBase64({ alphabet: 'base64url', omitPadding: true });

const ofEndpoints = endpoints.map((endpoint): [string, Work] => [
  endpoint.name,
  async (env) => {
    const person = await createPersonFor(endpoint);
    const answer = await send(pathOf(endpoint, person), { ...endpoint.sent(person), env });
    if (answer.status !== endpoint.status) throw new Error(`${endpoint.name}: ${answer.status}`);
  },
]);

const asAdmin =
  (path: (id: number) => string): Work =>
  async (env) => {
    const { id, derived: token } = await createPerson();
    await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(id).run();
    const answer = await send(path(id), { token, env });
    if (answer.status !== 200) throw new Error(`${path(id)}: ${answer.status}`);
  };

/** Every action with second factors, in an order in which all succeed. */
const useFactors: Work = async (env) => {
  const via = { env };
  const [person, admin] = [await factors.join(via), await factors.join(via)];
  const { token } = person;
  const totp = await factors.addTotp(person, via);
  const { passkey, userHandle, id } = await factors.addPasskey(person, {}, undefined, via);
  const app = await factors.addAppPassword(person, {}, via);
  const expectStatus = async (status: number, path: string, sent: Sent) => {
    const answer = await send(path, { ...via, ...sent });
    if (answer.status !== status) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer;
  };
  await expectStatus(200, '/id/factors', { token });
  await expectStatus(200, `/id/factors/${id}`, { method: 'PATCH', token, json: { name: 'x' } });
  await expectStatus(201, '/id/factors/recovery-codes', { method: 'POST', token });
  await expectStatus(200, '/account/login', { json: { username: person.username, password: app.password } });
  const step = await factors.stepToken(person, via);
  const asked = await factors.askForPasskey({ token: step }, via);
  const said = { ...factors.here, userHandle };
  const answer = await passkey.assert({ challenge: asked.challenge, ...said });
  await expectStatus(200, '/id/login/factor', { json: { token: step, passkey: answer } });
  const again = await factors.stepToken(person, via);
  await expectStatus(200, '/id/login/factor', { json: { token: again, code: await totp.fresh() } });
  const alone = await factors.askForPasskey(undefined, via);
  const wrong = await passkey.assert({ challenge: alone.challenge, ...factors.here });
  await expectStatus(401, '/id/login/passkey', { json: { token: alone.token, passkey: wrong } });
  const right = await passkey.assert({ challenge: alone.challenge, ...said });
  await expectStatus(200, '/id/login/passkey', { json: { token: alone.token, passkey: right } });
  await expectStatus(200, '/id/reauthenticate/options', { method: 'POST', token });
  const confirmed = await expectStatus(200, '/id/reauthenticate', {
    token,
    json: { code: await totp.fresh() },
  });
  const mine = { token: factors.textOf(JSON.parse(confirmed.text), 'token') };
  await expectStatus(204, `/id/app-passwords/${app.id}`, { ...mine, method: 'DELETE' });
  await expectStatus(204, `/id/factors/${id}`, { ...mine, method: 'DELETE' });
  await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(admin.id).run();
  const { core } = createTimedCore(undefined, {
    ...env,
    TOKEN_SECRET: 'another secret for tests that is long enough',
    TOKEN_SECRET_PREVIOUS: String(testEnv.TOKEN_SECRET),
  });
  if ((await (await core.factors()).rotateSecrets(10)) !== 1) throw new Error('No secret was rotated.');
  const path = `/id/admin/accounts/${person.id}/factors`;
  await expectStatus(204, path, { method: 'DELETE', token: admin.token });
};

const asAdminPage =
  (pathOfPage: (id: number) => string): Work =>
  async (env) => {
    const { id, cookie } = await createPerson();
    await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(id).run();
    const path = `/admin${pathOfPage(id)}`;
    const answer = await send(path, { cookie, env });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
  };

/** A search for `u`, for one page. */
const search =
  (page: string): Work =>
  async (env) => {
    const { id, derived: token } = await createPerson();
    await testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(id).run();
    const path = `/id/admin/accounts/search?${page}`;
    const answer = await send(path, { token, json: { search: 'u' }, env });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
  };

const others: [string, Work][] = [
  ['second factors', useFactors],
  ['health', (env) => send('/health', { env })],
  ['an account, for an admin', asAdmin((id) => `/api/accounts/${id - 1}/`)],
  ['a list, for an admin', asAdmin(() => '/api/admin/users?limit=2&after=1')],
  ['the front page of an account', async (env) => send('/', { cookie: (await createPerson()).cookie, env })],
  ['a list on the page of admins', asAdminPage(() => '')],
  ['a list by email on the page of admins', asAdminPage(() => '?sort=email&after=1')],
  ['a list of the oldest on the page of admins', asAdminPage(() => '?sort=oldest&after=1')],
  ['the disabled on the page of admins', asAdminPage(() => '?filter=disabled&after=9')],
  ['the admins on the page of admins', asAdminPage(() => '?filter=admins&after=9')],
  ['an account on the page of admins', asAdminPage((id) => `/users/${id}`)],
  ['a search', search('limit=1')],
  ['a search of all fields', search('limit=1000')],
  ['a search after a username', search('limit=1&after=username:1')],
  ['a search after an email', search('limit=1&after=email:1')],
  ['a search after a name', search('limit=1&after=name:1')],
  ['events before a row', asAdmin(() => '/id/events?after=1000')],
  [
    'a name that is taken',
    async (env) => {
      const { email, username } = await createPerson();
      return send('/api/users/register', { json: { ...newcomer(), email, username }, env });
    },
  ],
  [
    'an email that another account has',
    async (env) => {
      const [{ email }, { derived: token, password }] = [await createPerson(), await createPerson()];
      return send('/id/me/email', { method: 'PUT', token, json: { email, password }, env });
    },
  ],
  [
    'a login on a device that has seen one',
    async (env) => {
      const person = await createPerson();
      const first = await send('/api/users/login', { json: person, env });
      const cookie = first.headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; ');
      return send('/api/users/login', { json: person, env, headers: { Cookie: cookie } });
    },
  ],
  [
    'a login after the secret was replaced',
    async (env) => {
      const person = await createPerson();
      const replaced = { ...env, TOKEN_SECRET: 'another secret for tests that is long enough' };
      return send('/account/login', { json: person, env: replaced });
    },
  ],
  [
    'a public id for an account of an older version, and the account of a public id',
    async (env) => {
      const { core, register } = createTimedCore(undefined, env);
      const { account } = await register('cookie', someAccount());
      const publicId = await core.accounts.ensurePublicId({ ...account, publicId: null });
      if (!(await core.accounts.getByPublicId(publicId))) throw new Error('Nobody was found.');
    },
  ],
  [
    'a login that moves an account of an old service',
    async (env) => {
      const old = startOldService();
      const { password, ...account } = someAccount();
      old.people.set(account.email, { password, account });
      const answer = await send('/id/login', {
        json: { identifier: account.email, password },
        env: movingEnv({}, env),
      });
      old.stop();
      if (answer.status !== 200) throw new Error(`The login was refused: ${answer.status}.`);
    },
  ],
  [
    'an app that signs somebody in, and all that comes of it',
    async (env) => {
      const { core, register } = createTimedCore(undefined, signingEnv({}, env));
      const provider = await core.provider();
      const { account, token } = await register('cookie', someAccount());
      const principal = await core.sessions.authenticate(token, 'cookie', 'primary');
      const app = await provider?.findApp((await addApp({ asksConsent: true })).id);
      if (!provider || !principal || !app) throw new Error('Nobody was found.');
      const request = { ...REQUEST, app, codeChallenge: await challengeOf(VERIFIER) };
      await provider.decide(request, principal);
      const code = (await provider.authorize(request, principal, someClient, true)) ?? '';
      const credentials = { id: app.id, secret: SECRET };
      const form = {
        grant_type: 'authorization_code',
        code,
        redirect_uri: REDIRECT,
        code_verifier: VERIFIER,
      };
      const answer = await provider.exchange(Object.entries(form), credentials);
      if (!answer.ok) throw new Error(answer.description);
      const refreshed = {
        grant_type: 'refresh_token',
        refresh_token: String(answer.body['refresh_token']),
      };
      await provider.exchange(Object.entries(refreshed), credentials);
      if (!(await provider.userInfo(String(answer.body['access_token']))).ok)
        throw new Error('Nothing was told.');
      await provider.listApps(account.id);
      await provider.isAppOrigin('https://app.example.org');
      await provider.revoke(String(answer.body['access_token']), credentials);
      await provider.withdrawConsent(account.id, app.id, someClient);
      const registrar = { accountId: await someAdmin(), client: someClient };
      const added = await provider.registry.add(
        { name: 'Shop', redirectUris: [REDIRECT], signOutUris: [], isPublic: false, asksConsent: true },
        registrar,
      );
      if (!added.ok) throw new Error('The app was not added.');
      await provider.registry.list();
      await provider.registry.find(added.id);
      await provider.registry.rotateSecret(added.id, registrar);
      await provider.registry.remove(added.id, registrar);
    },
  ],
  [
    'what webhooks are told',
    async (env) => {
      const receiver = startReceiver();
      await addWebhook();
      await testEnv.DB.prepare('DROP TRIGGER deliver_account_deleted').run();
      const { core, register, settle, advance } = createTimedCore(undefined, env);
      receiver.obstacle = () => new Response(null, { status: 429, headers: { 'Retry-After': '60' } });
      await register('cookie', someAccount());
      await settle();
      const webhooks = await core.webhooks();
      const { triggers, sealed } = await webhooks.prepare();
      receiver.obstacle = null;
      advance(DAY_MS);
      const { sent } = await webhooks.sendDue();
      receiver.obstacle = () => new Response(null, { status: 410 });
      await register('cookie', someAccount());
      await settle();
      receiver.stop();
      await forgetWebhooks();
      if (triggers === 0 || sealed !== 1 || sent !== 1) throw new Error('Not all was done.');
    },
  ],
  [
    'a session that is pushed on',
    async (env) => {
      const { core, register, advance, settle } = createTimedCore(undefined, env);
      const { token } = await register('cookie', someAccount());
      advance(2 * DAY_MS);
      if (!(await core.sessions.authenticate(token, 'cookie', 'nearest')))
        throw new Error('Nobody was found.');
      await settle();
    },
  ],
  [
    'how many sessions an account has',
    async (env) => {
      const { core, register } = createTimedCore(undefined, env);
      const { account } = await register('cookie', someAccount());
      if ((await core.sessions.count(account.id)) !== 1) throw new Error('There is one.');
    },
  ],
  [
    'a token that KV does not know, at a replica',
    async (env) => {
      const { derived: token } = await createPerson();
      for (const { name } of (await testEnv.SESSIONS.list()).keys) await testEnv.SESSIONS.delete(name);
      return send('/account/profile', { token, env: withReplica(env) });
    },
  ],
  [
    'the clean-up',
    async (env) => {
      const { id } = await createPerson();
      await testEnv.DB.prepare('UPDATE users SET name_key = NULL WHERE id = ?').bind(id).run();
      const controller = { scheduledTime: 0, cron: '', type: 'scheduled', noRetry: () => undefined } as const;
      const context = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} };
      // Nothing here uses what the runtime adds to a context.
      await worker.scheduled(controller, env, Object.assign(Object.create(null), context));
    },
  ],
];

/** Every action with mail: verification, sign-in by code, a change of email and its undoing, a password reset. */
const withMail: Work = async (env) => {
  const mailbox = createMailbox({ EMAIL_SIGN_IN: 'true' }, env);
  const { core, register, settle, advance } = createTimedCore(undefined, mailbox.env);
  const fields = someAccount();
  const { account, token } = await register('cookie', fields);
  const here = { client: someClient, accountId: account.id };
  const changeEmail = async (email: string) => {
    const principal = await core.sessions.authenticate(cookie, 'cookie', 'primary');
    if (!principal) throw new Error('Nobody is logged in.');
    const changed = await core.credentials.changeEmail(
      principal,
      { password: fields.password, email },
      here.client,
    );
    await settle();
    if (!changed.ok) throw new Error(changed.error.reason);
    cookie = changed.value.token;
  };
  let cookie = token;
  await core.email.requestVerification(account.id, here.client);
  await core.admin.send(account.id, 'verify_email', await someAdmin(), here.client);
  await settle();
  const { accountId } = here;
  await core.email.verify({ code: codeIn(mailbox.last(fields.email)), accountId }, here.client);
  // With a second factor, and without.
  const identifier = readIdentifier(fields.email);
  for (const hasFactor of [true, false]) {
    if (hasFactor)
      await testEnv.DB.prepare(
        "INSERT INTO factors (user_id, kind, name, secret, created_at, confirmed_at) VALUES (?, 'totp', 'app', 'x', 1, 1)",
      )
        .bind(account.id)
        .run();
    else await testEnv.DB.prepare('DELETE FROM factors WHERE user_id = ?').bind(account.id).run();
    await core.emailCode?.request(identifier, here.client, 'browser');
    await settle();
    const code = codeIn(mailbox.last(fields.email));
    const attempt = {
      identifier,
      code,
      open: 'jwt',
      client: here.client,
      replaces: null,
      holder: 'browser',
    } as const;
    const opened = await core.emailCode?.signIn(attempt);
    if (!opened?.ok) throw new Error('The code was refused.');
    await settle();
  }
  const [next, other] = [`next.${fields.email}`, `other.${fields.email}`];
  await changeEmail(next);
  await core.email.withdrawChange(account.id, here.client);
  await changeEmail(other);
  await register('cookie', { ...someAccount(), email: other });
  const refused = await core.email.confirmChange(
    { token: tokenIn(mailbox.to(other)[0] ?? fail()) },
    someClient,
  );
  if (refused.ok) throw new Error('The address is another account’s.');
  advance(60 * 60 * 1000);
  await changeEmail(next);
  await core.email.confirmChange({ token: tokenIn(mailbox.last(next)) }, here.client);
  await settle();
  const undone = await core.email.undoChange(tokenIn(mailbox.last(fields.email)), here.client);
  if (!undone.ok) throw new Error(undone.error.reason);
  await core.passwordReset.request(readIdentifier(fields.email), here.client);
  mailbox.obstacle = () => {
    throw new Error('The provider is down.');
  };
  await settle();
  await core.passwordReset.read(undone.value.resetToken);
  advance(60_000);
  await core.mail.sendDue();
  const again = await core.passwordReset.complete(undone.value.resetToken, 'a new horse 3', here.client);
  if (again.ok) throw new Error('The request for a mail has replaced it.');
};

const fail = (): never => {
  throw new Error('There is no such mail.');
};

/** The statements and call sites of each job. */
export const askEverything = async (): Promise<Map<string, Asked>> => {
  const found = new Map<string, Asked>();
  for (const [name, work] of [...ofEndpoints, ...others, ['with mail', withMail] as const]) {
    const { env, asked } = watch(cheapEnv);
    await work(env);
    found.set(name, asked);
  }
  return found;
};

/** The steps of SQLite's plan for a statement, with any parameters. */
export const planOf = async (sql: string): Promise<string[]> => {
  const parameters = Array.from(sql.matchAll(/\?/g), () => null);
  const plan = testEnv.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...parameters);
  const { results } = await plan.all<{ parent: number; detail: string }>();
  return results.map(({ parent, detail }, at) => {
    const outer = results
      .slice(0, at)
      .filter((step) => step.parent === parent && READS_ROWS.test(step.detail));
    const isRepeated = SCANS_JSON.test(detail) && outer.some((step) => !ONE_ROW.test(step.detail));
    return isRepeated ? `${detail} FOR EACH ROW` : detail;
  });
};

/** Steps of one parent that read rows are loops, each inside the one before. */
const READS_ROWS = /^(SEARCH|SCAN) /;
const ONE_ROW = /^SEARCH \w+ USING INTEGER PRIMARY KEY \(rowid=\?\)$/;
const SCANS_JSON = /^SCAN json_each /;
