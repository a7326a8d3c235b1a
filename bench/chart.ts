// Draws the ratios to the floor and to the peers as an SVG for light and dark mode.
import { worse } from './budgets.ts';
import type { Report } from './report.ts';
import type { Comparison } from './rounds.ts';

interface Bar {
  label: string;
  value: number;
  min: number;
  max: number;
}

const WIDTH = 760;
const LABEL_WIDTH = 290;
const VALUE_WIDTH = 60;
const ROW_HEIGHT = 22;
const BAR_HEIGHT = 12;
const HEAD_HEIGHT = 34;

/** Contrast of at least 4.5:1 for text and 3:1 for bars, in both modes (WCAG 2.2, 1.4.3 and 1.4.11). */
const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.head { font-weight: 600; }
.bar { fill: #0b6e4f; }
.span { stroke: #1f2328; stroke-width: 1.5; }
.one { stroke: #59636e; stroke-width: 1; stroke-dasharray: 3 3; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .bar { fill: #3fb68b; }
  .span { stroke: #e6edf3; }
  .one { stroke: #9198a1; }
}`;

const escapeXml = (text: string): string =>
  text.replaceAll('`', '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const toBar = (label: string, comparison: Comparison): Bar => {
  const value = worse(comparison);
  const { bySpeed, byCpu } = comparison;
  const { min, max } = byCpu && byCpu.median < bySpeed.median ? byCpu : bySpeed;
  return { label, value, min, max };
};

/** Longer bars are cut at this ratio. The number beside them is exact. */
const MOST_TIMES = 4;

const drawBars = (bars: readonly Bar[], top: number, most: number): string => {
  const scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / most;
  const x = (value: number): number => Math.round(LABEL_WIDTH + Math.min(value, most) * scale);
  const rows = bars.map(({ label, value, min, max }, at) => {
    const middle = top + at * ROW_HEIGHT + ROW_HEIGHT / 2;
    return [
      `<text x="${LABEL_WIDTH - 10}" y="${middle + 4}" text-anchor="end">${escapeXml(label)}</text>`,
      `<rect class="bar" x="${LABEL_WIDTH}" y="${middle - BAR_HEIGHT / 2}" width="${x(value) - LABEL_WIDTH}" height="${BAR_HEIGHT}"/>`,
      `<line class="span" x1="${x(min)}" y1="${middle}" x2="${x(max)}" y2="${middle}"/>`,
      `<text x="${x(Math.max(value, max)) + 8}" y="${middle + 4}">${value.toFixed(2)}</text>`,
    ].join('\n');
  });
  const bottom = top + bars.length * ROW_HEIGHT;
  rows.push(`<line class="one" x1="${x(1)}" y1="${top}" x2="${x(1)}" y2="${bottom}"/>`);
  return rows.join('\n');
};

/** The chart: one group of bars for the floor and one for each peer. The dashed line marks equal speed. */
export const drawRatios = ({ results, rivalries }: Report): string => {
  const toFloor = results.flatMap(({ title, floor }) => (floor ? [toBar(title, floor)] : []));
  const rivals = new Map<string, Bar[]>();
  for (const rivalry of rivalries) {
    const name = rivalry.to.startsWith('django') ? 'Django REST framework' : 'better-auth';
    const bars = rivals.get(name) ?? [];
    rivals.set(name, [...bars, toBar(rivalry.job, rivalry)]);
  }
  const groups: [string, Bar[]][] = [
    ['Latchkey to its floor (1 = bare Worker that does the same I/O)', toFloor],
    ...[...rivals].map(([name, bars]): [string, Bar[]] => [`Latchkey to ${name} (1 = as fast)`, bars]),
  ];
  const highest = groups.flatMap(([, bars]) => bars.map(({ max }) => max));
  // All groups have the same scale, so that their bars can be compared.
  const most = Math.min(MOST_TIMES, Math.max(1, ...highest));
  let top = 0;
  const drawn = groups.map(([head, bars]) => {
    const text = `<text class="head" x="8" y="${top + 22}">${escapeXml(head)}</text>`;
    const body = drawBars(bars, top + HEAD_HEIGHT, most);
    top += HEAD_HEIGHT + bars.length * ROW_HEIGHT + 8;
    return `${text}\n${body}`;
  });
  const title = 'Latchkey beside its floor and its peers: ratios of speed, more is better';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" role="img" aria-labelledby="title">
<title id="title">${title}</title>
<style>${STYLE}
</style>
${drawn.join('\n')}
</svg>
`;
};
