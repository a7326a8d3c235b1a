// `npm run deploy`: migrates the database of the Worker that it deploys, and changes nothing if a check fails.
import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { type Configuration, readConfiguration } from '../../scripts/configuration.ts';
import { createDeployment } from '../../scripts/deploy/command.ts';
import { run } from './import-cli-support.ts';
import { tempFile } from './import-support.ts';

const BINDINGS = ['DB', 'SESSIONS', 'LOGIN_LIMIT', 'REGISTRATION_LIMIT', 'WRITE_LIMIT', 'EMAIL', 'ASSETS'];

const MAIL = { MAIL_FROM: 'id@example.com', PUBLIC_URL: 'https://id.example.com' };

const MIGRATIONS = { folder: '/x/migrations', table: 'd1_migrations' };

const environments: Record<string, Configuration> = {
  '': {
    path: '/x/wrangler.toml',
    environment: '',
    name: 'latchkey',
    vars: {},
    databaseId: 'd1-top',
    kvId: 'kv-top',
    migrations: MIGRATIONS,
    bindings: BINDINGS,
  },
  staging: {
    path: '/x/wrangler.toml',
    environment: 'staging',
    name: 'latchkey-staging',
    vars: {},
    databaseId: 'd1-staging',
    kvId: 'kv-staging',
    migrations: MIGRATIONS,
    bindings: BINDINGS,
  },
};

/** A flood guard of wrangler.toml. */
interface RateLimit {
  name: string;
  namespace_id: string;
  simple: { limit: number; period: number };
}

interface Given {
  /** What differs from `environments` in the environment that is deployed. */
  change?: Partial<Configuration>;
  /** The result of `wrangler secret list`. */
  secrets?: { status: number; stdout: string; stderr: string };
  /** Statuses of the commands that are run, in turn. */
  statuses?: number[];
}

const listed = (...names: string[]) => ({
  status: 0,
  stdout: JSON.stringify(names.map((name) => ({ name }))),
  stderr: '',
});

/** Deploys with a wrangler that does nothing; returns its commands and the printed errors. */
const deploy = async (
  args: readonly string[],
  { change, secrets = listed('TOKEN_SECRET'), statuses = [] }: Given = {},
) => {
  const ran: string[][] = [];
  let asked: readonly string[] | null = null;
  let said = '';
  const status = await createDeployment({
    run: async (command) => {
      ran.push([...command]);
      return statuses[ran.length - 1] ?? 0;
    },
    capture: async (command) => {
      asked = command;
      return secrets;
    },
    readConfiguration: async (config, environment) => {
      const found = environments[environment];
      if (!found) throw new Error(`There is no environment ${environment}.`);
      const isDeployed = args.includes(environment) || (environment === '' && !args.includes('--env'));
      return { ...found, ...(isDeployed ? change : {}), path: config ?? found.path };
    },
    print: () => {},
    printError: (text) => {
      said += `${text}\n`;
    },
  })(args);
  return { status, ran, asked, said };
};

describe('npm run deploy', () => {
  it.each([
    [[], ['--env=']],
    [['--'], ['--env=']],
    [['--env', 'staging'], ['--env=staging']],
    [['-e', 'staging'], ['--env=staging']],
    [['--env=staging', '--env', 'staging'], ['--env=staging']],
    [
      ['--config', 'a.toml', '--env', 'staging', '--env-file', 'x', '--env-file', 'y', '--profile', 'work'],
      ['--config', 'a.toml', '--profile', 'work', '--env-file', 'x', '--env-file', 'y', '--env=staging'],
    ],
  ])('passes the environment and configuration of %j to every command', async (args, place) => {
    const { status, ran, asked, said } = await deploy(args);
    expect({ status, said }).toEqual({ status: 0, said: '' });
    expect(asked).toEqual(['secret', 'list', '--format', 'json', ...place]);
    expect(ran).toEqual([
      ['d1', 'migrations', 'apply', 'DB', '--remote', ...place],
      ['deploy', ...place],
    ]);
  });

  it('follows CLOUDFLARE_ENV for both commands, as wrangler does', async () => {
    process.env['CLOUDFLARE_ENV'] = 'staging';
    try {
      const { ran } = await deploy([]);
      expect(ran.map((command) => command.at(-1))).toEqual(['--env=staging', '--env=staging']);
    } finally {
      delete process.env['CLOUDFLARE_ENV'];
    }
  });

  it('passes the flags of `wrangler deploy` to it', async () => {
    const flags = [
      '--keep-vars',
      '--strict',
      '--message',
      'a b',
      '--tag',
      'v1',
      '--secrets-file',
      'secrets.json',
    ];
    const { ran, asked } = await deploy(['--env', 'staging', ...flags]);
    expect(ran[1]).toEqual(['deploy', '--env=staging', ...flags]);
    // The file has the secret.
    expect(asked).toBeNull();
  });

  it('applies no migration with --dry-run', async () => {
    const { ran } = await deploy(['--env', 'staging', '--dry-run'], { secrets: listed() });
    expect(ran).toEqual([['deploy', '--env=staging', '--dry-run']]);
  });
});

describe('npm run deploy changes nothing', () => {
  const nothing = { status: 1, ran: [], asked: null };

  it.each([
    ['resend', 'RESEND_API_KEY'],
    ['postmark', 'POSTMARK_SERVER_TOKEN'],
    ['ses', 'SES_SECRET_ACCESS_KEY'],
  ])('if the mail provider is %s and %s is not set', async (provider, secret) => {
    const vars = { ...MAIL, MAIL_PROVIDER: provider, SES_REGION: 'eu-central-1' };
    const has = listed('TOKEN_SECRET', 'SES_ACCESS_KEY_ID');
    const { status, ran, said } = await deploy([], { change: { vars }, secrets: has });
    expect([status, ran]).toEqual([1, []]);
    expect(said).toBe(
      `Nothing was deployed:\n- ${secret} is not set: \`npx wrangler secret put ${secret}\`\n`,
    );
    const all = { change: { vars }, secrets: listed('TOKEN_SECRET', 'SES_ACCESS_KEY_ID', secret) };
    expect((await deploy([], all)).status).toBe(0);
  });

  it('if LAZY_MIGRATION_URL is set without a dialect and LAZY_MIGRATION_SECRET is not set', async () => {
    const url = { LAZY_MIGRATION_URL: 'https://old.example.com/check' };
    const { status, said } = await deploy([], { change: { vars: url }, secrets: listed('TOKEN_SECRET') });
    expect([status, said]).toEqual([
      1,
      'Nothing was deployed:\n- LAZY_MIGRATION_SECRET is not set: `npx wrangler secret put LAZY_MIGRATION_SECRET`\n',
    ]);
    const all = { change: { vars: url }, secrets: listed('TOKEN_SECRET', 'LAZY_MIGRATION_SECRET') };
    expect((await deploy([], all)).status).toBe(0);
    const vars = { ...url, LAZY_MIGRATION_DIALECT: 'account' };
    expect((await deploy([], { change: { vars }, secrets: listed('TOKEN_SECRET') })).status).toBe(0);
  });

  it.each([
    [['--evn', 'staging'], "error: unknown option '--evn'\n(Did you mean --env?)"],
    [['staging'], 'error: too many arguments'],
    [['--env'], "error: option '-e, --env <name>' argument missing"],
    [['--outdir', 'x'], "error: unknown option '--outdir'"],
  ])('if the command line is %j', async (args, message) => {
    const { said, ...rest } = await deploy(args);
    expect(rest).toEqual({ ...nothing, status: 2 });
    expect(said).toContain(message);
  });

  it('if the environment is not in wrangler.toml', async () => {
    const told = await run('deploy', ['--env', 'nowhere']);
    expect(told).toMatchObject({ status: 1, stdout: '' });
    expect(told.stderr).toContain('No environment found in configuration with name "nowhere".');
  });

  it.each<[string, Partial<Configuration>, string]>([
    [
      'a setting is invalid',
      { vars: { OPEN_TOKEN_DIALECTS: 'on' } },
      '- OPEN_TOKEN_DIALECTS must be true or false, not "on".',
    ],
    [
      'a setting is misspelled',
      { vars: { HIDE_UNKNOWN_ACCOUNT: true } },
      '- HIDE_UNKNOWN_ACCOUNT is not a setting. Did you mean HIDE_UNKNOWN_ACCOUNTS?',
    ],
    [
      'a secret is in wrangler.toml',
      { vars: { TOKEN_SECRET: 'x'.repeat(32) } },
      '- TOKEN_SECRET is a secret: take it out of [env.staging.vars] in wrangler.toml and use `npx wrangler secret put TOKEN_SECRET`.',
    ],
    [
      'a binding is missing',
      { bindings: BINDINGS.slice(1) },
      '- DB is not bound in wrangler.toml under [env.staging].',
    ],
    [
      'MAIL_FROM has no PUBLIC_URL',
      { vars: { MAIL_FROM: MAIL.MAIL_FROM } },
      '- MAIL_FROM needs PUBLIC_URL: the links in mails begin with it.',
    ],
    [
      'MAIL_FROM has no binding',
      { vars: MAIL, bindings: BINDINGS.filter((name) => name !== 'EMAIL') },
      '- MAIL_FROM needs the binding EMAIL ([[send_email]] in wrangler.toml), or another MAIL_PROVIDER.',
    ],
    [
      'REQUIRE_VERIFIED_EMAIL has no MAIL_FROM',
      { vars: { REQUIRE_VERIFIED_EMAIL: true } },
      '- REQUIRE_VERIFIED_EMAIL needs MAIL_FROM: without mail nobody gets in.',
    ],
    [
      'the database is a placeholder',
      { databaseId: '00000000-0000-0000-0000-000000000001' },
      '- database_id is a placeholder: put in the id that `npx wrangler d1 create latchkey-staging` prints.',
    ],
    [
      'the namespace is a placeholder',
      { kvId: '00000000000000000000000000000000' },
      '- The id of SESSIONS is a placeholder: put in the one that `npx wrangler kv namespace create SESSIONS --env staging` prints.',
    ],
    [
      'staging has the database of production',
      { databaseId: 'd1-top' },
      '- staging has the database of the environment at the top. Give it one of its own.',
    ],
    [
      'staging has the namespace of production',
      { kvId: 'kv-top' },
      '- staging has the SESSIONS of the environment at the top. Give it a namespace of its own.',
    ],
  ])('if %s', async (_what, change, message) => {
    const { said, ...rest } = await deploy(['--env', 'staging'], { change });
    expect(rest).toEqual(nothing);
    expect(said).toBe(`Nothing was deployed:\n${message}\n`);
  });

  it.each([
    ['has no TOKEN_SECRET', listed('OTHER')],
    [
      'does not exist yet',
      { status: 1, stdout: '', stderr: 'This Worker does not exist on your account. [code: 10007]' },
    ],
  ])('if the Worker %s', async (_what, secrets) => {
    const { status, ran, said } = await deploy(['--env', 'staging'], { secrets });
    expect({ status, ran }).toEqual({ status: 1, ran: [] });
    expect(said).toBe(
      'Nothing was deployed:\n- TOKEN_SECRET is not set: `npx wrangler secret put TOKEN_SECRET --env staging`\n',
    );
  });

  it('if wrangler is not logged in', async () => {
    const { status, ran, said } = await deploy([], {
      secrets: { status: 1, stdout: '', stderr: 'Not logged in.' },
    });
    expect({ status, ran, said }).toEqual({
      status: 1,
      ran: [],
      said: 'Nothing was deployed: Not logged in.\n',
    });
  });
});

it('deploys no Worker after failed migrations', async () => {
  const { status, ran, said } = await deploy([], { statuses: [7] });
  expect([status, ran.length, said]).toEqual([
    7,
    1,
    'The migrations failed, so the Worker was not deployed.\n',
  ]);
});

it('says that the migrations are applied if the Worker could not be deployed', async () => {
  const { status, said } = await deploy([], { statuses: [0, 3] });
  expect([status, said]).toEqual([
    3,
    'The migrations are applied, and the Worker before this one still runs. Deploy again.\n',
  ]);
});

describe('npm run deploy warns and deploys', () => {
  it('if a hash costs less than OWASP requires', async () => {
    const { status, said } = await deploy([], { change: { vars: { PASSWORD_ITERATIONS: 10_000 } } });
    expect(status).toBe(0);
    expect(said).toBe(
      'Warning: PASSWORD_ITERATIONS × PASSWORD_ROUNDS is 30000: OWASP asks for at least 220000. A stolen database is cheaper to crack.\n',
    );
  });

  it('if a flood guard is not bound', async () => {
    const { status, said } = await deploy([], {
      change: { bindings: BINDINGS.filter((name) => name !== 'LOGIN_LIMIT') },
    });
    expect([status, said]).toEqual([
      0,
      'Warning: LOGIN_LIMIT is not bound: nothing bounds the hashes that one address can ask for.\n',
    ]);
  });
});

describe('wrangler.toml', () => {
  it.each(['', 'staging'])('has every binding in environment "%s"', async (environment) => {
    const { bindings, vars } = await readConfiguration(undefined, environment);
    expect([...bindings].sort()).toEqual([...BINDINGS].sort());
    expect(vars).toEqual({});
  });

  it('gives staging its own name, database and namespace', async () => {
    const [top, staging] = [
      await readConfiguration(undefined, ''),
      await readConfiguration(undefined, 'staging'),
    ];
    expect([top.name, staging.name]).toEqual(['latchkey', 'latchkey-staging']);
    expect(staging.databaseId).not.toBe(top.databaseId);
    expect(staging.kvId).not.toBe(top.kvId);
  });

  it.each([undefined, 'staging'])(
    'limits requests, and keeps them out of logs: environment %s',
    async (env) => {
      const { unstable_readConfig: readConfig } = await import('wrangler');
      const { path } = await readConfiguration(undefined, '');
      const {
        observability,
        limits,
        ratelimits = [],
        triggers,
      } = readConfig({ config: path, env: env ?? '' });
      expect(observability).toEqual({
        enabled: true,
        redact_query_string: true,
        logs: { enabled: true, invocation_logs: false },
        traces: { enabled: false },
      });
      expect(limits).toEqual({ cpu_ms: 20_000 });
      expect(triggers).toMatchObject({ crons: ['*/5 * * * *', '17 * * * *'] });
      expect(ratelimits.map((guard: RateLimit) => [guard.name, guard.simple])).toEqual([
        ['LOGIN_LIMIT', { limit: 600, period: 60 }],
        ['REGISTRATION_LIMIT', { limit: 60, period: 60 }],
        ['WRITE_LIMIT', { limit: 120, period: 60 }],
      ]);
    },
  );

  it('never gives the custom domain of production to staging', async () => {
    const { unstable_readConfig: readConfig } = await import('wrangler');
    const { path } = await readConfiguration(undefined, '');
    const domain = 'routes = [{ pattern = "accounts.example.com", custom_domain = true }]\n';
    const config = tempFile('wrangler.toml', domain + readFileSync(path, 'utf8'));
    expect(readConfig({ config, env: '' }).routes).toHaveLength(1);
    expect(readConfig({ config, env: 'staging' })).toMatchObject({ routes: [], workers_dev: true });
  });

  it('repeats for staging what an environment does not inherit', async () => {
    const { unstable_readConfig: readConfig } = await import('wrangler');
    const { path } = await readConfiguration(undefined, '');
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    try {
      const [top, staging] = ['', 'staging'].map((env) => readConfig({ config: path, env }));
      // Wrangler warns of keys that are at the top only.
      expect(warn.mock.calls).toEqual([]);
      expect(staging?.define).toEqual(top?.define);
    } finally {
      warn.mockRestore();
    }
  });

  it('counts the requests to staging separately', async () => {
    const { unstable_readConfig: readConfig } = await import('wrangler');
    const { path } = await readConfiguration(undefined, '');
    const ids = ['', 'staging'].flatMap((env) =>
      (readConfig({ config: path, env }).ratelimits ?? []).map((guard: RateLimit) => guard.namespace_id),
    );
    expect(new Set(ids).size).toBe(6);
  });
});

it('rejects a configuration that is missing or not TOML', async () => {
  await expect(readConfiguration('/nowhere/wrangler.toml', '')).rejects.toThrow(
    'There is no file /nowhere/wrangler.toml.',
  );
  await expect(readConfiguration(tempFile('wrangler.toml', 'name = '), '')).rejects.toThrow('wrangler.toml');
});
