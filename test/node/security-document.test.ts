// The security documents: they cite existing tests, and cover every requirement and every stored column.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const FOLDER = 'docs/security';
const pages = readdirSync(join(ROOT, FOLDER)).map((name) => read(`${FOLDER}/${name}`));
/** The text without line breaks, because a citation may span lines. */
const flow = (text: string): string => text.replace(/\s+/g, ' ');
const flowing = flow(pages.join('\n'));

const front = read('SECURITY.md');
const asvs = read(`${FOLDER}/asvs.md`);
const threatModel = read(`${FOLDER}/threat-model.md`);
const storage = read(`${FOLDER}/storage.md`);

/** OWASP ASVS 5.0.0, chapters V6, V7 and V10. https://github.com/OWASP/ASVS/tree/v5.0.0/5.0/en */
const LEVEL_1 = (
  'V6.1.1 V6.2.1 V6.2.2 V6.2.3 V6.2.4 V6.2.5 V6.2.6 V6.2.7 V6.2.8 V6.3.1 V6.3.2 V6.4.1 V6.4.2 ' +
  'V7.2.1 V7.2.2 V7.2.3 V7.2.4 V7.4.1 V7.4.2 V10.4.1 V10.4.2 V10.4.3 V10.4.4 V10.4.5'
).split(' ');
const LEVEL_2 = (
  'V6.1.2 V6.1.3 V6.2.9 V6.2.10 V6.2.11 V6.2.12 V6.3.3 V6.3.4 V6.4.3 V6.4.4 V6.5.1 V6.5.2 V6.5.3 V6.5.4 V6.5.5 ' +
  'V6.6.1 V6.6.2 V6.6.3 V6.8.1 V6.8.2 V6.8.3 V6.8.4 ' +
  'V7.1.1 V7.1.2 V7.1.3 V7.3.1 V7.3.2 V7.4.3 V7.4.4 V7.4.5 V7.5.1 V7.5.2 V7.6.1 V7.6.2 ' +
  'V10.1.1 V10.1.2 V10.2.1 V10.2.2 V10.3.1 V10.3.2 V10.3.3 V10.3.4 V10.4.6 V10.4.7 V10.4.8 V10.4.9 V10.4.10 ' +
  'V10.4.11 V10.5.1 V10.5.2 V10.5.3 V10.5.4 V10.5.5 V10.6.1 V10.6.2 V10.7.1 V10.7.2 V10.7.3'
).split(' ');

interface Requirement {
  id: string;
  level: string;
  state: string;
  shownBy: string;
}

/** The rows of the tables of requirements: id, level, requirement, state and evidence. */
const requirements: Requirement[] = asvs.split('\n').flatMap((line) => {
  const [, id = '', level = '', , state = '', shownBy = ''] =
    /^\| (V\d+\.\d+\.\d+) \| (\d) \| ([^|]+) \| ([^|]+) \| (.+) \|$/.exec(line) ?? [];
  return id === '' ? [] : [{ id, level, state, shownBy }];
});

/** The ids in the table of unmet requirements of level 1. */
const unmetOfLevel1 = [...asvs.matchAll(/^\| (V\d+\.\d+\.\d+) \| [^|]+ \| [^|]+ \|$/gm)].map(([, id]) => id);

const idsOfState = (...states: string[]): string[] =>
  requirements.filter(({ state }) => states.includes(state)).map(({ id }) => id);

/** A test file, as `path` below test/ or as a link, and the names of tests that follow it. */
const CITATION =
  /(?:`([\w./-]+\.test\.tsx?)`|\]\((?:\.\.\/)*([\w./-]+\.test\.tsx?)\))((?:,? (?:and )?"[^"]+")*)/g;

interface Citation {
  path: string;
  names: string[];
}

const citationsIn = (text: string): Citation[] =>
  [...text.matchAll(CITATION)].map(([, short, linked, names = '']) => ({
    path: linked ?? `test/${short}`,
    names: [...names.matchAll(/"([^"]+)"/g)].map(([, name]) => name ?? ''),
  }));

/** The titles of a file's tests: the first argument of `it`, `describe` and what `each` gives. */
const TITLE =
  /(?:\b(?:describe|it)(?:\.\w+)*(?:<[^(]*>)?|\))\s*\(\s*(?:'((?:[^'\\]|\\.)+)'|"((?:[^"\\]|\\.)+)"|`((?:[^`\\]|\\.)+)`)\s*,/g;

const titlesOf = (text: string): string[] =>
  [...text.matchAll(TITLE)].map(([, single, double, template]) =>
    (single ?? double ?? template ?? '').replace(/\\(.)/g, '$1'),
  );

/** True if a title has the words of a citation, in their order: `…` stands for omitted words. */
const isTitled = (titles: readonly string[], name: string): boolean => {
  const words = name.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(words.join('.*'), 's');
  return titles.some((title) => pattern.test(title));
};

it('parses citations and titles', () => {
  expect(
    citationsIn('`a/b.test.ts` "one", "two" and [c](../../test/c.test.ts) "three…", `d.test.ts`'),
  ).toEqual([
    { path: 'test/a/b.test.ts', names: ['one', 'two'] },
    { path: 'test/c.test.ts', names: ['three…'] },
    { path: 'test/d.test.ts', names: [] },
  ]);
  const titles = titlesOf(
    `it('a man\\'s', () => x('no title', 1));\ndescribe.each(all)("of %s", f);\nit.each<[a]>([1])(\n\`t\`,`,
  );
  expect(titles).toEqual(["a man's", 'of %s', 't']);
  expect(isTitled(['it waits a second, and no longer'], 'waits…no longer')).toBe(true);
  expect(isTitled(['it waits a second, and no longer'], 'no longer…waits')).toBe(false);
  expect(isTitled(['one', 'two'], 'one…two')).toBe(false);
  expect(citationsIn(flowing).flatMap(({ names }) => names).length).toBeGreaterThan(60);
});

it('keeps SECURITY.md to one page, with links to every page of docs/security', () => {
  expect(front.split('\n').length).toBeLessThan(60);
  for (const name of readdirSync(join(ROOT, FOLDER))) expect(front).toContain(`(${FOLDER}/${name}`);
});

it('refers only to weaknesses that exist', () => {
  const count = [...threatModel.matchAll(/^\d+\. \*\*/gm)].length;
  const numbers = [...flowing.matchAll(/weakness (\d+)/g)].map(([, number]) => Number(number));
  expect(count).toBeGreaterThan(20);
  expect(numbers.length).toBeGreaterThan(8);
  expect(numbers.filter((number) => number < 1 || number > count)).toEqual([]);
});

describe('a citation of tests', () => {
  it('names an existing file and existing titles', () => {
    const missing = citationsIn(flowing).flatMap(({ path, names }) => {
      if (!existsSync(join(ROOT, path))) return [path];
      const titles = titlesOf(read(path));
      return names.filter((name) => !isTitled(titles, name)).map((name) => `${path}: ${name}`);
    });
    expect(missing).toEqual([]);
  });

  it('follows the pattern of this test: a requirement quotes nothing else', () => {
    const unseen = requirements.filter(({ shownBy }) =>
      shownBy
        .replace(CITATION, '')
        .replace(/`[^`]*`/g, '')
        .includes('"'),
    );
    expect(unseen.map(({ id }) => id)).toEqual([]);
  });
});

describe('the requirements', () => {
  it.each([
    ['1', LEVEL_1],
    ['2', LEVEL_2],
  ])('include each requirement of level %s once', (level, ids) => {
    const found = requirements.filter((requirement) => requirement.level === level).map(({ id }) => id);
    expect(found.toSorted()).toEqual(ids.toSorted());
  });

  it('have one of four states each, and are 82', () => {
    expect(requirements.length).toBe(82);
    expect(idsOfState('met', 'partly', 'not met', 'not applicable')).toHaveLength(82);
  });

  it('list those of level 1 that are not met', () => {
    const unmet = idsOfState('partly', 'not met').filter((id) => LEVEL_1.includes(id));
    expect(unmetOfLevel1).toEqual(unmet);
  });

  it('name those of level 2 that are not met in the summary', () => {
    const [, notMet = '', partly = ''] =
      /Level 2 is \*\*not\*\* claimed: ([^:]+?) are not met, ([^:]+?) only partly\./.exec(flow(asvs)) ?? [];
    const idsIn = (text: string) => text.match(/V\d+\.\d+\.\d+/g) ?? [];
    const ofLevel2 = (id: string) => LEVEL_2.includes(id);
    expect(idsIn(notMet)).toEqual(idsOfState('not met').filter(ofLevel2));
    expect(idsIn(partly)).toEqual(idsOfState('partly').filter(ofLevel2));
  });
});

describe('docs/security/storage.md', () => {
  const schema = read('src/core/store/schema.ts');

  it('describes every column', () => {
    const columns = [...schema.matchAll(/\b(?:text|integer)\('(\w+)'/g)].map(([, name]) => name ?? '');
    expect(columns.length).toBeGreaterThan(30);
    expect(columns.filter((name) => !storage.includes(`\`${name}\``))).toEqual([]);
  });

  it('describes every kind of session', () => {
    const [, list = ''] = /text\('kind', \{ enum: \[([^\]]+)\]/.exec(schema) ?? [];
    const kinds = [...list.matchAll(/'(\w+)'/g)].map(([, kind]) => `\`${kind}\``);
    expect(kinds.length).toBeGreaterThan(3);
    expect(storage).toContain(`| \`kind\` | ${kinds.join(', ')}:`);
  });
});
