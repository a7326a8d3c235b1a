// Every problem that an operation may have to refuse: what its middleware asks says most of it.
import type { UniqueField } from '../../src/core/index.ts';
import type { FieldError, Problem } from '../../src/http/problem.ts';
import { faultsIn, makeWrong } from './bodies.ts';
import { findTrait, type Route } from './routes.ts';
import type { Operation, Refusal } from './types.ts';

/** What http/app.ts tells a client to wait while D1 is down, and http/auth/flood-guard.ts one that floods. */
const DOWN_SECONDS = 5;
const FLOOD_SECONDS = 60;

/** The id in 002's own example. */
const OWNER = 123;

const EXAMPLE_EMAIL = 'example@example.com';

const credentials: Refusal[] = [
  {
    summary: 'a token that is good for nothing',
    problem: { reason: 'credentials', why: 'invalid' },
  },
  { summary: 'a scheme without a token', problem: { reason: 'credentials', why: 'empty' } },
  { summary: 'a token with a space in it', problem: { reason: 'credentials', why: 'spaces' } },
];

const missing: Problem = { reason: 'credentials', why: 'missing' };
const crossSite: Refusal = { summary: 'from another site', problem: { reason: 'cross_site' } };

const fromLogin = (route: Route): Refusal[] => {
  const requirement = findTrait(route, 'login')?.requirement;
  if (!requirement) return [];
  const { anonymous, cookie, fresh, anyOrigin } = requirement;
  return [
    { summary: 'not logged in', problem: anonymous ?? missing },
    ...credentials,
    ...(cookie && fresh && !anyOrigin ? [crossSite] : []),
  ];
};

const fromAdmin = (route: Route): Refusal[] =>
  findTrait(route, 'admin') ? [{ summary: 'no admin', problem: { reason: 'forbidden' } }] : [];

const takenError = (field: UniqueField): FieldError => ({
  field,
  code: 'taken',
  limit: null,
  value: field === 'email' ? EXAMPLE_EMAIL : undefined,
});

/** What a registration refuses, as the core does and as the validation does before it. */
const takenIn = (route: Route): Refusal[] => {
  const body = findTrait(route, 'body');
  if (!body) return [];
  const fields = (['username', 'email'] as const).filter((field) => field in body.schema.shape);
  const faults = fields.map(takenError);
  return [
    { summary: 'taken', problem: { reason: 'taken', fields, ownerId: OWNER, errors: faults } },
    ...(body.options.unique
      ? [{ summary: 'taken', problem: { reason: 'fields', errors: faults } as const }]
      : []),
  ];
};

const fromGuard = (route: Route): Refusal[] => {
  const guard = findTrait(route, 'guard');
  if (!guard) return [];
  const wrong = (known: boolean): Problem => ({
    reason: 'wrong_credentials',
    known,
    email: EXAMPLE_EMAIL,
  });
  return [
    ...(guard.foreignPages === 'refused' ? [crossSite] : []),
    { summary: 'too many tries', problem: { reason: 'throttled', retryAfterSeconds: FLOOD_SECONDS } },
    ...(guard.endpoint === 'registration'
      ? takenIn(route)
      : [
          { summary: 'wrong password', problem: wrong(true) },
          { summary: 'unknown email', problem: wrong(false) },
        ]),
  ];
};

const fromBody = (route: Route): Refusal[] => {
  const body = findTrait(route, 'body');
  if (!body) return [];
  const nothing = faultsIn(body.schema, {});
  const wrong = faultsIn(body.schema, makeWrong(body.schema));
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

/** All of them, in the order in which they are looked for. */
export const listRefusals = (route: Route, operation: Operation): Refusal[] => [
  ...fromLogin(route),
  ...fromAdmin(route),
  ...fromBody(route),
  ...(operation.refusals ?? []),
  ...fromGuard(route),
  ...always,
];
