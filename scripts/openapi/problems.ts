// The problems that an operation can respond with, mostly derived from the definition of its endpoint.
import type { UniqueField } from '../../src/core/index.ts';
import { checksOrigin } from '../../src/http/auth/auth.ts';
import type { EndpointDocs } from '../../src/http/docs.ts';
import type { Endpoint } from '../../src/http/endpoint.ts';
import type { FieldError, Problem } from '../../src/http/problem.ts';
import { errorsIn, makeWrong } from './bodies.ts';
import type { Refusal } from './types.ts';

/** The waiting times of http/app.ts while D1 is down, and of http/auth/flood-guard.ts. */
const DOWN_SECONDS = 5;
const FLOOD_SECONDS = 60;

/** The id in `conjugator`'s own example. */
const OWNER = 123;

const EXAMPLE_EMAIL = 'example@example.com';

const badTokens: Refusal[] = [
  { summary: 'a token that is good for nothing', problem: { reason: 'credentials', why: 'invalid' } },
  { summary: 'a scheme without a token', problem: { reason: 'credentials', why: 'empty' } },
  { summary: 'a token with a space in it', problem: { reason: 'credentials', why: 'spaces' } },
];

const missing: Problem = { reason: 'credentials', why: 'missing' };

const fromAuth = ({ method, auth }: Endpoint): Refusal[] => {
  const crossSite: Refusal[] = checksOrigin(method, auth)
    ? [{ summary: 'from another site', problem: { reason: 'cross_site' } }]
    : [];
  if (auth.via === 'none') return crossSite;
  return [
    { summary: 'not logged in', problem: auth.anonymous ?? missing },
    ...badTokens,
    ...crossSite,
    ...(auth.role === 'admin' ? [{ summary: 'no admin', problem: { reason: 'forbidden' } as const }] : []),
    ...(auth.recent
      ? [{ summary: 'proved too long ago', problem: { reason: 'reauthenticate' } as const }]
      : []),
  ];
};

const takenError = (field: UniqueField): FieldError => ({
  field,
  code: 'taken',
  limit: null,
  value: field === 'email' ? EXAMPLE_EMAIL : undefined,
});

/** The problems of a registration, from the validation and from the core. */
const takenIn = ({ body }: Endpoint): Refusal[] => {
  if (!body) return [];
  const fields = (['username', 'email'] as const).filter((field) => field in body.schema.shape);
  const errors = fields.map(takenError);
  return [
    { summary: 'taken', problem: { reason: 'taken', fields, ownerId: OWNER, errors } },
    ...(body.unique ? [{ summary: 'taken', problem: { reason: 'fields', errors } as const }] : []),
  ];
};

/** Whether the operation checks a password. A password beside a mailed token is the new one. */
const checksPassword = ({ body }: Endpoint): boolean => {
  const names = Object.keys(body?.schema.shape ?? {});
  const present = names.includes('token') ? ['currentPassword'] : ['currentPassword', 'password', 'old'];
  return present.some((name) => names.includes(name));
};

const fromLimit = (endpoint: Endpoint): Refusal[] => {
  const { limit } = endpoint;
  if (!limit) return [];
  const throttled: Refusal = {
    summary: 'too many tries',
    problem: { reason: 'throttled', retryAfterSeconds: FLOOD_SECONDS },
  };
  const wrong = (known: boolean): Problem => ({
    reason: 'wrong_credentials',
    known,
    email: EXAMPLE_EMAIL,
  });
  return [
    throttled,
    ...(limit === 'registration' ? takenIn(endpoint) : []),
    ...(limit === 'login' && checksPassword(endpoint)
      ? [
          { summary: 'wrong password', problem: wrong(true) },
          { summary: 'unknown email', problem: wrong(false) },
        ]
      : []),
  ];
};

const fromBody = ({ body }: Endpoint): Refusal[] => {
  if (!body) return [];
  const nothing = errorsIn(body.schema, {});
  const wrong = errorsIn(body.schema, makeWrong(body.schema));
  return [
    ...(nothing.length > 0
      ? [{ summary: 'nothing sent', problem: { reason: 'fields', errors: nothing } as const }]
      : []),
    { summary: 'wrong fields', problem: { reason: 'fields', errors: wrong } },
    { summary: 'no JSON', problem: { reason: 'malformed', format: 'json' } },
    { summary: 'no form', problem: { reason: 'malformed', format: 'form' } },
    { summary: 'a list', problem: { reason: 'not_an_object', got: 'array' } },
    { summary: 'null', problem: { reason: 'not_an_object', got: 'null' } },
    { summary: 'more than 64 KiB', problem: { reason: 'too_large' } },
    {
      summary: 'another media type',
      problem: { reason: 'unsupported_media_type', mediaType: 'text/plain' },
    },
  ];
};

const always: Refusal[] = [
  { summary: 'something went wrong here', problem: { reason: 'internal_error' } },
  {
    summary: 'D1 does not answer',
    problem: { reason: 'unavailable', retryAfterSeconds: DOWN_SECONDS },
  },
];

/** All problems, in the order of the checks. */
export const listRefusals = (endpoint: Endpoint, docs: EndpointDocs): Refusal[] => [
  ...fromAuth(endpoint),
  ...fromBody(endpoint),
  ...(docs.refusals ?? []),
  ...fromLimit(endpoint),
  ...always,
];
