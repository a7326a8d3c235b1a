// Which of Latchkey's operations is compared with which of its peers'.
import type { Rivalry } from './report.ts';
import { compare, type Round } from './rounds.ts';

interface Pair {
  job: string;
  mine: string;
  theirs: string;
}

// By cookie, as better-auth is logged in to; and by token, as Django REST framework is.
const PAIRS: readonly Pair[] = [
  // Like for like: D1 is the truth on both sides, or KV alone answers on both.
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

/** Latchkey beside its peers, in as far as they were measured. */
export const compareRivals = (rounds: readonly Round[]): Rivalry[] =>
  PAIRS.flatMap(({ job, mine, theirs }) => {
    const compared = compare(rounds, mine, theirs);
    return compared ? [{ job, mine, ...compared }] : [];
  });
