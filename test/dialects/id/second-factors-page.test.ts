// The JSON examples of docs/second-factors.md, compared with what `id` answers and accepts.
import { expect, it } from 'vitest';
import { addTotp, finishLogin, join, letTimePass, objectOf, startLogin } from '../../support/passkeys.ts';
import { json, send } from '../../support/worker.ts';

const [page = ''] = Object.values(
  import.meta.glob<string>('../../../docs/second-factors.md', {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
);
const [asked, sent, refused] = [...page.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(
  ([, text = '']): unknown => JSON.parse(text),
);

it('docs/second-factors.md shows the two steps of a login and the 403 of an old session', async () => {
  const person = await join();
  const totp = await addTotp(person);
  const answer = objectOf(json(await startLogin(person)), 'secondFactor');
  const token = String(answer['token']);
  expect({ secondFactor: { ...answer, token: `${token.slice(0, 3)}…` } }).toEqual(asked);
  const finished = await finishLogin({ ...objectOf(sent), token, code: await totp.fresh() });
  expect(finished.status).toBe(200);
  await letTimePass(person.id);
  expect(json(await send('/id/export', { token: person.token }))).toEqual(refused);
});
