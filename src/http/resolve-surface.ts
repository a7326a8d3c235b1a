// Whom a request is for, and so in whose words it is refused: a dialect, the pages, or neither.

import type { Dialect } from './context.ts';
import { createDialectFinder } from './mount.ts';

export type FindAddressee = (path: string, accept: string | undefined) => Dialect;

const WANTS_HTML = /\btext\/html\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i;

const firstName = (path: string): string => path.split('/')[1] ?? '';

/**
 * A path below a dialect's is that dialect's. Of all others, the pages have those that begin like one of theirs,
 * and what is unknown, where it is a browser that asks; the rest is the service's.
 */
export const createAddresseeFinder = (
  dialects: readonly Dialect[],
  pages: Dialect,
  service: Dialect,
): FindAddressee => {
  const findDialect = createDialectFinder(dialects, service);
  const namesIn = ({ routes }: Dialect) => new Set(routes.routes.map(({ path }) => firstName(path)));
  const [pageNames, serviceNames] = [namesIn(pages), namesIn(service)];

  return (path, accept) => {
    const found = findDialect(path);
    const name = firstName(path);
    if (found !== service || serviceNames.has(name)) return found;
    return pageNames.has(name) || WANTS_HTML.test(accept ?? '') ? pages : service;
  };
};
