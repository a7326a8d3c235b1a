// What admins do with the apps that are registered: list, add, give a new secret, remove.
import { and, asc, count, eq, exists, isNotNull, type SQL, sql } from 'drizzle-orm';
import { type EventType, noteEventOf } from '../events/events.ts';
import type { Client } from '../model.ts';
import { type Random, randomToken, sha256Hex } from '../secrets.ts';
import { deleteConsentsOfApp, deleteGrantsOfApp } from '../store/removed-apps.ts';
import { appConsents, apps, users } from '../store/schema.ts';
import type { Database, Store } from '../store/store.ts';
import type { App } from './apps.ts';
import { APP_ID_BYTES, findFaults, type NewApp, type NewAppFault } from './new-app.ts';

/** Apps on one page. Operators register them by hand: there are few. */
const MAX_LISTED = 500;

export interface RegisteredApp extends App {
  createdAtMs: number;
}

/** Who does it: the admin. */
export interface Registrar {
  accountId: number;
  client: Client;
}

export interface Registry {
  /** The apps by name, at most 500. */
  list(): Promise<RegisteredApp[]>;
  /** One app, and how many accounts have consented to it; null if there is none. */
  find(id: string): Promise<{ app: RegisteredApp; accounts: number } | null>;
  /** Registers an app. Its secret is returned this once: only its SHA-256 is stored. */
  add(
    app: NewApp,
    registrar: Registrar,
  ): Promise<{ ok: true; id: string; secret: string | null } | { ok: false; faults: NewAppFault[] }>;
  /** A new secret; the one before is of no use any more. Null if there is no such app, or if it has no secret. */
  rotateSecret(id: string, registrar: Registrar): Promise<string | null>;
  /**
   * Removes an app: its tokens end at once, because a grant counts only with its app's row. Of its consents and grants up
   * to 1,000 are deleted; the clean-up deletes the rest. False if there is none.
   */
  remove(id: string, registrar: Registrar): Promise<boolean>;
}

export interface RegistryOptions {
  store: Store;
  random: Random;
  nowMs: () => number;
}

export const createRegistry = ({ store, random, nowMs }: RegistryOptions): Registry => {
  /** The statement that notes what an admin does in the admin's own audit log, if the condition on `apps` finds one. */
  const note = (db: Database, type: EventType, { accountId, client }: Registrar, app?: SQL) =>
    noteEventOf(
      db,
      type,
      and(eq(users.id, accountId), app && exists(db.select({ one: sql`1` }).from(apps).where(app))),
      client,
      nowMs(),
    );

  return {
    async list() {
      const { value } = await store.primary((db) =>
        db.select().from(apps).orderBy(asc(apps.name)).limit(MAX_LISTED).all(),
      );
      return value.map((app) => ({ ...app, host: null }));
    },

    async find(id) {
      const { value } = await store.primary((db) =>
        db.batch([
          db.select().from(apps).where(eq(apps.id, id)),
          db.select({ accounts: count() }).from(appConsents).where(eq(appConsents.appId, id)),
        ]),
      );
      const [[app], [consents]] = value;
      return app ? { app: { ...app, host: null }, accounts: consents?.accounts ?? 0 } : null;
    },

    async add(app, registrar) {
      const faults = findFaults(app);
      if (faults.length > 0) return { ok: false, faults };
      const { name, redirectUris, signOutUris, isPublic, asksConsent } = app;
      const id = random(APP_ID_BYTES).toHex();
      const secret = isPublic ? null : randomToken(random);
      const secretHash = secret === null ? null : await sha256Hex(secret);
      const row = { id, name: name.trim(), secretHash, redirectUris, signOutUris, asksConsent };
      await store.primary(
        (db) =>
          db.batch([
            db.insert(apps).values({ ...row, createdAtMs: nowMs() }),
            note(db, 'app_registered', registrar),
          ]),
        registrar.accountId,
      );
      return { ok: true, id, secret };
    },

    async rotateSecret(id, registrar) {
      const secret = randomToken(random);
      const secretHash = await sha256Hex(secret);
      const isConfidential = and(eq(apps.id, id), isNotNull(apps.secretHash));
      const { value } = await store.primary(
        (db) =>
          db.batch([
            note(db, 'app_secret_renewed', registrar, isConfidential),
            db.update(apps).set({ secretHash }).where(isConfidential).returning({ id: apps.id }),
          ]),
        registrar.accountId,
      );
      return value[1].length > 0 ? secret : null;
    },

    async remove(id, registrar) {
      const { value } = await store.primary(
        (db) =>
          db.batch([
            note(db, 'app_removed', registrar, eq(apps.id, id)),
            // Before its grants: an app that was removed is not told of sign-ins that end.
            db.delete(apps).where(eq(apps.id, id)).returning({ id: apps.id }),
            deleteGrantsOfApp(db, id),
            deleteConsentsOfApp(db, id),
          ]),
        registrar.accountId,
      );
      return value[1].length > 0;
    },
  };
};
