import type { X509Certificate } from 'node:crypto';
import { connect, type ConnectionOptions } from 'node:tls';

/** The certificate that whoever listens on this port of 127.0.0.1 presents, whoever has issued it. */
export function servedCertificate(port: number, options: ConnectionOptions = {}): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate === undefined) reject(new Error(`no certificate was presented on port ${port}`));
      else resolve(certificate);
    });
    socket.once('error', reject);
  });
}
