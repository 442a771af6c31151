import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { keepForCut } from './cut.ts';
import type { ServingCertificate } from './serving-certificate.ts';

export interface RunningServer {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** Stops accepting, lets answers in flight finish for a moment, then cuts what is left. */
  stop(): Promise<void>;
}

/** Longer than any client of ours keeps an idle connection, so that none is closed under a request just sent. */
const IDLE_MS = 120_000;
/** A body that takes longer than this is given up, as the API server does after its request timeout. */
const REQUEST_MS = 60_000;
const GRACE_MS = 500;

/** HTTPS on 127.0.0.1. Rejects when the port is taken. */
export async function startServer(
  port: number, { certificate, key }: ServingCertificate, handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<RunningServer> {
  const server = createServer({ cert: certificate, key, keepAliveTimeout: IDLE_MS, requestTimeout: REQUEST_MS, noDelay: true }, (request, response) => {
    void handle(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('connection', keepForCut);
  // A client that vanishes in the middle of its handshake is nobody's error.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
      await closed;
      clearTimeout(cut);
    },
  };
}
