// `<salt>:<key>`, 16 and 64 bytes in lower-case hex: a form that three recipes share and that does not name one.
import { toPbkdf2 } from './pbkdf2.ts';
import { type Readable, type Reader, spellAsSent, toBytes } from './reading.ts';
import { toScrypt } from './scrypt.ts';

/** Better-auth's own parameters. https://www.better-auth.com/docs/authentication/email-password */
const BETTER_AUTH = { work: 16_384, blockSize: 16, parallelism: 1 };
/** The defaults of Node's `scryptSync(password, salt, 64)`. https://nodejs.org/api/crypto.html#cryptoscryptsyncpassword-salt-keylen-options */
const NODE = { work: 16_384, blockSize: 8, parallelism: 1 };
/** `pbkdf2Sync(password, salt, 1000, 64, 'sha512')`, from an example that many services took over. */
const PBKDF2_ITERATIONS = 1000;

/**
 * Better-auth's scrypt, `scryptSync` or `pbkdf2Sync`: the text does not show which, so all three are tried. In each the salt goes
 * in as its hex text. Better-auth takes the password in NFKC, the others as sent.
 */
export const readHexPair: Reader = (stored) => {
  const [, saltHex, keyHex] = /^([0-9a-f]{32}):([0-9a-f]{128})$/.exec(stored) ?? [];
  if (saltHex === undefined || keyHex === undefined) return null;
  const salt = toBytes(saltHex);
  const key = Uint8Array.from(keyHex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const pbkdf2 = toPbkdf2('sha512', PBKDF2_ITERATIONS, salt, key);
  const betterAuth = toScrypt(BETTER_AUTH, salt, key);
  const byNode = toScrypt(NODE, salt, key);
  return {
    ok: true,
    algorithm: 'scrypt-or-pbkdf2',
    // A spelling is a text that some recipe may have hashed. Which recipe takes which is decided below.
    spell: (password) => [password],
    keeps: (password) => password.normalize('NFC') !== password.normalize('NFKC'),
    async matches(password) {
      // PBKDF2 at this cost is negligible beside the others.
      for (const spelling of spellAsSent(password)) if (await isMatch(pbkdf2, spelling)) return true;
      if (await isMatch(betterAuth, password.normalize('NFKC'))) return true;
      for (const spelling of spellAsSent(password)) if (await isMatch(byNode, spelling)) return true;
      return false;
    },
  };
};

const isMatch = async (reading: Readable | { ok: false }, password: string): Promise<boolean> =>
  reading.ok && (await reading.matches?.(password)) === true;
