// Reads the email and the username of a record, and creates a placeholder address for a missing email.
import { canBeEmail, isMatchable, isUsername, placeholderEmail } from '../../src/core/formats.ts';
import { emailKey } from '../../src/core/identity.ts';
import type { NewRow, Sent } from './rows.ts';

/** A note about a record: a reason that many records share, and the details of this one, if any. */
export interface Remark {
  reason: string;
  text?: string;
}

export interface IdentityRules {
  /** How to treat an account with an invalid username: refuse it, or import it without the username. */
  badUsername: 'refuse' | 'drop';
  /** How to treat an account without an email: refuse it, or import it with a placeholder address. */
  noEmail: 'refuse' | 'placeholder';
}

export interface Identity {
  email: string;
  username: string | null;
  fault: Remark | null;
}

/** The limit of Django, which is wider than that of the dialects. Theirs apply to registration, not to login. */
const MAX_USERNAME = 150;

const TAKES_WITHOUT_EMAIL = '--no-email placeholder takes it, to log in by username.';

/** Why a username is invalid; null if it is valid. */
const findUsernameFault = (name: string): Remark | null => {
  if (!isUsername(name))
    return {
      reason:
        'The username has characters other than letters, digits and _ . + -: --bad-username drop takes the account without it.',
      text: `The username ${name} has characters other than letters, digits and _ . + -`,
    };
  return name.length > MAX_USERNAME
    ? {
        reason: `The username is longer than ${MAX_USERNAME} characters: --bad-username drop takes the account without it.`,
      }
    : null;
};

/**
 * Reads the username. Many services store the email as the username: then the account has no separate username.
 *
 * @param note called with what was left out
 * @param otherName the end of the error for a record without both: which column may be the name
 */
export const readIdentity = (
  named: string,
  mailed: string,
  rules: IdentityRules,
  note: (remark: Remark) => void,
  otherName: () => string,
): Identity => {
  const email = mailed === '' && canBeEmail(named) ? named : mailed;
  const isEmail = canBeEmail(email);
  const isName = named !== '' && !(isMatchable(named) && isEmail && emailKey(named) === emailKey(email));
  const nameFault = isName ? findUsernameFault(named) : null;
  const username = isName && nameFault === null ? named : null;
  const refuse = (reason: string, text?: string): Identity => ({
    email,
    username: null,
    fault: text === undefined ? { reason } : { reason, text },
  });

  if (isEmail) {
    if (nameFault === null) return { email, username, fault: null };
    if (rules.badUsername === 'refuse') return refuse(nameFault.reason, nameFault.text);
    note({ reason: 'imported without its username', text: `imported without its username ${named}` });
    return { email, username: null, fault: null };
  }
  if (username === null)
    return email === ''
      ? refuse(
          named === ''
            ? `There is neither an email nor a username${otherName()}`
            : 'There is no email, and no username that can be kept.',
        )
      : refuse('The email is not valid, and there is no username that can be kept.');
  if (rules.noEmail === 'refuse')
    return refuse(`${email === '' ? 'There is no email' : 'The email is not valid'}: ${TAKES_WITHOUT_EMAIL}`);
  if (email !== '') note({ reason: 'imported without its email, which is not valid' });
  return { email: placeholderEmail(username), username, fault: null };
};

/** Adds a placeholder address. It is not among the sent columns, so that an update does not replace a real email. */
export const withoutEmail = <T extends { row: NewRow; sent: Sent }>(account: T, username: string): T => {
  const email = placeholderEmail(username);
  const columns = new Set([...account.sent.columns].filter((column) => column !== 'email'));
  return {
    ...account,
    row: { ...account.row, email, emailKey: emailKey(email), emailVerifiedAtMs: null },
    sent: { ...account.sent, columns },
  };
};

/** Removes a username that another account has. It is not sent, so that an update does not remove an existing one. */
export const withoutUsername = <T extends { row: NewRow; sent: Sent }>(account: T): T => {
  const columns = new Set([...account.sent.columns].filter((column) => column !== 'username'));
  return {
    ...account,
    row: { ...account.row, username: null, usernameKey: null },
    sent: { ...account.sent, columns },
  };
};
