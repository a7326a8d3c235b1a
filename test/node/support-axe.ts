// What axe finds on a page: https://github.com/dequelabs/axe-core
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import type { Page } from 'playwright-core';

/** Each page compiles it anew: the minified file, which is less than half of `axe.source`. */
const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Without the nodes of the rules that passed: on a long page it takes axe longer to describe those than to find the others. */
const OPTIONS = { resultTypes: ['violations'] } satisfies axe.RunOptions;

/** The rules that depend on colours. */
const COLORS = ['color-contrast', 'link-in-text-block'];

/** Until then, a color that changes with the scheme may have too little contrast. */
const TRANSITIONS_END =
  'Promise.allSettled(document.getAnimations().filter((each) => each instanceof CSSTransition).map(({ finished }) => finished))';

/**
 * The rules that the page breaks, as it is now.
 * @param only the rules for colours alone: for a page that was checked with others
 */
export const findViolations = async (page: Page, only?: 'colors'): Promise<axe.Result[]> => {
  const options = JSON.stringify(only === undefined ? OPTIONS : { ...OPTIONS, runOnly: COLORS });
  await page.evaluate(TRANSITIONS_END);
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(SOURCE);
  return page.evaluate<axe.Result[]>(`axe.run(${options}).then(({ violations }) => violations)`);
};
