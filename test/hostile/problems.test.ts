// The refusals of the dialects: each has an answer to any problem, and no answer shows a secret.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dialects } from '../../src/dialects/index.ts';
import type { FieldError, FieldErrorCode, Problem, Reply } from '../../src/http/problem.ts';
import { runs } from './runs.ts';

const codes: FieldErrorCode[] = [
  'required',
  'null',
  'blank',
  'not_text',
  'nul',
  'too_many_characters',
  'too_few_characters',
  'too_many_bytes',
  'not_email',
  'not_username',
  'weak_password',
  'not_url',
  'taken',
  'not_a_choice',
];

const SECRET = 'S3CRET-7f81';

/** A value that was sent, with the secret somewhere in it; or undefined, or any JSON. */
const sentValue = fc.oneof(
  fc.constantFrom<unknown>(
    SECRET,
    `a ${SECRET} b`,
    [SECRET],
    { [SECRET]: 1 },
    { deep: [{ er: SECRET }] },
    undefined,
  ),
  fc.jsonValue(),
);
const knownFields = [
  'username',
  'email',
  'password',
  'name',
  'first_name',
  'last_name',
  'id',
  'address',
  'newPassword',
];

const faultsOf = (fields: fc.Arbitrary<string>): fc.Arbitrary<FieldError[]> =>
  fc.array(
    fc.record({
      field: fields,
      code: fc.constantFrom(...codes),
      limit: fc.oneof(fc.constant(null), fc.nat()),
      value: sentValue,
    }),
    { maxLength: 6 },
  );

const problemsWith = (faults: fc.Arbitrary<FieldError[]>): fc.Arbitrary<Problem> =>
  fc.oneof(
    fc.constantFrom<Problem>(
      { reason: 'not_found' },
      { reason: 'forbidden' },
      { reason: 'cross_site' },
      { reason: 'https_required' },
      { reason: 'cookie_blocked' },
      { reason: 'too_large' },
      { reason: 'internal_error' },
      { reason: 'malformed', format: 'json' },
      { reason: 'malformed', format: 'form' },
      ...(['missing', 'invalid', 'empty', 'spaces'] as const).map(
        (why): Problem => ({ reason: 'credentials', why }),
      ),
      ...(['null', 'boolean', 'integer', 'decimal', 'string', 'array'] as const).map(
        (got): Problem => ({ reason: 'not_an_object', got }),
      ),
    ),
    fc.string({ unit: 'binary' }).map((method): Problem => ({ reason: 'method_not_allowed', method })),
    fc
      .string({ unit: 'binary' })
      .map((mediaType): Problem => ({ reason: 'unsupported_media_type', mediaType })),
    fc.nat().map((retryAfterSeconds): Problem => ({ reason: 'unavailable', retryAfterSeconds })),
    fc.nat().map((retryAfterSeconds): Problem => ({ reason: 'throttled', retryAfterSeconds })),
    fc
      .tuple(fc.boolean(), sentValue)
      .map(([known, email]): Problem => ({ reason: 'wrong_credentials', known, email })),
    faults.map((all): Problem => ({ reason: 'fields', errors: all })),
    fc
      .tuple(faults, fc.integer({ min: 1_000_000 }))
      .map(([all, ownerId]): Problem => ({ reason: 'taken', fields: ['email'], ownerId, errors: all })),
  );

const places = fc.record({
  path: fc.oneof(fc.constantFrom('', '/register', '/login', '/set_picture', '/me', '/user'), fc.webPath()),
  origin: fc.constant('https://latchkey.test'),
});

type Reason = Problem['reason'];
type Statuses = Partial<Record<Reason, readonly number[]>>;

/** The statuses of all dialects; `OTHERWISE` has those that a dialect's document says differently. */
const COMMON: Statuses = {
  not_found: [404],
  method_not_allowed: [405],
  credentials: [401],
  forbidden: [403],
  cross_site: [403],
  https_required: [403],
  cookie_blocked: [403],
  unsupported_media_type: [415],
  too_large: [413],
  malformed: [400],
  not_an_object: [400],
  fields: [400],
  taken: [400],
  wrong_credentials: [400],
  throttled: [429],
  unavailable: [503],
  internal_error: [500],
};
const OTHERWISE: Readonly<Record<string, Statuses>> = {
  users: { credentials: [401, 403] },
  'user-v1': { fields: [200], taken: [200], wrong_credentials: [200] },
  conjugator: { taken: [500] },
  id: { fields: [400, 409], taken: [409], wrong_credentials: [401] },
};

const statusesOf = (name: string, reason: Reason): readonly number[] =>
  OTHERWISE[name]?.[reason] ?? COMMON[reason] ?? [];

/** Whether the document of auth shows the sent value in the answer. */
const mayShow = (name: string, problem: Problem): boolean => {
  if (name !== 'auth') return false;
  if (problem.reason === 'wrong_credentials') return !problem.known;
  return problem.reason === 'fields' || problem.reason === 'taken';
};

const write = ({ body, headers }: Reply): string => JSON.stringify([body, headers ?? {}]);

/** The same problem with the secret in passwords only. */
const withSecretPasswords = (problem: Problem): Problem =>
  problem.reason === 'fields' || problem.reason === 'taken'
    ? { ...problem, errors: problem.errors.map((fault) => ({ ...fault, field: 'password', value: SECRET })) }
    : problem;

describe.each(dialects.map((dialect) => [dialect.name, dialect] as const))('%s', (name, dialect) => {
  const problems = problemsWith(faultsOf(fc.constantFrom(...knownFields)));

  it('answers every problem with a documented status, as JSON', () => {
    fc.assert(
      fc.property(problems, places, (problem, place) => {
        const reply = dialect.problem(problem, place);
        expect(statusesOf(name, problem.reason)).toContain(reply.status);
        const text = JSON.stringify(reply.body);
        expect(JSON.parse(text)).not.toBeNull();
        expect(text).not.toMatch(/undefined|\[object|function|NaN/);
        for (const value of Object.values(reply.headers ?? {})) expect(value).toMatch(/^[\x20-\x7e]+$/);
      }),
      runs(300),
    );
  });

  it('never shows a sent value, unless the document of auth does', () => {
    fc.assert(
      fc.property(problems, places, (problem, place) => {
        if (!mayShow(name, problem)) expect(write(dialect.problem(problem, place))).not.toContain(SECRET);
      }),
      runs(300),
    );
  });

  it('never shows a password', () => {
    fc.assert(
      fc.property(problems, places, (problem, place) => {
        fc.pre(problem.reason === 'fields' || problem.reason === 'taken');
        expect(write(dialect.problem(withSecretPasswords(problem), place))).not.toContain(SECRET);
      }),
      runs(100),
    );
  });

  it('never reveals the id of another account, except in the Location of conjugator', () => {
    const taken = fc
      .integer({ min: 1_000_000 })
      .map((ownerId) => ({ reason: 'taken', fields: [], ownerId, errors: [] }) as const);
    fc.assert(
      fc.property(taken, places, (problem, place) => {
        const { body, headers } = dialect.problem(problem, place);
        const owner = `https://latchkey.test/api/accounts/${problem.ownerId}/`;
        expect(JSON.stringify(body)).not.toContain(String(problem.ownerId));
        expect(headers?.['Location']).toBe(name === 'conjugator' ? owner : undefined);
      }),
      runs(50),
    );
  });

  it('answers problems of fields with names such as __proto__', () => {
    const names = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '');
    const named = problemsWith(faultsOf(names));
    fc.assert(
      fc.property(named, places, (problem, place) => {
        const { status, body } = dialect.problem(problem, place);
        expect(statusesOf(name, problem.reason)).toContain(status);
        expect(JSON.stringify(body)).not.toMatch(/native code|\[object|undefined/);
      }),
      runs(200),
    );
  });
});

describe('auth', () => {
  const [auth] = dialects.filter(({ name }) => name === 'auth');

  it('shows a sent value unchanged, but never a password', () => {
    const faults = fc.tuple(
      fc.constantFrom('name', 'email', 'password'),
      fc.constantFrom(...codes),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(faults, ([field, code, value]) => {
        const problem: Problem = { reason: 'fields', errors: [{ field, code, limit: 8, value }] };
        const { body } = auth?.problem(problem, { path: '/register', origin: '' }) ?? { body: null };
        const shown = JSON.stringify({ value });
        const start = `{"status":"fail","errors":{"${field}":{`;
        const expected = field === 'password' ? '"msg":"' : `${shown.slice(1, -1)},"msg":"`;
        expect(JSON.stringify(body).startsWith(start + expected)).toBe(true);
      }),
      runs(200),
    );
  });
});
