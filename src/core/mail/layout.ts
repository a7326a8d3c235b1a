// Lays out a letter as plain text and as HTML. Both show the same parts in the same order.
import type { Letter } from './texts/letter.ts';

/** A name and what it is, in words: when, from what device, where. */
export type FactRow = readonly [name: string, value: string];

export interface LayoutFacts {
  /** The language of the letter, as HTML names it. */
  locale: string;
  rows: readonly FactRow[];
  /** Turned into a link wherever the advice names it. */
  forgotUrl: string;
  footer: string;
  publicUrl: string;
}

export const layOutText = (letter: Letter, facts: LayoutFacts): string => {
  const blocks = [
    letter.title,
    letter.intro,
    letter.action && `${letter.action.label}:\n${letter.action.url}`,
    letter.code && `${letter.code.label}\n${letter.code.code}`,
    letter.showsFacts ? facts.rows.map(([name, value]) => `${name}: ${value}`).join('\n') : null,
    ...letter.advice,
    `${facts.footer}\n${facts.publicUrl}`,
  ];
  return `${blocks.filter((block) => block !== null).join('\n\n')}\n`;
};

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as HTML, in an element or in a quoted attribute. */
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

/**
 * Clients that drop a style sheet still get the light colours, which are inline. The sheet is for the dark ones.
 * Nothing is loaded from elsewhere: no image, no font.
 */
const DARK = `@media (prefers-color-scheme:dark){
body,.page{background:#14161b!important;color:#e8eaf0!important}
.card{background:#1e222b!important;border-color:#343a46!important}
.code{background:#14161b!important;color:#e8eaf0!important}
.quiet{color:#a6adbb!important}
.button{background:#8ab4ff!important;color:#10131a!important}
a{color:#8ab4ff!important}a.button{color:#10131a!important}
}`;

const STYLE = {
  page: 'margin:0;padding:24px 12px;background:#f3f4f7;color:#1c2230;font:16px/1.5 system-ui,-apple-system,Segoe UI,Roboto,sans-serif',
  // Clients show it behind the subject. It is not visible in the mail itself.
  preheader: 'display:none;max-height:0;overflow:hidden;opacity:0',
  card: 'max-width:480px;margin:0 auto;padding:24px 20px;background:#ffffff;border:1px solid #dfe2e8;border-radius:12px;overflow-wrap:anywhere',
  title: 'margin:0 0 12px;font-size:21px;line-height:1.3',
  paragraph: 'margin:0 0 16px',
  button:
    'display:inline-block;padding:11px 20px;border-radius:8px;background:#1f5fd6;color:#ffffff;font-weight:600;text-decoration:none',
  code: 'margin:0 0 16px;padding:10px;border-radius:8px;background:#f3f4f7;color:#1c2230;font:700 26px/1.4 ui-monospace,Menlo,Consolas,monospace;letter-spacing:3px;text-align:center',
  quiet: 'margin:0 0 10px;font-size:14px;color:#5a6373',
  footer: 'max-width:480px;margin:14px auto 0;font-size:13px;color:#5a6373;text-align:center',
} as const;

const paragraph = (html: string, style: 'paragraph' | 'quiet' = 'paragraph'): string =>
  `<p class="${style}" style="${STYLE[style]}">${html}</p>`;

const link = (url: string, label: string): string => `<a href="${escapeHtml(url)}">${escapeHtml(label)}</a>`;

export const layOutHtml = (letter: Letter, facts: LayoutFacts): string => {
  const { action, code } = letter;
  const shownForgotUrl = escapeHtml(facts.forgotUrl);
  const advice = letter.advice.map((text) =>
    paragraph(escapeHtml(text).replaceAll(shownForgotUrl, link(facts.forgotUrl, facts.forgotUrl)), 'quiet'),
  );
  const rows = facts.rows.map(([name, value]) => `<b>${escapeHtml(name)}:</b> ${escapeHtml(value)}`);
  const parts = [
    `<h1 style="${STYLE.title}">${escapeHtml(letter.title)}</h1>`,
    paragraph(escapeHtml(letter.intro)),
    action &&
      paragraph(
        `<a class="button" style="${STYLE.button}" href="${escapeHtml(action.url)}">${escapeHtml(action.label)}</a>`,
      ),
    code && paragraph(escapeHtml(code.label)),
    code && `<p class="code" style="${STYLE.code}">${escapeHtml(code.code)}</p>`,
    letter.showsFacts ? paragraph(rows.join('<br>')) : null,
    ...advice,
  ];
  return `<!doctype html>
<html lang="${facts.locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(letter.subject)}</title>
<style>:root{color-scheme:light dark}
${DARK}</style>
</head>
<body class="page" style="${STYLE.page}">
<div style="${STYLE.preheader}">${escapeHtml(letter.preheader)}</div>
<div class="card" style="${STYLE.card}">
${parts.filter((part) => part !== null).join('\n')}
</div>
<p class="quiet" style="${STYLE.footer}">${escapeHtml(facts.footer)}<br>${link(facts.publicUrl, new URL(facts.publicUrl).host)}</p>
</body>
</html>
`;
};
