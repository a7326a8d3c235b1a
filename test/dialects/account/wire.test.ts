// `account`: HEAD and request ids. The rules for every dialect are in ../wire.test.ts.
import { beforeAll, describe, expect, it } from 'vitest';
import { send, uniqueName } from '../../support/worker.ts';

let token = '';
beforeAll(async () => {
  const username = uniqueName();
  const json = { username, email: `${username}@test.com`, password: 'test' };
  const { text } = await send('/account/register', { json });
  token = /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
});

describe('HEAD', () => {
  it.each(['/account/profile', '/account/get_pictures/'])(
    'answers like GET, without a body: %s',
    async (path) => {
      const { status, text, headers } = await send(path, { method: 'HEAD', token });
      expect([status, text, headers.get('Content-Type')]).toEqual([200, '', 'application/json']);
      const anonymous = await send(path, { method: 'HEAD' });
      expect([anonymous.status, anonymous.text]).toEqual([401, '']);
      expect(anonymous.headers.get('WWW-Authenticate')).toBe('Token');
    },
  );

  it.each(['/account/logout', '/account/delete'])(
    'answers 405 at a POST-only path and does nothing: %s',
    async (path) => {
      const { status, text, headers } = await send(path, { method: 'HEAD', token });
      expect([status, text, headers.get('Allow')]).toEqual([405, '', 'POST, OPTIONS']);
      expect((await send('/account/profile', { token })).status).toBe(200);
    },
  );
});

describe('X-Request-Id', () => {
  it('differs in every response', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => send('/account/profile', { token })));
    expect(new Set(answers.map(({ headers }) => headers.get('X-Request-Id'))).size).toBe(3);
  });
});
