// The accounts of a tour, one per dialect, with the passwords of the documents and similar names.

export type Person = {
  /** The dialect whose register endpoint creates this account. */
  madeIn: 'users' | 'user-v1' | 'conjugator' | 'account' | 'auth';
  /** Null if that dialect creates accounts without a username. */
  username: string | null;
  email: string;
  password: string;
};

/** The suffix makes them unique. At most 8 characters that usernames allow: `user-v1` allows 16 in total. */
export const makePeople = (suffix: string) => ({
  users: named('users', `test-${suffix}`, 'test1234'),
  userV1: named('user-v1', `test1234${suffix}`, '12345678'),
  conjugator: unnamed('conjugator', `BirdIsTheWord-${suffix}`, 'Tom Brady'),
  account: named('account', `test3-${suffix}`, 'test'),
  auth: unnamed('auth', `example-${suffix}`, 'password'),
});

export type People = ReturnType<typeof makePeople>;

type Named = Person & { username: string };

// example.com is reserved: https://www.rfc-editor.org/rfc/rfc2606#section-3
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

/** The identifier for a field that takes a username or an email, which is also the displayed name. */
export const nameOf = (person: Person): string => person.username ?? person.email;
