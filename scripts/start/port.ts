// Whether a port is free, and when somebody listens there.
import { connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** Whether another process listens there. Anything else that is wrong with the address is wrangler's to say. */
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
/** A start takes 5 to 20 s. What takes longer than this has asked its person something. */
const READY_WITHIN_MS = 60_000;

/** Waits until somebody listens there, or `isOver` says that nobody will. */
export const waitForListener = async (host: string, port: number, isOver: () => boolean): Promise<void> => {
  const deadlineMs = Date.now() + READY_WITHIN_MS;
  while (!isOver() && Date.now() < deadlineMs && !(await accepts(host, port))) await wait(POLL_MS);
};
