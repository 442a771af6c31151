import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answer, notAllowed, notFound, type Answer } from './answer.ts';
import { close } from './close.ts';
import { listen } from './listen.ts';

export type HttpOptions = {
  /** Empty: every address, IPv6 where there is one. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly metrics: (accept: string | undefined) => Promise<{ readonly contentType: string; readonly body: string }>;
  /** Whether work can be taken on; `missing` says in words what is not there yet. */
  readonly ready: () => { readonly ok: boolean; readonly missing: readonly string[] };
  /** Told of an exception while a page was made. */
  readonly onBug: (error: unknown) => void;
};

export type HttpServer = {
  readonly address: { readonly host: string; readonly port: number };
  /** Takes no new connection, lets the answers that are under way go out, and ends the rest after a second. */
  close(): Promise<void>;
};

/** A scrape is one short request; whoever needs longer than this, or more header, is not a scraper. */
const LIMITS = { requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 60_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 8192 } as const;
const MAX_CONNECTIONS = 256;

/**
 * Serves /metrics, /livez and /readyz. They are open to whoever reaches the port and so tell nothing that is secret or a tenant's.
 * Throws Refusal when it cannot listen: another process has the port, or the address is not this machine's.
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const server = createServer(LIMITS, (request, response) => {
    // No page takes a body; what a client sends along is read away, so that its connection stays usable.
    request.resume();
    respond(request, options).then(
      (page) => send(request, response, page),
      (error: unknown) => {
        options.onBug(error);
        send(request, response, answer(500, 'text/plain', 'internal error; the log says more\n'));
      },
    );
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, { ...options, key: 'http.address' });
  const { address, port } = server.address() as AddressInfo;
  return { address: { host: address, port }, close: () => close(server) };
}

async function respond({ method, url = '', headers }: IncomingMessage, { metrics, ready }: HttpOptions): Promise<Answer> {
  const path = url.split('?')[0];
  if (path !== '/metrics' && path !== '/livez' && path !== '/readyz') return notFound();
  if (method !== 'GET' && method !== 'HEAD') return notAllowed();
  switch (path) {
    case '/metrics': {
      const { contentType, body } = await metrics(headers.accept);
      return answer(200, contentType, body);
    }
    case '/livez':
      // It answers, so it lives. Nothing else: a probe that looked at the API server would restart every replica when that is away.
      return answer(200, 'text/plain', 'ok\n');
    case '/readyz':
      return readiness(ready(), headers.accept);
  }
}

function readiness({ ok, missing }: ReturnType<HttpOptions['ready']>, accept: string | undefined): Answer {
  const status = ok ? 200 : 503;
  if (accept?.includes('application/json')) return answer(status, 'application/json', `${JSON.stringify({ ok, missing })}\n`);
  return answer(status, 'text/plain', ok ? 'ok\n' : `not ready\n${missing.map((each) => `- ${each}\n`).join('')}`);
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.destroyed) return;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}
