// Registers, lists and removes apps that sign people in by OpenID Connect.
import { createHash, randomBytes } from 'node:crypto';
import {
  APP_ID_BYTES,
  findFaults,
  MAX_APP_ADDRESSES,
  MAX_APP_NAME_CHARACTERS,
  type NewApp,
  type NewAppFault,
} from '../../src/core/provider/new-app.ts';
import { writeTable, writeTime } from '../table.ts';
import { toPlainText } from '../terminal.ts';
import { type Query, Refused } from './account.ts';
import type { Outcome } from './commands.ts';
import { BEGINS, localTriggers, type Place, readReceiver } from './webhooks.ts';

/** 256 bits: cannot be guessed. */
const SECRET_BYTES = 32;

/** An app as described by the flags. */
export interface FlaggedApp extends NewApp {
  /** The back-channel logout URI; null for none. */
  logoutUri: string | null;
}

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const describeFault = (fault: NewAppFault): string => {
  if (fault.field === 'name') return `The name must have 1 to ${MAX_APP_NAME_CHARACTERS} characters.`;
  switch (fault.why) {
    case 'missing':
      return 'Give at least one --redirect.';
    case 'too_many':
      return `Give at most ${MAX_APP_ADDRESSES} addresses.`;
    case 'unusable':
      return `${toPlainText(fault.address)} cannot be used: give an https address, http on localhost, or a scheme such as com.example.app:/callback.`;
  }
};

/** Registers an app. Its secret is shown once, because only its SHA-256 is stored. */
export const addApp = async (app: FlaggedApp, { query, isRemote, nowMs }: Place): Promise<Outcome> => {
  const [fault] = findFaults(app);
  if (fault) throw new Refused(describeFault(fault));
  const logoutUri = app.logoutUri === null ? null : readReceiver(app.logoutUri, isRemote);
  const id = randomBytes(APP_ID_BYTES).toString('hex');
  const secret = app.isPublic ? null : randomBytes(SECRET_BYTES).toString('base64url');
  const hash = secret === null ? 'NULL' : quote(createHash('sha256').update(secret).digest('hex'));
  await query([
    `INSERT INTO apps (id, name, secret_hash, redirect_uris, sign_out_uris, logout_uri, asks_consent, created_at)
     VALUES (${quote(id)}, ${quote(app.name)}, ${hash}, ${quote(JSON.stringify(app.redirectUris))},
       ${quote(JSON.stringify(app.signOutUris))}, ${logoutUri === null ? 'NULL' : quote(logoutUri)}, ${app.asksConsent ? 1 : 0}, ${nowMs})`,
    ...(logoutUri === null ? [] : localTriggers(isRemote)),
  ]);
  return {
    text: [
      `client_id      ${id}`,
      ...(secret === null
        ? ['client_secret  none: the app proves itself by PKCE alone']
        : [`client_secret  ${secret}`, 'The secret is shown only once. Store it now.']),
      ...(logoutUri !== null && isRemote ? [BEGINS] : []),
    ].join('\n'),
    json: { clientId: id, clientSecret: secret },
  };
};

export const listApps = async (query: Query): Promise<Outcome> => {
  const [rows = []] = await query([
    `SELECT id, name, secret_hash IS NULL AS is_public, redirect_uris, logout_uri, asks_consent, created_at FROM apps ORDER BY name`,
  ]);
  const apps = rows.map((row) => ({
    clientId: String(row['id']),
    name: String(row['name']),
    isPublic: Number(row['is_public']) === 1,
    asksConsent: Number(row['asks_consent']) === 1,
    redirectUris: String(row['redirect_uris']),
    logoutUri: typeof row['logout_uri'] === 'string' ? row['logout_uri'] : null,
    createdAtMs: Number(row['created_at']),
  }));
  if (apps.length === 0)
    return {
      text: 'There is no app. Add one: npm run admin -- client add <name> --redirect <uri>',
      json: [],
    };
  const lines = apps.map((app) => [
    app.clientId,
    app.name,
    app.isPublic ? 'no' : 'yes',
    app.asksConsent ? 'yes' : 'no',
    writeTime(app.createdAtMs),
    app.redirectUris,
    app.logoutUri ?? '',
  ]);
  return {
    text: writeTable(
      ['client_id', 'name', 'secret', 'consent', 'added', 'redirects', 'told of logouts at'],
      lines,
    ),
    json: apps,
  };
};

/** Describes the app to be removed and how many people use it. */
export const describeRemoval = async (id: string, query: Query): Promise<string> => {
  const isIt = quote(id);
  const [rows = []] = await query([
    `SELECT name, (SELECT count(*) FROM app_consents WHERE app_id = ${isIt}) AS people FROM apps WHERE id = ${isIt}`,
  ]);
  const [row] = rows;
  if (row === undefined) throw new Refused(`There is no app ${toPlainText(id)}.`);
  const name = toPlainText(String(row['name']));
  return `${name} (${toPlainText(id)}) is used by ${String(row['people'])}.\nRemove it? Its client_id and secret are lost, and all its tokens end.`;
};

/** Rows of a table that the command deletes. One statement for all would end by D1's limit of 30 s if many use the app. */
const DELETED_AT_ONCE = 1_000;

/** Removes an app: its tokens end at once. What it does not delete itself, the hourly clean-up of the Worker deletes. */
export const removeApp = async (id: string, query: Query): Promise<Outcome> => {
  const isIt = quote(id);
  const [rows = []] = await query([
    `SELECT name FROM apps WHERE id = ${isIt}`,
    `DELETE FROM apps WHERE id = ${isIt}`,
    `DELETE FROM app_grants WHERE id IN (SELECT id FROM app_grants WHERE app_id = ${isIt} LIMIT ${DELETED_AT_ONCE})`,
    `DELETE FROM app_consents WHERE app_id = ${isIt}
      AND user_id IN (SELECT user_id FROM app_consents WHERE app_id = ${isIt} LIMIT ${DELETED_AT_ONCE})`,
  ]);
  const [row] = rows;
  if (row === undefined) throw new Refused(`There is no app ${toPlainText(id)}.`);
  return {
    text: `${toPlainText(String(row['name']))} is removed. Nobody is signed in there by this service any more.`,
    json: { clientId: id },
  };
};
