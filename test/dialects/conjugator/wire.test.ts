// `conjugator`: HEAD, request ids and throttling. The rules for every dialect are in ../wire.test.ts.
import { beforeAll, describe, expect, it } from 'vitest';
import { makeAllWait } from '../../support/failures.ts';
import { type Answer, send, uniqueName } from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
  return `${status} ${text}`;
};

let token = '';
let email = '';
beforeAll(async () => {
  email = `${uniqueName()}@quahog.com`;
  const json = { first_name: 'Peter', last_name: 'Griffin', email, password: 'Tom Brady' };
  await send('/api/register/', { json });
  const { text } = await send('/api/login/', { json: { username: email, password: 'Tom Brady' } });
  token = /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
});

describe('HEAD', () => {
  it('answers like GET, without a body', async () => {
    const { status, text, headers } = await send('/api/user/', { method: 'HEAD', token });
    expect([status, text, headers.get('Content-Type')]).toEqual([200, '', 'application/json']);
    const anonymous = await send('/api/user/', { method: 'HEAD' });
    expect([anonymous.status, anonymous.text]).toEqual([401, '']);
    expect(anonymous.headers.get('WWW-Authenticate')).toBe('Token');
  });
});

describe('X-Request-Id', () => {
  it('differs in every response', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => send('/api/user/', { token })));
    expect(new Set(answers.map(({ headers }) => headers.get('X-Request-Id'))).size).toBe(3);
  });
});

describe('throttling', () => {
  it('answers 429 after many failures, even for the right password', async () => {
    const json = { username: email, password: 'Tom Brady' };
    await send('/api/login/', { json: { ...json, password: 'wrong' } });
    await makeAllWait();
    const answer = await send('/api/login/', { json });
    const seconds = Number(answer.headers.get('Retry-After'));
    expect(seconds).toBeGreaterThan(800);
    expect(whole(answer)).toBe(
      `429 {"detail":"Request was throttled. Expected available in ${seconds} seconds."}`,
    );
  });
});
