// What axe finds on a page: https://github.com/dequelabs/axe-core
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** Without the nodes of the rules that passed: on a long page it takes axe longer to describe those than to find the others. */
const OPTIONS = JSON.stringify({ resultTypes: ['violations'] } satisfies axe.RunOptions);

/** The rules that the page breaks, as it is now. */
export const findViolations = async (page: Page): Promise<axe.Result[]> => {
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(axe.source);
  return page.evaluate<axe.Result[]>(`axe.run(${OPTIONS}).then(({ violations }) => violations)`);
};
