// Checks whether a port is free, and waits until it is in use.
import { connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** Whether another process listens there. Other errors of the address are reported by wrangler. */
export const isInUse = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve('code' in error && error.code === 'EADDRINUSE'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)));
  });

const accepts = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

const POLL_MS = 200;
/** A start takes 5 to 20 s. If it takes longer than this, wrangler waits for an answer. */
const READY_WITHIN_MS = 60_000;

/** Waits until a process listens there, or until `isOver` returns true. */
export const waitForListener = async (host: string, port: number, isOver: () => boolean): Promise<void> => {
  const deadlineMs = Date.now() + READY_WITHIN_MS;
  while (!isOver() && Date.now() < deadlineMs && !(await accepts(host, port))) await wait(POLL_MS);
};
