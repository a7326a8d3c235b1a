// The documents: their links, scripts, figures and file names match the repository; and installs without warnings.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dropDemands, readJson, readNodeRange } from '../../scripts/lock.ts';
import { PROJECT } from '../../scripts/wrangler.ts';
import { openDatabase } from './import-support.ts';

const read = (path: string): string => readFileSync(join(PROJECT, path), 'utf8');

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: PROJECT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(PROJECT, path)));
const documents = tracked.filter((path) => path.endsWith('.md'));

/** The text without code, in which brackets and hashes mean something else. */
const prose = (text: string): string =>
  text.replace(/^( *)```[\s\S]*?^\1```$/gm, '').replace(/`[^`\n]*`/g, '');

/** The anchor that GitHub gives a heading. */
const toAnchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    toAnchor(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')),
  );

const { scripts = {} }: { scripts?: Record<string, string> } = JSON.parse(read('package.json'));

describe.each(documents)('%s', (path) => {
  const text = read(path);

  it('links only to existing files and headings', () => {
    const links = [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const broken = links.filter((target) => {
      if (/^[a-z]+:/.test(target)) return false;
      const [file = '', anchor] = target.split('#');
      const goal = file === '' ? join(PROJECT, path) : resolve(PROJECT, dirname(path), file);
      if (!existsSync(goal)) return true;
      return (
        anchor !== undefined &&
        statSync(goal).isFile() &&
        goal.endsWith('.md') &&
        !anchorsOf(readFileSync(goal, 'utf8')).includes(anchor)
      );
    });
    expect(broken).toEqual([]);
  });

  it('names only existing scripts of package.json', () => {
    const named = [...text.matchAll(/\bnpm run (?:-s |--silent )?([a-z][\w:-]*)/g)].map(
      ([, name = '']) => name,
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe('docs/deploying.md', () => {
  const page = read('docs/deploying.md');

  it('states the cost of a flood as measured, as does the README', () => {
    const { counts }: { counts: { id: string; costOfMillion: number }[] } = JSON.parse(
      read('bench/results/latest.json'),
    );
    const dearest = (kind: string): number =>
      Math.max(
        ...counts
          .filter(({ id }) => id.startsWith(`latchkey/${kind}-`))
          .map(({ costOfMillion }) => costOfMillion),
      );
    const aDay = (name: string): number => {
      const [, limit = ''] =
        new RegExp(
          `name = "${name}"\\nnamespace_id = "\\d+"\\nsimple = \\{ limit = (\\d+), period = 60 \\}`,
        ).exec(read('wrangler.toml')) ?? [];
      return Number(limit) * 60 * 24;
    };
    const dollars =
      (aDay('LOGIN_LIMIT') * dearest('login') + aDay('REGISTRATION_LIMIT') * dearest('register')) / 1_000_000;
    expect(dollars).toBeGreaterThan(10);
    expect(dollars).toBeLessThan(20);
    expect(page).toContain('600 logins and 60 registrations a minute');
    expect(page).toContain('less than $20 a day for each address');
    expect(read('README.md')).toContain('at most $20 a day at list prices for each address');
  });

  it('names only log lines that the Worker writes', () => {
    const source = readdirSync(join(PROJECT, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => read(join('src', name)))
      .join('\n');
    const rows = page
      .slice(page.indexOf('| line |'))
      .split('\n')
      .slice(2)
      .filter((line) => line.startsWith('|'));
    const messages = rows
      .flatMap((row) => (row.split('|')[1] ?? '').match(/`[^`]+`/g) ?? [])
      .map((quoted) => quoted.slice(1, -1))
      .filter((message) => !message.startsWith('"'));
    expect(messages.length).toBeGreaterThan(8);
    expect(messages.filter((message) => !source.includes(message))).toEqual([]);
  });

  it('has SQL for after a restore that ends sessions, proofs and mails', () => {
    const [, sql = ''] = /```sql\n([\s\S]*?)```/.exec(page) ?? [];
    const { database } = openDatabase();
    database.exec(`INSERT INTO users (id, email, email_key, password_hash, created_at, updated_at, last_login_at)
        VALUES (1, 'a@b.test', 'a@b.test', '!', 0, 0, 0);
      INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at) VALUES ('s', 1, 'cookie', 0, 0, 9)`);
    database.exec(sql);
    expect(database.prepare('SELECT count(*) AS n FROM sessions').get()).toEqual({ n: 0 });
    expect(database.prepare('SELECT count(*) AS n FROM users').get()).toEqual({ n: 1 });
    // What lets somebody in or waits to be sent. A new table of that kind belongs here too.
    expect([...sql.matchAll(/DELETE FROM (\w+)/g)].map(([, table]) => table)).toEqual(
      expect.arrayContaining(['sessions', 'proofs', 'outbox']),
    );
  });
});

describe('the required Node version', () => {
  it('agrees in package.json, README.md and CONTRIBUTING.md', () => {
    expect(readNodeRange()).toBe('>=20.19.0');
    for (const path of ['README.md', 'CONTRIBUTING.md']) expect(read(path)).toContain('Node 20.19 or newer');
  });

  it('matches .nvmrc and the `node` package for development', () => {
    const { devDependencies = {} }: { devDependencies?: Record<string, string> } = JSON.parse(
      read('package.json'),
    );
    expect(devDependencies['node']?.split('.')[0]).toBe(read('.nvmrc').trim());
  });

  it('satisfies every package, so that an install prints no warning (update: `npm run lock`)', () => {
    expect(dropDemands(readJson('package-lock.json'), readNodeRange())).toEqual([]);
  });

  it('removes the engines of a package that requires a newer one, and no other', () => {
    const lock = {
      packages: {
        '': { engines: { node: '>=99' } },
        'node_modules/a': { engines: { node: '>=22.0.0' }, version: '1' },
        'node_modules/b': { engines: { node: '^20.19.0 || >=22' } },
        'node_modules/c': { version: '2' },
      },
    };
    expect(dropDemands(lock, '>=20.19.0')).toEqual(['node_modules/a']);
    expect(lock.packages['node_modules/a']).toEqual({ version: '1' });
    expect(lock.packages['node_modules/b']).toEqual({ engines: { node: '^20.19.0 || >=22' } });
    expect(lock.packages['']).toEqual({ engines: { node: '>=99' } });
  });
});

it('keeps README.md to 150 lines, with pictures that exist', () => {
  const text = read('README.md');
  expect(text.split('\n').length).toBeLessThanOrEqual(150);
  const pictures = [...text.matchAll(/(?:src|srcset)="([^"]+)"/g)].map(([, path = '']) => path);
  expect(pictures).toHaveLength(2);
  expect(pictures.filter((path) => !existsSync(join(PROJECT, path)))).toEqual([]);
});

it('runs .ci/run on GitHub, with actions pinned by commit', () => {
  const workflow = read('.github/workflows/ci.yml');
  expect(workflow).toMatch(/^ {6}- run: \.ci\/run$/m);
  const uses = [...workflow.matchAll(/uses: (\S+)/g)].map(([, action = '']) => action);
  expect(uses.length).toBeGreaterThan(0);
  for (const action of uses) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
});

it('has the version of package.json in the changelog', () => {
  const { version }: { version?: string } = JSON.parse(read('package.json'));
  expect(read('CHANGELOG.md')).toContain(`\n## ${version}\n`);
});

describe('docs/architecture.md', () => {
  const page = read('docs/architecture.md');
  const rows = page
    .slice(page.indexOf('## Where is'), page.indexOf('## Three stories'))
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| question') && !line.startsWith('| ---'));

  it('names existing files and names in "Where is"', () => {
    expect(rows.length).toBeGreaterThan(10);
    const missing = rows.flatMap((row) => {
      const quoted = [...(row.split('|')[2] ?? '').matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
      // The name may come before its file, as for the function of every dialect.
      let source = 'problem';
      return quoted.filter((text) => {
        if (!/[/.]/.test(text)) return !source.includes(text.replace(/\W.*$/, ''));
        const path = join('src', text.replace(/^src\//, ''));
        if (!existsSync(join(PROJECT, path))) return true;
        source = path.endsWith('.ts') ? read(path) : '';
        return false;
      });
    });
    expect(missing.filter((text) => !text.startsWith('npm run ') && !text.startsWith('endpoint('))).toEqual(
      [],
    );
  });

  it('names the files that a login passes, which exist and are at most 18', () => {
    const [, count = '', list = ''] =
      /A login passes (\d+) files of its own[^:]*: ([\s\S]*?)\. They/.exec(page) ?? [];
    const files = [...list.matchAll(/`([^`]+)`/g)].flatMap(([, text = '']) => {
      const [folder = '', names] = text.split(/[{}]/);
      return names === undefined ? [folder] : names.split(',').map((name) => folder + name);
    });
    const places = ['src', 'src/core'];
    const missing = files.filter(
      (file) => !places.some((place) => existsSync(join(PROJECT, place, `${file}.ts`))),
    );
    expect(missing).toEqual([]);
    expect(files).toHaveLength(Number(count));
    expect(files.length).toBeLessThanOrEqual(18);
  });

  it('shows code of examples/dialect.ts unchanged', () => {
    const example = read('examples/dialect.ts');
    const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
    expect(blocks.length).toBeGreaterThan(0);
    expect(blocks.filter((code) => !example.includes(code))).toEqual([]);
  });

  it('names every room of the core', () => {
    const rooms = readdirSync(join(PROJECT, 'src/core'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(rooms.filter((name) => !page.includes(`\`${name}/\``))).toEqual([]);
  });
});

describe('docs/decisions', () => {
  const names = readdirSync(join(PROJECT, 'docs/decisions')).filter((name) => /^\d{4}-/.test(name));

  it.each(names)('has a number, date, choice, reason and price in %s', (name) => {
    const text = read(`docs/decisions/${name}`);
    expect(text).toMatch(
      /^# (\d+)\. .+\n\n\d{4}-\d{2}-\d{2}.*\n\n\*\*Choice\.\*\* [\s\S]+\*\*Reason\.\*\*[\s\S]+\*\*Price\.\*\* /,
    );
    expect(text).toContain(`# ${Number(name.slice(0, 4))}. `);
    expect(read('docs/decisions/README.md')).toContain(`](${name})`);
  });
});
