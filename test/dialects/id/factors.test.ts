// `id`: how owners add, list, rename and remove passkeys, authenticator apps and recovery codes.
import { beforeEach, describe, expect, it } from 'vitest';
import { createSoftPasskey } from '../../support/authenticator.ts';
import {
  addPasskey,
  addTotp,
  currentCode,
  eventsOf,
  finishLogin,
  here,
  join,
  objectOf,
  PASSWORD,
  type Person,
  startLogin,
  stepToken,
  textOf,
} from '../../support/passkeys.ts';
import { everythingStored } from '../../support/stored.ts';
import { json, send, testEnv } from '../../support/worker.ts';

let person: Person;
beforeEach(async () => {
  person = await join();
});

const whole = ({ status, text }: { status: number; text: string }): string => `${status} ${text}`;
const list = async ({ token } = person) => objectOf(json(await send('/id/factors', { token })));
const post = (path: string, body: unknown = {}, token = person.token) =>
  send(`/id/factors${path}`, { token, json: body });
const problem = (status: number, code: string, title: string): string =>
  `${status} ${JSON.stringify({ type: `urn:latchkey:problem:${code}`, title, status, code })}`;
const rowsOf = async (table: string): Promise<number> =>
  (await testEnv.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE user_id = ?`)
    .bind(person.id)
    .first<number>('n')) ?? -1;

describe('an account without a factor', () => {
  it('lists no factors, and logs in with its password alone', async () => {
    expect(await list()).toEqual({ factors: [], recoveryCodesLeft: 0, passkeys: null });
    expect(objectOf(json(await startLogin(person)))).toHaveProperty('token');
  });

  it('cannot create recovery codes', async () => {
    expect(whole(await post('/recovery-codes'))).toBe(problem(404, 'not_found', 'Not found.'));
    expect(await rowsOf('recovery_codes')).toBe(0);
  });
});

describe('POST /id/factors/totp and /id/factors/totp/confirm', () => {
  it('return a secret and an otpauth URI', async () => {
    const answer = await send('/id/factors/totp', { method: 'POST', token: person.token });
    const { secret, uri, ...rest } = objectOf(json(answer));
    expect(answer.status).toBe(201);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(uri).toBe(
      `otpauth://totp/Latchkey:${person.username}?secret=${secret}&issuer=Latchkey&algorithm=SHA1&digits=6&period=30`,
    );
    expect(rest).toEqual({});
  });

  it('add no factor, and change no login, until the first right code', async () => {
    await send('/id/factors/totp', { method: 'POST', token: person.token });
    expect(await list()).toMatchObject({ factors: [] });
    expect(objectOf(json(await startLogin(person)))).toHaveProperty('token');
    expect(whole(await post('/totp/confirm', { code: '000000' }))).toMatch(/^401 .*"wrong_code"/);
    expect(await list()).toMatchObject({ factors: [], recoveryCodesLeft: 0 });
  });

  it('add the factor with ten recovery codes and an event after the first right code', async () => {
    const { id, recoveryCodes } = await addTotp(person);
    expect(recoveryCodes).toHaveLength(10);
    expect(await list()).toEqual({
      factors: [
        {
          id,
          kind: 'totp',
          name: 'Authenticator app',
          createdAt: expect.any(String),
          lastUsedAt: expect.any(String),
          synced: false,
        },
      ],
      recoveryCodesLeft: 10,
      passkeys: null,
    });
    expect((await eventsOf(person.id))[0]).toBe('totp_added');
    expect(objectOf(json(await startLogin(person)), 'secondFactor')['kinds']).toEqual([
      'code',
      'recoveryCode',
    ]);
  });

  it('accept a code once: it neither confirms again nor logs in', async () => {
    const started = json(await send('/id/factors/totp', { method: 'POST', token: person.token }));
    const code = await currentCode(textOf(started, 'secret'));
    expect((await post('/totp/confirm', { code })).status).toBe(200);
    expect(whole(await post('/totp/confirm', { code }))).toMatch(/^401 .*"challenge_expired"/);
    const token = await stepToken(person);
    expect(whole(await finishLogin({ token, code }))).toMatch(/^401 .*"wrong_code"/);
  });

  it('void the secret of an earlier start, and answer 409 if an app is confirmed', async () => {
    const first = json(await send('/id/factors/totp', { method: 'POST', token: person.token }));
    const { secret } = await addTotp(person);
    expect(secret).not.toBe(textOf(first, 'secret'));
    expect(whole(await post('/totp'))).toBe(problem(409, 'in_use', 'There is one already.'));
    expect(await rowsOf('factors')).toBe(1);
  });

  it('store the secret encrypted, so that a copy of D1 yields no codes', async () => {
    const { secret } = await addTotp(person);
    const row = await testEnv.DB.prepare('SELECT * FROM factors WHERE user_id = ?').bind(person.id).first();
    expect(row?.['secret']).toMatch(/^[0-9a-f]{8}\.[\w-]{16}\.[\w-]+$/);
    const stored = await everythingStored();
    expect(stored).toContain(row?.['secret']);
    expect(stored).not.toContain(secret);
  });
});

describe('POST /id/factors/passkeys', () => {
  it('offers the WebAuthn options, with one user handle of 64 bytes per account', async () => {
    const ask = async () => objectOf(json(await post('/passkeys/options')), 'publicKey');
    const [first, second] = [await ask(), await ask()];
    expect(first).toEqual({
      rp: { id: 'latchkey.test', name: 'Latchkey' },
      user: {
        id: expect.stringMatching(/^[\w-]{86}$/),
        name: person.username,
        displayName: person.username,
      },
      challenge: expect.stringMatching(/^[\w-]{43}$/),
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
      timeout: 300_000,
      excludeCredentials: [],
      authenticatorSelection: {
        residentKey: 'required',
        requireResidentKey: true,
        userVerification: 'preferred',
      },
      attestation: 'none',
    });
    expect(second['user']).toEqual(first['user']);
    expect(second['challenge']).not.toBe(first['challenge']);
  });

  it('adds and lists a passkey, and excludes its device from the next registration', async () => {
    const { id, passkey, userHandle, recoveryCodes } = await addPasskey(
      person,
      { flags: { be: true, bs: true } },
      'My phone',
    );
    expect(recoveryCodes).toHaveLength(10);
    expect(await list()).toEqual({
      factors: [
        {
          id,
          kind: 'passkey',
          name: 'My phone',
          createdAt: expect.any(String),
          lastUsedAt: null,
          synced: true,
        },
      ],
      recoveryCodesLeft: 10,
      passkeys: { rpId: 'latchkey.test', userHandle, credentialIds: [passkey.credentialId] },
    });
    expect((await eventsOf(person.id))[0]).toBe('passkey_added');
    const again = objectOf(json(await post('/passkeys/options')), 'publicKey');
    expect(again['excludeCredentials']).toEqual([
      { type: 'public-key', id: passkey.credentialId, transports: ['internal'] },
    ]);
  });

  it('returns no second set of recovery codes', async () => {
    const { recoveryCodes } = await addTotp(person);
    expect((await addPasskey(person)).recoveryCodes).toBeNull();
    const token = await stepToken(person);
    expect((await finishLogin({ token, recoveryCode: recoveryCodes[0] })).status).toBe(200);
  });

  const answer = async (said: Parameters<typeof addPasskey>[1] = {}, owner = person) => {
    const asked = json(await post('/passkeys/options', {}, owner.token));
    const passkey = await createSoftPasskey();
    const challenge = textOf(asked, 'publicKey', 'challenge');
    return {
      token: textOf(asked, 'token'),
      passkey: await passkey.register({ challenge, ...here, ...said }),
    };
  };

  it.each([
    ['a foreign origin', { origin: 'https://latchkey.example' }],
    ['another RP', { rpId: 'test' }],
    ['another challenge', { challenge: 'A'.repeat(43) }],
    ['no user presence', { flags: { up: false } }],
  ])('rejects an answer with %s, and stores nothing', async (_, said) => {
    expect(whole(await post('/passkeys', await answer(said)))).toBe(
      `401 ${JSON.stringify({ type: 'urn:latchkey:problem:wrong_passkey', title: 'The passkey was not accepted.', status: 401, code: 'wrong_passkey' })}`,
    );
    expect([await rowsOf('factors'), await rowsOf('recovery_codes')]).toEqual([0, 0]);
  });

  it('accepts an answer once', async () => {
    const answered = await answer();
    expect((await post('/passkeys', answered)).status).toBe(201);
    expect(whole(await post('/passkeys', answered))).toMatch(/^401 .*"challenge_expired"/);
    expect(await rowsOf('factors')).toBe(1);
  });

  it('rejects the answer from another account and from another session', async () => {
    const other = await join();
    const answered = await answer();
    expect(whole(await post('/passkeys', answered, other.token))).toMatch(/^401 .*"challenge_expired"/);
    const again = textOf(json(await startLogin(person)), 'token');
    expect(whole(await post('/passkeys', answered, again))).toMatch(/^401 .*"challenge_expired"/);
  });

  it('rejects a passkey that another account has', async () => {
    const asked = json(await post('/passkeys/options'));
    const passkey = await createSoftPasskey();
    const said = { challenge: textOf(asked, 'publicKey', 'challenge'), ...here };
    await post('/passkeys', { token: textOf(asked, 'token'), passkey: await passkey.register(said) });
    const other = await join();
    const theirs = json(await post('/passkeys/options', {}, other.token));
    const theirSaid = { challenge: textOf(theirs, 'publicKey', 'challenge'), ...here };
    const body = { token: textOf(theirs, 'token'), passkey: await passkey.register(theirSaid) };
    expect(whole(await post('/passkeys', body, other.token))).toMatch(/^409 .*"in_use"/);
    expect(await list(other)).toMatchObject({ factors: [] });
  });

  it('rejects a passkey for an account that has 20 passkeys; an authenticator app does not count', async () => {
    await addTotp(person);
    await testEnv.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 19)
       INSERT INTO factors (user_id, kind, name, credential_id, created_at, confirmed_at)
       SELECT ?1, 'passkey', 'x', ?1 || '-' || i, 0, 1 FROM n`,
    )
      .bind(person.id)
      .run();
    expect((await post('/passkeys', await answer())).status).toBe(201);
    expect(whole(await post('/passkeys', await answer()))).toMatch(/^409 .*"too_many"/);
    expect(await rowsOf('factors')).toBe(21);
  });

  it.each([
    ['an empty body', {}],
    ['a missing passkey', { token: 'x' }],
    ['a passkey that is a text', { token: 'x', passkey: 'y' }],
    ['an incomplete passkey', { token: 'x', passkey: { id: 'x', rawId: 'x', type: 'public-key' } }],
    ['numbers', { token: 1, passkey: { id: 1 } }],
  ])('answers 400 to %s', async (_, body) => {
    const refused = await post('/passkeys', body);
    expect(whole(refused)).toMatch(/^400 .*"code":"invalid"/);
  });
});

describe('PATCH and DELETE /id/factors/<id>', () => {
  it('rename a factor, but not to a blank name', async () => {
    const { id } = await addPasskey(person);
    const answer = await send(`/id/factors/${id}`, {
      method: 'PATCH',
      token: person.token,
      json: { name: ' Key ring ' },
    });
    expect(objectOf(json(answer), 'factor')).toMatchObject({ id, name: 'Key ring' });
    expect((await eventsOf(person.id))[0]).toBe('factor_renamed');
    const empty = await send(`/id/factors/${id}`, {
      method: 'PATCH',
      token: person.token,
      json: { name: ' ' },
    });
    expect(whole(empty)).toMatch(/^400 .*"blank"/);
  });

  it('remove a factor, so that the next login does not require it', async () => {
    const { id } = await addTotp(person);
    const remove = () => send(`/id/factors/${id}`, { method: 'DELETE', token: person.token });
    expect(whole(await remove())).toBe('204 ');
    expect(whole(await remove())).toBe(problem(404, 'not_found', 'Not found.'));
    expect((await eventsOf(person.id))[0]).toBe('totp_removed');
    expect(objectOf(json(await startLogin(person)))).toHaveProperty('token');
  });

  it('delete the recovery codes with the last factor, and only then', async () => {
    const [{ id: first }, { id: second }] = [await addTotp(person), await addPasskey(person)];
    await send(`/id/factors/${first}`, { method: 'DELETE', token: person.token });
    expect(await rowsOf('recovery_codes')).toBe(10);
    await send(`/id/factors/${second}`, { method: 'DELETE', token: person.token });
    expect(await rowsOf('recovery_codes')).toBe(0);
    expect(await eventsOf(person.id)).toEqual(expect.arrayContaining(['passkey_removed', 'totp_removed']));
  });

  it('answer 404 for a factor of another account, and change nothing', async () => {
    const { id } = await addPasskey(person);
    const { token } = await join();
    const before = await eventsOf(person.id);
    const path = `/id/factors/${id}`;
    expect((await send(path, { method: 'PATCH', token, json: { name: 'Mine' } })).status).toBe(404);
    expect((await send(path, { method: 'DELETE', token })).status).toBe(404);
    expect(await list()).toMatchObject({ factors: [{ id, name: 'Passkey' }] });
    expect(await eventsOf(person.id)).toEqual(before);
  });
});

describe('POST /id/factors/recovery-codes', () => {
  it('replaces the codes by ten new ones', async () => {
    const { recoveryCodes: old } = await addTotp(person);
    const answer = await post('/recovery-codes');
    const codes = objectOf(json(answer))['recoveryCodes'];
    expect(answer.status).toBe(201);
    expect(codes).toHaveLength(10);
    expect(await rowsOf('recovery_codes')).toBe(10);
    const token = await stepToken(person);
    expect((await finishLogin({ token, recoveryCode: old[0] })).status).toBe(401);
    const [first] = Array.isArray(codes) ? codes : [];
    expect((await finishLogin({ token, recoveryCode: first })).status).toBe(200);
    expect(await list()).toMatchObject({ recoveryCodesLeft: 9 });
  });

  it('stores only hashes of the codes', async () => {
    const { recoveryCodes } = await addTotp(person);
    expect(recoveryCodes).toHaveLength(10);
    const { results } = await testEnv.DB.prepare('SELECT hash FROM recovery_codes WHERE user_id = ?')
      .bind(person.id)
      .all();
    expect(results.map(({ hash }) => hash)).toEqual(Array(10).fill(expect.stringMatching(/^[0-9a-f]{64}$/)));
    const stored = await everythingStored();
    for (const code of recoveryCodes) {
      expect(stored).not.toContain(code);
      expect(stored).not.toContain(code.replaceAll('-', ''));
    }
  });
});

describe('an account with factors and app passwords', () => {
  it('deletes them with the account, in a session that has proved a factor', async () => {
    const old = textOf(json(await startLogin(person)), 'token');
    await addTotp(person);
    await addPasskey(person);
    await send('/id/app-passwords', { token: person.token, json: { name: 'x' } });
    const remove = (token: string) =>
      send('/id/me', { method: 'DELETE', token, json: { password: PASSWORD } });
    // In a session from before the factors, the password is not enough.
    expect(whole(await remove(old))).toMatch(/^403 .*"reauthenticate"/);
    expect(await rowsOf('factors')).toBe(2);
    expect(whole(await remove(person.token))).toBe('204 ');
    for (const table of ['factors', 'recovery_codes', 'app_passwords']) expect(await rowsOf(table)).toBe(0);
  });

  it('exports them without secrets', async () => {
    const { secret, recoveryCodes } = await addTotp(person);
    await addPasskey(person, {}, 'My phone');
    const made = json(await send('/id/app-passwords', { token: person.token, json: { name: 'Old phone' } }));
    const exported = await send('/id/export', { token: person.token });
    expect(exported.text).toContain('My phone');
    expect(exported.text).toContain('Old phone');
    const { results } = await testEnv.DB.prepare(
      `SELECT secret, public_key, credential_id, passkey_handle, hash FROM factors JOIN users ON users.id = factors.user_id
       JOIN app_passwords ON app_passwords.user_id = users.id WHERE users.id = ?`,
    )
      .bind(person.id)
      .all();
    const secrets = [
      secret,
      textOf(made, 'password'),
      ...recoveryCodes,
      ...results.flatMap((row) => Object.values(row).filter((value) => typeof value === 'string')),
    ];
    expect(secrets.length).toBeGreaterThan(15);
    for (const each of secrets) expect(exported.text).not.toContain(each);
  });
});
