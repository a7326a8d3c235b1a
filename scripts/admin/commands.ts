// The commands of `npm run admin`, each with its output.

import { randomBytes } from 'node:crypto';
import { writeTable, writeTime } from '../table.ts';
import { toPlainText } from '../terminal.ts';
import {
  CHANGES,
  changeAccount,
  type Found,
  findStatement,
  type Query,
  Refused,
  readFound,
  readSelector,
  resetLink,
} from './account.ts';
import { checkAccounts } from './check.ts';
import { showStats } from './stats.ts';

/** The output of a command, for people and for programs. */
export interface Outcome {
  text: string;
  json: unknown;
  /** The exit status, if it is not 0: the operator has something left to do. */
  status?: number;
}

export interface Command {
  does: string;
  /** Whether the command applies to one account. */
  takesAccount: boolean;
  /** The confirmation question, and the account. Throws Refused if there is no such account. */
  ask?: (operand: string, query: Query, nowMs: number) => Promise<{ id: number; text: string }>;
  /** Whether it needs the origin of the pages. */
  takesOrigin?: true;
  /**
   * Runs the command.
   * @param origin of the pages; '' for a command that does not need it
   * @param operand the account; '' for a command without an account
   * @throws Error with a message for the operator, if it failed
   */
  run: (operand: string, query: Query, nowMs: number, origin: string) => Promise<Outcome>;
}

/** Describes the account, including whether its address is verified: anyone can register with another's address. */
const describeAccount = (found: Found): string =>
  [
    `id        ${found.id}`,
    `email     ${toPlainText(found.email)}`,
    `          ${
      found.emailVerifiedAtMs === null
        ? 'NOT verified: the person who registered with it may not be its owner'
        : `verified ${writeTime(found.emailVerifiedAtMs)} UTC: its owner has shown that mail to it arrives`
    }`,
    `username  ${found.username === null ? 'none' : toPlainText(found.username)}`,
    `created   ${writeTime(found.createdAtMs)} UTC`,
    ...(found.isAdmin ? ['admin     yes'] : []),
    ...(found.isDisabled ? ['disabled  yes'] : []),
  ].join('\n');

const askAbout =
  (question: string): NonNullable<Command['ask']> =>
  async (operand, query, nowMs) => {
    const selector = readSelector(operand);
    const [rows = []] = await query([findStatement(selector, nowMs)]);
    const found = readFound(selector, rows);
    return { id: found.id, text: `${describeAccount(found)}\n${question}` };
  };

const LAST_ADMIN = 'It is the last admin who can log in. Make another one first.';

/** `changed` is false if the account already was in the requested state. */
const outcome = ({ id, username, email }: Found, changed: boolean, text: string, more = {}): Outcome => ({
  text: `${toPlainText(email)} ${text}`,
  json: { id, username, email, changed, ...more },
});

const guardLastAdmin = ({ isAdmin, hasOtherAdmin, email }: Found): void => {
  if (isAdmin && !hasOtherAdmin) throw new Refused(`${email}: ${LAST_ADMIN}`);
};

const counted = (sessions: number): string => (sessions === 1 ? '1 session' : `${sessions} sessions`);

const change =
  (name: keyof typeof CHANGES, tell: (before: Found) => Outcome): Command['run'] =>
  async (operand, query, nowMs) =>
    tell(await changeAccount(query, readSelector(operand), CHANGES[name], nowMs));

/** The maximum number of active sessions of an account (MAX_SESSIONS). Further ones are counted, not shown. */
const MAX_LISTED_SESSIONS = 100;

const listSessions: Command['run'] = async (operand, query, nowMs) => {
  const selector = readSelector(operand);
  const [found = [], live = []] = await query([
    findStatement(selector, nowMs),
    `SELECT kind, created_at, last_seen_at, expires_at, country, user_agent FROM sessions
      WHERE expires_at > ${nowMs} AND user_id IN (SELECT id FROM users WHERE ${selector.isIt})
      ORDER BY last_seen_at DESC LIMIT ${MAX_LISTED_SESSIONS}`,
  ]);
  const { id, username, email, sessions: total } = readFound(selector, found);
  const rows = live.map((row) => [
    String(row['kind']),
    writeTime(row['created_at']),
    writeTime(row['last_seen_at']),
    writeTime(row['expires_at']),
    String(row['country'] ?? ''),
    String(row['user_agent'] ?? ''),
  ]);
  const head = ['kind', 'since (UTC)', 'last seen', 'until', 'country', 'user agent'];
  const more = total > rows.length ? `\n\nand ${total - rows.length} more` : '';
  const shown = toPlainText(email);
  return {
    text: rows.length > 0 ? `${shown}\n\n${writeTable(head, rows)}${more}` : `${shown} has no session.`,
    json: { id, username, email, total, sessions: live },
  };
};

/** 256 bits. */
const TOKEN_BYTES = 32;

const makeResetLink: Command['run'] = async (operand, query, nowMs, origin) => {
  const token = `op_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
  const found = await changeAccount(query, readSelector(operand), resetLink(token), nowMs);
  if (found.isDisabled) throw new Refused(`${toPlainText(found.email)} is disabled. Enable it first.`);
  const url = `${origin}/reset-password?token=${token}`;
  const { id, username, email } = found;
  return {
    text: `${describeAccount(found)}\n\n${url}\n\nThe link works once, for an hour. Anyone who has it can set the password: give it to the owner only.`,
    json: { id, username, email, url },
  };
};

export const commands: Readonly<Record<string, Command>> = {
  grant: {
    does: 'gives the account the admin role',
    ask: askAbout('Make this account an admin, who can see, disable and delete every account?'),
    takesAccount: true,
    run: change('grant', (before) =>
      outcome(before, !before.isAdmin, `is ${before.isAdmin ? 'already' : 'now'} an admin.`),
    ),
  },
  revoke: {
    does: 'removes the admin role',
    takesAccount: true,
    run: change('revoke', (before) => {
      guardLastAdmin(before);
      return outcome(before, before.isAdmin, before.isAdmin ? 'is no longer an admin.' : 'was no admin.');
    }),
  },
  disable: {
    does: 'disables the account and ends its sessions',
    takesAccount: true,
    run: change('disable', (before) => {
      if (before.isDisabled) return outcome(before, false, 'was disabled already.');
      guardLastAdmin(before);
      const { sessions } = before;
      return outcome(before, true, `is disabled; ${counted(sessions)} ended.`, { endedSessions: sessions });
    }),
  },
  enable: {
    does: 'enables a disabled account',
    takesAccount: true,
    run: change('enable', (before) =>
      outcome(before, before.isDisabled, before.isDisabled ? 'can log in again.' : 'was not disabled.'),
    ),
  },
  sessions: {
    does: 'lists the sessions of the account',
    takesAccount: true,
    run: listSessions,
  },
  'end-sessions': {
    does: 'ends all sessions of the account',
    takesAccount: true,
    run: change('end-sessions', (before) => {
      const { sessions } = before;
      return outcome(before, sessions > 0, `is logged out; ${counted(sessions)} ended.`, {
        endedSessions: sessions,
      });
    }),
  },
  'remove-factors': {
    does: 'removes passkeys, authenticator apps, recovery codes and app passwords, and ends all sessions',
    takesAccount: true,
    ask: askAbout(
      'Remove all passkeys, codes and app passwords of this account, so that its password alone is enough? Make sure that its owner asks for it.',
    ),
    run: change('remove-factors', (before) => {
      const { sessions, factors, appPasswords } = before;
      if (factors + appPasswords === 0)
        return outcome(before, false, 'has neither factors nor app passwords.');
      return outcome(
        before,
        true,
        `has no factor any more; ${counted(sessions)} ended. If this deployment sends mail, its owner is told.`,
        { removedFactors: factors, removedAppPasswords: appPasswords, endedSessions: sessions },
      );
    }),
  },
  'reset-link': {
    does: 'prints a link that sets a new password once, within an hour; works without mail',
    takesAccount: true,
    takesOrigin: true,
    run: makeResetLink,
  },
  delete: {
    does: 'deletes the account and its sessions permanently',
    takesAccount: true,
    ask: askAbout('Remove this account and all that is stored of it, for good?'),
    run: change('delete', (before) => {
      guardLastAdmin(before);
      return outcome(before, true, `(id ${before.id}) is removed.`);
    }),
  },
  check: {
    does: 'checks the lookup keys of all accounts, and lists accounts with the same name',
    takesAccount: false,
    run: (_, query) => checkAccounts(query),
  },
  stats: {
    does: 'counts accounts, hashes, sessions, events and mails',
    takesAccount: false,
    run: (_, query, nowMs) => showStats(query, nowMs),
  },
};
