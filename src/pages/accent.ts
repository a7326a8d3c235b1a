// The accent colour of a deployment, as a second style sheet: the policy of the pages allows no inline style.
import { anyone } from '../http/auth/auth.ts';
import { GROUNDS, isReadable, mix, TINT_SHARE } from '../http/colors.ts';
import { endpoint } from '../http/endpoint.ts';
import { respondProblem } from '../http/respond.ts';

const PATH = '/accent.css';

/** The colour is part of the URL, so that a browser fetches a changed one at once. */
export const accentPath = (color: string): string => `${PATH}?${color.slice(1)}`;

/** A step small enough to keep the colour recognisable. */
const STEP = 0.05;

/** The colour, lightened until it is readable on the dark grounds. White always is, so this ends. */
const lightened = (color: string, white = 0): string => {
  const lighter = mix('#ffffff', color, Math.min(1, white));
  return isReadable(lighter, GROUNDS.dark) ? lighter : lightened(color, white + STEP);
};

/** The declarations for an `ACCENT_COLOR`. */
export const accentStyle = (color: string): string => {
  const dark = lightened(color);
  const tint = `light-dark(${mix(color, GROUNDS.light[1], TINT_SHARE)}, ${mix(dark, GROUNDS.dark[1], TINT_SHARE)})`;
  return `:root{--accent:light-dark(${color}, ${dark});--on-accent:light-dark(#ffffff, ${GROUNDS.dark[0]});--tint:${tint}}`;
};

const DAY_SECONDS = 24 * 60 * 60;

const showAccent = endpoint({
  method: 'GET',
  path: PATH,
  auth: anyone,
  handle: (c) => {
    const { accentColor } = c.var.httpSettings;
    if (accentColor === null) return respondProblem(c, { reason: 'not_found' });
    // The same for everybody, so unlike the pages it may be cached.
    c.header('Cache-Control', `public, max-age=${DAY_SECONDS}`);
    return c.body(accentStyle(accentColor), 200, { 'Content-Type': 'text/css; charset=utf-8' });
  },
});

export const accent = [showAccent];
