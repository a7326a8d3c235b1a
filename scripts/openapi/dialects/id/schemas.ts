// The bodies of `id`: each is held by the compiler to what the dialect shows, and by a test to what it answers.
import * as z from 'zod';
import type { EventType } from '../../../../src/core/events/events.ts';
import type { SessionKind } from '../../../../src/core/index.ts';
import type { ProblemDetails } from '../../../../src/dialects/id/refusal.ts';
import type { showAccount, showEvent, showSession, showToAdmin } from '../../../../src/dialects/id/views.ts';
import type { FieldErrorCode } from '../../../../src/http/problem.ts';

/** The members of a union that exists for the compiler alone: it refuses one that is missing or too many. */
const membersOf = <T extends string>(members: Record<T, true>) =>
  z.enum(Object.keys(members).filter((key): key is T => Object.hasOwn(members, key)));

const moment = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
  .meta({ format: 'date-time' });

const accountKeys = {
  id: z.int().min(1),
  username: z.string().nullable(),
  email: z.string(),
  name: z.string(),
  firstName: z.string(),
  lastName: z.string(),
  address: z.string(),
  siteUrl: z.string(),
  description: z.string(),
  picture: z.url().nullable(),
  isAdmin: z.boolean(),
  createdAt: moment,
  updatedAt: moment,
  lastLoginAt: moment,
};

const account = z
  .strictObject(accountKeys)
  .meta({ id: 'IdAccount', description: 'An account as its owner sees it.' }) satisfies z.ZodType<
  ReturnType<typeof showAccount>
>;

const accountToAdmin = z
  .strictObject({ ...accountKeys, disabledAt: moment.nullable() })
  .meta({ id: 'IdAccountToAdmin', description: 'An account as an admin sees it.' }) satisfies z.ZodType<
  ReturnType<typeof showToAdmin>
>;

const kind = membersOf<SessionKind>({ cookie: true, derived: true, imported: true, jwt: true });

const session = z
  .strictObject({
    id: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .meta({ description: 'Names the session; it opens nothing.' }),
    kind,
    createdAt: moment,
    lastSeenAt: moment,
    expiresAt: moment,
    userAgent: z.string().nullable(),
    country: z
      .string()
      .regex(/^[A-Z0-9]{2}$/)
      .nullable()
      .meta({ description: 'ISO 3166.' }),
    current: z.boolean().meta({ description: 'True of the session that asks.' }),
  })
  .meta({ id: 'IdSession', description: 'A live session.' }) satisfies z.ZodType<
  ReturnType<typeof showSession>
>;

const eventType = membersOf<EventType>({
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
  app_password_added: true,
  app_password_removed: true,
});

const event = z
  .strictObject({
    id: z.int().min(1),
    type: eventType,
    dialect: z.string().meta({ description: 'The dialect that was spoken; `pages` for the account page.' }),
    addressPrefix: z.string().nullable().meta({ description: 'A /24 of IPv4, or a /64 of IPv6.' }),
    userAgent: z.string().nullable(),
    byAdmin: z.boolean().meta({ description: 'True where an admin did it, not the owner.' }),
    at: moment,
  })
  .meta({ id: 'IdEvent', description: 'What happened to an account.' }) satisfies z.ZodType<
  ReturnType<typeof showEvent>
>;

const token = z
  .string()
  .regex(/^[\w-]+\.[\w-]+\.[\w-]{43}$/)
  .meta({ description: 'Where the client has a token, not a cookie.' });

export const one = z.strictObject({ account }).meta({ id: 'IdOne' });
export const loggedIn = z.strictObject({ account, token: token.optional() }).meta({ id: 'IdLoggedIn' });
export const ended = z
  .strictObject({ endedSessions: z.int().min(0) })
  .meta({ id: 'IdEnded', description: 'How many sessions have ended.' });
export const passwordChanged = z
  .strictObject({ endedSessions: z.int().min(0), token: token.optional() })
  .meta({
    id: 'IdPasswordChanged',
    description: 'How many other sessions have ended, and what this one goes on with.',
  });
export const sessions = z.strictObject({ sessions: z.array(session) }).meta({ id: 'IdSessions' });
export const events = z.strictObject({ events: z.array(event) }).meta({ id: 'IdEvents' });
export const everything = z
  .strictObject({ account, sessions: z.array(session), events: z.array(event) })
  .meta({ id: 'IdExport', description: 'Everything that is held about the account.' });
export const oneToAdmin = z.strictObject({ account: accountToAdmin }).meta({ id: 'IdOneToAdmin' });
export const page = z.strictObject({ accounts: z.array(accountToAdmin) }).meta({ id: 'IdAccounts' });
export const wholeToAdmin = z
  .strictObject({ account: accountToAdmin, sessions: z.array(session), events: z.array(event) })
  .meta({ id: 'IdWhole' });

const faultCode = membersOf<FieldErrorCode>({
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
export const problem = z
  .strictObject({
    type: z.string().regex(/^urn:latchkey:problem:[a-z_]+$/),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.exactOptional(z.string()),
    code: z.string().meta({ description: 'Stable: a client may decide by it.' }),
    errors: z.exactOptional(
      z
        .array(z.strictObject({ name: z.string(), code: faultCode, message: z.string() }))
        .meta({ description: 'What is wrong with the fields, by their names in the body.' }),
    ),
  })
  .meta({ id: 'IdProblem', description: 'RFC 9457 problem details.' }) satisfies z.ZodType<ProblemDetails>;
