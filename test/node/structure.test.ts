// The shape of the source: which way imports run, what each layer may know, and how each file looks.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SETTINGS } from '../../src/settings/index.ts';

const SRC = join(import.meta.dirname, '../../src');

/** A source file by its path below src/, with forward slashes. */
interface Source {
  path: string;
  text: string;
  /** Without comments, and with the inside of texts blanked: what is left are identifiers. */
  code: string;
  imports: string[];
}

const COMMENT_OR_TEXT =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;

/** Blanks comments and texts, but keeps what a template computes. */
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

/** Each import of a file of ours, as `from -> to`. */
const ownImports = sources.flatMap(({ path, imports }) =>
  imports.filter(isOwn).map((name) => ({ from: path, to: resolved(path, name) })),
);
const shown = ({ from, to }: { from: string; to: string }): string => `${from} -> ${to}`;

/** What each layer may import of ours, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'index.ts': ['env.ts', 'dialects', 'services', 'pages', 'http', 'core'],
  'env.ts': ['settings', 'http', 'core'],
  settings: ['http'],
  dialects: ['http', 'core'],
  services: ['http', 'core'],
  pages: ['http', 'core'],
  http: ['core'],
  core: [],
};

const PACKAGES: Readonly<Record<string, RegExp>> = {
  'index.ts': /^$/,
  'env.ts': /^$/,
  settings: /^$/,
  dialects: /^(hono|zod\/mini|@hono\/zod-validator)$/,
  services: /^(hono|zod\/mini)$/,
  pages: /^(hono(\/.+)?|zod\/mini)$/,
  http: /^(hono(\/.+)?|zod\/mini|@hono\/zod-validator)$/,
  core: /^(drizzle-orm(\/.+)?|@noble\/hashes\/.+|bcryptjs)$/,
};

it('reads what it checks', () => {
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

describe('imports', () => {
  it('run from index to dialects or pages to http to core, never back', () => {
    const wrong = ownImports.filter(({ from, to }) => {
      const [layer, target] = [layerOf(from), layerOf(to)];
      return layer !== target && !MAY_IMPORT[layer]?.includes(target);
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  it('never run from one dialect to another: only the list of dialects names them', () => {
    const wrong = ownImports.filter(
      ({ from, to }) =>
        layerOf(from) === 'dialects' &&
        layerOf(to) === 'dialects' &&
        from !== 'dialects/index.ts' &&
        dialectOf(from) !== dialectOf(to),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  it('reach the core, the dialects and the pages by their front doors', () => {
    const wrong = ownImports.filter(({ from, to }) => {
      const target = layerOf(to);
      const isInside = layerOf(from) === target;
      return (
        !isInside && ['core', 'dialects', 'services', 'pages'].includes(target) && to !== `${target}/index.ts`
      );
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  it('lead to files that are there', () => {
    const paths = new Set(sources.map(({ path }) => path));
    expect(ownImports.filter(({ to }) => !paths.has(to)).map(shown)).toEqual([]);
  });

  it('take no package that the layer has no business with: the core knows neither Hono nor zod', () => {
    const wrong = sources.flatMap(({ path, imports }) =>
      imports
        .filter((name) => !isOwn(name) && !PACKAGES[layerOf(path)]?.test(name))
        .map((name) => `${path} -> ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('are written with a text in single quotes, so that this test sees them all', () => {
    const unseen = sources.filter(
      ({ text, code }) =>
        /\b(?:from|import)\s*\(?\s*"/.test(text) || /\bimport\s*\((?!'')|\brequire\s*\(/.test(code),
    );
    expect(unseen.map(({ path }) => path)).toEqual([]);
  });
});

/** Where these words stand in the code of a layer: `path: word`. */
const uses = (found: readonly Source[], words: RegExp): string[] =>
  found.flatMap(({ path, code }) => [...new Set(code.match(words) ?? [])].map((word) => `${path}: ${word}`));

describe('what a layer knows', () => {
  it('of HTTP: the core knows no request, response, header, set cookie or status', () => {
    // A promise has a status too, which is compared with a text; a JSON Web Token has a header.
    const words =
      /\b(?:Request|Response|Headers?|headers?|FormData|Context|[Ss]et-?Cookie|cookies?|status(?! === '')|statusCode|statusText|fetch)\b/g;
    expect(uses(inLayer('core'), words).filter((use) => use !== 'core/sessions/jwt.ts: header')).toEqual([]);
    expect(uses(inLayer('http'), words)).toEqual(expect.arrayContaining(['http/problem.ts: status']));
  });

  it('of the bindings: only env.ts, index.ts and the table of settings name them', () => {
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

  it('of the dialects: neither http nor the core names one', () => {
    const words = /\b(?:userV1|conjugator|misspeltAccount)\b/g;
    expect(uses([...inLayer('http'), ...inLayer('core')], words)).toEqual([]);
    const names = /\/(?:api|acc?ount)\b/;
    const paths = [...inLayer('http'), ...inLayer('core')].filter(({ text }) =>
      (text.match(/'[^'\n]*'/g) ?? []).some((quoted) => names.test(quoted)),
    );
    expect(
      paths.flatMap(({ path, text }) => [path, ...(text.match(/'\/(?:api|acc?ount)[^']*'/g) ?? [])]),
    ).toEqual([]);
  });
});

describe.each(sources.map(({ path, text }) => ({ path, text })))('src/$path', ({ text }) => {
  it('opens with a comment line that says what it is for', () => {
    expect(text.split('\n')[0]).toMatch(/^\/\/ \S+ \S+/);
  });
});
