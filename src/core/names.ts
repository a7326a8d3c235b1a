// The one name of an account: `auth` and `id` give it as `name`, `conjugator` as first and last name.
import { comparisonKey } from './identity.ts';

/** The columns of a name. Either `name` or the other two are set, unless all were given at once. */
export interface Names {
  name: string;
  firstName: string;
  lastName: string;
}

/** As long as any of the three can be, so that what is shown can be sent back. */
const MAX_NAME_CHARACTERS = 255;

const cut = (text: string, maxCharacters: number): string =>
  text.length > maxCharacters ? Array.from(text).slice(0, maxCharacters).join('') : text;

const join = (firstName: string, lastName: string): string =>
  cut(`${firstName} ${lastName}`.trim(), MAX_NAME_CHARACTERS).trimEnd();

/** First and last name out of one: it is split at its last space. */
const split = (name: string): Pick<Names, 'firstName' | 'lastName'> => {
  const at = name.lastIndexOf(' ');
  return at === -1
    ? { firstName: name, lastName: '' }
    : { firstName: name.slice(0, at).trimEnd(), lastName: name.slice(at + 1) };
};

/** An account's name in both forms, whichever of them it was given in. */
export const namesOf = ({ name, firstName, lastName }: Names): Names => ({
  name: name || join(firstName, lastName),
  ...(firstName === '' && lastName === '' ? split(name) : { firstName, lastName }),
});

type Sent = { [K in keyof Names]?: Names[K] | undefined };

const isChange = (value: string | undefined, shown: string): boolean =>
  value !== undefined && value !== shown;

/**
 * The columns after a change, so that both forms stay one name: the form that is written is kept, and the other is
 * derived from it. A name that is sent as it is shown is no change, because clients send back what they have read. If
 * both forms are changed at once, each is kept as sent.
 * @returns null if no name changes
 */
export const changeNames = (stored: Names, sent: Sent): Names | null => {
  const shown = namesOf(stored);
  const changesName = isChange(sent.name, shown.name);
  const changesParts = isChange(sent.firstName, shown.firstName) || isChange(sent.lastName, shown.lastName);
  const parts = {
    firstName: sent.firstName ?? shown.firstName,
    lastName: sent.lastName ?? shown.lastName,
  };
  if (changesName && changesParts) return { name: sent.name ?? '', ...parts };
  if (changesName) return { name: sent.name ?? '', firstName: '', lastName: '' };
  return changesParts ? { name: '', ...parts } : null;
};

/** As many characters as the longest search can have: see `isMatchable`. */
const MAX_KEY_CHARACTERS = 256;

/** A name, or the beginning of one, in the form that searches compare. */
export const nameSearchKey = (name: string): string => comparisonKey(cut(name, MAX_KEY_CHARACTERS));

/** An account's name in the form that searches compare. */
export const nameKey = (names: Names): string => nameSearchKey(namesOf(names).name);
