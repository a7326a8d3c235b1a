// The code in the documents is that of the examples, which the compiler checks and other tests run.
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

it('shows examples/client.ts without its first line in docs/api.md', () => {
  const [comment = '', ...code] = read('examples/client.ts').split('\n');
  expect(comment).toMatch(/^\/\/ /);
  expect(listBlocks(read('docs/api.md'), 'ts')[0]).toBe(code.join('\n'));
});

it('shows examples/openid-client.ts without its first line in docs/openid-connect.md', () => {
  const [, ...code] = read('examples/openid-client.ts').split('\n');
  expect(listBlocks(read('docs/openid-connect.md'), 'ts')).toEqual([code.join('\n')]);
});

it('keeps the example of docs/api.md to ten lines of code, besides blank lines', () => {
  const [code = ''] = listBlocks(read('docs/api.md'), 'ts');
  expect(code.split('\n').filter((line) => line !== '')).toHaveLength(10);
});

it('compiles the examples in strict mode', () => {
  const config: unknown = JSON.parse(read('tsconfig.json'));
  expect(config).toMatchObject({
    compilerOptions: { strict: true },
    include: expect.arrayContaining(['examples']),
  });
});

it('names the paths and scripts of the API reference in the README, and builds it', () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'));
  expect(scripts['openapi']).toBe('node scripts/openapi/write.ts');
  // Wrangler runs it before it serves, builds or deploys.
  expect(read('wrangler.toml')).toMatch(/^command = .*node scripts\/build-assets.ts"$/m);
  const readme = read('README.md');
  for (const named of ['`/docs`', '`/openapi.json`', '`npm run openapi`', '(examples/spa)'])
    expect(readme).toContain(named);
});
