// `npm start`: its checks before it serves, local secrets and mail, and two starts at once.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { localSecretsPath, readLocalSecrets } from '../../scripts/configuration.ts';
import { localMailVars } from '../../scripts/start/mail.ts';
import { addSecrets, makeMissingSecrets } from '../../scripts/start/secret.ts';
import { PROJECT } from '../../scripts/wrangler.ts';
import { readSigningKeys } from '../../src/settings/index.ts';
import { run, start } from './import-cli-support.ts';
import { tempFile, tempFolder } from './import-support.ts';
import { configure } from './support-configuration.ts';

const NOW_MS = Date.UTC(2026, 0, 31);
const SECRETS_FILE =
  /(?:^|\n)TOKEN_SECRET='[\w-]{43}'\nSIGNING_KEYS='\[\{"kty":"EC","crv":"P-256",[^\n']+\}\]'\n$/;

const SECRET = 'TOKEN_SECRET=a-secret-for-tests-that-is-long-enough\n';

/** A port that was free a moment ago. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

describe('npm start fails with a message', () => {
  it.each([
    ['TOKEN_SECRET=short\n', '- TOKEN_SECRET must be a text of at least 32 characters.'],
    [`${SECRET}SESION_IDLE_DAYS=3\n`, '- SESION_IDLE_DAYS is not a setting. Did you mean SESSION_IDLE_DAYS?'],
    [`${SECRET}UTC_OFFSET=8\n`, '- UTC_OFFSET must be an offset of the form +HH:MM, not "8".'],
  ])('if .dev.vars contains %j', async (devVars, message) => {
    const { config, secrets } = configure(devVars);
    const told = await run('start', ['--config', config, '--port', '0']);
    expect(told).toEqual({
      status: 1,
      stdout: '',
      stderr: `Check wrangler.toml and ${secrets}:\n${message}\n`,
    });
    expect(readFileSync(secrets, 'utf8')).toBe(devVars);
  });

  it('if .dev.vars has a line that is no assignment', async () => {
    const { config, secrets } = configure('# mine\n\nTOKEN_SECRET: abc\n');
    const told = await run('start', ['--config', config, '--port', '0']);
    expect(told).toEqual({
      status: 1,
      stdout: '',
      stderr: `${secrets}, line 3 is not understood. Each line must be NAME=value, a comment or empty.\n`,
    });
    expect(readFileSync(secrets, 'utf8')).toBe('# mine\n\nTOKEN_SECRET: abc\n');
  });

  it('if a variable of wrangler.toml is invalid', async () => {
    const { config } = configure(SECRET, 'HIDE_UNKNOWN_ACCOUNTS = "yes"');
    const told = await run('start', ['--config', config, '--port', '0']);
    expect(told).toMatchObject({ status: 1, stdout: '' });
    expect(told.stderr).toContain('- HIDE_UNKNOWN_ACCOUNTS must be true or false, not "yes".');
  });

  it('if the environment does not exist', async () => {
    const told = await run('start', ['--env', 'nowhere', '--port', '0']);
    expect(told).toMatchObject({ status: 1, stdout: '' });
    expect(told.stderr).toContain('No environment found in configuration with name "nowhere".');
  });

  it('if the port is in use', async () => {
    const server = createServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { config, secrets } = configure(null);
    expect(await run('start', ['--config', config, '--port', String(port)])).toEqual({
      status: 1,
      stdout: '',
      stderr: `Port ${port} of 127.0.0.1 is in use, perhaps by another \`npm start\`. Stop that, or choose another port: npm start -- --port ${port + 1}\n`,
    });
    expect(existsSync(secrets)).toBe(false);
  });
});

describe('the file of local secrets', () => {
  /** Adds missing secrets. Returns their names. */
  const ensureSecrets = async (path: string): Promise<string[]> => {
    const made = await makeMissingSecrets(readLocalSecrets(path), NOW_MS);
    addSecrets(path, made);
    return Object.keys(made);
  };

  it('has the values that wrangler reads', () => {
    const text = `# a comment\n\nexport A=1\nB = two words \nC="line 1\nline 2"\nD='# no comment' # a comment\nE=\nF=a#b\n  G=\`x\`\r\nH="a\\"b"\n`;
    expect(readLocalSecrets(tempFile('.dev.vars', text))).toMatchObject({
      A: '1',
      B: 'two words',
      C: 'line 1\nline 2',
      D: '# no comment',
      E: '',
      G: 'x',
    });
    expect(readLocalSecrets('/nowhere/.dev.vars')).toEqual({});
  });

  it.each([
    ['A', 1],
    ['A=1\n=2', 2],
    ['A="open\nB=1\n', 1],
    ['A=1\n\n{"TOKEN_SECRET":"x"}\n', 3],
    ['A="x\ny"\nTOKEN_SECRET', 3],
  ])('causes an error with the line number: %j', (text, line) => {
    expect(() => readLocalSecrets(tempFile('.dev.vars', text))).toThrow(
      `.dev.vars, line ${line} is not understood.`,
    );
  });

  it('causes an error if it is a folder', () => {
    const folder = join(tempFolder(), '.dev.vars');
    mkdirSync(folder);
    expect(() => readLocalSecrets(folder)).toThrow(`${folder} is not a file.`);
  });

  it("can be the environment's own file", () => {
    const path = tempFile('.dev.vars.staging', '');
    const config = join(path, '../wrangler.toml');
    expect(localSecretsPath({ path: config, environment: 'staging' })).toBe(path);
    expect(localSecretsPath({ path: config, environment: '' })).toBe(join(path, '../.dev.vars'));
    expect(localSecretsPath({ path: config, environment: 'other' })).toBe(join(path, '../.dev.vars'));
  });

  it('gets a secret and signing keys once, keeps the rest, and is private to its owner', async () => {
    const path = tempFile('.dev.vars', '# mine\nUTC_OFFSET=+01:00');
    chmodSync(path, 0o644);
    expect(await ensureSecrets(path)).toEqual(['TOKEN_SECRET', 'SIGNING_KEYS']);
    const text = readFileSync(path, 'utf8');
    expect(text).toMatch(SECRETS_FILE);
    expect(text.startsWith('# mine\nUTC_OFFSET=+01:00\nTOKEN_SECRET=')).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const keys = readSigningKeys(readLocalSecrets(path)['SIGNING_KEYS'] ?? '');
    expect(keys?.map(({ kid }) => kid.slice(0, 10))).toEqual(['2026-01-31', '2026-01-31']);
    expect(await ensureSecrets(path)).toEqual([]);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it.each([
    ['of an earlier version', SECRET, ['SIGNING_KEYS']],
    ['with keys of its own', `SIGNING_KEYS='[{"kid":"mine"}]'\n`, ['TOKEN_SECRET']],
    ['that turns access tokens off', `${SECRET}SIGNING_KEYS=\n`, []],
  ])('%s gets only what it does not have', async (_what, before, added) => {
    const path = tempFile('.dev.vars', before);
    expect(await ensureSecrets(path)).toEqual(added);
    const after = readFileSync(path, 'utf8');
    expect(after.startsWith(before)).toBe(true);
    expect(after.slice(before.length).match(/^\w+(?==)/gm) ?? []).toEqual(added);
  });
});

describe('local mail settings', () => {
  const ORIGIN = 'http://127.0.0.1:8787';
  const local = { MAIL_FROM: 'Latchkey <latchkey@example.com>', PUBLIC_URL: ORIGIN };

  it.each<[string, Record<string, unknown>, Record<string, unknown>, string | null, object]>([
    ['turn mail on without any setting', {}, {}, ORIGIN, local],
    [
      'keep the sender of wrangler.toml, but not its provider and PUBLIC_URL',
      { MAIL_FROM: 'a@example.com', MAIL_PROVIDER: 'resend', PUBLIC_URL: 'https://id.example.com' },
      {},
      ORIGIN,
      { MAIL_PROVIDER: 'cloudflare', PUBLIC_URL: ORIGIN },
    ],
    [
      "follow the developer's own settings",
      { MAIL_PROVIDER: 'resend' },
      { MAIL_FROM: '', MAIL_PROVIDER: 'resend', PUBLIC_URL: 'http://localhost:9000' },
      ORIGIN,
      {},
    ],
    ['turn mail off if the port is unknown', {}, {}, null, {}],
  ])('%s', (_what, vars, own, origin, expected) => {
    expect(localMailVars(vars, own, origin)).toEqual(expected);
  });
});

it('prepares one start at a time, and continues if the first one is killed', async () => {
  const lock = join(tempFolder(), 'folder', 'start.lock');
  const module = JSON.stringify(join(PROJECT, 'scripts/start/lock.ts'));
  const script = (work: string) =>
    `const { withLock } = await import(${module}); await withLock(${JSON.stringify(lock)}, async () => { ${work} }, () => console.log('waits'));`;
  const open = (work: string) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script(work)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let said = '';
    const heard = (text: string) =>
      new Promise<void>((resolve) => {
        child.stdout.on('data', () => said.includes(text) && resolve());
      });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    return { child, heard, said: () => said };
  };
  const first = open("console.log('works'); await new Promise(() => setInterval(() => {}, 1000));");
  await first.heard('works');
  const second = open("console.log('works');");
  await second.heard('waits');
  expect(second.said()).toBe('waits\n');
  const done = second.heard('works');
  first.child.kill('SIGKILL');
  await done;
  expect(second.said()).toBe('waits\nworks\n');
});

it('serves twice with one new database if two first starts run at once', {
  timeout: 120_000,
}, async () => {
  const { config, secrets } = configure(null);
  const state = tempFolder();
  const ports = [await freePort(), await freePort()];
  const started = ports.map((port) =>
    start('start', [
      '--config',
      config,
      '--persist-to',
      state,
      '--port',
      String(port),
      '--inspector-port',
      '0',
    ]),
  );
  onTestFinished(async () => {
    for (const { child } of started) child.kill('SIGTERM');
    await Promise.all(started.map(({ ended }) => ended));
  });
  const until = async (port: number | undefined): Promise<string> => {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => null);
      if (answer) return answer.text();
      const over = await Promise.race([
        ...started.map(({ ended }) => ended),
        new Promise((go) => setTimeout(go, 20)),
      ]);
      if (over) throw new Error(JSON.stringify(over));
    }
  };
  expect(await Promise.all(ports.map(until))).toEqual(
    Array(2).fill('{"status":"ok","d1":"ok","kv":"ok","mail":"on"}'),
  );
  expect(readFileSync(secrets, 'utf8')).toMatch(SECRETS_FILE);

  // A fresh clone signs access tokens, and its published keys verify them.
  const origin = `http://127.0.0.1:${ports[0]}`;
  const post = (path: string, token: string | null, body: object): Promise<{ [name: string]: string }> =>
    fetch(`${origin}${path}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    }).then((answer) => answer.json());
  const { token = '' } = await post('/id/register', null, {
    email: 'kate@example.com',
    password: 'a fine long one',
    session: 'token',
  });
  const { accessToken = '' } = await post('/id/token', token, {});
  const keys = createRemoteJWKSet(new URL(`${origin}/.well-known/jwks.json`));
  const { payload } = await jwtVerify(accessToken, keys, { issuer: origin, audience: origin, typ: 'at+jwt' });
  expect(payload).toMatchObject({ email: 'kate@example.com' });
  const described: { issuer: string } = await fetch(`${origin}/.well-known/openid-configuration`).then(
    (answer) => answer.json(),
  );
  expect(described.issuer).toBe(origin);
});
