// The account of a login with everything that the login needs: one row, read with the counter.
import { type SQL, sql } from 'drizzle-orm';
import type { Account } from '../model.ts';
import { accountColumns } from '../store/columns.ts';
import { users } from '../store/schema.ts';

/** A factor that is on, with what checking its proof needs. */
export interface KnownFactor {
  id: number;
  kind: 'passkey' | 'totp';
  credentialId: string | null;
  algorithm: number | null;
  publicKey: string | null;
  counter: number;
  isBackupEligible: boolean;
  transports: string;
  secret: string | null;
  lastStep: number;
}

/** An account with the hash against which a password is checked, and its factors. */
export type Candidate = Account & {
  passwordHash: string;
  passkeyHandle: string | null;
  factors: KnownFactor[];
  /** The matching app password; null if the typed password is none of the account's app passwords. */
  appPasswordId: number | null;
};

/** A password that may be an app password: its hash, and the dialect in which it was typed. */
export interface TypedAppPassword {
  hash: string;
  dialect: string;
}

/**
 * As one JSON text, so that the row of an account stays one row. Plain SQL, because Drizzle omits table names in a
 * query of one table, and this subquery is of another.
 */
const factorsAsJson: SQL<KnownFactor[]> = sql`(SELECT json_group_array(json_object('id', f.id, 'kind', f.kind,
  'credentialId', f.credential_id, 'algorithm', f.algorithm, 'publicKey', f.public_key, 'counter', f.counter,
  'isBackupEligible', f.is_backup_eligible, 'transports', f.transports, 'secret', f.secret, 'lastStep', f.last_step))
  FROM factors AS f WHERE f.user_id = users.id AND f.confirmed_at IS NOT NULL)`.mapWith(
  // The query above writes it. SQLite has no booleans.
  (json: string): KnownFactor[] =>
    JSON.parse(json).map((factor: KnownFactor) => ({
      ...factor,
      isBackupEligible: Boolean(factor.isBackupEligible),
    })),
);

const findAppPassword = ({ hash, dialect }: TypedAppPassword): SQL<number | null> =>
  sql`(SELECT a.id FROM app_passwords AS a WHERE a.user_id = users.id AND a.hash = ${hash}
    AND (a.dialect IS NULL OR a.dialect = ${dialect}))`;

/** The columns of a Candidate, for Drizzle's `select`. The text of the query is the same whatever was typed. */
export const candidateColumns = (typed: TypedAppPassword | null) => ({
  ...accountColumns,
  passwordHash: users.passwordHash,
  passkeyHandle: users.passkeyHandle,
  factors: factorsAsJson,
  appPasswordId: findAppPassword(typed ?? { hash: '', dialect: '' }),
});

/** The account as everything outside the core sees it. */
export const accountOf = ({
  passwordHash: _hash,
  passkeyHandle: _handle,
  factors: _factors,
  appPasswordId: _appPassword,
  ...account
}: Candidate): Account => account;
