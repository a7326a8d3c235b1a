// `conjugator`: reading and changing the own user, and the address that a taken email points to.
import { describe, expect, it } from 'vitest';
import { type Answer, send, testEnv, uniqueName } from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  return `${status} ${text}`;
};

const tokenOf = ({ text }: Answer): string => /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
const idOf = ({ text }: Answer): number => Number(/"id":(\d+)/.exec(text)?.[1] ?? expect.fail(text));

const NOT_FOUND = '404 {"detail":"Not found."}';
const password = 'Tom Brady';

const join = async () => {
  const email = `${uniqueName()}@Quahog.com`;
  const json = { first_name: 'Peter', last_name: 'Griffin', email, password };
  const id = idOf(await send('/api/register', { json }));
  const token = tokenOf(await send('/api/login', { json: { username: email, password } }));
  const shown = (first: string, last: string) =>
    `200 ${JSON.stringify({ id, first_name: first, last_name: last, email })}`;
  const put = (fields: unknown) => send('/api/user/', { method: 'PUT', token, json: fields });
  return { id, email, token, shown, put };
};

const makeAdmin = (id: number) =>
  testEnv.DB.prepare('UPDATE users SET is_admin = 1 WHERE id = ?').bind(id).run();

describe('GET /api/user/', () => {
  it('shows the four keys, with and without a trailing slash', async () => {
    const { token, shown } = await join();
    for (const path of ['/api/user/', '/api/user'])
      expect(whole(await send(path, { token }))).toBe(shown('Peter', 'Griffin'));
  });

  it('shows empty names if the account has none', async () => {
    const username = uniqueName();
    const email = `${username}@test.com`;
    const token = tokenOf(await send('/account/register', { json: { username, email, password } }));
    const answer = await send('/api/user/', { token });
    expect(whole(answer)).toBe(
      `200 {"id":${idOf(answer)},"first_name":"","last_name":"","email":"${email}"}`,
    );
  });
});

describe('PUT /api/user/', () => {
  it('changes one name, both or none, and returns the whole user', async () => {
    const { token, shown, put } = await join();
    expect(whole(await put({ first_name: 'Lois' }))).toBe(shown('Lois', 'Griffin'));
    expect(whole(await put({ last_name: 'Pewterschmidt' }))).toBe(shown('Lois', 'Pewterschmidt'));
    expect(whole(await put({ first_name: 'Meg', last_name: 'Brown' }))).toBe(shown('Meg', 'Brown'));
    expect(whole(await put({}))).toBe(shown('Meg', 'Brown'));
    expect(whole(await send('/api/user/', { method: 'PUT', token }))).toBe(shown('Meg', 'Brown'));
    expect(whole(await send('/api/user/', { token }))).toBe(shown('Meg', 'Brown'));
  });

  it('accepts JSON, form and multipart bodies', async () => {
    const { token, shown } = await join();
    for (const kind of ['json', 'form', 'multipart'] as const) {
      const sent = { method: 'PUT', token, [kind]: { first_name: ` ${kind} `, last_name: '12' } };
      for (const path of ['/api/user', '/api/user/'])
        expect(whole(await send(path, sent))).toBe(shown(kind, '12'));
    }
  });

  it('ignores id, email and unknown fields, valid or not', async () => {
    const [one, other] = [await join(), await join()];
    for (const email of ['new@quahog.com', other.email, 'no email', null, true]) {
      const fields = { id: other.id, email, password: 'x', is_admin: true, first_name: 'Lois' };
      expect(whole(await one.put(fields))).toBe(one.shown('Lois', 'Griffin'));
    }
    expect(whole(await send('/api/user', { token: other.token }))).toBe(other.shown('Peter', 'Griffin'));
    expect((await send('/api/admin/users', { token: one.token })).status).toBe(403);
    const login = await send('/api/login/', { json: { username: one.email, password } });
    expect(tokenOf(login)).toBe(one.token);
  });

  it('accepts its own answer as a body', async () => {
    const { token, shown, put } = await join();
    const { text } = await send('/api/user/', { token });
    expect(whole(await put(text))).toBe(shown('Peter', 'Griffin'));
  });

  it.each(['first_name', 'last_name'])('rejects an invalid %s and changes nothing', async (field) => {
    const { token, shown, put } = await join();
    const refused = (text: string) => `400 ${JSON.stringify({ [field]: [text] })}`;
    for (const [value, text] of [
      [null, 'This field may not be null.'],
      ['', 'This field may not be blank.'],
      [' \t\n', 'This field may not be blank.'],
      [true, 'Not a valid string.'],
      [['x'], 'Not a valid string.'],
      [{}, 'Not a valid string.'],
      ['\udfff', 'Not a valid string.'],
      ['a\u001fb', 'Not a valid string.'],
      ['a\0b', 'Null characters are not allowed.'],
      ['x'.repeat(256), 'Ensure this field has no more than 255 characters.'],
    ] as const) {
      const changes = { first_name: 'Lois', last_name: 'Brown', [field]: value };
      expect(whole(await put(changes))).toBe(refused(text));
    }
    expect(whole(await send('/api/user/', { token }))).toBe(shown('Peter', 'Griffin'));
  });

  it('accepts 255 characters, and a number as its decimal text', async () => {
    const { shown, put } = await join();
    const longest = '😀'.repeat(255);
    expect(whole(await put({ first_name: longest }))).toBe(shown(longest, 'Griffin'));
    expect(whole(await put('{"first_name":98765432109876543210}'))).toBe(
      shown('98765432109876543210', 'Griffin'),
    );
  });

  it('reports both invalid fields, in field order', async () => {
    const { put } = await join();
    expect(whole(await put({ last_name: null, first_name: ' ' }))).toBe(
      '400 {"first_name":["This field may not be blank."],"last_name":["This field may not be null."]}',
    );
  });
});

describe('GET /api/accounts/<id>/', () => {
  it('shows the user to its owner, at the Location of a taken email', async () => {
    const { id, email, token, shown } = await join();
    const json = { first_name: 'Peter', last_name: 'Griffin', email, password };
    const location = (await send('/api/register/', { json })).headers.get('Location') ?? expect.fail();
    const { pathname } = new URL(location);
    expect(pathname).toBe(`/api/accounts/${id}/`);
    for (const path of [pathname, pathname.slice(0, -1)])
      expect(whole(await send(path, { token }))).toBe(shown('Peter', 'Griffin'));
  });

  it('answers 404 for the account of another user, whether or not it exists', async () => {
    const [one, other] = [await join(), await join()];
    expect(whole(await send(`/api/accounts/${one.id}/`, { token: other.token }))).toBe(NOT_FOUND);
    expect(whole(await send('/api/accounts/999999/', { token: other.token }))).toBe(NOT_FOUND);
    expect(whole(await send('/api/accounts/0', { token: other.token }))).toBe(NOT_FOUND);
  });

  it('shows every existing user to an admin', async () => {
    const [one, admin] = [await join(), await join()];
    await makeAdmin(admin.id);
    for (const { id, shown } of [one, admin])
      expect(whole(await send(`/api/accounts/${id}/`, { token: admin.token }))).toBe(
        shown('Peter', 'Griffin'),
      );
    for (const id of ['0', '999999', '9'.repeat(30)])
      expect(whole(await send(`/api/accounts/${id}/`, { token: admin.token }))).toBe(NOT_FOUND);
    expect(whole(await send(`/api/accounts/${admin.id}/`, { token: one.token }))).toBe(NOT_FOUND);
  });

  it('answers 401 without credentials', async () => {
    const { id } = await join();
    const answer = await send(`/api/accounts/${id}/`);
    expect(whole(answer)).toBe('401 {"detail":"Authentication credentials were not provided."}');
    expect(answer.headers.get('WWW-Authenticate')).toBe('Token');
  });

  it('answers HEAD like GET, without a body', async () => {
    const [one, other] = [await join(), await join()];
    const path = `/api/accounts/${one.id}/`;
    const own = await send(path, { method: 'HEAD', token: one.token });
    expect([own.status, own.text]).toEqual([200, '']);
    expect((await send(path, { method: 'HEAD', token: other.token })).status).toBe(404);
  });
});
