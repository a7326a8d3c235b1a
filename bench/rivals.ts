// Which operations of Latchkey are compared with which operations of the peers.
import type { Rivalry } from './report.ts';
import { compare, type Round } from './rounds.ts';

interface Pair {
  job: string;
  mine: string;
  theirs: string;
}

// By cookie for better-auth, by token for Django REST framework.
const PAIRS: readonly Pair[] = [
  // Both sides check the session in D1, or both in KV only.
  {
    job: 'session check, in D1',
    mine: 'latchkey/profile-users',
    theirs: 'better-auth, database sessions/read',
  },
  {
    job: 'session check, in KV',
    mine: 'latchkey, cached/profile-users',
    theirs: 'better-auth/read',
  },
  { job: 'login, equal hash', mine: 'latchkey/login-users', theirs: 'better-auth, equal hash/login' },
  { job: 'login, its own hash', mine: 'latchkey/login-users', theirs: 'better-auth/login' },
  {
    job: 'registration, equal hash',
    mine: 'latchkey/register-users',
    theirs: 'better-auth, equal hash/register',
  },
  { job: 'registration, its own hash', mine: 'latchkey/register-users', theirs: 'better-auth/register' },
  { job: 'profile', mine: 'latchkey/profile-account', theirs: 'django/read' },
  { job: 'login, its own hash', mine: 'latchkey/login-account', theirs: 'django/login' },
  { job: 'registration, its own hash', mine: 'latchkey/register-account', theirs: 'django/register' },
];

/** Compares Latchkey with its peers. Pairs that were not measured are left out. */
export const compareRivals = (rounds: readonly Round[]): Rivalry[] =>
  PAIRS.flatMap(({ job, mine, theirs }) => {
    const compared = compare(rounds, mine, theirs);
    return compared ? [{ job, mine, ...compared }] : [];
  });
