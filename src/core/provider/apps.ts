// The registered apps that people sign in to, and how an app authenticates.
import { eq, or, type SQLWrapper, sql } from 'drizzle-orm';
import { equalTexts, sha256Hex } from '../secrets.ts';
import { apps } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

export interface App {
  id: string;
  name: string;
  /** Of the document that describes it; null for a registered app. */
  host: string | null;
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
  return value ? { ...value, host: null } : null;
};

/** The default ports, which an address may spell out. https://url.spec.whatwg.org/#default-port */
const DEFAULT_PORTS: readonly (readonly [string, string])[] = [
  ['https:', ':443'],
  ['http:', ':80'],
];

/** Whether a column of addresses holds one of an origin: what follows it is a path, a query or nothing. */
const hasAddressOf = (column: SQLWrapper, origin: string) =>
  sql`EXISTS (SELECT 1 FROM json_each(${column})
    WHERE instr(lower(value) || '/', ${`${origin}/`}) = 1 OR instr(lower(value), ${`${origin}?`}) = 1)`;

/**
 * Whether an origin is that of an address that an app has registered, to receive codes or people who signed out. One D1
 * query, which reads the apps one by one: operators register them, so they are few.
 * @param origin as browsers serialise it
 */
export const isAppOrigin = async (store: Store, origin: string): Promise<boolean> => {
  const [, port] = DEFAULT_PORTS.find(([scheme]) => origin.startsWith(scheme)) ?? [];
  const spellings = port === undefined || /:\d+$/.test(origin) ? [origin] : [origin, origin + port];
  const conditions = spellings.flatMap((each) => [
    hasAddressOf(apps.redirectUris, each),
    hasAddressOf(apps.signOutUris, each),
  ]);
  const { value } = await store.primary((db) =>
    db
      .select({ id: apps.id })
      .from(apps)
      .where(or(...conditions))
      .limit(1)
      .get(),
  );
  return value !== undefined;
};

/**
 * Whether a code that is sent there reaches the app and no other. An https address belongs to the app, and without the
 * secret a code is of no use. A port or a scheme on the user's device can be taken by any program there. All that is known
 * of an app with a document is the host of the document.
 */
export const isAssured = ({ secretHash, host }: App, redirectUri: string): boolean => {
  if (secretHash !== null) return true;
  const url = new URL(redirectUri);
  return url.protocol === 'https:' && (host === null || url.host === host);
};

/**
 * Whether an app authenticates: by its secret if it has one. An app without a secret must send none: if it sends one,
 * it is configured wrongly.
 */
export const isAuthentic = async (
  { secretHash }: Pick<App, 'secretHash'>,
  secret: string | null,
): Promise<boolean> =>
  secretHash === null ? secret === null : secret !== null && equalTexts(await sha256Hex(secret), secretHash);
