// The npm package as others install it: packed once, installed offline, compiled and run in another project.
import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRow, PROJECT } from '../../scripts/wrangler.ts';
import { API } from '../support/signing-keys.ts';
import { isWithoutChromium, launchChromium } from './support-chromium.ts';
import type { Service } from './support-service.ts';
import { startSigningService } from './support-signing-service.ts';

const run = promisify(execFile);
const read = (path: string): string => readFileSync(join(PROJECT, path), 'utf8');

/** Runs npm, that of the project if it has one. */
const npm = (args: readonly string[], cwd: string) =>
  run('npm', [...args], {
    cwd,
    env: { ...process.env, PATH: `${join(PROJECT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` },
  });

let folder: string;
let packed: string[];
let installed: string[];
let service: Service;

const packAndInstall = async (): Promise<void> => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-outside-'));
  const { stdout } = await npm(['pack', '--json', '--pack-destination', folder], PROJECT);
  // What `prepack` prints comes first.
  const [described]: { filename: string; files: { path: string }[] }[] = JSON.parse(
    stdout.slice(stdout.indexOf('[')),
  );
  if (!described) throw new Error(stdout);
  packed = described.files.map(({ path }) => path);
  writeFileSync(join(folder, 'package.json'), '{"name":"outside","private":true,"type":"module"}');
  await npm(['install', '--offline', '--no-audit', '--no-fund', `./${described.filename}`], folder);
  installed = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
  // The project would install it from a registry.
  symlinkSync(join(PROJECT, 'node_modules/hono'), join(folder, 'node_modules/hono'));
};

beforeAll(async () => {
  [service] = await Promise.all([
    startSigningService({ ACCESS_TOKEN_AUDIENCES: `${API}, urn:second` }),
    packAndInstall(),
  ]);
});

afterAll(async () => {
  await service?.close();
  if (folder) rmSync(folder, { recursive: true });
});

const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};

/** The code of the documents that imports the package. */
const listExamples = (path: string): string[] =>
  [...read(path).matchAll(/^( *)```ts\n([\s\S]*?)^\1```$/gm)]
    .map(([, , code = '']) => code)
    .filter((code) => code.includes("from 'latchkey/"));

const compile = async (files: readonly string[], module: 'nodenext' | 'esnext'): Promise<string> => {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: [],
    module,
    moduleResolution: module === 'nodenext' ? 'nodenext' : 'bundler',
  };
  write(`tsconfig.${module}.json`, JSON.stringify({ compilerOptions, files }));
  const compiler = join(PROJECT, 'node_modules/typescript/bin/tsc');
  return run(process.execPath, [compiler, '-p', `tsconfig.${module}.json`], { cwd: folder }).then(
    () => '',
    (error: unknown) => (isRow(error) ? String(error['stdout']) : String(error)),
  );
};

/** Runs a program of the project, with these arguments. */
const runProgram = async (path: string, ...args: readonly string[]): Promise<string> =>
  (await run(process.execPath, [path, ...args], { cwd: folder })).stdout.trim();

describe('the package', () => {
  it('contains only dist/package, README.md, LICENSE and package.json', () => {
    expect(packed.toSorted()).toEqual([
      'LICENSE',
      'README.md',
      'dist/package/client.d.ts',
      'dist/package/client.js',
      'dist/package/rpc.d.ts',
      'dist/package/rpc.js',
      'dist/package/verify.d.ts',
      'dist/package/verify.js',
      'package.json',
    ]);
  });

  it('installs no dependencies', () => {
    expect(installed).toEqual(['latchkey']);
    // The Worker's libraries are bundled: they are needed to build the Worker, not to use the package.
    expect(JSON.parse(read('package.json'))).not.toHaveProperty('dependencies');
  });

  it('imports nothing except hono', () => {
    for (const name of ['client.d.ts', 'rpc.d.ts', 'verify.d.ts', 'verify.js']) {
      const text = readFileSync(join(folder, 'node_modules/latchkey/dist/package', name), 'utf8');
      const named = [...text.matchAll(/\b(?:from |import\()["']([^"']+)["']/g)].map(([, path]) => path);
      expect([name, named.filter((path) => !path?.startsWith('hono'))]).toEqual([name, []]);
    }
  });
});

const RIGHT = `
import { hc } from 'hono/client';
import type { IdRoutes } from 'latchkey/client';
import type { AccountsService } from 'latchkey/rpc';
import { KeysUnavailable, TokenRejected, type Rejection, verify } from 'latchkey/verify';

const KEYS = 'https://id.example.com/.well-known/jwks.json';
const accounts = hc<IdRoutes>('https://id.example.com/id');

export const use = async (service: AccountsService) => {
  const made = await accounts.register.$post({ json: { email: 'mary@example.com', password: 'x' } });
  if (!made.ok) throw new Error((await made.json()).title);
  const id: number = (await made.json()).account.id;
  const claims = await verify('', KEYS, { audience: 'a', fetch, nowMs: Date.now });
  const email: string = claims.email;
  const either = await verify('', new URL(KEYS), { audience: 'a', acceptApps: true });
  if ('client_id' in either) console.log(either.scope);
  const code = (error: TokenRejected | KeysUnavailable): Rejection | 'keys_unavailable' => error.code;
  const sub: string | undefined = (await service.authenticate(new Headers()))?.account.sub;
  return { id, email, code, sub };
};
`;

const WRONG = [
  ['an unknown field', "await accounts.register.$post({ json: { mail: 'a', password: 'x' } });"],
  ['an unknown path', 'await accounts.registration.$post({});'],
  ['a method that the path does not accept', 'await accounts.me.$put({});'],
  ['a claim of another type', 'const email: number = (await verify(KEYS, KEYS, { audience: KEYS })).email;'],
  ['no audience', 'await verify(KEYS, KEYS, {});'],
  ['no key set', "await verify(KEYS, { audience: 'a' });"],
  [
    'a claim that the token of an app may lack',
    'const email: string = (await verify(KEYS, KEYS, { audience: KEYS, acceptApps: true })).email;',
  ],
  ['an unknown code', "export const is = (error: TokenRejected) => error.code === 'too_late';"],
  ['an account that may be null', "const sub = (await service.account('a')).sub;"],
] as const;

const WRONG_PROGRAM = `
import { hc } from 'hono/client';
import type { IdRoutes } from 'latchkey/client';
import type { AccountsService } from 'latchkey/rpc';
import { type TokenRejected, verify } from 'latchkey/verify';
const KEYS = 'https://id.example.com/.well-known/jwks.json';
const accounts = hc<IdRoutes>('https://id.example.com/id');
declare const service: AccountsService;
`;

describe('a project that installs the package', () => {
  it.each(['nodenext', 'esnext'] as const)(
    'compiles correct code with %s, and no incorrect code',
    async (module) => {
      const examples = [...listExamples('docs/api.md'), ...listExamples('docs/other-services.md')];
      expect(examples.length).toBe(3);
      // The export makes a module of an example that only declares types.
      examples.forEach((code, index) => {
        write(`example-${index}.ts`, `${code}\nexport {};\n`);
      });
      write('right.ts', RIGHT);
      // One file each, so that an expected error hides no other.
      WRONG.forEach(([why, code], index) => {
        write(`wrong-${index}.ts`, `${WRONG_PROGRAM}// @ts-expect-error ${why}\n${code}\n`);
      });
      // The only API of Node that the example uses.
      write('node.d.ts', 'declare const process: { argv: string[] };\n');
      const files = [
        'node.d.ts',
        'right.ts',
        ...examples.map((_, index) => `example-${index}.ts`),
        ...WRONG.map((_, index) => `wrong-${index}.ts`),
      ];
      expect(await compile(files, module)).toBe('');
    },
  );

  it('registers with the typed client as in docs/api.md', async () => {
    const [code = ''] = listExamples('docs/api.md');
    write('register.ts', code);
    expect(await runProgram('register.ts', `${service.origin}/id`)).toBe('mary@example.com');
  });

  it('verifies a token of the service in Node, or rejects it with a code', async () => {
    write(
      'verify.ts',
      `import { hc } from 'hono/client';
import type { IdRoutes } from 'latchkey/client';
import { TokenRejected, verify } from 'latchkey/verify';
const origin = process.argv[2];
const accounts = hc<IdRoutes>(origin + '/id');
const made = await accounts.register.$post({
  json: { email: 'ann@example.com', name: 'Ann', password: 'four walls and a door', session: 'token' },
});
const body = await made.json();
const headers = { Authorization: 'Bearer ' + ('token' in body ? body.token : '') };
const { accessToken } = await (await accounts.token.$post({ json: {} }, { headers })).json();
const KEYS = origin + '/.well-known/jwks.json';
const tried = async (token: string, audience: string) => {
  try {
    const { iss, aud, email, email_verified, name, amr } = await verify(token, KEYS, { audience });
    return { iss, aud, email, email_verified, name, amr };
  } catch (error) {
    return error instanceof TokenRejected ? error.code : String(error);
  }
};
const forged = accessToken.slice(0, -4) + (accessToken.endsWith('AAAA') ? 'BBBB' : 'AAAA');
console.log(JSON.stringify([
  await tried(accessToken, '${API}'),
  await tried(accessToken, 'urn:second'),
  await tried(forged, '${API}'),
  await tried('nothing', '${API}'),
]));
`,
    );
    expect(JSON.parse(await runProgram('verify.ts', service.origin))).toEqual([
      {
        iss: service.origin,
        aud: API,
        email: 'ann@example.com',
        email_verified: false,
        name: 'Ann',
        amr: ['pwd'],
      },
      'audience',
      expect.stringMatching(/^(?:signature|malformed)$/),
      'malformed',
    ]);
  });

  it('loads the keys once for 50 simultaneous tokens with unknown key ids', async () => {
    let loads = 0;
    const keys = await (await fetch(`${service.origin}/.well-known/jwks.json`)).text();
    const server = createServer((_, response) => {
      loads += 1;
      response.end(keys);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : 0;
      write(
        'flood.ts',
        `import { verify } from 'latchkey/verify';
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const KEYS = process.argv[2];
const codes = await Promise.all(Array.from({ length: 50 }, async (_, index) => {
  const header = encode({ alg: 'ES256', typ: 'at+jwt', kid: 'unknown' + index });
  return verify(header + '.e30.' + 'A'.repeat(86), KEYS, { audience: 'a' }).then(() => 'good', ({ code }) => code);
}));
console.log([...new Set(codes)].join());
`,
      );
      expect(await runProgram('flood.ts', `http://127.0.0.1:${port}/`)).toBe('key');
      expect(loads).toBe(1);
    } finally {
      server.close();
    }
  });

  it('imports latchkey/client and latchkey/rpc at run time', async () => {
    write('values.ts', "import 'latchkey/client';\nimport 'latchkey/rpc';\nconsole.log('done');\n");
    expect(await runProgram('values.ts')).toBe('done');
  });
});

describe.skipIf(isWithoutChromium())('a page of another origin in Chromium', () => {
  it('verifies a token of the service', async () => {
    const script = readFileSync(join(folder, 'node_modules/latchkey/dist/package/verify.js'));
    const server = createServer(({ url }, response) => {
      const isScript = url === '/verify.js';
      response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? script : '<!doctype html><title>A page</title>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const browser = await launchChromium();
    try {
      const ask = async (path: string, body: object, headers: Record<string, string> = {}) => {
        const init = { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers } };
        const response = await fetch(service.origin + path, { ...init, body: JSON.stringify(body) });
        const answered: Record<string, string> = JSON.parse(await response.text());
        return answered;
      };
      const person = { email: 'kate@example.com', password: 'four walls and a door', session: 'token' };
      const { token } = await ask('/id/register', person);
      const { accessToken } = await ask('/id/token', {}, { Authorization: `Bearer ${token}` });
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${port}/`);
      const told = (audience: string): Promise<unknown> =>
        page.evaluate(
          `import('/verify.js').then(({ verify }) => verify(${JSON.stringify(accessToken)},
            '${service.origin}/.well-known/jwks.json', { audience: '${audience}' }))
            .then(({ email }) => email, ({ code }) => code)`,
        );
      expect([await told(API), await told('urn:second')]).toEqual(['kate@example.com', 'audience']);
    } finally {
      await browser.close();
      server.close();
      server.closeAllConnections();
    }
  });
});
