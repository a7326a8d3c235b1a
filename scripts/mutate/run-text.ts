// Runs a program and returns its output.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const MAX_BYTES = 16 * 1024 * 1024;

export const runText = async (program: string, args: readonly string[], cwd: string): Promise<string> =>
  (await promisify(execFile)(program, [...args], { cwd, maxBuffer: MAX_BYTES })).stdout;
