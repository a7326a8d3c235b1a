// The commands of `npm run admin`, each with what it says when it is done.
import {
  CHANGES,
  changeAccount,
  type Found,
  findStatement,
  type Query,
  Refused,
  readFound,
  readSelector,
} from './account.ts';
import { showStats } from './stats.ts';
import { writeTable, writeTime } from './table.ts';

/** What a command has to say: to a person, and to a program. */
export interface Outcome {
  text: string;
  json: unknown;
}

export interface Command {
  usage: string;
  does: string;
  /** How many operands it takes, flags not counted. */
  operands: number;
  /** What to ask before it is done, at a terminal. */
  asks?: string;
  /** Throws an Error, to be shown, where it could not be done. */
  run: (operands: readonly string[], query: Query, nowMs: number) => Promise<Outcome>;
}

const LAST_ADMIN = 'It is the last admin who can log in. Make another one first.';

/** `changed` is false where the account was already as it was to be. */
const outcome = ({ id, username, email }: Found, changed: boolean, text: string, more = {}): Outcome => ({
  text: `${email} ${text}`,
  json: { id, username, email, changed, ...more },
});

const guardLastAdmin = ({ isAdmin, hasOtherAdmin, email }: Found): void => {
  if (isAdmin && !hasOtherAdmin) throw new Refused(`${email}: ${LAST_ADMIN}`);
};

const counted = (sessions: number): string => (sessions === 1 ? '1 session' : `${sessions} sessions`);

const change =
  (name: keyof typeof CHANGES, tell: (before: Found) => Outcome): Command['run'] =>
  async ([operand = ''], query, nowMs) =>
    tell(await changeAccount(query, readSelector(operand), CHANGES[name], nowMs));

const listSessions: Command['run'] = async ([operand = ''], query, nowMs) => {
  const selector = readSelector(operand);
  const [found = [], live = []] = await query([
    findStatement(selector, nowMs),
    `SELECT kind, created_at, last_seen_at, expires_at, country, user_agent FROM sessions
      WHERE expires_at > ${nowMs} AND user_id IN (SELECT id FROM users WHERE ${selector.isIt})
      ORDER BY last_seen_at DESC`,
  ]);
  const { id, username, email } = readFound(selector, found);
  const rows = live.map((row) => [
    String(row['kind']),
    writeTime(row['created_at']),
    writeTime(row['last_seen_at']),
    writeTime(row['expires_at']),
    String(row['country'] ?? ''),
    String(row['user_agent'] ?? ''),
  ]);
  const head = ['kind', 'since (UTC)', 'last seen', 'until', 'country', 'user agent'];
  return {
    text: rows.length > 0 ? `${email}\n\n${writeTable(head, rows)}` : `${email} has no session.`,
    json: { id, username, email, sessions: live },
  };
};

export const commands: Readonly<Record<string, Command>> = {
  grant: {
    usage: 'grant <account>',
    does: 'makes the account an admin',
    operands: 1,
    run: change('grant', (before) =>
      outcome(before, !before.isAdmin, `is ${before.isAdmin ? 'already' : 'now'} an admin.`),
    ),
  },
  revoke: {
    usage: 'revoke <account>',
    does: 'makes the admin an ordinary account again',
    operands: 1,
    run: change('revoke', (before) => {
      guardLastAdmin(before);
      return outcome(before, before.isAdmin, before.isAdmin ? 'is no longer an admin.' : 'was no admin.');
    }),
  },
  disable: {
    usage: 'disable <account>',
    does: 'lets the account log in no more, and ends its sessions',
    operands: 1,
    run: change('disable', (before) => {
      if (before.isDisabled) return outcome(before, false, 'was disabled already.');
      guardLastAdmin(before);
      const { sessions } = before;
      return outcome(before, true, `is disabled; ${counted(sessions)} ended.`, { endedSessions: sessions });
    }),
  },
  enable: {
    usage: 'enable <account>',
    does: 'lets a disabled account log in again',
    operands: 1,
    run: change('enable', (before) =>
      outcome(before, before.isDisabled, before.isDisabled ? 'can log in again.' : 'was not disabled.'),
    ),
  },
  sessions: {
    usage: 'sessions <account>',
    does: 'shows where the account is logged in',
    operands: 1,
    run: listSessions,
  },
  'end-sessions': {
    usage: 'end-sessions <account>',
    does: 'logs the account out everywhere',
    operands: 1,
    run: change('end-sessions', (before) => {
      const { sessions } = before;
      return outcome(before, sessions > 0, `is logged out; ${counted(sessions)} ended.`, {
        endedSessions: sessions,
      });
    }),
  },
  delete: {
    usage: 'delete <account>',
    does: 'removes the account with its sessions, for good',
    operands: 1,
    asks: 'Remove this account for good?',
    run: change('delete', (before) => {
      guardLastAdmin(before);
      return outcome(before, true, `(id ${before.id}) is removed.`);
    }),
  },
  stats: {
    usage: 'stats',
    does: 'counts accounts, hashes, sessions and events',
    operands: 0,
    run: (_, query, nowMs) => showStats(query, nowMs),
  },
};
