// The fields of `id` and the account page, and their rule for new passwords.
import * as z from 'zod/mini';
import { findPasswordWeakness, LOCALES, pictures } from '../../core/index.ts';
import type { FieldErrorCode } from '../problem.ts';
import * as field from './fields.ts';

/**
 * ASVS requires at least eight and recommends fifteen, as NIST requires if the password is the only factor. The counter
 * and the list of common passwords make up for it.
 * @see https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/0x15-V6-Authentication.md V6.2.1
 */
const MIN_PASSWORD_CHARACTERS = 8;

const usernameField = () => field.username(field.atMost(32));
const emailField = () => field.email(field.atMost(255));
const newPassword = () => field.password(field.atLeast(MIN_PASSWORD_CHARACTERS));
const nameField = () => z.optional(field.lines(field.atMost(255), field.oneLine));

export const registration = z.object({
  username: z.optional(usernameField()),
  email: emailField(),
  password: newPassword(),
  name: nameField(),
});
/** `identifier` takes the username or the email. */
export const credentials = z.object({ identifier: field.identifier(), password: field.password() });
export const profile = z.object({
  name: nameField(),
  firstName: nameField(),
  lastName: nameField(),
  address: z.optional(field.lines(field.atMost(200))),
  siteUrl: z.optional(field.urlOrNothing(field.atMost(200))),
  description: z.optional(field.lines(field.atMost(1023))),
  /** The language of mails. */
  locale: z.optional(z.enum(LOCALES)),
  /** Null for none. */
  pictureId: z.optional(z.nullable(field.choice(1, pictures.length))),
});
export const passwordChange = z.object({ currentPassword: field.password(), newPassword: newPassword() });
export const emailChange = z.object({ email: emailField(), password: field.password() });
export const usernameChange = z.object({ username: usernameField(), password: field.password() });
/** The beginning of a name; empty for all accounts. */
export const accountSearch = z.object({ search: field.lines(field.oneLine) });
export const confirmation = z.object({ password: field.password() });

/** From a mail: the token of its link, or its code. */
export const linkToken = z.object({ token: field.identifier() });
export const mailedCode = z.object({ code: field.identifier() });
export const forgotten = z.object({ identifier: field.identifier() });
export const passwordReset = z.object({ token: field.identifier(), newPassword: newPassword() });

/** The name of a passkey or an app password. */
const label = () => field.line(field.atMost(60));
/** Long enough for every issued token, and for the largest answer of a passkey. */
const MAX_TOKEN_CHARACTERS = 2_000;
const step = () => field.line(field.atMost(MAX_TOKEN_CHARACTERS));
const code = () => field.line(field.atMost(100));
const base64Url = () => z.string().check(z.maxLength(20_000));

/** @see https://www.w3.org/TR/webauthn-3/#dictdef-authenticationresponsejson */
export const assertion = z.object({
  id: base64Url(),
  rawId: base64Url(),
  type: z.string(),
  response: z.object({
    clientDataJSON: base64Url(),
    authenticatorData: base64Url(),
    signature: base64Url(),
    userHandle: z.nullish(base64Url()),
  }),
});
/** @see https://www.w3.org/TR/webauthn-3/#dictdef-registrationresponsejson */
export const registeredPasskey = z.object({
  id: base64Url(),
  rawId: base64Url(),
  type: z.string(),
  response: z.object({
    clientDataJSON: base64Url(),
    authenticatorData: base64Url(),
    publicKey: z.nullish(base64Url()),
    publicKeyAlgorithm: z.optional(z.number()),
    transports: z.optional(z.array(z.string())),
  }),
});
export const newPasskey = z.object({
  token: step(),
  passkey: registeredPasskey,
  name: z.optional(label()),
});
export const renaming = z.object({ name: label() });
export const firstCode = z.object({ code: code() });
/** The same on a page, with the fields that it shows again. */
export const setUpTotp = z.extend(firstCode, { uri: z.string() });
/** Exactly one of the three. A passkey comes with the token of its own options. */
export const factorProof = z.object({
  token: step(),
  passkey: z.optional(assertion),
  code: z.optional(code()),
  recoveryCode: z.optional(code()),
  trustBrowser: z.optional(z.boolean()),
});
export const passkeyProof = z.object({ token: step(), passkey: assertion });
/** Exactly one of the three. */
export const confirmationAgain = z.object({
  password: z.optional(field.password()),
  code: z.optional(code()),
  token: z.optional(step()),
  passkey: z.optional(assertion),
});
export const newAppPassword = z.object({
  name: label(),
  /** One of `c.var.dialectNames`; null, empty or absent for all. */
  dialect: z.optional(z.nullable(z.string())),
});

const WEAKNESS_CODES = { common: 'common_password', resembling: 'resembling_password' } as const;

/**
 * Checks a new password beyond its length: see `findPasswordWeakness`.
 * @param names of the account and of the service
 */
export const passwordError = (
  password: string,
  names: readonly (string | null | undefined)[],
  common: ReadonlySet<string>,
): FieldErrorCode | null => {
  const weakness = findPasswordWeakness(password, names, common);
  return weakness && WEAKNESS_CODES[weakness];
};
