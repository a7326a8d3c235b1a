// `account`: the profile, the ten pictures, and choosing one.
/// <reference types="vite/types/importMeta.d.ts" />
import { describe, expect, it } from 'vitest';
import { type Answer, json, ORIGIN, type Sent, send, testEnv, uniqueName } from '../../support/worker.ts';

/** Status and exact body. */
const whole = ({ status, headers, text }: Answer): string => {
  expect(headers.get('Content-Type')).toBe('application/json');
  return `${status} ${text}`;
};

const SET = '200 {"success":true}';
const NOT_SET = '400 {"success":false,"errors":{"id":["Invalid picture id."]}}';
const PATHS = [
  '/account/set_picture',
  '/account/set_picture/',
  '/acount/set_picture',
  '/acount/set_picture/',
];

const profile = (token: string, sent: Sent = {}) => send('/account/profile', { ...sent, token });
const join = async () => {
  const username = uniqueName();
  const email = `${username}@test.com`;
  const { text } = await send('/account/register', { json: { username, email, password: 'test' } });
  const token = /"token":"([^"]+)"/.exec(text)?.[1] ?? expect.fail(text);
  const id = Number(/"id":(\d+)/.exec((await profile(token)).text)?.[1] ?? expect.fail());
  return { id, username, email, token };
};

interface Picture {
  id: number;
  name: string;
  picture: string;
}
const isPicture = (value: unknown): value is Picture =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).join() === 'id,name,picture' &&
  'name' in value &&
  typeof value.name === 'string' &&
  'picture' in value &&
  typeof value.picture === 'string';

const getPictures = async (token: string, sent: Sent = {}): Promise<Picture[]> => {
  const answer = await send('/account/get_pictures', { ...sent, token });
  expect(whole(answer)).toMatch(/^200 \{"success":true,"data":\[\{.*\}\]\}$/);
  const body = json(answer);
  if (typeof body !== 'object' || body === null || !('data' in body) || !Array.isArray(body.data))
    return expect.fail(answer.text);
  return body.data.map((value: unknown) => (isPicture(value) ? value : expect.fail(answer.text)));
};

describe('GET /account/profile', () => {
  it.each([
    [Date.UTC(2021, 0, 9), '09-01-2021'],
    [Date.UTC(2021, 0, 9, 23, 59, 59, 999), '09-01-2021'],
    [Date.UTC(2021, 0, 10), '10-01-2021'],
    [Date.UTC(2024, 1, 29, 12), '29-02-2024'],
    [Date.UTC(2023, 11, 31, 23, 59), '31-12-2023'],
  ])('shows the day of creation in UTC: %i is %s', async (createdAtMs, created) => {
    const { id, username, email, token } = await join();
    await testEnv.DB.prepare('UPDATE users SET created_at = ? WHERE id = ?').bind(createdAtMs, id).run();
    const expected = `200 ${JSON.stringify({ success: true, data: { id, username, email, created } })}`;
    expect(whole(await profile(token))).toBe(expected);
    for (const UTC_OFFSET of ['+08:00', '-11:00'])
      expect(whole(await profile(token, { env: { ...testEnv, UTC_OFFSET } }))).toBe(expected);
    expect(whole(await send('/account/profile/', { token }))).toBe(expected);
  });

  it('shows a fifth key after a picture was set: the address of the current one', async () => {
    const { id, username, email, token } = await join();
    await testEnv.DB.prepare('UPDATE users SET created_at = 0 WHERE id = ?').bind(id).run();
    const data = { id, username, email, created: '01-01-1970' };
    const shown = (picture?: string) =>
      `200 ${JSON.stringify({ success: true, data: picture === undefined ? data : { ...data, picture } })}`;
    const urlOf = async (id: number) =>
      (await getPictures(token)).find((picture) => picture.id === id)?.picture;
    expect(whole(await profile(token))).toBe(shown());
    for (const picture of [3, 10]) {
      await send('/account/set_picture', { token, json: { id: picture } });
      expect(whole(await profile(token))).toBe(shown(await urlOf(picture)));
    }
    await send('/account/set_picture', { token, json: { id: 11 } });
    expect(whole(await profile(token))).toBe(shown(await urlOf(10)));
  });

  it('shows no picture of another account', async () => {
    const [one, other] = [await join(), await join()];
    await send('/account/set_picture', { token: one.token, json: { id: 3 } });
    expect((await profile(one.token)).text).toContain('"picture":');
    expect((await profile(other.token)).text).not.toContain('"picture":');
  });
});

describe('GET /account/get_pictures', () => {
  it('lists ten pictures by id, with distinct names and addresses', async () => {
    const { token } = await join();
    const pictures = await getPictures(token);
    expect(pictures.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(new Set(pictures.map(({ name }) => name.trim()).filter(Boolean)).size).toBe(10);
    expect(new Set(pictures.map(({ picture }) => picture)).size).toBe(10);
    for (const { picture } of pictures) expect(new URL(picture).origin).toBe(ORIGIN);
  });

  it('uses the origin of the request in the addresses', async () => {
    const { token } = await join();
    const origin = 'http://localhost:8787';
    const here = await getPictures(token);
    const there = await getPictures(token, { origin });
    expect(there.map(({ picture }) => picture)).toEqual(
      here.map(({ picture }) => origin + picture.slice(ORIGIN.length)),
    );
  });

  it('lists only files that the service ships', async () => {
    const { token } = await join();
    const files = import.meta.glob('../../../src/assets/**', {
      query: '?raw',
      import: 'default',
      eager: true,
    });
    for (const { picture } of await getPictures(token)) {
      const file = files[`../../../src/assets${new URL(picture).pathname}`];
      expect(file, picture).toMatch(/^<svg /);
    }
  });
});

describe.each(PATHS)('POST %s', (path) => {
  it.each([
    ...['1', '3', '10', '1.0', '1e0', '1E0', '10e-1', '1e1', '10.000', '100e-1'],
    ...['"3"', '"10"', '"03"', '"1.0"'],
  ])('accepts the id %s', async (id) => {
    const { token } = await join();
    expect(whole(await send(path, { token, json: `{"id":${id}}` }))).toBe(SET);
    const number = Number(id.replaceAll('"', ''));
    const url = (await getPictures(token)).find((picture) => picture.id === number)?.picture;
    expect((await profile(token)).text).toContain(`,"picture":"${url}"}}`);
  });

  it.each([
    ...[
      '0',
      '11',
      '-1',
      '1.5',
      'true',
      'false',
      'null',
      '[]',
      '[1]',
      '{}',
      '{"id":1}',
      '12345678901234567890',
    ],
    ...['"0"', '"11"', '"-1"', '"1.5"', '""', '" "', '"one"', '"1e0"', '"0x1"', '"１"', '"1;"', '"1\\u0000"'],
  ])('rejects the id %s and sets no picture', async (id) => {
    const { token } = await join();
    expect(whole(await send(path, { token, json: `{"id":${id}}` }))).toBe(NOT_SET);
    expect((await profile(token)).text).not.toContain('picture');
  });

  it('rejects a body without an id', async () => {
    const { token } = await join();
    for (const sent of [{ json: {} }, { json: { picture: 1 } }, { form: { ids: '1' } }, { method: 'POST' }])
      expect(whole(await send(path, { token, ...sent }))).toBe(NOT_SET);
  });

  it.each(['json', 'form', 'multipart'])(
    'accepts the same texts in a body of each type: %s',
    async (kind) => {
      const { token } = await join();
      for (const id of ['7', '1.0']) expect(whole(await send(path, { token, [kind]: { id } }))).toBe(SET);
      const set = (await profile(token)).text;
      const url = (await getPictures(token)).find((picture) => picture.id === 1)?.picture;
      expect(set).toContain(`,"picture":"${url}"}}`);
      for (const id of ['11', '1.5', 'true', ''])
        expect(whole(await send(path, { token, [kind]: { id } }))).toBe(NOT_SET);
      expect((await profile(token)).text).toBe(set);
    },
  );
});
