// People who use a service through the operations of its document.
import { expect } from 'vitest';
import { objectAt } from './support-openapi.ts';
import { type Answer, type Ask, type Asker, createAsker, textIn } from './support-openapi-live.ts';
import type { Service } from './support-service.ts';

export const PASSWORD = 'four walls and a door';

/** An id that no account has, and one that no session has. */
export const NOBODY = 999_999;
export const NO_SESSION = '0'.repeat(64);

export interface Person {
  username: string;
  email: string;
  password: string;
  id: number;
  token: string;
  cookie: string;
}

export interface Visit extends Asker {
  service: Service;
  /** Sends a request, and expects that status. */
  expectStatus: (status: number, id: string, ask?: Ask) => Promise<Answer>;
  /** A name, an email and a password that nobody has. */
  someone: () => Pick<Person, 'username' | 'email' | 'password'>;
  /** Creates an account with a token and a browser's cookie. */
  join: () => Promise<Person>;
  joinAsAdmin: () => Promise<Person>;
}

export const createVisit = (service: Service): Visit => {
  const { ask, seen } = createAsker(service.origin);
  let made = 0;

  const someone = () => {
    made += 1;
    return { username: `visitor${made}`, email: `visitor${made}@example.com`, password: PASSWORD };
  };

  const join = async (): Promise<Person> => {
    const fields = someone();
    const registered = await ask('idRegister', { body: { ...fields, session: 'token' } });
    const identified = { identifier: fields.email, password: fields.password };
    const { cookie } = await ask('idLogin', { body: identified });
    const id = Number(objectAt(registered.body, 'account')['id']);
    return { ...fields, id, token: `Bearer ${textIn(registered, 'token')}`, cookie };
  };

  return {
    service,
    ask,
    seen,
    someone,
    join,
    async joinAsAdmin() {
      const person = await join();
      await service.execute('UPDATE users SET is_admin = 1 WHERE id = ?', person.id);
      return person;
    },
    async expectStatus(status, id, sent) {
      const answer = await ask(id, sent);
      expect({ id, status: answer.status, body: answer.body }).toEqual({ id, status, body: answer.body });
      return answer;
    },
  };
};
