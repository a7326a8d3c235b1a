// One reader for JSON, forms and multipart bodies, in front of the validator.
import { zValidator } from '@hono/zod-validator';
import type { Context } from 'hono';
import * as z from 'zod/mini';
import type { UniqueField } from '../../core/index.ts';
import type { AppEnv } from '../context.ts';
import type { FieldError, Problem } from '../problem.ts';
import { respondProblem } from '../respond.ts';
import { readFieldErrors } from './fields.ts';
import { readMultipart, readUrlEncoded } from './form.ts';
import { decodeJson, jsonType, parseExactly, withNumbersAsText } from './json.ts';

/** The fields of an account take a thousandth of this. */
const MAX_BODY_BYTES = 64 * 1024;

const URL_ENCODED = 'application/x-www-form-urlencoded';
const FORM_TYPES = new Set([URL_ENCODED, 'multipart/form-data']);

export interface BodyOptions {
  /** `text`: a JSON number is taken as its decimal text. `refuse`: it is an error like every other type. */
  numbers: 'text' | 'refuse';
  /** Fields whose uniqueness is checked even if another field has an error, unless they have one themselves. */
  unique?: readonly UniqueField[];
  /** A field that may be sent instead of another. */
  alias?: { name: string; standsFor: string };
  /** Changes the fields before they are validated. */
  prepare?: (fields: Readonly<Record<string, unknown>>) => Record<string, unknown>;
  /** Answers invalid fields instead of the usual refusal: a page shows its form again. */
  onErrors?: (c: Context<AppEnv>, errors: readonly FieldError[]) => Response | Promise<Response>;
}

type Fields = Record<string, unknown>;

/**
 * Reads a body and validates it. Handlers find it in `c.req.valid('json')`, whatever its media type was.
 * Checks the media type, the size, the syntax and the fields, in this order.
 */
export const body = <S extends z.ZodMiniObject>(schema: S, options: BodyOptions) => {
  const refuseInvalid = async (
    result: { success: boolean; error?: z.core.$ZodError; data: unknown },
    c: Context<AppEnv>,
  ): Promise<Response | undefined> => {
    if (result.success) return undefined;
    const { alias } = options;
    const isAliased = alias !== undefined && usesAlias(c.var.rawBody, alias);
    const named = (error: FieldError): FieldError =>
      isAliased && error.field === alias.standsFor ? { ...error, field: alias.name } : error;
    const { rawBody: sent } = c.var;
    const invalid = readFieldErrors(
      result.error?.issues ?? [],
      isAliased ? { ...sent, [alias.standsFor]: sent[alias.name] } : sent,
    );
    const fields = isFields(result.data) ? result.data : {};
    const taken = options.unique ? await findTaken(c, schema, fields, invalid, options.unique) : [];
    const ordered = inOrder(Object.keys(schema.shape), [...invalid, ...taken]);
    const errors = ordered.map(named);
    return options.onErrors?.(c, errors) ?? respondProblem(c, { reason: 'fields', errors });
  };
  const validate = zValidator<S, 'json', AppEnv, string, typeof refuseInvalid>('json', schema, refuseInvalid);

  const readAndValidate: typeof validate = async (c, next) => {
    const read = await readBody(c, options.numbers);
    if (read.problem) return respondProblem(c, read.problem);
    c.set('rawBody', read.sent);
    c.req.raw = asJson(c.req.raw, prepared(withAlias(read, options.alias), options.prepare));
    return validate(c, next);
  };
  return readAndValidate;
};

type Alias = NonNullable<BodyOptions['alias']>;

const usesAlias = (sent: Fields, { name, standsFor }: Alias): boolean =>
  Object.hasOwn(sent, name) && !Object.hasOwn(sent, standsFor);

/** The body as JSON, with an alias's value under the name that the schema has. */
const withAlias = ({ sent, json }: { sent: Fields; json: string }, alias: Alias | undefined): string => {
  if (alias === undefined || !usesAlias(sent, alias)) return json;
  const fields: unknown = JSON.parse(json);
  return isFields(fields) ? JSON.stringify({ ...fields, [alias.standsFor]: fields[alias.name] }) : json;
};

const prepared = (json: string, prepare: BodyOptions['prepare']): string => {
  if (!prepare) return json;
  const fields: unknown = JSON.parse(json);
  return isFields(fields) ? JSON.stringify(prepare(fields)) : json;
};

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Errors for the unique fields that are valid and taken. */
const findTaken = async (
  c: Context<AppEnv>,
  schema: z.ZodMiniObject,
  fields: Fields,
  invalid: readonly FieldError[],
  unique: readonly UniqueField[],
): Promise<FieldError[]> => {
  const valid = (field: UniqueField): string | undefined => {
    if (!unique.includes(field) || invalid.some((error) => error.field === field)) return undefined;
    const type = schema.shape[field];
    const parsed = type && z.safeParse(type, fields[field]);
    return typeof parsed?.data === 'string' ? parsed.data : undefined;
  };
  const taken = await c.var.core.accounts.findTaken({ username: valid('username'), email: valid('email') });
  return (taken?.fields ?? []).map((field) => takenError(field, c.var.rawBody[field]));
};

/** The error of a unique field that another account has. */
export const takenError = (field: UniqueField, value: unknown): FieldError => ({
  field,
  code: 'taken',
  limit: null,
  value,
});

const inOrder = (fields: readonly string[], errors: readonly FieldError[]): FieldError[] =>
  fields.flatMap((field) => errors.filter((error) => error.field === field));

/** A body that was read: its fields as sent, and as JSON for the validator. */
export type Read = { problem: Problem } | { problem: null; sent: Fields; json: string };

const failed = (problem: Problem): Read => ({ problem });

/** Reads a body of any supported media type, without validating its fields. */
export const readBody = async (c: Context<AppEnv>, numbers: BodyOptions['numbers']): Promise<Read> => {
  const contentType = c.req.header('Content-Type') ?? '';
  const mediaType = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  const isKnown = mediaType === 'application/json' || FORM_TYPES.has(mediaType);
  const hasBody = c.req.raw.body !== null && c.req.header('Content-Length') !== '0';
  if (hasBody && !isKnown) {
    // The media type of an empty body is not checked, as in Django REST framework.
    const peeked = await readBytes(c.req.raw);
    if (peeked?.byteLength !== 0) return failed({ reason: 'unsupported_media_type', mediaType: contentType });
  }
  const bytes = hasBody && isKnown ? await readBytes(c.req.raw) : new Uint8Array(0);
  if (bytes === null) return failed({ reason: 'too_large' });
  if (bytes.byteLength === 0) return { problem: null, sent: {}, json: '{}' };
  return mediaType === 'application/json'
    ? readJson(bytes, numbers)
    : readForm(bytes, { mediaType, contentType });
};

/** The request with its body as JSON, as the validator takes it. */
const asJson = (request: Request, json: string): Request => {
  const headers = new Headers(request.headers);
  headers.set('Content-Type', 'application/json');
  headers.delete('Content-Length');
  return new Request(request.url, { method: request.method, headers, body: json });
};

/** The bytes of the body; null, without reading further, if there are too many. */
export const readBytes = async (request: Request): Promise<Uint8Array<ArrayBuffer> | null> => {
  if (Number(request.headers.get('Content-Length') ?? 0) > MAX_BODY_BYTES) return null;
  if (request.body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.byteLength;
    if (length > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
};

const readJson = (bytes: Uint8Array, numbers: BodyOptions['numbers']): Read => {
  const read = decodeJson(bytes);
  if (read === null) return failed({ reason: 'malformed', format: 'json' });
  const { json, value } = read;
  if (!isFields(value)) return failed({ reason: 'not_an_object', got: jsonType(value) });
  const exact = parseExactly(json, value);
  return {
    problem: null,
    sent: isFields(exact) ? exact : value,
    json: numbers === 'text' ? withNumbersAsText(json) : json,
  };
};

const readForm = async (
  bytes: Uint8Array,
  { mediaType, contentType }: { mediaType: string; contentType: string },
): Promise<Read> => {
  const entries = mediaType === URL_ENCODED ? readUrlEncoded(bytes) : await readMultipart(bytes, contentType);
  if (entries === null) return failed({ reason: 'malformed', format: 'form' });
  // The last of repeated fields counts. A file becomes an empty object, because it is no text.
  const sent: Fields = Object.fromEntries(entries.map(([name, value]) => [name, value ?? {}]));
  return { problem: null, sent, json: JSON.stringify(sent) };
};
