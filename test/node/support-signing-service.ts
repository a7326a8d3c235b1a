// The Worker with signing keys, at an origin that is known before it starts: its settings name that origin.
import { createServer, request } from 'node:http';
import { KEYS } from '../support/signing-keys.ts';
import { type Service, startService } from './support-service.ts';

/** A proxy that passes each request on to a port that is set later, with the same Host. */
const openDoor = async () => {
  let target = 0;
  const server = createServer((asked, answer) => {
    const { method = 'GET', url: path = '/', headers } = asked;
    const passed = request({ host: '127.0.0.1', port: target, method, path, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The door has no port.');
  return {
    port: address.port,
    leadTo: (port: number) => {
      target = port;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

/** Starts the Worker with `SIGNING_KEYS`, and with its own origin as `PUBLIC_URL`. */
export const startSigningService = async (settings: Record<string, string> = {}): Promise<Service> => {
  const door = await openDoor();
  const origin = `http://localhost:${door.port}`;
  const service = await startService(
    { PUBLIC_URL: origin, ...settings },
    { SIGNING_KEYS: JSON.stringify(KEYS) },
  );
  door.leadTo(Number(new URL(service.origin).port));
  return {
    ...service,
    origin,
    close: async () => {
      await door.close();
      await service.close();
    },
  };
};
