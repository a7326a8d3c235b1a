// The columns of an account that leave the core. A file of its own, so that importing the types does not import the
// tables.
import { users } from './schema.ts';

/** The columns of an Account, for Drizzle's `select` and `returning`. */
export const accountColumns = {
  id: users.id,
  username: users.username,
  email: users.email,
  name: users.name,
  firstName: users.firstName,
  lastName: users.lastName,
  address: users.address,
  siteUrl: users.siteUrl,
  description: users.description,
  pictureId: users.pictureId,
  isAdmin: users.isAdmin,
  disabledAtMs: users.disabledAtMs,
  createdAtMs: users.createdAtMs,
  updatedAtMs: users.updatedAtMs,
  lastLoginAtMs: users.lastLoginAtMs,
  emailVerifiedAtMs: users.emailVerifiedAtMs,
  pendingEmail: users.pendingEmail,
  locale: users.locale,
  publicId: users.publicId,
} as const;
