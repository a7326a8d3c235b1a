// 003 `account`: every documented example, whole, and every ruling.
import { describe, expect, it } from 'vitest';
import { send, uniqueName } from '../support/worker.ts';

describe('register', () => {
  it('answers as documented', async () => {
    const username = uniqueName();
    const answer = await send('/account/register', {
      json: { username, email: `${username}@test.com`, password: 'test' },
    });
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/^\{"success":true,"token":"[0-9a-f]{40}"\}$/);
  });
});
