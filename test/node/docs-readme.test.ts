// What documents show of the examples is their code, which the compiler checks and other tests run.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The code blocks of a language in a Markdown text. */
const listBlocks = (text: string, language: string): string[] =>
  [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , code = '']) => code);

it('docs/api.md has the example to the letter, but for the line that says what it is for', () => {
  const [comment = '', ...code] = read('examples/client.ts').split('\n');
  expect(comment).toMatch(/^\/\/ /);
  expect(listBlocks(read('docs/api.md'), 'ts')[0]).toBe(code.join('\n'));
});

it('docs/openid-connect.md has the example of an app to the letter', () => {
  const [, ...code] = read('examples/openid-client.ts').split('\n');
  expect(listBlocks(read('docs/openid-connect.md'), 'ts')).toEqual([code.join('\n')]);
});

it('the example is ten lines of code, blank lines apart', () => {
  const [code = ''] = listBlocks(read('docs/api.md'), 'ts');
  expect(code.split('\n').filter((line) => line !== '')).toHaveLength(10);
});

it('the compiler checks the example with the rest', () => {
  const config: unknown = JSON.parse(read('tsconfig.json'));
  expect(config).toMatchObject({
    compilerOptions: { strict: true },
    include: expect.arrayContaining(['examples']),
  });
});

it('the README names the scripts and paths of the reference that there are', () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'));
  expect(scripts['openapi']).toBe('node scripts/openapi/write.ts');
  // Wrangler runs it whatever it is asked to do: to serve, to build, to deploy.
  expect(read('wrangler.toml')).toMatch(/^command = .*node scripts\/build-assets.ts"$/m);
  const readme = read('README.md');
  for (const named of ['`/docs`', '`/openapi.json`', '`npm run openapi`', '(examples/spa)'])
    expect(readme).toContain(named);
});
