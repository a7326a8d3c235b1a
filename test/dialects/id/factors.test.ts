// `id`: passkeys, authenticator app and recovery codes: what an owner adds, sees, renames and removes.
import { beforeEach, describe, expect, it } from 'vitest';
import { createSoftPasskey } from '../../support/authenticator.ts';
import {
  addPasskey,
  addTotp,
  codeAt,
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
  it('has nothing, and logs in with its password alone', async () => {
    expect(await list()).toEqual({ factors: [], recoveryCodesLeft: 0, passkeys: null });
    expect(objectOf(json(await startLogin(person)))).toHaveProperty('token');
  });

  it('gets no recovery codes', async () => {
    expect(whole(await post('/recovery-codes'))).toBe(problem(404, 'not_found', 'Not found.'));
    expect(await rowsOf('recovery_codes')).toBe(0);
  });
});

describe('an authenticator app', () => {
  it('gives its secret and a URI', async () => {
    const answer = await send('/id/factors/totp', { method: 'POST', token: person.token });
    const { secret, uri, ...rest } = objectOf(json(answer));
    expect(answer.status).toBe(201);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(uri).toBe(
      `otpauth://totp/Latchkey:${person.username}?secret=${secret}&issuer=Latchkey&algorithm=SHA1&digits=6&period=30`,
    );
    expect(rest).toEqual({});
  });

  it('asks for nothing until its first right code', async () => {
    await send('/id/factors/totp', { method: 'POST', token: person.token });
    expect(await list()).toMatchObject({ factors: [] });
    expect(objectOf(json(await startLogin(person)))).toHaveProperty('token');
    expect(whole(await post('/totp/confirm', { code: '000000' }))).toMatch(/^401 .*"wrong_code"/);
    expect(await list()).toMatchObject({ factors: [], recoveryCodesLeft: 0 });
  });

  it('is on after it, with ten recovery codes and a line in the audit log', async () => {
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

  it('is confirmed once: the code that did it logs in nobody', async () => {
    const started = json(await send('/id/factors/totp', { method: 'POST', token: person.token }));
    const code = await codeAt(textOf(started, 'secret'), Date.now());
    expect((await post('/totp/confirm', { code })).status).toBe(200);
    expect(whole(await post('/totp/confirm', { code }))).toMatch(/^401 .*"challenge_expired"/);
    const token = await stepToken(person);
    expect(whole(await finishLogin({ token, code }))).toMatch(/^401 .*"wrong_code"/);
  });

  it('is one: a second start makes the first secret void, and none replaces one that is on', async () => {
    const first = json(await send('/id/factors/totp', { method: 'POST', token: person.token }));
    const { secret } = await addTotp(person);
    expect(secret).not.toBe(textOf(first, 'secret'));
    expect(whole(await post('/totp'))).toBe(problem(409, 'in_use', 'There is one already.'));
    expect(await rowsOf('factors')).toBe(1);
  });

  it('is kept encrypted: a copy of D1 gives no codes', async () => {
    const { secret } = await addTotp(person);
    const row = await testEnv.DB.prepare('SELECT * FROM factors WHERE user_id = ?').bind(person.id).first();
    expect(JSON.stringify(row)).not.toContain(secret);
    expect(row?.['secret']).toMatch(/^[0-9a-f]{8}\.[\w-]{16}\.[\w-]+$/);
  });
});

describe('a passkey', () => {
  it('is asked for with what the standard wants, for a handle of 64 bytes that stays', async () => {
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

  it('is added, listed, and not made twice on one device', async () => {
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

  it('brings no second set of recovery codes', async () => {
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
    ['no person', { flags: { up: false } }],
  ])('of %s is refused, and nothing is stored', async (_, said) => {
    expect(whole(await post('/passkeys', await answer(said)))).toBe(
      `401 ${JSON.stringify({ type: 'urn:latchkey:problem:wrong_passkey', title: 'The passkey was not accepted.', status: 401, code: 'wrong_passkey' })}`,
    );
    expect([await rowsOf('factors'), await rowsOf('recovery_codes')]).toEqual([0, 0]);
  });

  it('is added once by one answer', async () => {
    const answered = await answer();
    expect((await post('/passkeys', answered)).status).toBe(201);
    expect(whole(await post('/passkeys', answered))).toMatch(/^401 .*"challenge_expired"/);
    expect(await rowsOf('factors')).toBe(1);
  });

  it('is not added to another account, nor by another session', async () => {
    const other = await join();
    const answered = await answer();
    expect(whole(await post('/passkeys', answered, other.token))).toMatch(/^401 .*"challenge_expired"/);
    const again = textOf(json(await startLogin(person)), 'token');
    expect(whole(await post('/passkeys', answered, again))).toMatch(/^401 .*"challenge_expired"/);
  });

  it('belongs to one account', async () => {
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

  it('is one of twenty at the most', async () => {
    await testEnv.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 19)
       INSERT INTO factors (user_id, kind, name, credential_id, created_at, confirmed_at)
       SELECT ?1, 'passkey', 'x', ?1 || '-' || i, 0, 1 FROM n`,
    )
      .bind(person.id)
      .run();
    expect((await post('/passkeys', await answer())).status).toBe(201);
    expect(whole(await post('/passkeys', await answer()))).toMatch(/^409 .*"too_many"/);
    expect(await rowsOf('factors')).toBe(20);
  });

  it.each([
    ['nothing', {}],
    ['no passkey', { token: 'x' }],
    ['a text', { token: 'x', passkey: 'y' }],
    ['half an answer', { token: 'x', passkey: { id: 'x', rawId: 'x', type: 'public-key' } }],
    ['numbers', { token: 1, passkey: { id: 1 } }],
  ])('is not made of %s', async (_, body) => {
    const refused = await post('/passkeys', body);
    expect(whole(refused)).toMatch(/^400 .*"code":"invalid"/);
  });
});

describe('a factor', () => {
  it('is renamed by its owner', async () => {
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

  it('is removed by its owner, and then asks for nothing', async () => {
    const { id } = await addTotp(person);
    const remove = () => send(`/id/factors/${id}`, { method: 'DELETE', token: person.token });
    expect(whole(await remove())).toBe('204 ');
    expect(whole(await remove())).toBe(problem(404, 'not_found', 'Not found.'));
    expect((await eventsOf(person.id))[0]).toBe('totp_removed');
    expect(objectOf(json(await startLogin(person)))).toHaveProperty('token');
  });

  it('takes the recovery codes along if it is the last one, and only then', async () => {
    const [{ id: first }, { id: second }] = [await addTotp(person), await addPasskey(person)];
    await send(`/id/factors/${first}`, { method: 'DELETE', token: person.token });
    expect(await rowsOf('recovery_codes')).toBe(10);
    await send(`/id/factors/${second}`, { method: 'DELETE', token: person.token });
    expect(await rowsOf('recovery_codes')).toBe(0);
    expect(await eventsOf(person.id)).toEqual(expect.arrayContaining(['passkey_removed', 'totp_removed']));
  });

  it('of somebody else is neither renamed nor removed', async () => {
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

describe('recovery codes', () => {
  it('are replaced by ten others', async () => {
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

  it('are kept as hashes', async () => {
    const { recoveryCodes } = await addTotp(person);
    const { results } = await testEnv.DB.prepare('SELECT hash FROM recovery_codes WHERE user_id = ?')
      .bind(person.id)
      .all();
    const dump = JSON.stringify(results);
    for (const code of recoveryCodes) {
      expect(dump).not.toContain(code);
      expect(dump).not.toContain(code.replaceAll('-', ''));
    }
  });
});

describe('all of it', () => {
  it('is deleted with the account', async () => {
    const old = textOf(json(await startLogin(person)), 'token');
    await addTotp(person);
    await addPasskey(person);
    await send('/id/app-passwords', { token: person.token, json: { name: 'x' } });
    const remove = (token: string) =>
      send('/id/me', { method: 'DELETE', token, json: { password: PASSWORD } });
    // A session from before the factors: a password is not enough for it.
    expect(whole(await remove(old))).toMatch(/^403 .*"reauthenticate"/);
    expect(await rowsOf('factors')).toBe(2);
    expect(whole(await remove(person.token))).toBe('204 ');
    for (const table of ['factors', 'recovery_codes', 'app_passwords']) expect(await rowsOf(table)).toBe(0);
  });

  it('holds no secret in an export', async () => {
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
