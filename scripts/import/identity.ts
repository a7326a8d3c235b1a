// What an account of a file is called: its email and its username, and what stands for an email that it does not have.
import { canBeEmail, isMatchable, isUsername, placeholderEmail } from '../../src/core/formats.ts';
import { emailKey } from '../../src/core/identity.ts';
import type { NewRow, Sent } from './rows.ts';

/** Something about a record: what many have in common, and what is said of this one if that is more. */
export interface Remark {
  reason: string;
  text?: string;
}

export interface IdentityRules {
  /** How to treat an account whose username is not allowed here: refuse it, or import it without the username. */
  badUsername: 'refuse' | 'drop';
  /** How to treat an account without an email: refuse it, or import it under a placeholder address. */
  noEmail: 'refuse' | 'placeholder';
}

export interface Identity {
  email: string;
  username: string | null;
  fault: Remark | null;
}

/** Django's own limit, wider than that of any dialect: it holds at registration, not at login. */
const MAX_USERNAME = 150;

const TAKES_WITHOUT_EMAIL = '--no-email placeholder takes it, to log in by username.';

/** Why a username is not allowed; null if it is. */
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
 * Many services put the email where the username goes: there it is no name besides it.
 *
 * @param note told what of it was left out
 * @param otherName the end of the sentence that it has neither: which column may be its name
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

/** An account without an email of its own, and what it sends: an update must not put a placeholder over an email. */
export const withoutEmail = <T extends { row: NewRow; sent: Sent }>(account: T, username: string): T => {
  const email = placeholderEmail(username);
  const columns = new Set([...account.sent.columns].filter((column) => column !== 'email'));
  return {
    ...account,
    row: { ...account.row, email, emailKey: emailKey(email), emailVerifiedAtMs: null },
    sent: { ...account.sent, columns },
  };
};

/** An account whose username is another's: an update must not take a username away. */
export const withoutUsername = <T extends { row: NewRow; sent: Sent }>(account: T): T => {
  const columns = new Set([...account.sent.columns].filter((column) => column !== 'username'));
  return {
    ...account,
    row: { ...account.row, username: null, usernameKey: null },
    sent: { ...account.sent, columns },
  };
};
