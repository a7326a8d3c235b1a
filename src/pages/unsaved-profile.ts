// The fields of the profile form as one text, which the sign-in form carries if the session has ended.
import type { Typed } from './form.ts';

const PROFILE_FIELDS = [
  'name',
  'firstName',
  'lastName',
  'address',
  'siteUrl',
  'description',
  'locale',
] as const;

/**
 * The fields of a profile as one text; null if there are none. Never a password, because it is not one of the fields.
 */
export const writeUnsavedProfile = (typed: Typed): string | null => {
  const fields = PROFILE_FIELDS.flatMap((name) => {
    const value = typed[name];
    return value === undefined ? [] : [[name, value]];
  });
  return fields.length > 0 ? new URLSearchParams(fields).toString() : null;
};

/** Reads the fields of such a text. */
export const readUnsavedProfile = (kept: string): Typed => {
  const sent = new URLSearchParams(kept);
  return Object.fromEntries(PROFILE_FIELDS.map((name) => [name, sent.get(name) ?? '']));
};
