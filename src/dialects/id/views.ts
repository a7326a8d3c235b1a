// Accounts, sessions and events in responses of `id`: camelCase, times in ISO 8601 UTC.
import {
  type Account,
  type AppPasswordView,
  type ConsentView,
  type EventView,
  type FactorView,
  findPicture,
  lastLoginOrCreationMs,
  namesOf,
  type Protection,
  type SessionView,
} from '../../core/index.ts';

const time = (ms: number): string => new Date(ms).toISOString();

/** An account as its owner sees it. */
export const showAccount = (account: Account, origin: string) => ({
  id: account.id,
  username: account.username,
  email: account.email,
  emailVerified: account.emailVerifiedAtMs !== null,
  pendingEmail: account.pendingEmail,
  ...namesOf(account),
  address: account.address,
  siteUrl: account.siteUrl,
  description: account.description,
  locale: account.locale,
  picture: pictureUrl(account, origin),
  isAdmin: account.isAdmin,
  createdAt: time(account.createdAtMs),
  updatedAt: time(account.updatedAtMs),
  lastLoginAt: time(lastLoginOrCreationMs(account)),
});

const pictureUrl = ({ pictureId }: Account, origin: string): string | null => {
  const picture = findPicture(pictureId);
  return picture && origin + picture.path;
};

/** The same for admins. */
export const showToAdmin = (account: Account, origin: string) => ({
  ...showAccount(account, origin),
  disabledAt: account.disabledAtMs === null ? null : time(account.disabledAtMs),
});

/** A session; `current` is true for the one of the request. */
export const showSession = (session: SessionView, currentId: string | null) => ({
  id: session.id,
  kind: session.kind,
  createdAt: time(session.createdAtMs),
  lastSeenAt: time(session.lastSeenAtMs),
  expiresAt: time(session.expiresAtMs),
  userAgent: session.userAgent,
  country: session.country,
  current: session.id === currentId,
});

/** `byAdmin` is true if an admin did it, not the owner. */
export const showEvent = (event: EventView) => ({
  id: event.id,
  type: event.type,
  dialect: event.dialect,
  addressPrefix: event.addressPrefix,
  userAgent: event.userAgent,
  byAdmin: event.actorId !== null,
  at: time(event.createdAtMs),
});

const timeOrNull = (ms: number | null): string | null => (ms === null ? null : time(ms));

/** A passkey or an authenticator app. */
export const showFactor = ({ id, kind, name, createdAtMs, lastUsedAtMs, isSynced }: FactorView) => ({
  id,
  kind,
  name,
  createdAt: time(createdAtMs),
  lastUsedAt: timeOrNull(lastUsedAtMs),
  synced: isSynced,
});

/** Everything that protects an account besides its password, and what browsers need to know about its passkeys. */
export const showProtection = ({ factors, recoveryCodesLeft, passkeys }: Protection, rpId: string) => ({
  factors: factors.map(showFactor),
  recoveryCodesLeft,
  passkeys: passkeys && { rpId, ...passkeys },
});

/** An app password, without the password itself. */
export const showAppPassword = ({ id, name, dialect, createdAtMs, lastUsedAtMs }: AppPasswordView) => ({
  id,
  name,
  dialect,
  createdAt: time(createdAtMs),
  lastUsedAt: timeOrNull(lastUsedAtMs),
});

/** An app that the account signs in to. */
export const showApp = ({ appId, appName, scope, createdAtMs }: ConsentView) => ({
  id: appId,
  name: appName,
  scopes: scope.split(' '),
  consentedAt: time(createdAtMs),
});
