// How usernames and emails are compared. What is stored and shown is what was entered.

/**
 * The form in which usernames are compared: NFKC, then case folded.
 * @see https://www.unicode.org/reports/tr15/ for NFKC
 */
export const usernameKey = (username: string): string => username.normalize('NFKC').toLowerCase();

/** The form in which emails are compared: NFC, then lower case. */
export const emailKey = (email: string): string => email.normalize('NFC').toLowerCase();

/** What a client calls itself by when it logs in. A username never holds `@`, so one field can take both. */
export type Identifier = { by: 'username' | 'email'; key: string };

/** Reads a field that takes a username or an email. */
export const readIdentifier = (text: string): Identifier =>
  text.includes('@') ? readEmailIdentifier(text) : { by: 'username', key: usernameKey(text) };

/** Reads a field that takes an email only. */
export const readEmailIdentifier = (text: string): Identifier => ({ by: 'email', key: emailKey(text) });
