// The schemas of `id`'s responses, for the reference. The compiler compares each with what the dialect sends.
import * as z from 'zod/mini';
import type { EventType, SessionKind } from '../../core/index.ts';
import { annotated, named } from '../../http/docs.ts';
import type { FieldErrorCode } from '../../http/problem.ts';
import type { ProblemDetails } from './refusal.ts';
import type {
  showAccount,
  showApp,
  showAppPassword,
  showEvent,
  showFactor,
  showProtection,
  showSession,
  showToAdmin,
} from './views.ts';

/** The members of a union type. The compiler rejects a missing or a further one. */
const membersOf = <T extends string>(members: Record<T, true>) =>
  z.enum(Object.keys(members).filter((key): key is T => Object.hasOwn(members, key)));

const moment = () =>
  annotated(z.string().check(z.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)), {
    format: 'date-time',
  });

const accountKeys = () => ({
  id: z.int().check(z.minimum(1)),
  username: z.nullable(z.string()),
  email: z.string(),
  emailVerified: annotated(z.boolean(), { description: 'Whether its owner has proven the address.' }),
  pendingEmail: annotated(z.nullable(z.string()), {
    description: 'The new address, until it is proven.',
  }),
  name: z.string(),
  firstName: z.string(),
  lastName: z.string(),
  address: z.string(),
  siteUrl: z.string(),
  description: z.string(),
  locale: annotated(z.string(), { description: 'The language of mails to the account.' }),
  picture: z.nullable(z.url()),
  isAdmin: z.boolean(),
  createdAt: moment(),
  updatedAt: moment(),
  lastLoginAt: moment(),
});

const account = () =>
  named(
    'IdAccount',
    z.strictObject(accountKeys()),
    'An account as its owner sees it.',
  ) satisfies z.ZodMiniType<ReturnType<typeof showAccount>>;

const accountToAdmin = () =>
  named(
    'IdAccountToAdmin',
    z.strictObject({ ...accountKeys(), disabledAt: z.nullable(moment()) }),
    'An account as an admin sees it.',
  ) satisfies z.ZodMiniType<ReturnType<typeof showToAdmin>>;

const kind = () => membersOf<SessionKind>({ cookie: true, derived: true, imported: true, jwt: true });

const session = () =>
  named(
    'IdSession',
    z.strictObject({
      id: annotated(z.string().check(z.regex(/^[0-9a-f]{64}$/)), {
        description: 'Names the session; it opens nothing.',
      }),
      kind: kind(),
      createdAt: moment(),
      lastSeenAt: moment(),
      expiresAt: moment(),
      userAgent: z.nullable(z.string()),
      country: annotated(z.nullable(z.string().check(z.regex(/^[A-Z0-9]{2}$/))), {
        description: 'ISO 3166.',
      }),
      current: annotated(z.boolean(), { description: 'True of the session that asks.' }),
    }),
    'A live session.',
  ) satisfies z.ZodMiniType<ReturnType<typeof showSession>>;

const eventType = () =>
  membersOf<EventType>({
    registered: true,
    login: true,
    login_refused: true,
    logout: true,
    profile_changed: true,
    picture_changed: true,
    password_changed: true,
    email_changed: true,
    username_changed: true,
    session_ended: true,
    sessions_ended: true,
    disabled: true,
    enabled: true,
    admin_granted: true,
    admin_revoked: true,
    deleted: true,
    email_verified: true,
    email_change_requested: true,
    email_change_withdrawn: true,
    email_change_undone: true,
    password_reset_requested: true,
    password_reset: true,
    login_code_requested: true,
    mail_undeliverable: true,
    mail_given_up: true,
    reauthenticated: true,
    passkey_added: true,
    factor_renamed: true,
    passkey_removed: true,
    passkey_counter: true,
    totp_added: true,
    totp_removed: true,
    recovery_codes_renewed: true,
    recovery_code_used: true,
    factor_refused: true,
    factors_removed: true,
    app_allowed: true,
    app_withdrawn: true,
    app_registered: true,
    app_secret_renewed: true,
    app_removed: true,
    app_password_added: true,
    app_password_removed: true,
  });

const event = () =>
  named(
    'IdEvent',
    z.strictObject({
      id: z.int().check(z.minimum(1)),
      type: eventType(),
      dialect: annotated(z.string(), {
        description: 'The dialect that was spoken; `pages` for the account page.',
      }),
      addressPrefix: annotated(z.nullable(z.string()), {
        description: 'A /24 of IPv4, or a /64 of IPv6.',
      }),
      userAgent: z.nullable(z.string()),
      byAdmin: annotated(z.boolean(), { description: 'True where an admin did it, not the owner.' }),
      at: moment(),
    }),
    'What happened to an account.',
  ) satisfies z.ZodMiniType<ReturnType<typeof showEvent>>;

const token = () =>
  annotated(z.optional(z.string().check(z.regex(/^[\w-]+\.[\w-]+\.[\w-]{43}$/))), {
    description: 'Where the client has a token, not a cookie.',
  });
const count = () => z.int().check(z.minimum(0));

export const one = () => named('IdOne', z.strictObject({ account: account() }));
export const loggedIn = () => named('IdLoggedIn', z.strictObject({ account: account(), token: token() }));
export const undone = () =>
  named(
    'IdUndone',
    z.strictObject({
      resetToken: annotated(z.string().check(z.regex(/^[\w-]{43}$/)), {
        description: 'Sets a new password, once, within an hour.',
      }),
    }),
  );
export const ended = () =>
  named('IdEnded', z.strictObject({ endedSessions: count() }), 'How many sessions have ended.');
export const passwordChanged = () =>
  named(
    'IdPasswordChanged',
    z.strictObject({ endedSessions: count(), token: token() }),
    'The number of other sessions that ended, and the new credential of this one.',
  );
export const accessToken = () =>
  named(
    'IdAccessToken',
    z.strictObject({
      accessToken: annotated(z.string().check(z.regex(/^[\w-]+\.[\w-]+\.[\w-]{86}$/)), {
        description: 'A JSON Web Token, signed by ES256.',
      }),
      tokenType: z.literal('Bearer'),
      expiresIn: annotated(z.int().check(z.minimum(1)), { description: 'Seconds.' }),
      refreshToken: z.exactOptional(
        annotated(z.string(), { description: 'The next one, for an app that sent one.' }),
      ),
    }),
    'A token that other servers check by themselves.',
  );
export const sessions = () => named('IdSessions', z.strictObject({ sessions: z.array(session()) }));
export const events = () => named('IdEvents', z.strictObject({ events: z.array(event()) }));
export const oneToAdmin = () => named('IdOneToAdmin', z.strictObject({ account: accountToAdmin() }));
export const page = () => named('IdAccounts', z.strictObject({ accounts: z.array(accountToAdmin()) }));
export const wholeToAdmin = () =>
  named(
    'IdWhole',
    z.strictObject({
      account: accountToAdmin(),
      sessions: z.array(session()),
      events: z.array(event()),
    }),
  );

const oneFactor = () =>
  named(
    'IdFactor',
    z.strictObject({
      id: z.int().check(z.minimum(1)),
      kind: z.enum(['passkey', 'totp']),
      name: z.string(),
      createdAt: moment(),
      lastUsedAt: z.nullable(moment()),
      synced: annotated(z.boolean(), {
        description: 'Whether a passkey is kept by a service that syncs it to other devices.',
      }),
    }),
    'A passkey or an authenticator app.',
  ) satisfies z.ZodMiniType<ReturnType<typeof showFactor>>;

const codes = () => z.array(z.string().check(z.regex(/^[0-9a-f]{4}(-[0-9a-f]{4}){6}$/)));

export const factor = () => named('IdOneFactor', z.strictObject({ factor: oneFactor() }));
export const added = () =>
  named('IdAddedFactor', z.strictObject({ factor: oneFactor(), recoveryCodes: z.nullable(codes()) }));
export const recoveryCodes = () => named('IdRecoveryCodes', z.strictObject({ recoveryCodes: codes() }));
export const protection = () =>
  named(
    'IdProtection',
    z.strictObject({
      factors: z.array(oneFactor()),
      recoveryCodesLeft: count(),
      passkeys: z.nullable(
        z.strictObject({ rpId: z.string(), userHandle: z.string(), credentialIds: z.array(z.string()) }),
      ),
    }),
  ) satisfies z.ZodMiniType<ReturnType<typeof showProtection>>;
export const totpSecret = () =>
  named(
    'IdTotpSecret',
    z.strictObject({ secret: z.string().check(z.regex(/^[A-Z2-7]{32}$/)), uri: z.url() }),
  );

const oneAppPassword = () =>
  named(
    'IdAppPassword',
    z.strictObject({
      id: z.int().check(z.minimum(1)),
      name: z.string(),
      dialect: z.nullable(z.string()),
      createdAt: moment(),
      lastUsedAt: z.nullable(moment()),
    }),
  ) satisfies z.ZodMiniType<ReturnType<typeof showAppPassword>>;

export const appPasswords = () =>
  named('IdAppPasswords', z.strictObject({ appPasswords: z.array(oneAppPassword()) }));
export const newAppPassword = () =>
  named('IdNewAppPassword', z.strictObject({ appPassword: oneAppPassword(), password: z.string() }));

export const everything = () =>
  named(
    'IdExport',
    z.strictObject({
      account: account(),
      sessions: z.array(session()),
      events: z.array(event()),
      factors: z.array(oneFactor()),
      appPasswords: z.array(oneAppPassword()),
      apps: z.array(
        z.strictObject({
          id: z.string(),
          name: z.string(),
          scopes: z.array(z.string()),
          consentedAt: moment(),
        }),
      ) satisfies z.ZodMiniType<ReturnType<typeof showApp>[]>,
    }),
    'Everything that is held about the account, without its secrets.',
  );

const stepToken = () =>
  annotated(z.string(), { description: 'Goes with the answer. Good for five minutes, once.' });
const credentialIds = () =>
  z.array(
    z.strictObject({
      type: z.literal('public-key'),
      id: z.string(),
      transports: z.array(z.string()),
    }),
  );

export const needsFactor = () =>
  named(
    'IdSecondFactor',
    z.strictObject({
      secondFactor: z.strictObject({
        token: stepToken(),
        kinds: z.array(z.enum(['passkey', 'code', 'recoveryCode'])),
      }),
    }),
    'The password was right; a second factor must follow at `login/factor`.',
  );
export const loggedInOrNeedsFactor = () => z.union([loggedIn(), needsFactor()]);
export const renewed = () => named('IdRenewed', z.strictObject({ token: token() }));

export const passkeyRequest = () =>
  named(
    'IdPasskeyRequest',
    z.strictObject({
      token: stepToken(),
      publicKey: z.strictObject({
        challenge: z.string(),
        rpId: z.string(),
        timeout: count(),
        userVerification: z.enum(['required', 'preferred']),
        allowCredentials: credentialIds(),
      }),
    }),
    '`PublicKeyCredentialRequestOptionsJSON`.',
  );
export const passkeyCreation = () =>
  named(
    'IdPasskeyCreation',
    z.strictObject({
      token: stepToken(),
      publicKey: z.strictObject({
        rp: z.strictObject({ id: z.string(), name: z.string() }),
        user: z.strictObject({ id: z.string(), name: z.string(), displayName: z.string() }),
        challenge: z.string(),
        pubKeyCredParams: z.array(z.strictObject({ type: z.literal('public-key'), alg: z.int() })),
        timeout: count(),
        excludeCredentials: credentialIds(),
        authenticatorSelection: z.strictObject({
          residentKey: z.literal('required'),
          requireResidentKey: z.boolean(),
          userVerification: z.literal('preferred'),
        }),
        attestation: z.literal('none'),
      }),
    }),
    '`PublicKeyCredentialCreationOptionsJSON`.',
  );

const fieldErrorCode = () =>
  membersOf<FieldErrorCode>({
    required: true,
    null: true,
    blank: true,
    not_text: true,
    nul: true,
    too_many_characters: true,
    too_few_characters: true,
    too_many_bytes: true,
    not_email: true,
    not_username: true,
    weak_password: true,
    common_password: true,
    resembling_password: true,
    not_url: true,
    taken: true,
    not_a_choice: true,
  });

/** @see https://www.rfc-editor.org/rfc/rfc9457#section-3 */
export const problemDetails = () =>
  named(
    'IdProblem',
    z.strictObject({
      type: z.string().check(z.regex(/^urn:latchkey:problem:[a-z_]+$/)),
      title: z.string(),
      status: z.int().check(z.minimum(400), z.maximum(599)),
      detail: z.exactOptional(z.string()),
      code: annotated(z.string(), { description: 'Stable: a client may decide by it.' }),
      errors: annotated(
        z.exactOptional(
          z.array(z.strictObject({ name: z.string(), code: fieldErrorCode(), message: z.string() })),
        ),
        { description: 'What is wrong with the fields, by their names in the body.' },
      ),
    }),
    'RFC 9457 problem details.',
  ) satisfies z.ZodMiniType<ProblemDetails>;
