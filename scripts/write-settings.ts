// `npm run settings`: generates the tables of docs/settings.md from src/settings/table.ts.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS, type Setting } from '../src/settings/index.ts';
import { PROJECT } from './wrangler.ts';

export const SETTINGS_PAGE = join(PROJECT, 'docs/settings.md');

const BEGIN = '<!-- settings: begin, written by `npm run settings` -->';
const END = '<!-- settings: end -->';

const writeRow = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const writeSettings = (settings: readonly [string, Setting<unknown>][]): string[] => [
  writeRow(['setting', 'takes', 'default', 'what it does']),
  writeRow(['---', '---', '---', '---']),
  ...settings.map(([name, { takes, shownDefault, doc }]) =>
    writeRow([`\`${name}\``, takes, `\`${shownDefault}\``, doc]),
  ),
];

/** Returns the page with the current tables between its markers. */
export const renderSettingsPage = (page: string): string => {
  const [before, rest] = page.split(BEGIN);
  const [, after] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined) throw new Error('docs/settings.md has lost its markers.');
  const all = Object.entries<Setting<unknown>>(SETTINGS);
  const lines = [
    BEGIN,
    ...writeSettings(all.filter(([, { isSecret }]) => !isSecret)),
    '',
    'Secrets, set with `npx wrangler secret put <name>` and never written to `wrangler.toml`:',
    '',
    ...writeSettings(all.filter(([, { isSecret }]) => isSecret)),
    END,
  ];
  return before + lines.join('\n') + after;
};

if (import.meta.main) writeFileSync(SETTINGS_PAGE, renderSettingsPage(readFileSync(SETTINGS_PAGE, 'utf8')));
