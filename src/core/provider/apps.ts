// The registered apps that people sign in to, and how an app authenticates.
import { eq } from 'drizzle-orm';
import { equalTexts, sha256Hex } from '../secrets.ts';
import { apps } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

export interface App {
  id: string;
  name: string;
  /** SHA-256 of its secret; null for an app that cannot keep a secret. */
  secretHash: string | null;
  redirectUris: readonly string[];
  signOutUris: readonly string[];
  asksConsent: boolean;
}

/** No id is longer. Longer ones are not looked up. */
const MAX_ID_CHARACTERS = 200;

/** The app with an id; null if there is none. One D1 query. */
export const findApp = async (store: Store, id: string): Promise<App | null> => {
  if (id === '' || id.length > MAX_ID_CHARACTERS) return null;
  const { value } = await store.primary((db) => db.select().from(apps).where(eq(apps.id, id)).get());
  return value ?? null;
};

/**
 * Whether an app authenticates: by its secret if it has one. An app without a secret must send none: if it sends one,
 * it is configured wrongly.
 */
export const isAuthentic = async ({ secretHash }: App, secret: string | null): Promise<boolean> =>
  secretHash === null ? secret === null : secret !== null && equalTexts(await sha256Hex(secret), secretHash);
