// The shapes of the dialects' answers, written again independently of the source.
import * as z from 'zod/mini';
import { type Answer, ORIGIN } from '../support/worker.ts';

const texts = z.array(z.string()).check(z.minLength(1));
const detail = z.strictObject({ detail: z.string() });
const fieldTexts = z.record(z.string(), texts);
const drf = z.union([detail, fieldTexts]);
const wrapped = z.strictObject({ success: z.literal(false), errors: fieldTexts });
const envelope = z.strictObject({
  status: z.literal('failed'),
  desc: z.string(),
  error_code: z.literal([101, 102, 103, 104, 112, 113, 114]),
});
const fault = z.strictObject({
  value: z.optional(z.unknown()),
  msg: z.string(),
  param: z.optional(z.string()),
  location: z.optional(z.literal('body')),
});
const failure = z.strictObject({ status: z.literal('fail'), errors: z.record(z.string(), fault) });
const details = z.strictObject({
  type: z.string().check(z.startsWith('urn:latchkey:problem:')),
  title: z.string(),
  status: z.number(),
  detail: z.optional(z.string()),
  code: z.string(),
  errors: z.optional(z.array(z.strictObject({ name: z.string(), code: z.string(), message: z.string() }))),
});

interface Own {
  base: string;
  refusal: z.ZodMiniType;
  mediaType?: string;
}

/** The longest base path first: `/api` is a prefix of others. */
const owners: Own[] = [
  { base: '/api/v1/user', refusal: envelope },
  { base: '/api/users', refusal: drf },
  { base: '/api/auth', refusal: failure },
  { base: '/account', refusal: z.union([drf, wrapped]) },
  { base: '/acount', refusal: z.union([drf, wrapped]) },
  { base: '/api', refusal: drf },
  { base: '/id', refusal: details, mediaType: 'application/problem+json' },
];

const findOwner = (path: string): Own | undefined => {
  const { pathname } = new URL(ORIGIN + path);
  return owners.find(({ base }) => pathname === base || pathname.startsWith(`${base}/`));
};

/** True if a path belongs to a dialect, which answers in JSON whatever is sent. */
export const isOfDialect = (path: string): boolean => findOwner(path) !== undefined;

/** True for the one documented 500: a registration in conjugator with a taken email. */
export const isDocumented500 = (path: string, { status, text, headers }: Answer): boolean =>
  status === 500 &&
  text === '{}' &&
  new URL(ORIGIN + path).pathname.replace(/\/$/, '') === '/api/register' &&
  /^https:\/\/latchkey\.test\/api\/accounts\/\d+\/$/.test(headers.get('Location') ?? '');

const parse = (text: string): { value: unknown } | null => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
};

const isFailedEnvelope = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'status' in value && value.status === 'failed';

/** Whether this is an answer for a proxy, which has its content in the headers. */
const isForProxy = (path: string, { status, text, headers }: Answer): boolean =>
  new URL(ORIGIN + path).pathname.replace(/\/$/, '') === '/id/forward-auth' &&
  text === '' &&
  (status === 200 || headers.has('Location'));

/** What is wrong with the shape of an answer to a dialect's path; null if nothing is. */
export const findMisshape = (path: string, answer: Answer): string | null => {
  const { status, text, headers } = answer;
  const owner = findOwner(path);
  if (!owner) return null;
  if (status === 204) return text === '' ? null : 'a 204 with a body';
  if (isForProxy(path, answer)) return null;
  const parsed = parse(text);
  if (!parsed) return 'no JSON';
  const mediaType = headers.get('Content-Type')?.split(';')[0];
  if (isDocumented500(path, answer)) return null;
  const isRefusal = status >= 400 || isFailedEnvelope(parsed.value);
  const expected = (isRefusal && owner.mediaType) || 'application/json';
  if (mediaType !== expected) return `the media type ${mediaType}`;
  if (isRefusal && !owner.refusal.safeParse(parsed.value).success) return 'not the shape of its dialect';
  return null;
};
