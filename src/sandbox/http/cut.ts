import type { Socket } from 'node:net';

/** TCP connections under TLS ones, by the client's port: only a plain one can be reset, and TLS hides it. */
const PLAIN = new Map<string, Socket>();

/** Makes `cut` able to reset this connection. */
export function keepForCut(plain: Socket): void {
  const key = keyOf(plain);
  PLAIN.set(key, plain);
  plain.once('close', () => PLAIN.delete(key));
}

/** Cuts a connection with a TCP reset: the client sees ECONNRESET, in the middle of whatever it was at. */
export function cut(socket: Socket | null): void {
  if (socket === null) return;
  const plain = PLAIN.get(keyOf(socket));
  if (plain === undefined) socket.destroy();
  else plain.resetAndDestroy();
}

function keyOf(socket: Socket): string {
  return `${socket.localPort ?? 0} ${socket.remotePort ?? 0}`;
}
