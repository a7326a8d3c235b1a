// Every mail in every language: the same parts, nothing loaded from elsewhere, and no English sentence left.
import { describe, expect, it } from 'vitest';
import { LOCALES } from '../../../src/core/index.ts';
import { isMailKind, type MailKind } from '../../../src/core/mail/kinds.ts';
import { de } from '../../../src/core/mail/texts/de.ts';
import { en } from '../../../src/core/mail/texts/en.ts';
import { writeMail } from '../../../src/core/mail/write.ts';

const KINDS = Object.keys(en.letters).filter(isMailKind);
const URL_OF_LINK = 'https://id.example.com/page?token=abc&x="<i>';
const CODE = '12345678';

const write = (kind: MailKind, locale: (typeof LOCALES)[number]) =>
  writeMail({
    kind,
    to: 'ann@example.com',
    locale,
    details: {
      atMs: Date.UTC(2030, 0, 2, 15, 4),
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
      country: 'NZ',
      hiddenAddress: 'n•••@e•••',
      appName: 'Shop <b>',
    },
    url: URL_OF_LINK,
    code: CODE,
    serviceName: 'Häuser & <Co>',
    publicUrl: 'https://id.example.com',
    idempotencyKey: 'x',
  });

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

it('has the same kinds of mail in all languages', () => {
  expect(Object.keys(de.letters).sort()).toEqual(Object.keys(en.letters).sort());
  expect([...LOCALES].sort()).toEqual(['de', 'en']);
});

describe.each(KINDS)('the mail %s', (kind) => {
  it.each([...LOCALES])('has a short text, escapes HTML and loads nothing, in %s', (locale) => {
    const { subject, text, html } = write(kind, locale);
    // A header has one line.
    expect(subject).toMatch(/^[^\r\n]{5,120}$/);
    expect(text.split('\n').length).toBeLessThan(30);
    expect(html).toContain(`<html lang="${locale}">`);
    // Nothing is loaded or tracked: no image, no script, no style sheet, no URL of another host.
    expect(html).not.toMatch(/<(?:img|script|link|iframe|form|input)|@import|url\(/i);
    const hosts = [...html.matchAll(/https?:\/\/([^/"<\s]+)/g)].map(([, host]) => host);
    expect(new Set(hosts)).toEqual(new Set(['id.example.com']));
    expect(html).not.toContain('<b>Shop');
    expect(html).not.toContain('Shop <b>');
    expect(html).not.toContain('<Co>');
    // Dark mode, narrow screens, and the preview line that clients show after the subject.
    expect(html).toContain('prefers-color-scheme:dark');
    expect(html).toContain('width=device-width');
    expect(html).toMatch(/<div style="display:none[^"]*">[^<]{10,}<\/div>/);
  });

  it('has the same link and code in both languages, and a code in the subject only to sign in', () => {
    const [english, german] = [write(kind, 'en'), write(kind, 'de')];
    for (const part of [URL_OF_LINK, CODE])
      expect(german.text.includes(part)).toBe(english.text.includes(part));
    for (const { subject, html, text } of [english, german]) {
      expect(subject.includes(CODE)).toBe(kind === 'sign_in');
      expect(html.includes(`href="${escaped(URL_OF_LINK)}"`)).toBe(text.includes(URL_OF_LINK));
    }
  });

  it('has no English sentence in German', () => {
    const lines = (text: string) =>
      text.split('\n').filter((line) => / /.test(line) && !line.includes('://'));
    const english = new Set(lines(write(kind, 'en').text));
    expect(lines(write(kind, 'de').text).filter((line) => english.has(line))).toEqual([]);
  });
});
