// `npm run lock`: removes requirements of a newer Node from package-lock.json that do not concern the installing Node.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { minVersion, satisfies } from 'semver';
import { print } from './terminal.ts';
import { isRow, PROJECT } from './wrangler.ts';

/**
 * npm compares the `engines` of every package in the lock with the Node that runs npm, and warns (EBADENGINE). Here no
 * package runs on that Node: scripts and tools run on the Node of the dev dependency `node`, which is first in the path
 * of every npm script. The requirements are removed package by package, so no other warning is hidden.
 *
 * @param lock the parsed package-lock.json. The affected packages lose their `engines`
 * @param node the range in package.json, whose oldest Node is compared with the requirements
 * @returns the affected packages
 */
export const dropDemands = (lock: Record<string, unknown>, node: string): string[] => {
  const oldest = minVersion(node);
  if (oldest === null || !isRow(lock['packages'])) throw new Error('The lock or the range cannot be read.');
  return Object.entries(lock['packages']).flatMap(([path, entry]) => {
    if (path === '' || !isRow(entry) || !isRow(entry['engines'])) return [];
    const demand = entry['engines']['node'];
    if (typeof demand !== 'string' || satisfies(oldest, demand)) return [];
    delete entry['engines'];
    return [path];
  });
};

export const readJson = (name: string): Record<string, unknown> => {
  const parsed: unknown = JSON.parse(readFileSync(join(PROJECT, name), 'utf8'));
  if (!isRow(parsed)) throw new Error(`${name} is no object.`);
  return parsed;
};

/** The range in `engines.node` of package.json. */
export const readNodeRange = (): string => {
  const { engines } = readJson('package.json');
  const range = isRow(engines) ? engines['node'] : null;
  if (typeof range !== 'string') throw new Error('package.json names no Node.');
  return range;
};

if (import.meta.main) {
  const lock = readJson('package-lock.json');
  const dropped = dropDemands(lock, readNodeRange());
  writeFileSync(join(PROJECT, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`);
  print(dropped.length > 0 ? `Dropped the demands of ${dropped.join(', ')}.` : 'Nothing to drop.');
}
