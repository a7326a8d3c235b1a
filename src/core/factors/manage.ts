// What an owner does with passkeys, codes, recovery codes and app passwords: list, add, rename, remove.
import { and, asc, count, eq, exists, isNotNull, isNull, notExists, type SQL, sql } from 'drizzle-orm';
import { hashAppPassword, makeAppPassword } from '../credentials/app-password.ts';
import { err, type FactorRefused, type Gone, ok, type Result } from '../errors.ts';
import { type EventType, noteEventOf } from '../events/events.ts';
import type { Mail } from '../mail/mail.ts';
import { type Account, type Client, displayName, type Policy, type Principal } from '../model.ts';
import type { Sealing } from '../sealing.ts';
import type { Keyring, Random } from '../secrets.ts';
import type { SessionStatements, Sessions } from '../sessions/sessions.ts';
import { whereAccountExists } from '../store/conditions.ts';
import { appPasswords, factors, recoveryCodes, sessions, spentChallenges, users } from '../store/schema.ts';
import { type Database, isUniqueViolation, type Store } from '../store/store.ts';
import { encodeBase32 } from './base32.ts';
import { CHALLENGE_SECONDS, type Challenges, idOf } from './challenges.ts';
import { type RelyingParty, whereOn, wherePrincipal } from './model.ts';
import { hashRecoveryCode, makeRecoveryCodes } from './recovery-codes.ts';
import {
  findStep,
  normalizeCode,
  packTotp,
  TOTP_SECRET_BYTES,
  type Totp,
  totpUri,
  USUAL_TOTP,
  unpackTotp,
} from './totp.ts';
import { encodeBase64Url, type RegistrationAnswer } from './webauthn/answer.ts';
import { ALGORITHMS } from './webauthn/public-key.ts';
import { verifyRegistration } from './webauthn/verify.ts';

/** More than anybody has devices; bounds what a stolen session can fill up. */
const MAX_PASSKEYS = 20;
const MAX_APP_PASSWORDS = 50;

/** @see https://www.w3.org/TR/webauthn-3/#sctn-user-handle-privacy 64 random bytes, which say nothing of the account */
const USER_HANDLE_BYTES = 64;

/** A passkey or a generator of codes, as its owner sees it. Times are milliseconds since the epoch. */
export interface FactorView {
  id: number;
  kind: 'passkey' | 'totp';
  name: string;
  createdAtMs: number;
  lastUsedAtMs: number | null;
  /** Whether a passkey is kept by a service that syncs it to other devices. */
  isSynced: boolean;
}

export interface AppPasswordView {
  id: number;
  name: string;
  /** The one dialect in which it is good; null for all. */
  dialect: string | null;
  createdAtMs: number;
  lastUsedAtMs: number | null;
}

/** Everything that protects an account besides its password. */
export interface Protection {
  factors: FactorView[];
  recoveryCodesLeft: number;
  appPasswords: AppPasswordView[];
  /** For browsers, so that they forget passkeys that were removed; null if the account never had one. */
  passkeys: { userHandle: string; credentialIds: string[] } | null;
}

/** What was added. The codes are shown once; null if the account has some already. */
export interface Added {
  factor: FactorView;
  recoveryCodes: string[] | null;
}

/** `PublicKeyCredentialCreationOptionsJSON`, for `PublicKeyCredential.parseCreationOptionsFromJSON()`. */
export type CreationOptions = ReturnType<typeof creationOptions>;

export interface FactorManagement {
  list(accountId: number): Promise<Protection>;
  /**
   * Creates a secret for an authenticator app. No code is required at login until one code was confirmed. Replaces a
   * secret that was not confirmed. Refuses if codes are on already.
   */
  startTotp(
    principal: Principal,
    rp: RelyingParty,
  ): Promise<Result<{ secret: string; uri: string }, Gone | FactorRefused>>;
  /** Turns codes on with a first right code. */
  confirmTotp(
    principal: Principal,
    code: string,
    client: Client,
  ): Promise<Result<Added, Gone | FactorRefused>>;
  /** What a browser needs to create a passkey, and the token that goes with its answer. */
  startPasskey(
    principal: Principal,
    rp: RelyingParty,
  ): Promise<Result<{ token: string; publicKey: CreationOptions }, Gone>>;
  /** Adds a passkey. */
  addPasskey(
    principal: Principal,
    answered: { token: string; passkey: RegistrationAnswer; name: string },
    rp: RelyingParty,
    client: Client,
  ): Promise<Result<Added, Gone | FactorRefused>>;
  /** Null if the account has no such factor. */
  rename(principal: Principal, factorId: number, name: string, client: Client): Promise<FactorView | null>;
  /** Removes a factor, and with the last one the recovery codes. False if the account has no such factor. */
  remove(principal: Principal, factorId: number, client: Client): Promise<boolean>;
  /** Creates ten recovery codes, which replace the remaining ones. Refuses if the account has no second factor. */
  renewRecoveryCodes(principal: Principal, client: Client): Promise<Result<string[], Gone>>;
  /** Creates an app password and returns it once. */
  addAppPassword(
    principal: Principal,
    wanted: { name: string; dialect: string | null },
    client: Client,
  ): Promise<Result<{ appPassword: AppPasswordView; password: string }, Gone | FactorRefused>>;
  /** Removes an app password with every session that it opened. False if the account has no such app password. */
  removeAppPassword(principal: Principal, id: number, client: Client): Promise<boolean>;
  /**
   * Removes all factors, recovery codes and app passwords, and ends all sessions: for an admin, after the owner lost
   * them. False if there is no such account.
   */
  removeAll(accountId: number, actorId: number, client: Client): Promise<boolean>;
  /**
   * Encrypts, with the current secret, what an import wrote and what is still encrypted with the previous secret, while
   * that is accepted: later it could not be read any more. At most `limit` secrets, one batch. For the scheduled run.
   * Returns how many.
   */
  rotateSecrets(limit?: number): Promise<number>;
}

export interface FactorManagementOptions {
  store: Store;
  sessions: Sessions;
  /** From the main module: their dependencies are larger than this module. */
  statements: SessionStatements;
  mail: Pick<Mail, 'notify' | 'sendSoon'>;
  keyring: Keyring;
  random: Random;
  sealing: Sealing;
  challenges: Challenges;
  policy: Policy;
  nowMs: () => number;
}

const factorColumns = {
  id: factors.id,
  kind: factors.kind,
  name: factors.name,
  createdAtMs: factors.createdAtMs,
  lastUsedAtMs: factors.lastUsedAtMs,
  isSynced: factors.isBackedUp,
} as const;

const appPasswordColumns = {
  id: appPasswords.id,
  name: appPasswords.name,
  dialect: appPasswords.dialect,
  createdAtMs: appPasswords.createdAtMs,
  lastUsedAtMs: appPasswords.lastUsedAtMs,
} as const;

/** What a secret is bound to. */
export const totpContext = (accountId: number): string => `totp:${accountId}`;

/** Every passkey of an account has this handle, so that a device keeps one for each account and not one for each time. */
const creationOptions = (
  rp: RelyingParty,
  account: Account,
  userHandle: string,
  challenge: Uint8Array,
  known: readonly { id: string; transports: string[] }[],
) => ({
  rp: { id: rp.id, name: rp.name },
  user: {
    id: userHandle,
    name: account.username ?? account.email,
    displayName: displayName(account) || account.email,
  },
  challenge: encodeBase64Url(challenge),
  pubKeyCredParams: Object.values(ALGORITHMS).map((alg) => ({ type: 'public-key' as const, alg })),
  timeout: CHALLENGE_SECONDS * 1000,
  excludeCredentials: known.map((each) => ({ type: 'public-key' as const, ...each })),
  authenticatorSelection: {
    residentKey: 'required' as const,
    requireResidentKey: true,
    userVerification: 'preferred' as const,
  },
  attestation: 'none' as const,
});

/** Texts of a JSON array that was written here. */
export const readTransports = (json: string): string[] => {
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
};

/** @see https://www.w3.org/TR/webauthn-3/#enum-transport and room for those that are still to come */
const MAX_TRANSPORTS = 8;
const writeTransports = (transports: readonly string[] = []): string =>
  JSON.stringify(transports.filter((name) => /^[a-z-]{1,20}$/.test(name)).slice(0, MAX_TRANSPORTS));

/**
 * Secrets of authenticator apps that one run encrypts again: a statement each. An invocation may send D1 1,000, of which
 * the clean-up and the name keys take most: test/security/clean-up.test.ts adds them up.
 */
export const SECRETS_A_RUN = 30;

export const createFactorManagement = (options: FactorManagementOptions): FactorManagement => {
  const {
    store,
    sessions: sessionStore,
    statements,
    mail,
    keyring,
    random,
    sealing,
    challenges,
    policy,
    nowMs,
  } = options;

  /** Ten codes and their hashes, to be stored if the account has none. */
  const makeCodes = async () => {
    const codes = makeRecoveryCodes(random);
    return { codes, hashes: await Promise.all(codes.map(hashRecoveryCode)) };
  };

  /** The statement that stores recovery codes for the account that the condition finds; a row for each that is stored. */
  const insertCodes = (db: Database, hashes: readonly (string | null)[], account: SQL | undefined) =>
    db
      .insert(recoveryCodes)
      .select(
        db
          .select({ userId: users.id, hash: sql<string>`json_each.value`.as('hash') })
          .from(users)
          .innerJoin(sql`json_each(${JSON.stringify(hashes)})`, sql`TRUE`)
          .where(
            and(
              account,
              notExists(
                db
                  .select({ hash: recoveryCodes.hash })
                  .from(recoveryCodes)
                  .where(eq(recoveryCodes.userId, users.id)),
              ),
            ),
          ),
      )
      .returning({ hash: recoveryCodes.hash });

  /** The statement that marks the session that adds a factor as one with a factor: its owner proved it just now. */
  const markSession = (
    db: Database,
    { session }: Principal,
    factor: 'passkey' | 'totp',
    added: SQL | undefined,
  ) =>
    db
      .update(sessions)
      .set({ factor })
      .where(and(eq(sessions.id, session.id), whereHas(db, added)));

  const whereHas = (db: Database, factor: SQL | undefined): SQL =>
    exists(db.select({ id: factors.id }).from(factors).where(factor));

  return {
    async list(accountId) {
      const { value } = await store.primary((db) =>
        db.batch([
          db
            .select({ ...factorColumns, credentialId: factors.credentialId })
            .from(factors)
            .where(whereOn(accountId))
            .orderBy(asc(factors.id)),
          db.select({ left: count() }).from(recoveryCodes).where(eq(recoveryCodes.userId, accountId)),
          db.select(appPasswordColumns).from(appPasswords).where(eq(appPasswords.userId, accountId)),
          db.select({ userHandle: users.passkeyHandle }).from(users).where(eq(users.id, accountId)),
        ]),
      );
      const [found, [codes], passwords, [account]] = value;
      const credentialIds = found.flatMap(({ credentialId }) =>
        credentialId === null ? [] : [credentialId],
      );
      const userHandle = account?.userHandle ?? null;
      return {
        factors: found.map(({ credentialId: _, ...factor }) => factor),
        recoveryCodesLeft: codes?.left ?? 0,
        appPasswords: passwords.toSorted((one, other) => one.id - other.id),
        passkeys: userHandle === null ? null : { userHandle, credentialIds },
      };
    },

    async startTotp(principal, rp) {
      const { account } = principal;
      const totp: Totp = { ...USUAL_TOTP, secret: random(TOTP_SECRET_BYTES) };
      const secret = await sealing.seal(packTotp(totp), totpContext(account.id));
      const { value: stored } = await store.primary((db) =>
        db
          .insert(factors)
          .select(
            newFactor(
              db,
              wherePrincipal(db, principal),
              { kind: 'totp', name: 'Authenticator app', secret },
              nowMs(),
            ),
          )
          .onConflictDoUpdate({
            target: factors.userId,
            targetWhere: sql`kind = 'totp'`,
            set: { secret, createdAtMs: nowMs(), lastStep: 0 },
            setWhere: isNull(factors.confirmedAtMs),
          })
          .returning({ id: factors.id }),
      );
      // The account exists, so the conflict is a secret that is already confirmed.
      if (stored.length === 0) return err({ reason: 'factor', why: 'in_use' });
      return ok({
        secret: encodeBase32(totp.secret),
        uri: totpUri(totp, rp.name, account.username ?? account.email),
      });
    },

    async confirmTotp(principal, code, client) {
      const { account } = principal;
      const isPending = and(
        eq(factors.userId, account.id),
        eq(factors.kind, 'totp'),
        isNull(factors.confirmedAtMs),
      );
      const { value: pending } = await store.primary((db) =>
        db.select({ id: factors.id, secret: factors.secret }).from(factors).where(isPending).get(),
      );
      const unsealed = pending?.secret ? await sealing.unseal(pending.secret, totpContext(account.id)) : null;
      const totp = unsealed && unpackTotp(unsealed.bytes);
      if (!pending || !totp) return err({ reason: 'factor', why: 'expired' });
      const now = nowMs();
      const step = await findStep(totp, normalizeCode(code), now, { window: policy.totpWindow, lastStep: 0 });
      if (step === null) return err({ reason: 'factor', why: 'code' });
      const { codes, hashes } = await makeCodes();
      const { value } = await store.primary((db) => {
        const isStill = and(isPending, eq(factors.id, pending.id), eq(factors.secret, pending.secret ?? ''));
        const owner = and(wherePrincipal(db, principal), whereHas(db, isStill));
        return db.batch([
          noteEventOf(db, 'totp_added', owner, client, now),
          mail.notify(db, 'factor_added', owner, client),
          insertCodes(db, hashes, owner),
          db
            .update(factors)
            .set({ confirmedAtMs: now, createdAtMs: now, lastUsedAtMs: now, lastStep: step })
            .where(and(isStill, whereAccountExists(db, wherePrincipal(db, principal))))
            .returning(factorColumns),
          markSession(db, principal, 'totp', and(whereOn(account.id), eq(factors.id, pending.id))),
        ]);
      });
      mail.sendSoon(value);
      const [, , storedCodes, [factor]] = value;
      if (!factor) return err({ reason: 'gone' });
      return ok({ factor, recoveryCodes: storedCodes.length > 0 ? codes : null });
    },

    async startPasskey(principal, rp) {
      const { account, session } = principal;
      const fresh = encodeBase64Url(random(USER_HANDLE_BYTES));
      const { value } = await store.primary((db) =>
        db.batch([
          db
            .update(users)
            .set({ passkeyHandle: sql`coalesce(${users.passkeyHandle}, ${fresh})` })
            .where(wherePrincipal(db, principal))
            .returning({ userHandle: users.passkeyHandle }),
          db
            .select({ id: factors.credentialId, transports: factors.transports })
            .from(factors)
            .where(and(whereOn(account.id), isNotNull(factors.credentialId))),
        ]),
      );
      const [[row], known] = value;
      if (!row?.userHandle) return err({ reason: 'gone' });
      const { token, challenge } = await challenges.issue({
        purpose: 'add_passkey',
        accountId: account.id,
        state: '',
        open: null,
        holder: session.id,
      });
      const others = known.flatMap(({ id, transports }) =>
        id === null ? [] : [{ id, transports: readTransports(transports) }],
      );
      return ok({
        token,
        publicKey: creationOptions(rp, account, row.userHandle, challenge.bytes, others),
      });
    },

    async addPasskey(principal, { token, passkey, name }, rp, client) {
      const { account, session } = principal;
      const challenge = await challenges.read(token, 'add_passkey', session.id);
      if (challenge?.accountId !== account.id) return err({ reason: 'factor', why: 'expired' });
      const verdict = await verifyRegistration(passkey, {
        challenge: challenge.bytes,
        origins: rp.origins,
        rpId: rp.id,
        userVerification: 'preferred',
      });
      if (!verdict.ok) return err({ reason: 'factor', why: 'passkey' });
      const now = nowMs();
      const { codes, hashes } = await makeCodes();
      const spentId = await idOf(challenge);
      const { credentialId, algorithm, spki, counter, isBackupEligible, isBackedUp } = verdict.value;
      const row = {
        kind: 'passkey',
        name,
        credentialId,
        algorithm,
        publicKey: encodeBase64Url(spki),
        counter,
        isBackupEligible,
        isBackedUp,
        transports: writeTransports(passkey.response.transports),
        confirmedAtMs: now,
      } as const;
      try {
        const { value } = await store.primary((db) => {
          const hasRoom = sql`(SELECT count(*) FROM ${factors} WHERE ${factors.userId} = ${account.id} AND ${factors.kind} = 'passkey') < ${MAX_PASSKEYS}`;
          const owner = and(wherePrincipal(db, principal), hasRoom);
          return db.batch([
            db.insert(spentChallenges).values({ id: spentId, expiresAtMs: challenge.expiresAtMs }),
            noteEventOf(db, 'passkey_added', owner, client, now),
            mail.notify(db, 'factor_added', owner, client),
            insertCodes(db, hashes, owner),
            db
              .insert(factors)
              .select(newFactor(db, owner, row, now))
              .returning(factorColumns),
            markSession(
              db,
              principal,
              'passkey',
              and(whereOn(account.id), eq(factors.credentialId, credentialId)),
            ),
            db.select({ id: users.id }).from(users).where(wherePrincipal(db, principal)),
          ]);
        });
        mail.sendSoon(value);
        const [, , , storedCodes, [factor], , alive] = value;
        if (factor) return ok({ factor, recoveryCodes: storedCodes.length > 0 ? codes : null });
        return alive.length > 0 ? err({ reason: 'factor', why: 'too_many' }) : err({ reason: 'gone' });
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        // The challenge was answered before, or the passkey belongs to an account already, this one or another.
        const isAnswered = error instanceof Error && error.message.includes('spent_challenges');
        return err({ reason: 'factor', why: isAnswered ? 'expired' : 'in_use' });
      }
    },

    async rename(principal, factorId, name, client) {
      const { account } = principal;
      const isIt = and(whereOn(account.id), eq(factors.id, factorId));
      const { value } = await store.primary((db) => {
        const owner = and(wherePrincipal(db, principal), whereHas(db, isIt));
        return db.batch([
          noteEventOf(db, 'factor_renamed', owner, client, nowMs()),
          mail.notify(db, 'factor_renamed', owner, client),
          db
            .update(factors)
            .set({ name })
            .where(and(isIt, whereAccountExists(db, wherePrincipal(db, principal))))
            .returning(factorColumns),
        ]);
      });
      mail.sendSoon(value);
      return value[2][0] ?? null;
    },

    async remove(principal, factorId, client) {
      const { account } = principal;
      const isIt = and(whereOn(account.id), eq(factors.id, factorId));
      const note = (db: Database, type: EventType, kind: 'passkey' | 'totp') =>
        noteEventOf(
          db,
          type,
          and(wherePrincipal(db, principal), whereHas(db, and(isIt, eq(factors.kind, kind)))),
          client,
          nowMs(),
        );
      const { value } = await store.primary((db) => {
        const owner = whereAccountExists(db, wherePrincipal(db, principal));
        return db.batch([
          note(db, 'passkey_removed', 'passkey'),
          note(db, 'totp_removed', 'totp'),
          mail.notify(db, 'factor_removed', and(wherePrincipal(db, principal), whereHas(db, isIt)), client),
          db.delete(factors).where(and(isIt, owner)).returning({ id: factors.id }),
          // With the last factor: recovery codes are no longer asked for, and would be another way in later.
          db
            .delete(recoveryCodes)
            .where(
              and(
                eq(recoveryCodes.userId, account.id),
                owner,
                notExists(db.select({ id: factors.id }).from(factors).where(whereOn(account.id))),
              ),
            ),
          // Sessions no longer count as opened with a factor.
          db
            .update(sessions)
            .set({ factor: null })
            .where(
              and(
                eq(sessions.userId, account.id),
                notExists(db.select({ id: factors.id }).from(factors).where(whereOn(account.id))),
              ),
            ),
        ]);
      });
      mail.sendSoon(value);
      return value[3].length > 0;
    },

    async renewRecoveryCodes(principal, client) {
      const { account } = principal;
      const { codes, hashes } = await makeCodes();
      const { value } = await store.primary((db) => {
        const owner = and(wherePrincipal(db, principal), whereHas(db, whereOn(account.id)));
        return db.batch([
          noteEventOf(db, 'recovery_codes_renewed', owner, client, nowMs()),
          mail.notify(db, 'recovery_codes_renewed', owner, client),
          db
            .delete(recoveryCodes)
            .where(and(eq(recoveryCodes.userId, account.id), whereAccountExists(db, owner))),
          insertCodes(db, hashes, owner),
        ]);
      });
      mail.sendSoon(value);
      return value[3].length > 0 ? ok(codes) : err({ reason: 'gone' });
    },

    async addAppPassword(principal, { name, dialect }, client) {
      const { account } = principal;
      const now = nowMs();
      const password = makeAppPassword(random);
      const hash = (await hashAppPassword(password)) ?? '';
      const { value } = await store.primary((db) => {
        const hasRoom = sql`(SELECT count(*) FROM ${appPasswords} WHERE ${appPasswords.userId} = ${account.id}) < ${MAX_APP_PASSWORDS}`;
        const owner = and(wherePrincipal(db, principal), hasRoom);
        return db.batch([
          noteEventOf(db, 'app_password_added', owner, client, now),
          mail.notify(db, 'app_password_added', owner, client),
          db
            .insert(appPasswords)
            .select(
              db
                .select({
                  id: sql<number>`NULL`.as('id'),
                  userId: users.id,
                  name: sql<string>`${name}`.as('name'),
                  dialect: sql<string | null>`${dialect}`.as('dialect'),
                  hash: sql<string>`${hash}`.as('hash'),
                  derivedSessionId: sql<string | null>`NULL`.as('derived_session_id'),
                  createdAtMs: sql<number>`${now}`.as('created_at'),
                  lastUsedAtMs: sql<number | null>`NULL`.as('last_used_at'),
                })
                .from(users)
                .where(owner),
            )
            .returning(appPasswordColumns),
          db.select({ id: users.id }).from(users).where(wherePrincipal(db, principal)),
        ]);
      });
      mail.sendSoon(value);
      const [, , [appPassword], alive] = value;
      if (appPassword) return ok({ appPassword, password });
      return alive.length > 0 ? err({ reason: 'factor', why: 'too_many' }) : err({ reason: 'gone' });
    },

    async removeAppPassword({ account }, id, client) {
      const isIt = and(eq(appPasswords.userId, account.id), eq(appPasswords.id, id));
      const { value } = await store.primary((db) => {
        const derived = db.select({ id: appPasswords.derivedSessionId }).from(appPasswords).where(isIt);
        const isThere = exists(db.select({ id: appPasswords.id }).from(appPasswords).where(isIt));
        return db.batch([
          noteEventOf(db, 'app_password_removed', and(eq(users.id, account.id), isThere), client, nowMs()),
          mail.notify(db, 'app_password_removed', and(eq(users.id, account.id), isThere), client),
          ...statements.endSessions(
            db,
            and(
              eq(sessions.userId, account.id),
              sql`(${sessions.appPasswordId} = ${id} OR ${sessions.id} = (${derived}))`,
            ),
          ),
          db.delete(appPasswords).where(isIt).returning({ id: appPasswords.id }),
        ]);
      });
      mail.sendSoon(value);
      const [, , latest, , removed] = value;
      sessionStore.forget(latest.map((session) => session.id));
      return removed.length > 0;
    },

    async removeAll(accountId, actorId, client) {
      const { value } = await store.primary(
        (db) =>
          db.batch([
            noteEventOf(db, 'factors_removed', eq(users.id, accountId), client, nowMs(), actorId),
            mail.notify(db, 'factors_removed', eq(users.id, accountId), client, { byAdmin: true }),
            ...statements.endSessionsOf(db, accountId),
            db.delete(factors).where(eq(factors.userId, accountId)),
            db.delete(recoveryCodes).where(eq(recoveryCodes.userId, accountId)),
            db.delete(appPasswords).where(eq(appPasswords.userId, accountId)),
            db.select({ id: users.id }).from(users).where(eq(users.id, accountId)),
          ]),
        actorId,
      );
      mail.sendSoon(value);
      sessionStore.forget(value[2].map(({ id }) => id));
      return value[7].length > 0;
    },

    async rotateSecrets(limit = SECRETS_A_RUN) {
      const prefix = await sealing.currentPrefix();
      const isDue = keyring.isRotating
        ? sql`substr(${factors.secret}, 1, ${prefix.length}) <> ${prefix}`
        : // Exactly the condition of the partial index, which is empty most of the time.
          sql`substr("factors"."secret", 1, 6) = 'plain.'`;
      const { value: old } = await store.primary((db) =>
        db
          .select({ id: factors.id, userId: factors.userId, secret: factors.secret })
          .from(factors)
          // The condition of the partial index, so that not all passkeys are scanned.
          .where(and(sql`${factors.kind} = 'totp'`, isDue))
          .limit(limit),
      );
      const sealed = await Promise.all(
        old.map(async ({ id, userId, secret }) => {
          const unsealed = await sealing.unseal(secret ?? '', totpContext(userId));
          if (!unsealed) return [];
          return [
            { id, before: secret ?? '', after: await sealing.seal(unsealed.bytes, totpContext(userId)) },
          ];
        }),
      );
      const [first, ...others] = sealed.flat();
      if (!first) return 0;
      await store.primary((db) => {
        const change = ({ id, before, after }: typeof first) =>
          db
            .update(factors)
            .set({ secret: after })
            .where(and(eq(factors.id, id), eq(factors.secret, before)));
        return db.batch([change(first), ...others.map(change)]);
      });
      return 1 + others.length;
    },
  };
};

interface NewFactor {
  kind: 'passkey' | 'totp';
  name: string;
  credentialId?: string;
  algorithm?: number;
  publicKey?: string;
  counter?: number;
  isBackupEligible?: boolean;
  isBackedUp?: boolean;
  transports?: string;
  secret?: string;
  confirmedAtMs?: number;
}

/** The row of a new factor, for the account that the condition finds. */
const newFactor = (db: Database, account: SQL | undefined, row: NewFactor, nowMs: number) =>
  db
    .select({
      id: sql<number>`NULL`.as('id'),
      userId: users.id,
      kind: sql<'passkey' | 'totp'>`${row.kind}`.as('kind'),
      name: sql<string>`${row.name}`.as('name'),
      credentialId: sql<string | null>`${row.credentialId ?? null}`.as('credential_id'),
      algorithm: sql<number | null>`${row.algorithm ?? null}`.as('algorithm'),
      publicKey: sql<string | null>`${row.publicKey ?? null}`.as('public_key'),
      counter: sql<number>`${row.counter ?? 0}`.as('counter'),
      isBackupEligible: sql<boolean>`${Number(row.isBackupEligible ?? false)}`.as('is_backup_eligible'),
      isBackedUp: sql<boolean>`${Number(row.isBackedUp ?? false)}`.as('is_backed_up'),
      transports: sql<string>`${row.transports ?? '[]'}`.as('transports'),
      secret: sql<string | null>`${row.secret ?? null}`.as('secret'),
      lastStep: sql<number>`0`.as('last_step'),
      createdAtMs: sql<number>`${nowMs}`.as('created_at'),
      confirmedAtMs: sql<number | null>`${row.confirmedAtMs ?? null}`.as('confirmed_at'),
      lastUsedAtMs: sql<number | null>`NULL`.as('last_used_at'),
    })
    .from(users)
    .where(account);
