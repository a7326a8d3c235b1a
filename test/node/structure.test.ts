// The structure of the source: the direction of imports, the names that each layer may use, and file headers.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SETTINGS } from '../../src/settings/index.ts';

const SRC = join(import.meta.dirname, '../../src');

/** A source file by its path below src/, with forward slashes. */
interface Source {
  path: string;
  text: string;
  /** Without comments and the contents of strings, so that identifiers remain. */
  code: string;
  imports: string[];
}

const COMMENT_OR_TEXT =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;

/** Removes comments and strings, but keeps the expressions in templates. */
const toCode = (text: string): string =>
  text.replace(COMMENT_OR_TEXT, (found) => {
    if (!found.startsWith('`')) return "''";
    return [...found.matchAll(/\$\{([^}]*)\}/g)].map(([, inside]) => inside).join(' ');
  });

const importsOf = (text: string): string[] =>
  [...text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name ?? '');

const sources: Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => /\.tsx?$/.test(path))
  .sort()
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    return { path, text, code: toCode(text), imports: importsOf(text) };
  });

const layerOf = (path: string): string => (path.includes('/') ? (path.split('/')[0] ?? '') : path);
const inLayer = (layer: string): Source[] => sources.filter(({ path }) => layerOf(path) === layer);

/** A dialect is one file, or one folder: `auth` of both `dialects/auth.ts` and `dialects/auth/index.ts`. */
const dialectOf = (path: string): string => (path.split('/')[1] ?? '').replace(/\.ts$/, '');

const isOwn = (name: string): boolean => name.startsWith('.');
/** The file below src/ that a file imports. */
const resolved = (from: string, name: string): string => posix.join(posix.dirname(from), name);

/** Each import of a source file, as `from -> to`. */
const ownImports = sources.flatMap(({ path, imports }) =>
  imports.filter(isOwn).map((name) => ({ from: path, to: resolved(path, name) })),
);
const shown = ({ from, to }: { from: string; to: string }): string => `${from} -> ${to}`;

/** The layers that each layer may import, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'index.ts': ['env.ts', 'dialects', 'services', 'pages', 'rpc', 'migration', 'http', 'core'],
  'env.ts': ['settings', 'migration', 'http', 'core'],
  settings: ['http'],
  dialects: ['http', 'core'],
  services: ['http', 'core'],
  rpc: ['http', 'core'],
  migration: ['core'],
  pages: ['http', 'core'],
  http: ['core'],
  core: [],
};

/**
 * The rooms of the core by their level: a room imports from its own level and from those below, never from above. The
 * files in src/core itself are shared by all rooms.
 */
const LEVELS: readonly (readonly string[])[] = [
  ['admin', 'factors', 'provider', 'webhooks'],
  ['login', 'accounts'],
  ['sessions', 'credentials', 'throttle', 'proofs', 'events', 'mail', 'outbox'],
  ['store'],
];
const levelOf = (room: string): number => LEVELS.findIndex((rooms) => rooms.includes(room));

/** The room of a file of the core; null for the files that all rooms share. */
const roomOf = (path: string): string | null => /^core\/([\w-]+)\//.exec(path)?.[1] ?? null;

/** The files of rooms that the shared files may import: the tables, whose columns they name. */
const BELOW_SHARED = ['core/store/schema.ts'];

const PACKAGES: Readonly<Record<string, RegExp>> = {
  'index.ts': /^cloudflare:workers$/,
  'env.ts': /^$/,
  settings: /^$/,
  dialects: /^(hono|zod\/mini|@hono\/zod-validator)$/,
  services: /^(hono|zod\/mini)$/,
  migration: /^$/,
  rpc: /^hono\/utils\/cookie$/,
  pages: /^(hono(\/.+)?|zod\/mini|uqr)$/,
  http: /^(hono(\/.+)?|zod\/mini|@hono\/zod-validator)$/,
  core: /^(drizzle-orm(\/.+)?|@noble\/hashes\/.+|bcryptjs|aws4fetch)$/,
};

it('parses the source files, their imports and their code', () => {
  const paths = sources.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(['index.ts', 'env.ts', 'core/index.ts', 'http/problem.ts']));
  expect(inLayer('dialects').length).toBeGreaterThanOrEqual(6);
  expect(ownImports.length).toBeGreaterThan(100);
  expect(importsOf("import { a } from './a.ts';\nexport * from \"./b\";\nawait import('./c.ts');")).toEqual([
    './a.ts',
    './c.ts',
  ]);
  expect(toCode(`const a = 'status'; // status\n/* status */ b(\`x \${c.status} status\`)`)).toBe(
    "const a = ''; ''\n'' b(c.status)",
  );
});

/** The first cycle of these arrows, as `a -> b -> a`; null if there is none. */
const circleIn = (arrows: readonly (readonly [from: string, to: string])[]): string | null => {
  const targets = new Map<string, Set<string>>();
  for (const [from, to] of arrows) targets.set(from, (targets.get(from) ?? new Set()).add(to));
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): string | null => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node].join(' -> ');
    if (done.has(node)) return null;
    for (const target of targets.get(node) ?? []) {
      const circle = visit(target, [...path, node]);
      if (circle) return circle;
    }
    done.add(node);
    return null;
  };
  for (const node of targets.keys()) {
    const circle = visit(node, []);
    if (circle) return circle;
  }
  return null;
};

describe('imports', () => {
  it('run from index to dialects or pages to http to core, never back', () => {
    const wrong = ownImports.filter(({ from, to }) => {
      const [layer, target] = [layerOf(from), layerOf(to)];
      return layer !== target && !MAY_IMPORT[layer]?.includes(target);
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  it('never run from one dialect to another, except from the list of dialects', () => {
    const wrong = ownImports.filter(
      ({ from, to }) =>
        layerOf(from) === 'dialects' &&
        layerOf(to) === 'dialects' &&
        from !== 'dialects/index.ts' &&
        dialectOf(from) !== dialectOf(to),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  it('reach the core, dialects, services, pages and migration only by their index.ts', () => {
    const wrong = ownImports.filter(({ from, to }) => {
      const target = layerOf(to);
      const isInside = layerOf(from) === target;
      return (
        !isInside &&
        ['core', 'dialects', 'services', 'pages', 'migration'].includes(target) &&
        to !== `${target}/index.ts`
      );
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  it('run inside the core only to rooms of the same level or below', () => {
    const inCore = ownImports.filter(({ from, to }) => layerOf(from) === 'core' && layerOf(to) === 'core');
    expect(inCore.length).toBeGreaterThan(50);
    const unknown = inCore.flatMap(({ from }) => roomOf(from) ?? []).filter((room) => levelOf(room) < 0);
    expect([...new Set(unknown)]).toEqual([]);
    const wrong = inCore.filter(({ from, to }) => {
      if (from === 'core/index.ts') return false;
      const [room, target] = [roomOf(from), roomOf(to)];
      if (target === null) return to === 'core/index.ts';
      return room === null ? !BELOW_SHARED.includes(to) : levelOf(target) < levelOf(room);
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  it('form no cycle of files or of rooms inside the core', () => {
    const inCore = ownImports.filter(({ from }) => layerOf(from) === 'core');
    const files = inCore.map(({ from, to }) => [from, to] as const);
    expect(circleIn(files)).toBeNull();
    const rooms = ownImports.flatMap(({ from, to }) => {
      const [room, target] = [roomOf(from), roomOf(to)];
      return room === null || target === null || room === target ? [] : [[room, target] as const];
    });
    expect(rooms.length).toBeGreaterThan(10);
    expect(circleIn(rooms)).toBeNull();
    const circle = [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'b'],
    ] as const;
    expect(circleIn(circle)).toBe('b -> c -> b');
    expect(circleIn(circle.slice(0, 2))).toBeNull();
  });

  it('lead to existing files', () => {
    const paths = new Set(sources.map(({ path }) => path));
    expect(ownImports.filter(({ to }) => !paths.has(to)).map(shown)).toEqual([]);
  });

  it('use only the packages of their layer: neither Hono nor zod in the core', () => {
    const wrong = sources.flatMap(({ path, imports }) =>
      imports
        .filter((name) => !isOwn(name) && !PACKAGES[layerOf(path)]?.test(name))
        .map((name) => `${path} -> ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('use single quotes, so that this test finds them all', () => {
    const unseen = sources.filter(
      ({ text, code }) =>
        /\b(?:from|import)\s*\(?\s*"/.test(text) || /\bimport\s*\((?!'')|\brequire\s*\(/.test(code),
    );
    expect(unseen.map(({ path }) => path)).toEqual([]);
  });
});

/** The core's clients of mail providers, webhooks and apps send HTTP requests. No other file of the core may. */
const isClientOfOthers = ({ path }: Source): boolean =>
  path.startsWith('core/mail/providers/') || path === 'core/webhooks/http.ts';

/** The uses of these words in the code of a layer: `path: word`. */
const uses = (found: readonly Source[], words: RegExp): string[] =>
  found.flatMap(({ path, code }) => [...new Set(code.match(words) ?? [])].map((word) => `${path}: ${word}`));

/** A JSON Web Token has a header. */
const TOKEN_HEADERS = ['core/sessions/jwt.ts: header', 'core/provider/es256.ts: header'];

describe('the names that a layer uses', () => {
  it('include no request, response, header, cookie or status in the core', () => {
    // The result of a promise has a status too, which is compared with a string.
    const words =
      /\b(?:Request|Response|Headers?|headers?|FormData|Context|[Ss]et-?Cookie|cookies?|status(?! === '')|statusCode|statusText|fetch)\b/g;
    const core = inLayer('core').filter((source) => !isClientOfOthers(source));
    expect(uses(core, words).filter((use) => !TOKEN_HEADERS.includes(use))).toEqual([]);
    expect(uses(inLayer('http'), words)).toEqual(expect.arrayContaining(['http/problem.ts: status']));
  });

  it('include bindings and settings only in env.ts, index.ts and the table of settings', () => {
    const { text = '' } = sources.find(({ path }) => path === 'env.ts') ?? {};
    const [, bindings = ''] = /^interface Bindings \{([\s\S]*?)\n\}/m.exec(text) ?? [];
    const names = [...bindings.matchAll(/^ {2}([A-Z0-9_]+)\??:/gm)].map(([, name]) => name ?? '');
    expect(names).toEqual(expect.arrayContaining(['DB', 'SESSIONS']));
    const words = new RegExp(`\\b(?:${[...names, ...Object.keys(SETTINGS)].join('|')})\\b`, 'g');
    const others = sources.filter(
      ({ path }) => !['env.ts', 'index.ts', 'settings/index.ts', 'settings/table.ts'].includes(path),
    );
    expect(uses(others, words)).toEqual([]);
  });

  it('include no dialect in http and the core', () => {
    const words = /\b(?:userV1|conjugator|misspeltAccount)\b/g;
    expect(uses([...inLayer('http'), ...inLayer('core')], words)).toEqual([]);
    const names = /\/(?:api|acc?ount)\b/;
    const unaware = [...inLayer('http'), ...inLayer('core')].filter((source) => !isClientOfOthers(source));
    const paths = unaware.filter(({ text }) =>
      (text.match(/'[^'\n]*'/g) ?? []).some((quoted) => names.test(quoted)),
    );
    expect(
      paths.flatMap(({ path, text }) => [path, ...(text.match(/'\/(?:api|acc?ount)[^']*'/g) ?? [])]),
    ).toEqual([]);
  });
});

describe.each(sources.map(({ path, text }) => ({ path, text })))('src/$path', ({ text }) => {
  it('begins with a comment line that states its purpose', () => {
    expect(text.split('\n')[0]).toMatch(/^\/\/ \S+ \S+/);
  });
});
