// An imported TOTP secret: logins need its codes, and it is encrypted at its first use or by the scheduled run.
import { expect, it } from 'vitest';
import { decodeBase32 } from '../../../src/core/factors/base32.ts';
import { packTotp, USUAL_TOTP } from '../../../src/core/factors/generator.ts';
import { PLAIN_PREFIX } from '../../../src/core/formats.ts';
import worker from '../../../src/index.ts';
import { currentCode, finishLogin, join, type Person, stepToken } from '../../support/passkeys.ts';
import { testEnv } from '../../support/worker.ts';

const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

/** An account with an authenticator app, as an import writes it. */
const imported = async (): Promise<Person> => {
  const person = await join();
  const packed = packTotp({ ...USUAL_TOTP, secret: decodeBase32(SECRET) ?? new Uint8Array(0) });
  const secret = PLAIN_PREFIX + packed.toBase64({ alphabet: 'base64url', omitPadding: true });
  await testEnv.DB.prepare(
    "INSERT INTO factors (user_id, kind, name, secret, created_at, confirmed_at) VALUES (?, 'totp', 'x', ?, 1, 1)",
  )
    .bind(person.id, secret)
    .run();
  return person;
};

const secretOf = (person: Person): Promise<string | null> =>
  testEnv.DB.prepare('SELECT secret FROM factors WHERE user_id = ?').bind(person.id).first<string>('secret');

const runSchedule = async (env = testEnv): Promise<void> => {
  const controller = { scheduledTime: 0, cron: '', type: 'scheduled', noRetry: () => undefined } as const;
  const context = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} };
  await worker.scheduled(controller, env, Object.assign(Object.create(null), context));
};

const logIn = async (person: Person): Promise<number> => {
  const token = await stepToken(person);
  return (await finishLogin({ token, code: await currentCode(SECRET) })).status;
};

it('encrypts an imported secret at the first login with its code', async () => {
  const person = await imported();
  expect(await logIn(person)).toBe(200);
  expect(await secretOf(person)).toMatch(/^[0-9a-f]{8}\.[\w-]{16}\.[\w-]+$/);
});

it('encrypts an imported secret in the scheduled run, and still accepts its codes', async () => {
  const [one, other] = [await imported(), await imported()];
  await runSchedule();
  for (const person of [one, other]) expect(await secretOf(person)).toMatch(/^[0-9a-f]{8}\./);
  expect(await secretOf(one)).not.toBe(await secretOf(other));
  expect(await logIn(one)).toBe(200);
});

it('encrypts an imported secret while TOKEN_SECRET is being replaced', async () => {
  const person = await imported();
  await runSchedule({
    ...testEnv,
    TOKEN_SECRET: 'another secret for tests that is long enough',
    TOKEN_SECRET_PREVIOUS: String(testEnv.TOKEN_SECRET),
  });
  expect(await secretOf(person)).toMatch(/^[0-9a-f]{8}\./);
});
