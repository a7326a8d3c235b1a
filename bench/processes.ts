// Pins processes to CPU cores and reads their CPU time. Linux only.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** The servers run on one core, the client on another. */
const SERVER_CORE = '0';
const CLIENT_CORE = '1';

const pin = (processId: number, core: string): boolean =>
  availableParallelism() > 1 &&
  spawnSync('taskset', ['--all-tasks', '--pid', '--cpu-list', core, String(processId)]).status === 0;

/** Pins servers to one core. Returns false if the machine does not support it. */
export const pinServers = (processIds: readonly number[]): boolean =>
  processIds.map((id) => pin(id, SERVER_CORE)).every((isPinned) => isPinned);

/** Pins this process, which sends the requests, to the other core. Processes that it starts later inherit that. */
export const pinClient = (): boolean => pin(process.pid, CLIENT_CORE);

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** The running child processes of a process. */
export const childrenOf = (processId: number): number[] => {
  const threads = readThreads(processId);
  const lists = threads.map((thread) => readText(`/proc/${processId}/task/${thread}/children`));
  return lists.flatMap((list) => list.split(/\s+/).filter(Boolean).map(Number));
};

const readThreads = (processId: number): string[] => {
  try {
    return readdirSync(`/proc/${processId}/task`);
  } catch {
    return [];
  }
};

/**
 * The CPU time of these processes in milliseconds, over all their threads; null if the machine does not report it.
 * @see https://docs.kernel.org/scheduler/sched-stats.html for the first number of `schedstat`
 */
export const readCpuMs = (processIds: readonly number[]): number | null => {
  const times = processIds.flatMap((id) =>
    readThreads(id).map((thread) => readText(`/proc/${id}/task/${thread}/schedstat`).split(' ')[0] ?? ''),
  );
  if (times.length === 0 || times.includes('')) return null;
  return times.reduce((sum, nanoseconds) => sum + Number(nanoseconds), 0) / 1e6;
};
