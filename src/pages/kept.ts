// What was typed into the profile when the session had ended: the sign-in form carries it and gives it back.
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
export const keepProfile = (typed: Typed): string | null => {
  const fields = PROFILE_FIELDS.flatMap((name) => {
    const value = typed[name];
    return value === undefined ? [] : [[name, value]];
  });
  return fields.length > 0 ? new URLSearchParams(fields).toString() : null;
};

/** The fields again. */
export const readKept = (kept: string): Typed => {
  const sent = new URLSearchParams(kept);
  return Object.fromEntries(PROFILE_FIELDS.map((name) => [name, sent.get(name) ?? '']));
};
