import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What stands behind a server's Envoy: the part of httpbin that Istio's examples ask for. */
export interface App extends AsyncDisposable {
  readonly port: number;
  /** How many requests reached it. */
  readonly requests: number;
  stop(): Promise<void>;
}

const page = `<!DOCTYPE html>
<html>
  <head><title>Herman Melville - Moby-Dick</title></head>
  <body>
    <h1>Herman Melville - Moby-Dick</h1>
    <p>A page of its own, to be asked for through the mesh: whoever reads it got past both proxies.</p>
  </body>
</html>
`;

/** Serves GET /html on a port of 127.0.0.1; anything else is 404. */
export async function startApp(): Promise<App> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    if (request.url === '/html') response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    port,
    get requests() {
      return requests;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
