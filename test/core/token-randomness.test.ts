// OWASP ASVS 5.0, V7.2.3: every kind of reference token has 128 random bits or more of its own, from the runtime's CSPRNG.
import { decodeJwt } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { readIdentifier } from '../../src/core/index.ts';
import { cryptoRandom } from '../../src/core/secrets.ts';
import { addApp, REDIRECT } from '../oidc/support-oidc.ts';
import { createTimedCore, someAccount, someClient } from '../support/clock.ts';
import { createMailbox, tokenIn } from '../support/mail.ts';
import { signingEnv } from '../support/signing.ts';

/** The numbers of random bytes drawn, in order. */
const drawn: number[] = [];
const random = (count: number) => {
  drawn.push(count);
  return cryptoRandom(count);
};

const mailbox = createMailbox({}, signingEnv());
const timed = createTimedCore(undefined, mailbox.env, random);
const { core } = timed;

const HOUR_MS = 60 * 60 * 1000;

const principalOf = async (token: string, carrier: 'cookie' | 'header') =>
  (await core.sessions.authenticate(token, carrier, 'primary')) ?? expect.fail('The session has ended.');

/** A login draws the id of a device besides its token. */
const DEVICE = [16];
const ALONE: number[] = [];

/** A kind of token: its random bytes, what else is drawn, and a function that prepares another one that issues tokens. */
type Kind = [name: string, bytes: number, others: number[], start: () => Promise<() => Promise<unknown>>];

const KINDS: Kind[] = [
  [
    'the cookie of a session',
    32,
    DEVICE,
    async () => {
      const person = someAccount();
      await timed.register('cookie', person);
      return async () => (await timed.logIn(person, 'cookie')).token;
    },
  ],
  [
    'a JSON Web Token, its jti',
    32,
    DEVICE,
    async () => {
      const person = someAccount();
      await timed.register('cookie', person);
      return async () => decodeJwt((await timed.logIn(person, 'jwt')).token)['jti'];
    },
  ],
  [
    'an API token, its nonce',
    16,
    DEVICE,
    async () => {
      const person = someAccount();
      let { token } = await timed.register('derived', person);
      return async () => {
        await core.sessions.logOut(await principalOf(token, 'header'), someClient);
        ({ token } = await timed.logIn(person, 'derived'));
        return token;
      };
    },
  ],
  [
    'the link of a mail, its id',
    16,
    ALONE,
    async () => {
      const { email, ...person } = someAccount();
      await timed.register('cookie', { email, ...person });
      return async () => {
        // Three mails an hour, ten a day.
        timed.advance(9 * HOUR_MS);
        await core.passwordReset.request(readIdentifier(email), someClient);
        await timed.settle();
        return tokenIn(mailbox.last(email));
      };
    },
  ],
  [
    'a code for an app, and so the refresh tokens of its grant',
    16,
    ALONE,
    async () => {
      const provider = (await core.provider()) ?? expect.fail('no provider');
      const parameters = Object.entries({
        client_id: (await addApp()).id,
        redirect_uri: REDIRECT,
        response_type: 'code',
        scope: 'openid',
        code_challenge: 'v'.repeat(43),
        code_challenge_method: 'S256',
      });
      const read = await provider.readRequest(parameters);
      if (!read.ok) return expect.fail(read.replyTo === null ? read.problem : read.description);
      const person = await timed.register('cookie');
      const principal = await principalOf(person.token, 'cookie');
      return () => provider.authorize(read.request, principal, someClient, true);
    },
  ],
  [
    'an access token, its jti',
    32,
    ALONE,
    async () => {
      const tokens = (await core.accessTokens()) ?? expect.fail('no keys');
      const person = await timed.register('cookie');
      const principal = await principalOf(person.token, 'cookie');
      return async () => {
        const issued = await tokens.issue(principal, 'a public id', tokens.audiences[0]);
        return decodeJwt(issued.ok ? issued.value.token : issued.error.reason)['jti'];
      };
    },
  ],
];

describe.each(KINDS)('%s', (_name, bytes, others, start) => {
  it(`has ${bytes * 8} random bits of its own and differs each time`, async () => {
    const issue = await start();
    const issued = new Set<unknown>();
    for (let times = 0; times < 20; times += 1) {
      drawn.length = 0;
      issued.add(await issue());
      expect(drawn).toEqual([bytes, ...others]);
    }
    expect(issued.size).toBe(20);
    expect(bytes * 8).toBeGreaterThanOrEqual(128);
  });
});

describe('a secret that its owner keeps', () => {
  const RELYING_PARTY = { id: 'id.example.com', origins: ['https://id.example.com'], name: 'Test' };

  it('has 160 random bits as a TOTP seed, and 120 as an app password', async () => {
    const factors = await core.factors();
    const principal = await principalOf((await timed.register('cookie')).token, 'cookie');
    drawn.length = 0;
    const started = await factors.startTotp(principal, RELYING_PARTY);
    if (!started.ok) return expect.fail(started.error.reason);
    // The seed, and the IV of its encryption.
    expect(drawn).toEqual([20, 12]);
    drawn.length = 0;
    const seeds = new Set([started.value.secret]);
    const again = await factors.startTotp(principal, RELYING_PARTY);
    if (again.ok) seeds.add(again.value.secret);
    expect(seeds.size).toBe(2);
    drawn.length = 0;
    const made = await factors.addAppPassword(principal, { name: 'x', dialect: null }, someClient);
    // A byte for each of its 24 characters, of which 5 bits are used.
    expect([made.ok, drawn]).toEqual([true, [24]]);
  });
});

it('draws random bytes from crypto.getRandomValues, and never from Math.random', async () => {
  const source = vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => array);
  const weak = vi.spyOn(Math, 'random');
  try {
    expect(cryptoRandom(32)).toEqual(new Uint8Array(32));
    expect(source).toHaveBeenCalledTimes(1);
    source.mockRestore();
    await timed.register('jwt');
    expect(weak).not.toHaveBeenCalled();
  } finally {
    vi.restoreAllMocks();
  }
});
