// The accounts that a tour makes, one a dialect, with the documents' own passwords and like names.

export type Person = {
  /** The document whose register endpoint makes this account. */
  madeIn: '000' | '001' | '002' | '003' | '004';
  /** Null where that dialect makes accounts without one. */
  username: string | null;
  email: string;
  password: string;
};

/** The suffix makes them unique. At most 8 characters of the username's alphabet: 001 allows 16 in all. */
export const makePeople = (suffix: string) => ({
  users: named('000', `test-${suffix}`, 'test1234'),
  userV1: named('001', `test1234${suffix}`, '12345678'),
  conjugator: unnamed('002', `BirdIsTheWord-${suffix}`, 'Tom Brady'),
  account: named('003', `test3-${suffix}`, 'test'),
  auth: unnamed('004', `example-${suffix}`, 'password'),
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

/** What a person is called in a field that takes a username or an email, and where a username is shown. */
export const nameOf = (person: Person): string => person.username ?? person.email;
