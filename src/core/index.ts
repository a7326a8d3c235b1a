// The only entry to the core: everything that the rest of the Worker may use of it.
import { type Accounts, createAccounts } from './accounts/accounts.ts';
import { createEmailAddress, type EmailAddress } from './accounts/email.ts';
import { type AskOldService, createMoveAccount } from './accounts/move.ts';
import { fillNameKeys } from './accounts/name-keys.ts';
import { type Admin, createAdmin } from './admin/admin.ts';
import { type Credentials, createCredentials } from './credentials/changes.ts';
import { createCheckPassword } from './credentials/check-password.ts';
import { createPasswordReset, type PasswordReset } from './credentials/password-reset.ts';
import { createPasswords, type Passwords } from './credentials/passwords.ts';
import { type AuditLog, createAuditLog } from './events/audit-log.ts';
import { loadFactors } from './factors/load.ts';
import type { Factors } from './factors/module.ts';
import { createEmailCode, type EmailCode } from './login/email-code.ts';
import { createLogin, type LoginOptions, type Logins } from './login/login.ts';
import { createOpenSession } from './login/open-session.ts';
import type { MailSettings } from './mail/delivery.ts';
import { createMail, type Mail } from './mail/mail.ts';
import type { Policy, Principal } from './model.ts';
import { createLinkWriter } from './proofs/links.ts';
import { createProofs } from './proofs/proofs.ts';
import { createProofTokens } from './proofs/tokens.ts';
import type { AccessTokens } from './provider/access-tokens.ts';
import { loadProvider } from './provider/load.ts';
import type { LoadDocument, MayFetch } from './provider/metadata-documents.ts';
import type { AccessTokenSettings } from './provider/model.ts';
import type { Provider } from './provider/provider.ts';
import type { Keyring, Random } from './secrets.ts';
import { checkForOtherServices } from './sessions/other-services.ts';
import { createSessions, type Sessions, sessionStatements } from './sessions/sessions.ts';
import { createTokens } from './sessions/tokens.ts';
import type { CleanedUp } from './store/clean-up.ts';
import { loadCleanUp } from './store/load.ts';
import { createStore, type Health, type OperationCounts } from './store/store.ts';
import { createDevices } from './throttle/devices.ts';
import { createThrottle } from './throttle/throttle.ts';
import { takeFresh } from './webhooks/fresh.ts';
import { loadWebhooks } from './webhooks/load.ts';
import type { Webhooks } from './webhooks/webhooks.ts';

export type { NewAccount, ProfileChanges } from './accounts/accounts.ts';
export type { EmailProof, EmailPurpose } from './accounts/email.ts';
export type { AskOldService, OldAccount, OldLogin } from './accounts/move.ts';
export { findPicture, type Picture, pictures } from './accounts/pictures.ts';
export type { AdminAction, AdminMail, SearchCursor, SearchField } from './admin/admin.ts';
export type { AccountFilter, AccountOrder, Totals } from './admin/list-accounts.ts';
export { MAX_COUNTED } from './admin/list-accounts.ts';
export type { Renewed } from './credentials/changes.ts';
export { findPasswordWeakness } from './credentials/password-policy.ts';
export type {
  AccountError,
  FactorRefused,
  InvalidProof,
  LastAdmin,
  Result,
  Taken,
  Throttled,
  UniqueField,
  UnverifiedEmail,
  WrongCredentials,
} from './errors.ts';
export { StoreUnavailable } from './errors.ts';
export type { AuditLogReader, EventView } from './events/audit-log.ts';
export type { EventType } from './events/events.ts';
export type { AppPasswordView, FactorView, Protection } from './factors/manage.ts';
export type { RelyingParty } from './factors/model.ts';
export type { Asked, FactorProof } from './factors/second-factor.ts';
export type { AssertionAnswer, RegistrationAnswer } from './factors/webauthn/answer.ts';
export { canBeEmail, isEmail, isMatchable, isUsername, isWebUrl, MAX_MATCHED_BYTES } from './formats.ts';
export { type Identifier, readEmailIdentifier, readIdentifier } from './identity.ts';
export { isLocale, LOCALES, type Locale, readAcceptLanguage } from './locales.ts';
export type { EmailCode } from './login/email-code.ts';
export type { FactorKind, NeededFactor } from './login/login.ts';
export type { MailSettings } from './mail/delivery.ts';
export type { ProviderSettings } from './mail/mailer.ts';
export {
  type Account,
  type Client,
  displayName,
  type LoginKind,
  lastLoginOrCreationMs,
  NEVER_LOGGED_IN_MS,
  type Policy,
  type Principal,
  type SessionFactor,
  type SessionKind,
} from './model.ts';
export { namesOf } from './names.ts';
export type { AccessTokens } from './provider/access-tokens.ts';
export {
  type AuthorizationRequest,
  answerUrl,
  type ReadRequest,
  withoutHints,
} from './provider/authorization-request.ts';
export type { DocumentFault, LoadDocument, LoadedDocument, MayFetch } from './provider/metadata-documents.ts';
export type { AccessClaims, AccessTokenSettings, ConsentView, PublicKey } from './provider/model.ts';
export type { NewApp, NewAppFault } from './provider/new-app.ts';
export type { AppCredentials, Provider, TokenAnswer } from './provider/provider.ts';
export type { RegisteredApp } from './provider/registry.ts';
export { createKeyring, cryptoRandom, type Keyring, type Random, randomToken } from './secrets.ts';
export { mustVerifyEmail } from './sessions/other-services.ts';
export type { SessionCursor, SessionPage, SessionView } from './sessions/sessions.ts';
export { createCounts, lostByActor, type OperationCounts, within } from './store/store.ts';
export { DEVICE_SECONDS } from './throttle/device-seconds.ts';
export { findBrowser, findSystem } from './user-agent.ts';

export interface CoreOptions {
  db: D1Database;
  kv: KVNamespace;
  /** Milliseconds since the epoch. */
  clock: () => number;
  random: Random;
  keyring: Keyring;
  policy: Policy;
  /** Null if this deployment sends no mail. */
  mail: MailSettings | null;
  /** Null if this deployment signs no tokens for other servers. */
  accessTokens: AccessTokenSettings | null;
  /** Whether webhooks and apps may be on this machine: in development. */
  allowsLoopback?: boolean;
  counts: OperationCounts;
  /** The pepper of the service that imported hashes come from; null if it had none. */
  importPepper?: string | null;
  /** Asks the old service; null or absent if there is none. */
  askOldService?: AskOldService | null;
  /** Loads the metadata documents of apps; null or absent if none may be loaded. */
  loadDocument?: LoadDocument | null;
  /** Keeps the Worker alive until work after the response is done. */
  defer: (work: Promise<unknown>) => void;
  warn: (message: string, cause: unknown) => void;
  pause: (milliseconds: number) => Promise<void>;
}

/** Each room by its name. A room is built when a request first uses it. */
export interface Core {
  readonly accounts: Accounts;
  readonly sessions: Omit<Sessions, 'handOut' | 'forget'>;
  readonly credentials: Credentials;
  readonly auditLog: AuditLog;
  readonly admin: Admin;
  readonly email: EmailAddress;
  readonly passwordReset: PasswordReset;
  readonly mail: Pick<Mail, 'settings' | 'sendDue'>;
  /** Whether a session may stand for its account at another service. */
  checkForOtherServices(principal: Principal): ReturnType<typeof checkForOtherServices>;
  /** Signed tokens for other servers, loaded when first used; null if this deployment has no SIGNING_KEYS. */
  accessTokens(): Promise<AccessTokens | null>;
  /** Signing in by a mailed code; null unless EMAIL_SIGN_IN is set. */
  readonly emailCode: EmailCode | null;
  /** The OpenID Connect provider, loaded when first used; null if this deployment has no SIGNING_KEYS. */
  provider(mayFetch?: MayFetch): Promise<Provider | null>;
  /** Tells webhooks and apps what happened to accounts: loaded when there is something to tell. */
  webhooks(): Promise<Pick<Webhooks, 'sendDue' | 'prepare'>>;
  login: Logins['login'];
  signIn: Logins['signIn'];
  /** Passkeys, codes, recovery codes and app passwords: loaded when a request first needs them. */
  factors(): Promise<Omit<Factors, 'askForFactor'>>;
  /** Removes expired rows in bounded batches. */
  cleanUp(): Promise<CleanedUp>;
  /** Fills in a bounded number of missing keys for searches by name; returns how many. Throws StoreUnavailable. */
  fillNameKeys(): Promise<number>;
  /** Asks D1 and KV whether they answer. */
  checkHealth(): Promise<Health>;
}

/**
 * Builds the core for one request. Cheap: no I/O, the keys are shared by the isolate, and rooms are built when first
 * used.
 */
export const createCore = (options: CoreOptions): Core => {
  const { policy, random, keyring, clock: nowMs, counts, pause } = options;
  const store = createStore({ ...options, ...policy, followUp: takeFresh(nowMs, (ids) => tell(ids)) });
  /** For scheduled work and for what sends: no batch of it looks for new messages, which the next run sends. */
  const outboxStore = lazy(() => createStore({ ...options, ...policy }));
  const webhooks = lazy(async () => {
    const { accessTokens, warn, allowsLoopback = false } = options;
    const { createWebhooks } = await loadWebhooks();
    return createWebhooks({
      store: outboxStore(),
      keyring,
      random,
      accessTokens,
      allowsLoopback,
      nowMs,
      warn,
    });
  });
  /** Sends messages after the response. What fails stays in the outbox. */
  const tell = (ids: readonly number[]): void => {
    const work = webhooks().then((each) => each.sendTaken(ids));
    options.defer(
      work.catch((cause: unknown) => options.warn('what became of a message was not noted', cause)),
    );
  };

  const tokens = lazy(() => createTokens({ keyring, random, policy, nowMs }));
  const sessions = lazy(() => createSessions({ store, tokens: tokens(), policy, nowMs }));
  const passwords = lazy(() =>
    countHashes(createPasswords(policy.hashCost, random, options.importPepper ?? null), counts),
  );
  const devices = lazy(() => createDevices({ keyring, random, nowMs }));
  const throttle = lazy(() => createThrottle({ store, policy, nowMs, pause }));
  const checkPassword = lazy(() => createCheckPassword({ throttle: throttle(), passwords: passwords() }));
  const proofTokens = lazy(() => createProofTokens(keyring));
  const mail = lazy(() => {
    const { mail: settings, defer, warn } = options;
    const links = createLinkWriter(proofTokens(), settings?.publicUrl ?? '');
    return createMail({ store: outboxStore(), settings, links, nowMs, defer, warn });
  });
  const proofs = lazy(() =>
    createProofs({ store, mail: mail(), tokens: proofTokens(), devices: devices(), random, nowMs }),
  );
  /** Whatever opens a session: logins, registrations and changes of credentials. */
  const opening = lazy(() => ({
    store,
    sessions: sessions(),
    tokens: tokens(),
    passwords: passwords(),
    devices: devices(),
    nowMs,
  }));
  const mailing = lazy(() => ({ mail: mail(), proofs: proofs() }));
  const checking = lazy(() => ({ throttle: throttle(), checkPassword: checkPassword() }));

  const accounts = lazy(() => createAccounts({ ...opening(), ...mailing() }));
  const credentials = lazy(() =>
    createCredentials({
      ...opening(),
      ...mailing(),
      ...checking(),
      findTaken: accounts().findTaken,
      remove: accounts().remove,
    }),
  );
  const auditLog = lazy(() => createAuditLog(store));
  const admin = lazy(() =>
    createAdmin({ store, sessions: sessions(), mail: mail(), proofs: proofs(), nowMs }),
  );
  const email = lazy(() => createEmailAddress({ ...opening(), ...mailing(), proofTokens: proofTokens() }));
  const passwordReset = lazy(() => createPasswordReset({ ...opening(), ...mailing() }));
  const openSession = lazy(() => createOpenSession({ ...opening(), policy, mail: options.mail && mail }));
  /** The rooms for mail are built only if a login must send one. */
  const requestVerification: EmailAddress['requestVerification'] = (...request) =>
    email().requestVerification(...request);
  const factors = lazy(async () => {
    const { createFactors } = await loadFactors();
    return createFactors({
      ...opening(),
      ...mailing(),
      ...checking(),
      statements: sessionStatements,
      openSession: openSession(),
      requestVerification,
      keyring,
      random,
      policy,
    });
  });
  const askForFactor: LoginOptions['askForFactor'] = async (...asked) =>
    (await factors()).askForFactor(...asked);
  const moveAccount = lazy(() => {
    const { askOldService, warn } = options;
    return askOldService
      ? createMoveAccount({ store, accounts: accounts(), askOldService, nowMs, warn })
      : null;
  });
  const emailCode = lazy(() =>
    createEmailCode({ ...opening(), ...mailing(), openSession: openSession(), askForFactor }),
  );
  const logins = lazy(() =>
    createLogin({
      ...opening(),
      ...checking(),
      keyring,
      policy,
      requestVerification,
      openSession: openSession(),
      askForFactor,
      moveAccount: moveAccount(),
    }),
  );

  return {
    get accounts() {
      return accounts();
    },
    get sessions() {
      return sessions();
    },
    get credentials() {
      return credentials();
    },
    get auditLog() {
      return auditLog();
    },
    get admin() {
      return admin();
    },
    get email() {
      return email();
    },
    get passwordReset() {
      return passwordReset();
    },
    get mail() {
      return mail();
    },
    get emailCode() {
      return policy.emailSignIn && options.mail ? emailCode() : null;
    },
    checkForOtherServices: (principal) => checkForOtherServices(policy, principal),
    async accessTokens() {
      const { accessTokens: settings } = options;
      if (!settings) return null;
      const { createAccessTokens } = await loadProvider();
      return createAccessTokens({ settings, sessions: sessions(), policy, random, nowMs });
    },
    async provider(mayFetch = async () => false) {
      const { accessTokens: settings } = options;
      if (!settings) return null;
      const { createProvider } = await loadProvider();
      const hasFactor = async (accountId: number) =>
        (await (await factors()).list(accountId)).factors.length > 0;
      return createProvider({
        settings,
        store,
        accounts: accounts(),
        policy,
        mail: mail(),
        loadDocument: options.loadDocument ?? null,
        mayFetch,
        hasFactor,
        keyring,
        random,
        nowMs,
      });
    },
    webhooks,
    login: (attempt) => logins().login(attempt),
    signIn: (attempt) => logins().signIn(attempt),
    factors,
    async cleanUp() {
      const { createCleanUp } = await loadCleanUp();
      return createCleanUp({ store: outboxStore(), policy, nowMs }).cleanUp();
    },
    fillNameKeys: () => fillNameKeys(outboxStore()),
    checkHealth: store.check,
  };
};

/** Builds a value when it is first used, and keeps it. */
const lazy = <T>(make: () => T): (() => T) => {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};

const countHashes = (passwords: Passwords, counts: OperationCounts): Passwords => ({
  ...passwords,
  hash(password) {
    counts.hashes += 1;
    return passwords.hash(password);
  },
  verify(password, stored) {
    counts.hashes += 1;
    return passwords.verify(password, stored);
  },
  verifyNothing(password) {
    counts.hashes += 1;
    return passwords.verifyNothing(password);
  },
});

/** A core that is put together when a request first asks it for something: a refusal without I/O never does. */
export class DeferredCore implements Core {
  // A class, not an object with getters: those would be made anew for each request.
  readonly #open: () => Core;
  #opened: Core | null = null;

  constructor(open: () => Core) {
    this.#open = open;
  }

  get #core(): Core {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  get accounts() {
    return this.#core.accounts;
  }

  get sessions() {
    return this.#core.sessions;
  }

  get credentials() {
    return this.#core.credentials;
  }

  get auditLog() {
    return this.#core.auditLog;
  }

  get admin() {
    return this.#core.admin;
  }

  get email() {
    return this.#core.email;
  }

  get passwordReset() {
    return this.#core.passwordReset;
  }

  get mail() {
    return this.#core.mail;
  }

  get emailCode() {
    return this.#core.emailCode;
  }

  get login() {
    return this.#core.login;
  }

  get signIn() {
    return this.#core.signIn;
  }

  get checkForOtherServices() {
    return this.#core.checkForOtherServices;
  }

  get accessTokens() {
    return this.#core.accessTokens;
  }

  get provider() {
    return this.#core.provider;
  }

  get factors() {
    return this.#core.factors;
  }

  get webhooks() {
    return this.#core.webhooks;
  }

  get cleanUp() {
    return this.#core.cleanUp;
  }

  get fillNameKeys() {
    return this.#core.fillNameKeys;
  }

  get checkHealth() {
    return this.#core.checkHealth;
  }
}
