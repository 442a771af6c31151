import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { close } from '../http/close.ts';
import { listen } from '../http/listen.ts';
import type { ServingCertificate } from './serving-certificate.ts';

export type ReviewServerOptions = {
  readonly host: string;
  readonly port: number;
  /** The answer to the body of a POST to /review; null: it is no AdmissionReview. */
  readonly review: (body: string) => string | null;
  readonly onBug: (error: unknown) => void;
};

export type ReviewServer = {
  readonly address: { readonly host: string; readonly port: number };
  /** From the next handshake on. Before the first time every handshake fails. */
  present(certificate: ServingCertificate): void;
  close(): Promise<void>;
};

/**
 * The API server gives up after a second and goes on without the answer, so nobody is kept waiting longer here. It keeps idle
 * connections for 90 s (Go's default transport): closing them later than that avoids a request that meets a closing socket.
 */
const LIMITS = { requestTimeout: 2_000, headersTimeout: 2_000, handshakeTimeout: 2_000, connectionsCheckingInterval: 1_000, keepAliveTimeout: 120_000, maxHeaderSize: 8192 } as const;
const MAX_CONNECTIONS = 512;
/** A request that can be allowed has 64 KiB of PEM, base64 over that, and 256 KiB of annotations at most. What is larger is left to the signer. */
const MAX_BODY = 512 * 1024;

/**
 * Answers the API server's questions by TLS. Nothing authenticates the API server to it, so anybody who reaches the port can ask: the
 * answer says no more than the asker's own request would have been told, and nothing is written down anywhere because of it.
 * Throws Refusal when it cannot listen.
 */
export async function startReviewServer(options: ReviewServerOptions): Promise<ReviewServer> {
  const server = createServer({ ...LIMITS, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] }, (request, response) => {
    respond(request, options.review).then(
      (page) => send(response, page),
      (error: unknown) => {
        // Whoever reaches the port may leave in the middle of a body, or send it too slowly: that is no bug, and nothing is written down because of it.
        if (!request.complete) return;
        options.onBug(error);
        send(response, { status: 500, body: 'internal error; the log says more\n' });
      },
    );
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, { ...options, key: 'webhook.address' });
  const { address, port } = server.address() as AddressInfo;
  return {
    address: { host: address, port },
    present: ({ key, cert }) => server.setSecureContext({ key, cert, minVersion: 'TLSv1.2' }),
    close: () => close(server),
  };
}

type Page = { readonly status: number; readonly body: string };

async function respond(request: IncomingMessage, review: ReviewServerOptions['review']): Promise<Page> {
  if (request.url?.split('?')[0] !== '/review') return { status: 404, body: 'not found; here is POST /review\n' };
  if (request.method !== 'POST') return { status: 405, body: 'only POST\n' };
  const body = await readBody(request);
  if (body === null) return { status: 413, body: `more than ${MAX_BODY} bytes\n` };
  const answer = review(body);
  return answer === null ? { status: 400, body: 'not an AdmissionReview of admission.k8s.io/v1\n' } : { status: 200, body: answer };
}

/** null: it is too long. Then it is read away, not kept: a client that is still sending would miss the answer; requestTimeout ends it. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= MAX_BODY) chunks.push(chunk);
    else chunks.length = 0;
  }
  return length > MAX_BODY ? null : Buffer.concat(chunks, length).toString('utf8');
}

function send(response: ServerResponse, { status, body }: Page): void {
  if (response.destroyed) return;
  const type = status === 200 ? 'application/json' : 'text/plain; charset=utf-8';
  // A body that was not read to its end would be taken for the next request.
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store', ...(status === 200 ? {} : { connection: 'close' }) });
  response.end(body);
}
