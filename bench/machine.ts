// Describes the machine and the versions of a run.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { PROJECT } from '../scripts/wrangler.ts';

export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  platform: string;
  versions: Record<string, string>;
}

const versionOf = (path: string): string => {
  try {
    const content: unknown = JSON.parse(readFileSync(join(PROJECT, path, 'package.json'), 'utf8'));
    const version: unknown =
      typeof content === 'object' && content !== null ? Reflect.get(content, 'version') : null;
    return typeof version === 'string' ? version : 'unknown';
  } catch {
    return 'not installed';
  }
};

const pythonVersions = (): string => {
  const script = 'import django, rest_framework; print(django.get_version(), rest_framework.VERSION)';
  const { status, stdout } = spawnSync('/usr/bin/python3', ['-c', script], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'not installed';
};

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  platform: `${process.platform} ${process.arch}`,
  versions: {
    node: process.versions.node,
    workerd: versionOf('node_modules/workerd'),
    miniflare: versionOf('node_modules/miniflare'),
    hono: versionOf('node_modules/hono'),
    autocannon: versionOf('node_modules/autocannon'),
    'better-auth': versionOf('bench/peers/better-auth/node_modules/better-auth'),
    'django, rest framework': pythonVersions(),
  },
});
