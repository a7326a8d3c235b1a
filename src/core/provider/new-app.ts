// What a new app must be like, on the page of admins and on the command line.
import { canBeRedirectUri } from './redirects.ts';

/** What people are shown of an app. */
export const MAX_APP_NAME_CHARACTERS = 60;

/** Addresses of one app: each sign-in compares with all of them. */
export const MAX_APP_ADDRESSES = 20;

/** The id is no secret, and need only differ from others: 72 bits. In hex: a command takes no id that begins with `-`. */
export const APP_ID_BYTES = 9;

export interface NewApp {
  name: string;
  redirectUris: readonly string[];
  signOutUris: readonly string[];
  /** Whether it cannot keep a secret: it runs in a browser or on a phone. */
  isPublic: boolean;
  asksConsent: boolean;
}

/** What is wrong with a new app: a field, and the address that cannot be used. */
export type NewAppFault =
  | { field: 'name' }
  | { field: 'redirectUris' | 'signOutUris'; why: 'missing' | 'too_many' }
  | { field: 'redirectUris' | 'signOutUris'; why: 'unusable'; address: string };

/** Control and formatting characters could make a name look like another. */
const isName = (name: string): boolean =>
  name.trim() !== '' && name.length <= MAX_APP_NAME_CHARACTERS && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name);

const faultsIn = (field: 'redirectUris' | 'signOutUris', addresses: readonly string[]): NewAppFault[] => {
  const address = addresses.find((each) => !canBeRedirectUri(each));
  if (address !== undefined) return [{ field, why: 'unusable', address }];
  return addresses.length > MAX_APP_ADDRESSES ? [{ field, why: 'too_many' }] : [];
};

/** What is wrong with a new app; nothing if it can be registered. */
export const findFaults = ({ name, redirectUris, signOutUris }: NewApp): NewAppFault[] => [
  ...(isName(name) ? [] : [{ field: 'name' } as const]),
  ...(redirectUris.length === 0 ? [{ field: 'redirectUris', why: 'missing' } as const] : []),
  ...faultsIn('redirectUris', redirectUris),
  ...faultsIn('signOutUris', signOutUris),
];
