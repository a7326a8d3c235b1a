// Users of better-auth. Their passwords are in other records: the accounts of the provider `credential`.
// https://better-auth.com/docs/concepts/database#core-schema
import { isRow, type Row } from '../wrangler.ts';

/** Django's mark for an unusable password, for accounts that only signed in through other services. */
const UNUSABLE = '!';

const passwordOf = (user: Row): unknown => {
  if (typeof user['password'] === 'string' && user['password'] !== '') return user['password'];
  for (const list of [user['accounts'], user['account']]) {
    const accounts = Array.isArray(list) ? list : [list];
    const own = accounts.filter(isRow).find((account) => account['providerId'] === 'credential');
    if (own) return own['password'];
  }
  return UNUSABLE;
};

const ownNames = new Set(['password', 'accounts', 'account', 'role', 'banned', 'displayUsername']);

/** A user with its password, with the field names that the import knows. */
export const flattenBetterAuth = (user: Row): Row => {
  const { displayUsername, username, role, banned } = user;
  const sameName =
    typeof displayUsername === 'string' && displayUsername.toLowerCase() === String(username).toLowerCase();
  return {
    ...Object.fromEntries(Object.entries(user).filter(([name]) => !ownNames.has(name))),
    username: sameName ? displayUsername : (username ?? null),
    password: passwordOf(user),
    is_admin: String(role ?? '')
      .split(',')
      .some((name) => name.trim() === 'admin'),
    is_active: !(banned === true || banned === 1),
  };
};
