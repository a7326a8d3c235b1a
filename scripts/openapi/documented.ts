// Collects the examples of the tour: their requests and expected responses are recorded, and no server is called.
import type { Json } from '../../src/http/problem.ts';
import type { CheckFor } from '../tour/check.ts';
import type { Answer } from '../tour/client.ts';
import { tourAccount, tourDeletion } from '../tour/examples-account.ts';
import { tourAuth } from '../tour/examples-auth.ts';
import { tourConjugator } from '../tour/examples-conjugator.ts';
import { tourUserV1 } from '../tour/examples-user-v1.ts';
import { tourUsers } from '../tour/examples-users.ts';
import type { People } from '../tour/people.ts';
import { type Shape, showShape } from '../tour/shape.ts';
import { isObject, toJson } from './bodies.ts';
import type { Exchange } from './types.ts';

/** The name of an example without a name in its document. */
export const DOCUMENTED = 'as documented';

/** The origin in the documents' examples. */
export const ORIGIN = 'http://testserver';

/** The accounts in the documents' examples. */
const people: People = {
  users: { madeIn: 'users', username: 'test', email: 'test@test.com', password: 'test1234' },
  userV1: { madeIn: 'user-v1', username: 'test1234', email: 'test1234@abc.com', password: '12345678' },
  conjugator: {
    madeIn: 'conjugator',
    username: null,
    email: 'BirdIsTheWord@quahog.com',
    password: 'Tom Brady',
  },
  account: { madeIn: 'account', username: 'test', email: 'test@test.com', password: 'test' },
  auth: { madeIn: 'auth', username: null, email: 'example@example.com', password: 'password' },
};

const PICTURES = ['Fox', 'Owl', 'Whale', 'Hare', 'Bear', 'Heron', 'Hedgehog', 'Koi', 'Moth', 'Fern'];

/** The claims of the token in an example. The signature is invalid. */
const A_JWT = [
  { alg: 'HS256', typ: 'JWT' },
  { sub: '7', jti: 'e'.repeat(43), iat: 1795248843, exp: 1796458443 },
]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .concat('s'.repeat(43))
  .join('.');

/** The documents' values for parts that differ between runs, by the names of the tour. */
const VALUES: readonly (readonly [string, Json])[] = [
  ['id', 5],
  ['40 lower-case hex', 'b68e6599d205430b37c6d3bde5b174ca3af1f385'],
  ['another 40', '93144b288eb1fdccbe46d6fc0f241a51766ecd3d'],
  ['ISO 8601', '2018-09-10T12:26:58.277000+00:00'],
  ['today', '09-01-2021'],
  ['eyJhbGci', A_JWT],
];

/** Fills all placeholders of a body. Items of a list get values by their index. */
const fill = (shape: Shape, index = 0): Json => {
  if (typeof shape !== 'object' || shape === null) return shape;
  if (Array.isArray(shape)) return shape.map(fill);
  const [, name] = /^‹(.*)›$/.exec(showShape(shape)) ?? [];
  if (name === 'a name') return PICTURES[index] ?? name;
  if (name === 'absolute url') return `${ORIGIN}/pictures/${index + 1}.svg`;
  if (name !== undefined) {
    const value = VALUES.find(([start]) => name.startsWith(start))?.[1];
    if (value === undefined) throw new Error(`No example stands for ${name}.`);
    return value;
  }
  return Object.fromEntries(Object.entries(shape).map(([key, value]) => [key, fill(value, index)]));
};

/** All examples of the documents. */
export const readDocumented = async (): Promise<Exchange[]> => {
  const exchanges: Exchange[] = [];
  const checkFor: CheckFor = () => async (label, request, expected) => {
    const { status, body, cookie } = expected;
    const answer = body === undefined ? null : fill(body);
    const sent = toJson(request.body ?? null);
    if (answer !== null || body === null)
      exchanges.push({
        method: request.method,
        path: request.path,
        summary: label || DOCUMENTED,
        sent: isObject(sent) ? sent : null,
        status,
        answer,
      });
    const headers = cookie === 'set' ? { 'set-cookie': ['sessionid=example'] } : {};
    return { status, headers, text: JSON.stringify(answer) } satisfies Answer;
  };
  await tourUsers(checkFor, people);
  await tourUserV1(checkFor, people);
  await tourConjugator(checkFor, people, ORIGIN);
  const account = await tourAccount(checkFor, people);
  await tourAuth(checkFor, people);
  await tourDeletion(checkFor, people, account);
  // Simple examples come first, because readers see the first one by default.
  return exchanges.sort(
    (one, other) => Number(other.summary === DOCUMENTED) - Number(one.summary === DOCUMENTED),
  );
};
