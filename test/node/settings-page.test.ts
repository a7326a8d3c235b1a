// docs/settings.md: it lists every setting, and its examples match the Worker.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { renderSettingsPage, SETTINGS_PAGE } from '../../scripts/write-settings.ts';
import { readValues, SETTINGS } from '../../src/settings/index.ts';

const page = readFileSync(SETTINGS_PAGE, 'utf8');
const TOKEN_SECRET = 'a secret for tests that is long enough';

it('matches the output of `npm run settings`', () => {
  expect(renderSettingsPage(page)).toBe(page);
});

it('lists every setting once with its default', () => {
  for (const [name, { shownDefault }] of Object.entries(SETTINGS)) {
    const rows = page.split('\n').filter((line) => line.startsWith(`| \`${name}\` |`));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toContain(` \`${shownDefault}\` |`);
  }
});

it('shows the messages for invalid settings', () => {
  const read = readValues({
    TOKEN_SECRET,
    SESSION_IDLE_DAYS: '500',
    ALLOW_ORIGINS: 'https://app.example.com',
  });
  if (!('problems' in read)) return expect.fail('The settings are taken.');
  for (const problem of read.problems) expect(page).toContain(problem);
  expect(read.problems).toHaveLength(2);
});

it('shows an example of TOML that the Worker accepts', () => {
  const origins = ['https://app.example.com', 'https://www.example.com'];
  expect(page).toContain(`ALLOWED_ORIGINS = ${JSON.stringify(origins).replace(',', ', ')}`);
  const read = readValues({
    TOKEN_SECRET,
    SESSION_IDLE_DAYS: 30,
    HIDE_UNKNOWN_ACCOUNTS: true,
    ALLOWED_ORIGINS: origins,
  });
  expect(read).toMatchObject({
    values: { SESSION_IDLE_DAYS: 30, HIDE_UNKNOWN_ACCOUNTS: true, ALLOWED_ORIGINS: origins },
  });
});
