// The accounts that a tour makes, one a dialect, with the documents' own passwords and like names.

export type Person = {
  /** The document whose register endpoint makes this account. */
  madeIn: 'users' | 'user-v1' | 'conjugator' | 'account' | 'auth';
  /** Null if that dialect makes accounts without one. */
  username: string | null;
  email: string;
  password: string;
};

/** The suffix makes them unique. At most 8 characters of the username's alphabet: `user-v1` allows 16 in all. */
export const makePeople = (suffix: string) => ({
  users: named('users', `test-${suffix}`, 'test1234'),
  userV1: named('user-v1', `test1234${suffix}`, '12345678'),
  conjugator: unnamed('conjugator', `BirdIsTheWord-${suffix}`, 'Tom Brady'),
  account: named('account', `test3-${suffix}`, 'test'),
  auth: unnamed('auth', `example-${suffix}`, 'password'),
});

export type People = ReturnType<typeof makePeople>;

type Named = Person & { username: string };

// example.com is nobody's: https://www.rfc-editor.org/rfc/rfc2606#section-3
const named = (madeIn: Person['madeIn'], username: string, password: string): Named => ({
  madeIn,
  username,
  email: `${username}@example.com`,
  password,
});

const unnamed = (madeIn: Person['madeIn'], local: string, password: string): Person => ({
  madeIn,
  username: null,
  email: `${local}@example.com`,
  password,
});

/** The name to enter in a field for a username or an email, and the name that is shown. */
export const nameOf = (person: Person): string => person.username ?? person.email;
