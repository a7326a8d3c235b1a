// The rows that a login and a registration write. D1 bills each, and each entry of an index is one.
import { expect, it } from 'vitest';
import { rowsOf, type StatementRows } from '../../support/rows.ts';
import { uniqueName } from '../../support/worker.ts';

const PASSWORD = 'a blue horse 7';

interface Person {
  username: string;
  email: string;
  password: string;
}

const somebody = (): Person => {
  const username = uniqueName();
  return { username, email: `${username}@test.com`, password: PASSWORD };
};

type Request = (person: Person) => [path: string, json: object];

interface Case {
  dialect: string;
  register: Request;
  logIn: Request;
  registration: number;
  login: number;
}

const cases: Case[] = [
  {
    dialect: 'users',
    register: (person) => ['/api/users/register/', person],
    logIn: ({ username, password }) => ['/api/users/login/', { username, password }],
    registration: 8,
    login: 5,
  },
  {
    dialect: 'user-v1',
    register: (person) => ['/api/v1/user/register/', person],
    logIn: ({ username, password }) => ['/api/v1/user/login/', { username, password }],
    registration: 6,
    login: 5,
  },
  {
    dialect: 'conjugator',
    register: ({ email, password }) => [
      '/api/register/',
      { first_name: 'Kate', last_name: 'Ash', email, password },
    ],
    logIn: ({ email, password }) => ['/api/login/', { username: email, password }],
    registration: 6,
    login: 5,
  },
  {
    dialect: 'account',
    register: (person) => ['/account/register', person],
    logIn: ({ username, password }) => ['/account/login', { username, password }],
    registration: 8,
    login: 5,
  },
  {
    dialect: 'auth',
    register: ({ email, password }) => ['/api/auth/register/', { name: 'Kate', email, password }],
    logIn: ({ email, password }) => ['/api/auth/login/', { email, password }],
    registration: 8,
    login: 5,
  },
  {
    dialect: 'id',
    register: (person) => ['/id/register', person],
    logIn: ({ username, password }) => ['/id/login', { identifier: username, password }],
    registration: 8,
    login: 5,
  },
  // Each of its four names has an index: username, email, name and public id.
  {
    dialect: 'id, with a name',
    register: (person) => ['/id/register', { ...person, name: 'Kate' }],
    logIn: ({ username, password }) => ['/id/login', { identifier: username, password }],
    registration: 9,
    login: 5,
  },
];

/** Logs of which statement wrote how many rows, for the message of a failure. */
const listed = ({ statements }: { statements: StatementRows[] }): string =>
  statements
    .flatMap(({ sql, written }) => (written > 0 ? [`${written} ${sql.slice(0, 50)}`] : []))
    .join('\n');

it.each(cases)(
  '$dialect: writes $registration rows for a registration and $login for a login',
  async ({ register, logIn, registration, login }) => {
    const person = somebody();
    const send = ([path, json]: ReturnType<Request>) => rowsOf(path, { json });
    const registered = await send(register(person));
    expect(registered.written, listed(registered)).toBe(registration);
    for (let login_ = 0; login_ < 2; login_ += 1) {
      const loggedIn = await send(logIn(person));
      expect(loggedIn.answer.status).toBe(200);
      expect(loggedIn.written, listed(loggedIn)).toBe(login);
    }
  },
);
