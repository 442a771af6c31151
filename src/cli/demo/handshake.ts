import { connect, createServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';

/** What one side brings to a handshake, all PEM: its key, its chain, and the roots it trusts. */
export type Party = { readonly key: string; readonly certificate: string; readonly roots: string };

/** What each side's verification said of the other: null when it accepts, else OpenSSL's code. */
export type Handshake = { readonly client: string | null; readonly server: string | null };

/** A loopback handshake takes milliseconds; this many end one that hangs. */
const DEADLINE_MS = 5000;

/**
 * One real mutual TLS handshake over loopback. Both sides verify the other's chain against their own roots and, so that both
 * verdicts can be shown, hang up only after that. Istio's proxies check no host name, only the chain (and the
 * SPIFFE ID by authorization policy), and so does this.
 */
export async function handshake(client: Party, server: Party): Promise<Handshake> {
  const listener = createServer({ key: server.key, cert: server.certificate, ca: server.roots, requestCert: true, rejectUnauthorized: false });
  const seenByServer = new Promise<string | null>((resolve, reject) => {
    listener.once('tlsClientError', reject);
    listener.once('secureConnection', (socket) => {
      resolve(verdict(socket));
      socket.on('error', () => socket.destroy());
      socket.end();
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = listener.address() as AddressInfo;
    const [ofServer, ofClient] = await Promise.all([verify(client, port), seenByServer]);
    return { client: ofServer, server: ofClient };
  } finally {
    await new Promise((resolve) => listener.close(resolve));
  }
}

/** Whether the two would talk to each other. */
export function accepted({ client, server }: Handshake): boolean {
  return client === null && server === null;
}

function verify({ key, certificate, roots }: Party, port: number): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, key, cert: certificate, ca: roots, rejectUnauthorized: false, checkServerIdentity: () => undefined });
    socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error(`no answer within ${DEADLINE_MS / 1000} s`)));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      resolve(verdict(socket));
      socket.end();
    });
  });
}

/** Node's types say Error, at run time it is OpenSSL's code; either way null only when the chain was verified. */
function verdict(socket: TLSSocket): string | null {
  return socket.authorized ? null : String(socket.authorizationError);
}
