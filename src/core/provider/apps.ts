// The apps that people sign in to: what is registered of each, and how one proves to be itself.
import { eq } from 'drizzle-orm';
import { equalTexts, sha256Hex } from '../secrets.ts';
import { apps } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

export interface App {
  id: string;
  name: string;
  /** SHA-256 of its secret; null for an app that can keep none. */
  secretHash: string | null;
  redirectUris: readonly string[];
  signOutUris: readonly string[];
  asksConsent: boolean;
}

/** Longer names are no app's: what is longer is not looked up. */
const MAX_ID_CHARACTERS = 200;

/** The app with an id; null if there is none. One D1 query. */
export const findApp = async (store: Store, id: string): Promise<App | null> => {
  if (id === '' || id.length > MAX_ID_CHARACTERS) return null;
  const { value } = await store.primary((db) => db.select().from(apps).where(eq(apps.id, id)).get());
  return value ?? null;
};

/**
 * Whether an app is who it says it is: by its secret if it has one. An app without one must send none: a secret that
 * it believes in is no secret of ours.
 */
export const isAuthentic = async ({ secretHash }: App, secret: string | null): Promise<boolean> =>
  secretHash === null ? secret === null : secret !== null && equalTexts(await sha256Hex(secret), secretHash);
