import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One request as it came, and the ways to answer it. */
export type Exchange = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** An object as JSON. */
  json(object: unknown, status?: number, headers?: Record<string, string>): void;
  /** A Status, as the API server sends it with an error. */
  refuse(status: number, reason: string, message?: string, headers?: Record<string, string>): void;
  /** Begins a watch; the client has the head of the answer at once. */
  watch(): FakeWatch;
  /** Breaks the connection without an answer. */
  reset(): void;
};

export type FakeWatch = {
  readonly query: URLSearchParams;
  send(type: string, object: unknown): void;
  /** Text as it is, newline or not. */
  raw(text: string): void;
  /** Ends the watch in good order. */
  end(): void;
  /** Breaks the connection. */
  reset(): void;
  readonly isOpen: () => boolean;
};

export type FakeApiserver = {
  readonly url: string;
  /** A kubeconfig for it, with the token `test-token`. */
  readonly kubeconfig: string;
  /** Every request so far, `GET /api/v1/secrets`. */
  readonly calls: string[];
  /** Connections accepted so far. */
  connections(): number;
  stop(): Promise<void>;
};

/** A scripted API server over plain HTTP on loopback: each request goes to `answer`, which may also leave it waiting. */
export async function startFakeApiserver(answer: (exchange: Exchange) => void): Promise<FakeApiserver> {
  const calls: string[] = [];
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://fake');
      calls.push(`${request.method} ${url.pathname}`);
      answer(exchangeOf(request, response, url, Buffer.concat(chunks).toString('utf8')));
    });
  });
  server.on('connection', (socket) => {
    accepted++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    kubeconfig: kubeconfigFor(url, { token: 'test-token' }),
    calls,
    connections: () => accepted,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** @param user The content of `user:`, for example `{ token }` or `{ tokenFile }`. */
export function kubeconfigFor(server: string, user: Record<string, unknown>): string {
  return JSON.stringify({
    'apiVersion': 'v1',
    'kind': 'Config',
    'current-context': 'fake',
    'contexts': [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
    'clusters': [{ name: 'fake', cluster: { server } }],
    'users': [{ name: 'fake', user }],
  });
}

/** Waits until the condition holds; fails, with what was waited for, when it does not within five seconds. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited five seconds in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function exchangeOf(request: IncomingMessage, response: ServerResponse, url: URL, body: string): Exchange {
  const json: Exchange['json'] = (object, status = 200, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(object));
  };
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body,
    json,
    refuse: (status, reason, message = reason, headers = {}) => json({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, reason, message }, status, headers),
    watch: () => watchOf(response, url),
    reset: () => request.socket.resetAndDestroy(),
  };
}

function watchOf(response: ServerResponse, url: URL): FakeWatch {
  let open = true;
  response.on('close', () => {
    open = false;
  });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  return {
    query: url.searchParams,
    send: (type, object) => response.write(`${JSON.stringify({ type, object })}\n`),
    raw: (text) => response.write(text),
    end: () => response.end(),
    reset: () => response.socket?.resetAndDestroy(),
    isOpen: () => open,
  };
}
