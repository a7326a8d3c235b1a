// Grants and consents of removed apps: refused from the removal on, and deleted in bounded statements.
import { and, eq, inArray, or, type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import { appConsents, appGrants, apps } from './schema.ts';
import type { Database } from './store.ts';

/** Rows that one statement deletes. D1 stops a statement after 30 s; 510,000 grants in one took 25 s. */
const BATCH_ROWS = 1_000;

/** An app with a metadata document, whose address is its id, has no row in `apps`. See `isDocumentId`. */
const hasDocument = (appId: SQLWrapper): SQL => sql`(${appId} GLOB 'http:*' OR ${appId} GLOB 'https:*')`;

/**
 * The app of a grant or a consent was not removed. A removal deletes the app's row first: it is this condition, not the
 * deletion of the grants, that ends the app's tokens at once.
 */
export const whereAppExists = (
  db: Database,
  appId: typeof appGrants.appId | typeof appConsents.appId,
): SQL | undefined => or(hasDocument(appId), inArray(appId, db.select({ id: apps.id }).from(apps)));

/**
 * SQL that gives the id of one removed app that still has rows, or NULL. It jumps from one app to the next in the index,
 * and over all apps with documents at once: reads a row for each registered app.
 */
const removedAppIn = (table: typeof appGrants | typeof appConsents): SQL => sql`(
  WITH RECURSIVE app_ids(id) AS (
    SELECT min(app_id) FROM ${table} WHERE app_id > ''
    UNION ALL
    SELECT (SELECT min(app_id) FROM ${table} WHERE app_id > CASE
      WHEN app_ids.id GLOB 'http:*' THEN 'http;' WHEN app_ids.id GLOB 'https:*' THEN 'https;' ELSE app_ids.id END)
    FROM app_ids WHERE app_ids.id IS NOT NULL
  )
  SELECT id FROM app_ids
  WHERE id IS NOT NULL AND NOT ${hasDocument(sql`app_ids.id`)} AND id NOT IN (SELECT id FROM ${apps}) LIMIT 1
)`;

/** The statement that deletes grants of an app, at most 1,000; without an id, of an app that was removed. */
export const deleteGrantsOfApp = (db: Database, appId?: string) =>
  db.delete(appGrants).where(
    inArray(
      appGrants.id,
      db
        .select({ id: appGrants.id })
        .from(appGrants)
        .where(eq(appGrants.appId, appId ?? removedAppIn(appGrants)))
        .limit(BATCH_ROWS),
    ),
  );

/** The statement that deletes consents to an app, at most 1,000; without an id, to an app that was removed. */
export const deleteConsentsOfApp = (db: Database, appId?: string) => {
  const isOfApp = eq(appConsents.appId, appId ?? removedAppIn(appConsents));
  const some = db.select({ userId: appConsents.userId }).from(appConsents).where(isOfApp).limit(BATCH_ROWS);
  return db.delete(appConsents).where(and(isOfApp, inArray(appConsents.userId, some)));
};
