// Apps that nobody has registered: the client id is the address of a document that describes the app.
// @see https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/
import { isLoopbackName, readOutboundUrl } from '../outbound-url.ts';
import { sha256Hex } from '../secrets.ts';
import type { Store } from '../store/store.ts';
import type { App } from './apps.ts';
import { canBeRedirectUri } from './redirects.ts';

/** Loads what is at an address that was checked. */
export type LoadDocument = (address: string) => Promise<LoadedDocument>;

export type LoadedDocument =
  /** Its bytes, and the seconds for which it says that it may be kept; null if it says nothing. */
  { ok: true; bytes: Uint8Array; freshSeconds: number | null } | { ok: false; fault: LoadFault };

export type LoadFault =
  /** No answer in time, or the connection failed. */
  | 'unreachable'
  /** The answer says that there is no document, or that it is elsewhere. */
  | 'refused'
  | 'media_type'
  | 'too_large';

/** Whether one more document may be loaded from a host, for the client of this request. */
export type MayFetch = (host: string) => Promise<boolean>;

/** Why there is no app at an address. People who write such documents are told. */
export type DocumentFault =
  | LoadFault
  /** The client id is no address from which a document is loaded. */
  | 'address'
  /** Too many documents were loaded for this client, or from this host. */
  | 'throttled'
  | 'not_json'
  /** `client_id` in the document is not the address of the document. */
  | 'client_id'
  | 'client_name'
  /** None of `redirect_uris` can be used. */
  | 'redirect_uris'
  /** The app wants a secret, which nobody can give it, or a flow that is not supported here. */
  | 'method';

export type FoundDocument = { ok: true; app: App } | { ok: false; fault: DocumentFault };

/** Longer addresses are shown to nobody. They are stored with each grant. */
const MAX_ADDRESS_CHARACTERS = 300;

/** As many characters as the name of a registered app may have. */
const MAX_NAME_CHARACTERS = 60;

/** No app has more. Further ones are ignored. */
const MAX_REDIRECT_URIS = 50;

/**
 * How long a document is kept: as it says itself, within these bounds. The lower one keeps a flow, which reads the
 * document three times, at one fetch; after the upper one a change of the app is seen.
 */
const MIN_KEPT_SECONDS = 5 * 60;
const KEPT_SECONDS = 60 * 60;
const MAX_KEPT_SECONDS = 24 * 60 * 60;

/** Whether a client id is the address of a document. Ids that are given out here never look like this. */
export const isDocumentId = (id: string): boolean => /^https?:/.test(id);

/**
 * Reads a client id that is an address. Null unless it is https at a public name, spelled as the URL parser does: so
 * without dot segments, default ports, capitals in the host; with a path; without fragment and user name.
 * @param issuer of this service, which is never asked itself. If it is at a loopback name, so may the document be.
 */
export const readDocumentId = (id: string, issuer: string): URL | null => {
  if (id.length > MAX_ADDRESS_CHARACTERS) return null;
  const { hostname, host } = new URL(issuer);
  const url = readOutboundUrl(id, { allowsLoopback: isLoopbackName(hostname) });
  return url !== null && url.href === id && url.pathname !== '/' && url.host !== host ? url : null;
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textsIn = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];

const lacks = (value: unknown, word: string): boolean =>
  value !== undefined && !textsIn(value).includes(word);

/** The app that a document describes. */
const readFields = (url: URL, fields: Fields): FoundDocument => {
  const fault = (of: DocumentFault): FoundDocument => ({ ok: false, fault: of });
  if (fields['client_id'] !== url.href) return fault('client_id');
  const { token_endpoint_auth_method: method = 'none' } = fields;
  if (method !== 'none' || 'client_secret' in fields || 'client_secret_expires_at' in fields)
    return fault('method');
  if (lacks(fields['response_types'], 'code') || lacks(fields['grant_types'], 'authorization_code'))
    return fault('method');
  const { client_name: name = '' } = fields;
  // Marks that turn text round or hide it could make a name look like another.
  if (
    typeof name !== 'string' ||
    name.length > MAX_NAME_CHARACTERS ||
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)
  )
    return fault('client_name');
  const redirectUris = textsIn(fields['redirect_uris']).slice(0, MAX_REDIRECT_URIS).filter(canBeRedirectUri);
  if (redirectUris.length === 0) return fault('redirect_uris');
  return {
    ok: true,
    app: {
      id: url.href,
      name: name.trim() === '' ? url.host : `${name.trim()} (${url.host})`,
      host: url.host,
      secretHash: null,
      redirectUris,
      signOutUris: [],
      asksConsent: true,
    },
  };
};

const parse = (text: string): Fields | null => {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
};

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** Null for what is not UTF-8. */
const decode = (bytes: Uint8Array): string | null => {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
};

export interface MetadataDocuments {
  /**
   * The app at an address: from KV, or loaded and kept there. Only a document that is right is kept: the draft forbids to
   * keep errors, and the guard bounds how often a wrong one is loaded.
   */
  find(id: string, mayFetch: MayFetch): Promise<FoundDocument>;
}

export interface MetadataDocumentsOptions {
  store: Pick<Store, 'getRecord' | 'putRecord'>;
  load: LoadDocument;
  issuer: string;
}

export const createMetadataDocuments = ({
  store,
  load,
  issuer,
}: MetadataDocumentsOptions): MetadataDocuments => ({
  async find(id, mayFetch) {
    const url = readDocumentId(id, issuer);
    if (!url) return { ok: false, fault: 'address' };
    const key = `document:${await sha256Hex(url.href)}`;
    const kept = parse((await store.getRecord(key)) ?? '');
    if (kept) return readFields(url, kept);
    if (!(await mayFetch(url.host))) return { ok: false, fault: 'throttled' };
    const loaded = await load(url.href);
    if (!loaded.ok) return loaded;
    const text = decode(loaded.bytes) ?? '';
    const fields = parse(text);
    if (!fields) return { ok: false, fault: 'not_json' };
    const found = readFields(url, fields);
    const seconds = loaded.freshSeconds ?? KEPT_SECONDS;
    if (found.ok) store.putRecord(key, text, Math.min(MAX_KEPT_SECONDS, Math.max(MIN_KEPT_SECONDS, seconds)));
    return found;
  },
});
