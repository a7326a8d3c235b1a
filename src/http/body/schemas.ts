// The fields of what is Latchkey's own, its dialect and its pages, and the rule for new passwords.
import * as z from 'zod/mini';
import { pictures } from '../../core/index.ts';
import type { FieldErrorCode } from '../problem.ts';
import * as field from './fields.ts';

/**
 * Eight, the least that ASVS takes; it recommends fifteen, as NIST asks for where the password is all there is. The
 * counter that slows guessing down and the list of common passwords stand beside it.
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
  /** Null for none. */
  pictureId: z.optional(z.nullable(field.choice(1, pictures.length))),
});
export const passwordChange = z.object({ currentPassword: field.password(), newPassword: newPassword() });
export const emailChange = z.object({ email: emailField(), password: field.password() });
export const usernameChange = z.object({ username: usernameField(), password: field.password() });
export const confirmation = z.object({ password: field.password() });

/** A part of a name that is shorter says nothing about a password. */
const MIN_TELLING_CHARACTERS = 4;
/** A password that is a name and so many characters more is the name. */
const MIN_OTHER_CHARACTERS = 4;

/**
 * What is wrong with a new password besides its length: too many people have it, or it is little more than the
 * account's own name. No rule of composition.
 * @see https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver
 */
export const passwordError = (
  password: string,
  names: readonly (string | null | undefined)[],
  common: ReadonlySet<string>,
): FieldErrorCode | null => {
  const folded = password.normalize('NFC').toLowerCase();
  if (common.has(folded)) return 'common_password';
  const parts = names.flatMap((name) => (name ? [name, ...name.split('@')] : []));
  const resembles = parts
    .map((part) => part.toLowerCase())
    .filter((part) => part.length >= MIN_TELLING_CHARACTERS && folded.includes(part))
    .some((part) => folded.length - part.length < MIN_OTHER_CHARACTERS);
  return resembles ? 'resembling_password' : null;
};
