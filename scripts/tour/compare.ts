// Compares a response with its documentation: status, relevant headers and the whole body.
import type { Answer } from './client.ts';
import { fitsShape, type Shape, showShape } from './shape.ts';

export type Expected = {
  status: number;
  /** The JSON body. Missing only for other media types, such as images, of which the media type is compared. */
  body?: Shape;
  /** The start of the media type, if it is not JSON. */
  mediaType?: string;
  /** The expected change of the `sessionid` cookie. If missing, the response must not set it. */
  cookie?: 'set' | 'cleared';
  /** Further headers that must have exactly this value. Names in lower case. */
  headers?: Record<string, string>;
};

export type Difference = { part: string; expected: string; got: string };

const JSON_TYPE = 'application/json';

const NONE = '(none)';

type Cookie = { value: string; attributes: Map<string, string> };

/** The `sessionid` cookie that a response sets. A proxy may set others. */
const readCookie = (answer: Answer): { line: string; cookie: Cookie } | null => {
  const line = answer.headers['set-cookie']?.find((header) => header.startsWith('sessionid='));
  if (line === undefined) return null;
  const [pair = '', ...rest] = line.split(';').map((part) => part.trim());
  const attributes = rest.map((part): [string, string] => {
    const [name = '', ...value] = part.split('=');
    return [name.toLowerCase(), value.join('=')];
  });
  return { line, cookie: { value: pair.slice('sessionid='.length), attributes: new Map(attributes) } };
};

/** The session cookie for a Cookie header; empty if the response set none. */
export const cookieOf = (answer: Answer | null): string => {
  const value = answer === null ? '' : (readCookie(answer)?.cookie.value ?? '');
  return `sessionid=${value}`;
};

const isCleared = ({ value, attributes }: Cookie): boolean =>
  value.replaceAll('"', '') === '' &&
  (attributes.get('max-age') === '0' || Date.parse(attributes.get('expires') ?? '') <= Date.now());

const isSet = ({ value, attributes }: Cookie, secure: boolean): boolean =>
  value !== '' &&
  Number(attributes.get('max-age') ?? Number.NaN) > 0 &&
  attributes.has('httponly') &&
  attributes.get('path') === '/' &&
  attributes.get('samesite')?.toLowerCase() === 'lax' &&
  !attributes.has('domain') &&
  attributes.has('secure') === secure;

const compareCookie = (want: Expected['cookie'], answer: Answer, secure: boolean): Difference[] => {
  const found = readCookie(answer);
  const got = found?.line ?? NONE;
  const differs = (expected: string) => [{ part: 'Set-Cookie', expected, got }];
  if (want === undefined) return found === null ? [] : differs(NONE);
  if (want === 'cleared') {
    return found !== null && isCleared(found.cookie) ? [] : differs('sessionid=; Max-Age=0; …');
  }
  const attributes = `Max-Age=‹seconds›; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  return found !== null && isSet(found.cookie, secure) ? [] : differs(`sessionid=‹token›; ${attributes}`);
};

const compareText = (part: string, expected: string, got = NONE): Difference[] =>
  got === expected ? [] : [{ part, expected, got }];

const compareHeaders = (want: Record<string, string>, answer: Answer): Difference[] =>
  Object.entries(want).flatMap(([name, value]) => compareText(name, value, answer.headers[name]?.toString()));

const compareMediaType = (want: string, answer: Answer): Difference[] => {
  const got = answer.headers['content-type'] ?? NONE;
  return got.toLowerCase().startsWith(want) ? [] : [{ part: 'Content-Type', expected: want, got }];
};

const compareBody = (shape: Shape, answer: Answer): Difference[] =>
  fitsShape(shape, answer.text) ? [] : [{ part: 'body', expected: showShape(shape), got: answer.text }];

/**
 * The differences between a response and the expected one; empty if there are none.
 * `secure`: whether the connection uses https, so that cookies must be Secure.
 */
export const compare = (want: Expected, answer: Answer, secure: boolean): Difference[] => [
  ...compareText('status', String(want.status), String(answer.status)),
  ...compareMediaType(want.mediaType ?? JSON_TYPE, answer),
  ...compareHeaders(want.headers ?? {}, answer),
  ...compareCookie(want.cookie, answer, secure),
  ...(want.body === undefined ? [] : compareBody(want.body, answer)),
];
