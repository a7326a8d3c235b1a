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
export const confirmation = z.object({ password: field.password() });

/** From a mail: the token of its link, or its code. */
export const linkToken = z.object({ token: field.identifier() });
export const mailedCode = z.object({ code: field.identifier() });
export const forgotten = z.object({ identifier: field.identifier() });
export const passwordReset = z.object({ token: field.identifier(), newPassword: newPassword() });

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
